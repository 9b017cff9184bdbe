"""A file about an error that nobody expected: where it happened, without secrets or values."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline import __version__
from pipeline.cli.shell import Shell
from pipeline.errors import PipelineError


def write_crash(shell: Shell, error: BaseException) -> Path | None:
    """Write it to the first folder that can be written; None where there is none.

    The traceback holds no local variables; words of the command line are named, not quoted, but for
    the command and its options.
    """
    text = shell.redact(_text(shell, error))
    name = f"crash-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    for folder in _folders(shell):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _private(folder / name, text)
        except OSError:
            continue
    return None


def _private(file: Path, text: str) -> Path:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as out:
        out.write(text)
    return file


def _folders(shell: Shell) -> Iterator[Path]:
    """The state folder where it's known, else the user's own log folder."""
    if shell.opened is not None:
        with suppress(PipelineError):
            yield shell.opened.open_state() / "crashes"
    import platformdirs

    yield platformdirs.user_log_path("sellercenter", appauthor=False)


def _text(shell: Shell, error: BaseException) -> str:
    options = [word.partition("=")[0] for word in shell.argv if word.startswith("-")]
    lines = (
        f"sellercenter {__version__}, Python {platform.python_version()} on {platform.platform()}",
        f"command: {shell.command or '?'} {' '.join(options)}",
        f"time: {datetime.now(UTC).isoformat(timespec='seconds')}",
        "",
    )
    return "\n".join(lines) + "".join(traceback.format_exception(error))
