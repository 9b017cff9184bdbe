"""The answer in the user's own workbook: defective cells coloured and commented, and a sheet of findings.

openpyxl opens and saves the workbook, so values, formulas and layout stay; what it can't carry over
is looked for in the file and named on the findings sheet. Sources that are no such workbook get a
new one, in which every row stands at the line that it has in the file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.read.catalog import Part
from pipeline.read.finding import Finding, Severity
from pipeline.store.atomic import write_atomic
from pipeline.validate.accepted import Accepted
from pipeline.validate.newbook import write_new

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

#: Inflated bytes of a workbook that openpyxl may open: it needs some ten times as much memory.
LARGEST = 120_000_000
MOST_COMMENTS = 20_000
LONGEST_COMMENT = 1_000
COLOURS = {Severity.ERROR: "FFC7CE", Severity.WARNING: "FFEB9C"}
HEADINGS = ("severity", "code", "sheet", "row", "cell", "column", "value", "sku", "message", "hint")
#: Parts of a workbook that don't survive, and what people call them.
_LOST = {
    "xl/slicers/": "slicers",
    "xl/timelines/": "timelines",
    "xl/ctrlProps/": "form controls",
    "xl/activeX/": "ActiveX controls",
    "xl/threadedComments/": "threaded comments (their text stays as a note)",
    "xl/diagrams/": "SmartArt",
    "customXml/": "custom XML data",
    "xl/richData/": "linked data types",
    "xl/queryTables/": "data connections of tables",
    "xl/model/": "the data model",
}


def annotate(path: Path, accepted: Accepted) -> None:
    """Write a workbook that shows every finding where it stands."""
    source, why = own_workbook(accepted.mapped.catalog.parts)
    if source is None:
        write_new(path, accepted, why)
        return
    import openpyxl

    macros = source.suffix.lower() == ".xlsm" and path.suffix.lower() == ".xlsm"
    book = openpyxl.load_workbook(source, keep_vba=macros, rich_text=True)
    _mark(book, accepted.findings)
    _add_sheet(book, accepted.findings, _notes(source, macros=macros))
    write_atomic(path, lambda file: book.save(file), private=False)


def own_workbook(parts: tuple[Part, ...]) -> tuple[Path | None, str]:
    """The one workbook that a catalog was read from, or why there is none to write into."""
    files = {part.file for part in parts}
    if len(files) != 1:
        return None, "the catalog was read from several files"
    path = Path(next(iter(files)))
    if path.suffix.lower() not in (".xlsx", ".xlsm") or not path.is_file():
        return None, "the catalog was no XLSX workbook"
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return None, "the workbook can't be opened any more"
    return (path, "") if size <= LARGEST else (None, "the workbook is too large to be written into")


def _notes(source: Path, *, macros: bool) -> list[str]:
    """What the user should know of this copy."""
    with zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        drawings = [archive.read(name) for name in names if name.startswith("xl/drawings/drawing")]
        sheets = b"".join(archive.read(name) for name in names if name.startswith("xl/worksheets/sheet"))
    lost = [words for start, words in _LOST.items() if any(name.startswith(start) for name in names)]
    if any(b"<xdr:sp>" in drawing or b"<xdr:sp " in drawing for drawing in drawings):
        lost.append("shapes and text boxes")
    if b"x14:sparkline" in sheets:
        lost.append("sparklines")
    if not macros and "xl/vbaProject.bin" in names:
        lost.append("macros (give the report the suffix .xlsm to keep them)")
    notes = ["Formulas are kept; their results are worked out when the workbook is opened."]
    return [*notes, f"Not kept in this copy: {', '.join(lost)}."] if lost else notes


def _mark(book: Workbook, findings: Iterable[Finding]) -> None:
    """Colour and comment the cells, as many comments as a workbook can bear."""
    from openpyxl.styles import PatternFill

    by_cell: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.cell and finding.sheet in book.sheetnames:
            by_cell.setdefault((finding.sheet, finding.cell), []).append(finding)
    for number, ((sheet, address), found) in enumerate(by_cell.items()):
        cell = _cell(book[sheet], address)
        worst = Severity.ERROR if any(f.severity is Severity.ERROR for f in found) else Severity.WARNING
        cell.fill = PatternFill("solid", start_color=COLOURS[worst])
        if number < MOST_COMMENTS:
            _comment(cell, found)


def _cell(sheet: Worksheet, address: str) -> Cell:
    """The cell at an address; of a merged range the one that holds its value."""
    from openpyxl.cell.cell import MergedCell

    cell: Any = sheet[address]
    if isinstance(cell, MergedCell):
        home = next(area for area in sheet.merged_cells.ranges if address in area)
        cell = sheet.cell(home.min_row, home.min_col)
    return cell  # type: ignore[no-any-return]


def _comment(cell: Cell, found: list[Finding]) -> None:
    """What is wrong, below what the user had noted there."""
    from openpyxl.comments import Comment

    said = [f"{f.message}{f' ({f.hint})' if f.hint else ''} [{f.code}]" for f in found]
    old = [cell.comment.text] if cell.comment else []
    text = "\n".join([*old, *said])[:LONGEST_COMMENT]
    cell.comment = Comment(
        text, "sellercenter", width=320, height=60 + 18 * text.count("\n") + len(text) // 3
    )


def _add_sheet(book: Workbook, findings: tuple[Finding, ...], notes: list[str]) -> None:
    """All findings as a list, in front; nothing in it is a formula."""
    name = "Findings"
    while name.casefold() in {sheet.casefold() for sheet in book.sheetnames}:
        name += " 2" if name == "Findings" else "'"
    sheet = book.create_sheet(name.replace("'", "x"), 0)
    for note in notes:
        sheet.append([note])
    sheet.append([])
    sheet.append(list(HEADINGS))
    sheet.freeze_panes = sheet.cell(sheet.max_row + 1, 1)
    for finding in findings:
        _add_row(sheet, finding, linked=finding.sheet in book.sheetnames)
    for letter, width in zip("ABCDEFGHIJ", (9, 22, 14, 7, 8, 18, 28, 18, 60, 50), strict=True):
        sheet.column_dimensions[letter].width = width
    book.active = 0


def _add_row(sheet: Worksheet, finding: Finding, *, linked: bool) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.worksheet.hyperlink import Hyperlink

    row = sheet.max_row + 1
    for place, heading in enumerate(HEADINGS, start=1):
        cell = sheet.cell(row, place)
        value = getattr(finding, heading)
        if heading == "row":
            cell.value = value or None
            continue
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))
        cell.data_type = "s"
        if heading == "cell" and value and linked:
            quoted = finding.sheet.replace("'", "''")
            cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{value}")
            cell.style = "Hyperlink"
