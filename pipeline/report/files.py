"""A report as a file, its form chosen by the suffix; whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

from pipeline.errors import UsageError
from pipeline.report.model import Report
from pipeline.store.atomic import write_atomic

Write = Callable[[Report, BinaryIO], None]


def render(report: Report, path: Path) -> None:
    """Write a report to a file.

    Raises:
        UsageError: no such form, or the file can't be written.
    """
    writer = writer_for(path)
    write_atomic(path, lambda out: writer(report, out), private=False, kind=UsageError)


def writer_for(path: Path) -> Write:
    """What writes files of this suffix; ask it before the work, not after.

    Raises:
        UsageError: none does.
    """
    try:
        return _WRITERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(SUFFIXES)
        raise UsageError(
            f"can't write a report as {path.name!r}: no form has the suffix {path.suffix or 'of none'!r}",
            hint=f"name a file that ends in {known}",
        ) from None


def _html(report: Report, out: BinaryIO) -> None:
    from pipeline.report import html

    html.write(report, out)


def _xlsx(report: Report, out: BinaryIO) -> None:
    from pipeline.report import xlsx

    xlsx.write(report, out)


def _csv(report: Report, out: BinaryIO) -> None:
    from pipeline.report import csv

    # Excel takes a CSV for UTF-8 only if it begins with this mark.
    out.write(b"\xef\xbb\xbf")
    _text(out, lambda text: csv.write(report, text), newline="")


def _markdown(report: Report, out: BinaryIO) -> None:
    from pipeline.report import markdown

    _text(out, lambda text: markdown.write(report, text))


def _json(report: Report, out: BinaryIO) -> None:
    from pipeline.report import json

    # A lone surrogate becomes \\udXXX, which is how JSON spells it.
    _text(out, lambda text: json.write(report, text), errors="backslashreplace")


def _text(
    out: BinaryIO, write: Callable[[TextIO], None], *, newline: str = "\n", errors: str = "replace"
) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", errors=errors, newline=newline, write_through=False)
    write(text)
    text.flush()
    text.detach()


_WRITERS: dict[str, Write] = {".html": _html, ".xlsx": _xlsx, ".csv": _csv, ".md": _markdown, ".json": _json}
SUFFIXES = tuple(_WRITERS)
