"""A report on stdout: in colour and as wide as the terminal where there is one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pipeline.report.model import Report


def rendered(report: Report, stream: TextIO) -> str:
    """The text of a report as this stream can show it.

    The sink has the stream's encoding, so that no line is drawn with characters that the stream lacks.
    """
    from rich.console import Console

    from pipeline.report import terminal

    shown = Console(file=stream)
    encoding = stream.encoding or "utf-8"
    sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")
    console = Console(
        file=sink,
        force_terminal=shown.is_terminal,
        width=shown.width,
        color_system="auto",
        legacy_windows=False,
    )
    terminal.show(report, console)
    sink.flush()
    text = sink.buffer.getvalue().decode(encoding)
    return text if shown.is_terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines())
