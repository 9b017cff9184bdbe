"""What the commands of one call share: common options, streams, environment, and the workspace."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from pipeline.cli.redact import Redactor

if TYPE_CHECKING:
    from pipeline.usecases.workspace import Workspace

CONFIG = "sellercenter.toml"
CONFIG_ENV = "SELLERCENTER_CONFIG"


@dataclass(slots=True, kw_only=True)
class Shell:
    """One call of the program, from its words to its exit code.

    Attributes:
        argv: the words after the program's name.
        given: common options as far as they were given, wherever they stood.
        command: the command's name as far as it is known; names the JSON document's schema.
        opened: the workspace, once a command asked for it.
        redact: what every text of ours passes on its way to stderr or a crash file.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    given: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    redact: Redactor = field(default_factory=Redactor)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    opened: Workspace | None = None

    @property
    def json(self) -> bool:
        """Also where the words could not be understood: a script that asked for JSON gets JSON."""
        words = self.argv[: self.argv.index("--")] if "--" in self.argv else self.argv
        return bool(self.given.get("json")) or "--json" in words

    @property
    def debug(self) -> bool:
        return bool(self.given.get("debug"))

    @property
    def quiet(self) -> bool:
        return bool(self.given.get("quiet"))

    @property
    def verbosity(self) -> int:
        return -1 if self.quiet else int(self.given.get("verbose", 0))

    @property
    def config(self) -> Path:
        return Path(self.given.get("config") or self.environ.get(CONFIG_ENV) or CONFIG)

    def workspace(self) -> Workspace:
        """The workspace that the common options describe."""
        from pipeline.cli import logs, progress
        from pipeline.usecases.workspace import Workspace

        logs.configure(
            self.redact, verbosity=self.verbosity, debug=self.debug, environ=self.environ, stream=self.stderr
        )
        plain = bool(self.given.get("no_progress")) or self.verbosity > 0 or self.debug
        self.opened = Workspace(
            config=self.config,
            config_asked=bool(self.given.get("config") or self.environ.get(CONFIG_ENV)),
            asked_shop=self.given.get("shop"),
            asked_state=self.given.get("state"),
            progress=logs.Logged()
            if logs.as_json(self.environ)
            else progress.choose(self.stderr, quiet=self.quiet, plain=plain),
            ask=self._ask if self._answers() else None,
            environ=self.environ,
            heard=self.redact.learn,
        )
        return self.opened

    def _answers(self) -> bool:
        """A person can be asked: both ends of the talk are a terminal."""
        return self.stdin is not None and self.stdin.isatty() and self.stderr.isatty()

    def _ask(self, question: str) -> bool:
        try:
            return click.confirm(question, default=False, err=True)
        except click.Abort as error:
            if isinstance(error.__cause__, KeyboardInterrupt):
                raise
            return False
