"""A new workbook for sources that are none: their rows as text, with the findings marked on them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipeline.read.catalog import LINE, PART, Catalog, Part, batches_of
from pipeline.read.finding import Finding, Severity
from pipeline.store.atomic import write_atomic
from pipeline.validate.accepted import Accepted

if TYPE_CHECKING:
    from xlsxwriter.format import Format as CellFormat
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

#: Rows of a source that are shown whole; of larger ones only those with findings are.
WHOLE_ROWS = 50_000
LAST_ROW = 1_048_576
LONGEST_CELL = 32_767
HEADINGS = ("severity", "code", "file", "sheet", "row", "cell", "column", "value", "sku", "message", "hint")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Marks = dict[tuple[int, int], list[Finding]]


def write_new(path: Path, accepted: Accepted, why: str) -> None:
    """Findings first, then a sheet for each table, each row at the line that it has in its file."""
    import xlsxwriter

    content = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, {**options, "in_memory": False}) as book:
        _list(book, accepted.findings, f"A new workbook: {why}.")
        catalog = accepted.mapped.catalog
        for number, part in enumerate(catalog.parts):
            _table(book, catalog, number, part, accepted.findings)
    write_atomic(path, content.getvalue(), private=False)


def _list(book: Workbook, findings: tuple[Finding, ...], note: str) -> None:
    sheet = book.add_worksheet("Findings")
    sheet.write_string(0, 0, note)
    bold = book.add_format({"bold": True})
    sheet.write_row(2, 0, HEADINGS, bold)
    sheet.freeze_panes(3, 0)
    for row, finding in enumerate(findings[: LAST_ROW - 3], start=3):
        for place, heading in enumerate(HEADINGS):
            sheet.write_string(row, place, _shown(str(getattr(finding, heading) or "")))
    sheet.set_column(0, 10, 18)


def _table(book: Workbook, catalog: Catalog, number: int, part: Part, findings: tuple[Finding, ...]) -> None:
    """One table of the source; cells with findings are coloured and commented."""
    sheet = book.add_worksheet(_sheet_name(book, part))
    bold = book.add_format({"bold": True})
    for header, place in part.columns.items():
        sheet.write_string(max(part.header_row - 1, 0), place, _shown(header), bold)
    marks = _marks(part, findings)
    colours = {
        Severity.ERROR: book.add_format({"bg_color": "#FFC7CE"}),
        Severity.WARNING: book.add_format({"bg_color": "#FFEB9C"}),
    }
    for line, row in _rows(catalog, number, part, {line for line, _ in marks}):
        for header, place in part.columns.items():
            _cell(sheet, line, place, row.get(header) or "", marks.get((line, place), []), colours)


def _rows(
    catalog: Catalog, number: int, part: Part, marked: set[int]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    for batch in batches_of(catalog.path):
        frame = pl.DataFrame(pl.from_arrow(batch.select([PART, LINE, *_known(batch.schema.names, part)])))
        mine = frame.filter((pl.col(PART) == number) & (pl.col(LINE) <= LAST_ROW))
        if part.rows > WHOLE_ROWS:
            mine = mine.filter(pl.col(LINE).is_in(list(marked)))
        for row in mine.iter_rows(named=True):
            yield row[LINE], row


def _known(names: list[str], part: Part) -> list[str]:
    return [name for name in names if name in part.columns]


def _marks(part: Part, findings: tuple[Finding, ...]) -> Marks:
    """(line, column) → findings of a table."""
    marks: Marks = {}
    for finding in findings:
        if (finding.file, finding.sheet) == (part.file, part.sheet) and finding.column in part.columns:
            marks.setdefault((finding.row, part.columns[finding.column]), []).append(finding)
    return marks


def _cell(
    sheet: Worksheet,
    line: int,
    place: int,
    text: str,
    found: list[Finding],
    colours: dict[Severity, CellFormat],
) -> None:
    if not found:
        if text:
            sheet.write_string(line - 1, place, _shown(text))
        return
    errors = any(finding.severity is Severity.ERROR for finding in found)
    colour = colours[Severity.ERROR if errors else Severity.WARNING]
    if text:
        sheet.write_string(line - 1, place, _shown(text), colour)
    else:
        sheet.write_blank(line - 1, place, None, colour)
    said = "\n".join(f"{one.message}{f' ({one.hint})' if one.hint else ''} [{one.code}]" for one in found)
    sheet.write_comment(line - 1, place, _shown(said)[:1_000], {"x_scale": 2})


def _shown(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)[:LONGEST_CELL]


def _sheet_name(book: Workbook, part: Part) -> str:
    """A name that Excel takes: at most 31 characters, unlike the others."""
    bare = re.sub(r"[\[\]:*?/\\']", "_", part.sheet or Path(part.file).name)[:28] or "Table"
    taken = {sheet.get_name().casefold() for sheet in book.worksheets()}
    name, number = bare, 1
    while name.casefold() in taken:
        number += 1
        name = f"{bare[:26]} {number}"
    return name
