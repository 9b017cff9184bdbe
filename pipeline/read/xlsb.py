"""XLSB, Excel's binary workbook, by calamine: values as they are, number formats aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from pipeline.read.catalog import ReadOptions
from pipeline.read.grid import Line, to_table
from pipeline.read.job import Refusal
from pipeline.read.looks import PLAIN, shown
from pipeline.read.notes import Notes
from pipeline.read.table import Table
from pipeline.read.workbook import Candidate


def candidates(path: Path, name: str) -> list[Candidate]:
    """The sheets of a workbook.

    Raises:
        Refusal: damaged, or protected by a password.
    """
    try:
        book = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as error:
        raise Refusal(f"{name} can't be read: {error}", hint="save it as XLSX", code="damaged") from None
    return [
        Candidate(
            name=sheet.name, visible=sheet.visible == SheetVisibleEnum.Visible, read=_reader(book, sheet.name)
        )
        for sheet in book.sheets_metadata
    ]


def _reader(book: CalamineWorkbook, name: str) -> Callable[[Notes, Path, ReadOptions], Table | None]:
    def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
        notes.chose("number formats ignored", "the binary format keeps them out of reach", "save it as XLSX")
        return to_table(_lines(book, name), notes, out, options)

    return read


def _lines(book: CalamineWorkbook, name: str) -> Iterator[Line]:
    sheet = book.get_sheet_by_name(name)
    top, left = sheet.start or (0, 0)
    for at, row in enumerate(sheet.to_python(skip_empty_area=True)):
        line = Line(top + at + 1, {})
        for column, value in enumerate(row, start=left):
            if text := text_of(value):
                line.cells[column] = text
                if isinstance(value, float | int) and not isinstance(value, bool):
                    line.numbers.add(column)
        yield line


def text_of(value: object) -> str:
    """A value of calamine's as text."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return shown(repr(value), PLAIN)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" if value.time() != time() else f"{value:%Y-%m-%d}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
