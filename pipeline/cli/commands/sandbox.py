"""`sandbox`: a local Seller Center; its switches are read from the sandbox itself."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

import click

from pipeline.cli.common import Command
from pipeline.cli.shell import Shell
from pipeline.sandbox.options import SandboxOptions


class SandboxCommand(Command):
    """Takes the sandbox's own `--state`: the file that keeps its shop."""

    common_without = ("config", "shop", "state")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _option(field: Field[Any]) -> click.Option:
    repeated = field.default is MISSING
    choices = field.metadata["choices"]
    kind: Any = (
        click.Choice(choices) if choices else {int: int, float: float}.get(field.metadata["kind"], str)
    )
    shown = "" if repeated or field.default is None else f" [default: {field.default}]"
    text = field.metadata["help"] + ("; repeatable" if repeated else "") + shown
    metavar = None if choices or kind is not str else ("FILE" if field.default is None else "TEXT")
    return click.Option(
        [_flag(field.name), field.name], type=kind, multiple=repeated, help=text, metavar=metavar
    )


def _words(given: dict[str, Any]) -> list[str]:
    """The sandbox's own command line again: only what was given."""
    words: list[str] = []
    for name, value in given.items():
        values = value if isinstance(value, tuple) else () if value is None else (value,)
        words += [word for each in values for word in (_flag(name), str(each))]
    return words


@click.pass_obj
def _serve(shell: Shell, /, **given: Any) -> int:
    from pipeline.cli import logs
    from pipeline.sandbox.__main__ import main

    logs.configure(
        shell.redact, verbosity=shell.verbosity, debug=shell.debug, environ=shell.environ, stream=shell.stderr
    )
    return int(main(_words(given)) or 0)


sandbox = SandboxCommand(
    "sandbox",
    callback=_serve,
    params=[_option(field) for field in fields(SandboxOptions)],
    help="Serve a local Seller Center to try things on; needs no settings file.\n\n"
    "Its first line on stdout is JSON: base_url, control_url, user_id, api_key. It serves until stopped.",
)
