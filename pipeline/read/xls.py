"""XLS, the binary format of Excel 97-2003, by xlrd: it knows the number formats that calamine leaves out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import xlrd

from pipeline.read.catalog import ReadOptions
from pipeline.read.formats import look_of
from pipeline.read.grid import Line, Merge, to_table
from pipeline.read.job import Refusal
from pipeline.read.looks import PLAIN, Look, shown
from pipeline.read.notes import Notes
from pipeline.read.table import Table
from pipeline.read.workbook import Candidate


def candidates(path: Path, name: str) -> list[Candidate]:
    """The sheets of a workbook.

    Raises:
        Refusal: no such workbook, damaged, or protected by a password.
    """
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            book = xlrd.open_workbook(str(path), logfile=nowhere, formatting_info=True, on_demand=False)
    except xlrd.XLRDError as error:
        raise Refusal(f"{name} can't be read: {error}", hint="save it as XLSX", code="damaged") from None
    except Exception as error:
        # xlrd trusts what it reads: a damaged file ends in whatever exception comes first.
        text = f"{name} is damaged: {type(error).__name__}"
        raise Refusal(text, hint="save it as XLSX", code="damaged") from error
    return [
        Candidate(name=sheet.name, visible=sheet.visibility == 0, read=_reader(book, sheet))
        for sheet in book.sheets()
    ]


def _reader(
    book: xlrd.book.Book, sheet: xlrd.sheet.Sheet
) -> Callable[[Notes, Path, ReadOptions], Table | None]:
    def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
        merges = [
            Merge(top=top + 1, left=left, bottom=bottom, right=right - 1)
            for top, bottom, left, right in sheet.merged_cells
        ]
        hidden = {column for column, info in sheet.colinfo_map.items() if info.hidden}
        return to_table(_lines(book, sheet, notes), notes, out, options, lambda: merges, hidden)

    return read


def _lines(book: xlrd.book.Book, sheet: xlrd.sheet.Sheet, notes: Notes) -> Iterator[Line]:
    looks = [_look(book, form) for form in book.xf_list]
    for row in range(sheet.nrows):
        info = sheet.rowinfo_map.get(row)
        line = Line(row + 1, {}, set(), bool(info is not None and info.hidden))
        for column, cell in enumerate(sheet.row(row)):
            look = looks[cell.xf_index] if cell.xf_index is not None and cell.xf_index < len(looks) else PLAIN
            if text := _text(cell, look, line, column, notes, epoch_1904=bool(book.datemode)):
                line.cells[column] = text
        yield line


def _look(book: xlrd.book.Book, form: xlrd.formatting.XF) -> Look:
    known = book.format_map.get(form.format_key)
    return look_of(known.format_str) if known is not None else PLAIN


def _text(
    cell: xlrd.sheet.Cell, look: Look, line: Line, column: int, notes: Notes, *, epoch_1904: bool
) -> str:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        if look.kind in ("plain", "number") and not look.names:
            line.numbers.add(column)
        return shown(repr(float(cell.value)), look, epoch_1904)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        value = xlrd.error_text_from_code.get(cell.value, "#ERROR")
        notes.error_cell(str(value), line.number, column)
        return str(value)
    return ""
