"""Tables that we write for people: nothing in them is live in a spreadsheet, and all of it comes back.

A cell that begins like a formula gets an apostrophe in front, which a spreadsheet shows as text. So
does a cell that begins with an apostrophe itself, so that taking one away gives back every cell
exactly as it was. The file says so in the header of a last column, `MARK`, which is blank below:
it survives being opened, sorted and saved in a spreadsheet program, and no catalog has one by chance.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from pipeline.store.atomic import write_atomic

#: Header of the column that says: cells of this file are escaped as here.
MARK = "#sellercenter:escaped"
#: What a spreadsheet takes as the beginning of a formula or command, in half and full width; controls
#: before it don't help, and a leading apostrophe has to be told from ours.
_LIVE = re.compile(r"[\s\x00-\x20\ufeff\u200b]*[=+\-@|%＝＋－＠]|[\t\r\n\x00']")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)


def escape(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would run it; plain numbers stay."""
    return f"'{cell}" if _LIVE.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unescape(cell: str) -> str:
    """The cell that `escape` was given."""
    return cell[1:] if cell.startswith("'") and _LIVE.match(cell[1:]) else cell


def is_ours(headers: Sequence[str]) -> bool:
    """Whether a table's headers say that its cells are escaped."""
    return MARK in headers


def write_catalog_csv(
    path: Path, headers: Sequence[str], rows: Iterable[Sequence[str | None]], *, marked: bool = True
) -> None:
    """Write a table as CSV in UTF-8, whole or not at all.

    Args:
        marked: a catalog that people edit in a spreadsheet and feed back: with a byte order mark,
            and the column that says its cells are escaped. False for a table that scripts read:
            exactly these columns, no byte before the first name.
    """
    encoding = "utf-8-sig" if marked else "utf-8"
    tail, end = ([MARK], [""]) if marked else ([], [])

    def pour(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([*map(escape, headers), *tail])
        for row in rows:
            writer.writerow([*(escape(cell or "") for cell in row), *end])
        text.flush()
        text.detach()

    write_atomic(path, pour)


def unmarked_lines(rows: Iterable[Sequence[str | None]]) -> bytes:
    """Lines to add at the end of a table that `write_catalog_csv` wrote without its mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([escape(cell or "") for cell in row] for row in rows)
    return text.getvalue().encode()


def write_catalog_xlsx(path: Path, headers: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Write a table as a workbook of text cells, which are never formulas: they need no escaping."""
    import xlsxwriter

    def pour(file: BinaryIO) -> None:
        with xlsxwriter.Workbook(file, _AS_TEXT) as book:
            sheet = book.add_worksheet("Catalog")
            text = book.add_format({"num_format": "@"})
            bold = book.add_format({"num_format": "@", "bold": True})
            sheet.set_column(0, max(len(headers) - 1, 0), 18, text)
            sheet.freeze_panes(1, 0)
            for column, header in enumerate(headers):
                sheet.write_string(0, column, header, bold)
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(number, column, cell, text)

    write_atomic(path, pour)


_AS_TEXT = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
