"""Tables in markup, which many systems save under the name `.xls`: HTML, and the XML of Excel 2003."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from pipeline.read import encoding
from pipeline.read.catalog import Limits, ReadOptions, column_letters
from pipeline.read.formats import look_of
from pipeline.read.grid import Line, Merge, to_table
from pipeline.read.job import Refusal, cell_too_long
from pipeline.read.looks import PLAIN, Look, shown
from pipeline.read.notes import Notes
from pipeline.read.sheetxml import safe_parser
from pipeline.read.table import Table
from pipeline.read.vocabulary import speaks
from pipeline.read.wholepage import check_whole
from pipeline.read.workbook import Candidate
from pipeline.read.xlsx import COLUMNS, ROWS

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
#: Formats that the XML of 2003 calls by a name.
_NAMED = {
    **dict.fromkeys(("Short Date", "Long Date", "Medium Date"), "yyyy-mm-dd"),
    **dict.fromkeys(("Short Time", "Long Time", "Medium Time"), "h:mm:ss"),
    "General Date": "yyyy-mm-dd h:mm",
    "Fixed": "0.00",
    "Standard": "#,##0.00",
    "Currency": "#,##0.00",
    "Percent": "0.00%",
}
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def html_candidates(path: Path, name: str, limits: Limits) -> list[Candidate]:
    """The tables of a page.

    Raises:
        Refusal: it is larger than what is read, or damaged.
    """
    data = _bytes(path, name, limits)
    text = data.decode(_charset(path, data), errors="replace").lstrip("\ufeff")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        tree = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Refusal(f"{name} is damaged: {error}", code="damaged") from error
    check_whole(text, tree, parser, name)
    tables = list(tree.iter("table")) if tree is not None else []
    return [
        Candidate(name=f"table {grid.number}", visible=True, read=_grid_reader(grid, limits))
        for grid in _joined([_grid(table, number) for number, table in enumerate(tables, start=1)])
    ]


@dataclass(slots=True)
class _Grid:
    """A table of a page by places.

    Attributes:
        number: which of the page's tables, from 1.
        width: columns, empty ones too.
        more: numbers of the tables that go on with it.
    """

    table: etree._Element
    number: int
    lines: list[Line] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    width: int = 0
    more: list[int] = field(default_factory=list)


def _joined(grids: list[_Grid]) -> list[_Grid]:
    """The tables, those that go on with an earlier one (a report's next page) put below it."""
    kept: list[_Grid] = []
    for grid in grids:
        head = next((one for one in reversed(kept) if one.width == grid.width and _beside(one, grid)), None)
        if head is None or grid.width < 2 or _has_header(grid):
            kept.append(grid)
            continue
        first = len(head.lines)
        for line in grid.lines:
            line.number += first
        head.lines += grid.lines
        head.merges += [
            Merge(top=one.top + first, left=one.left, bottom=one.bottom + first, right=one.right)
            for one in grid.merges
        ]
        head.more.append(grid.number)
    return kept


def _beside(one: _Grid, other: _Grid) -> bool:
    """Neither stands in the other, nor in a cell of another table."""
    return next(one.table.iterancestors("td", "th"), None) is next(
        other.table.iterancestors("td", "th"), None
    )


def _has_header(grid: _Grid) -> bool:
    """Whether a table has headings of its own: marked as such, or half of them words that headings use."""
    first = next((line for line in grid.lines if line.cells), None)
    if first is None:
        return False
    if len(first.cells) >= 2 and first.number in _heading_rows(grid.table):
        return True
    return 2 * sum(map(speaks, first.cells.values())) >= len(first.cells)


def _heading_rows(table: etree._Element) -> set[int]:
    rows = enumerate(_rows(table), start=1)
    return {number for number, row in rows if all(cell.tag == "th" for cell in _own_cells(row))}


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    return (row for row in table.iter("tr") if next(row.iterancestors("table")) is table)


def _own_cells(row: etree._Element) -> Iterator[etree._Element]:
    """Cells of a row, within a form or font as well; not those of a table in one of them."""
    return (cell for cell in row.iter("td", "th") if next(cell.iterancestors("tr", "table")) is row)


def _grid_reader(grid: _Grid, limits: Limits) -> Callable[[Notes, Path, ReadOptions], Table | None]:
    plain = _reader(grid.lines, grid.merges, limits)

    def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
        if grid.more:
            what = f"tables {', '.join(map(str, grid.more))} of the page read as more rows of this one"
            notes.chose(what, "they are as wide, and have no headings", "take them out of the file")
        return plain(notes, out, options)

    return read


def _charset(path: Path, data: bytes) -> str:
    """UTF-8 where it is that, else what the page says, else what reads best."""
    found = encoding.judge(path)
    said = _CHARSET.search(data[:4096])
    if found.name == "utf-8" or found.bom or said is None or not encoding.known(said[1].decode()):
        return found.name
    return said[1].decode()


def _grid(table: etree._Element, place: int) -> _Grid:
    """Rows of a table by places; cells over several rows or columns are merged ones."""
    lines: list[Line] = []
    merges: list[Merge] = []
    taken: dict[int, set[int]] = {}
    width = 0
    for number, row in enumerate(_rows(table), start=1):
        line, column, used = Line(number, {}), 0, taken.pop(number, set())
        for cell in _own_cells(row):
            while column in used:
                column += 1
            wide, high = _span(cell, "colspan", COLUMNS), _span(cell, "rowspan", 10_000)
            if text := _text_in(cell):
                line.cells[column] = text
            if wide * high > 1:
                merge = Merge(top=number, left=column, bottom=number + high - 1, right=column + wide - 1)
                merges.append(merge)
            for below in range(number + 1, number + high):
                taken.setdefault(below, set()).update(range(column, column + wide))
            column += wide
        width = max(width, column)
        lines.append(line)
    merges = [merge for merge in merges if merge.bottom <= len(lines)]
    return _Grid(table, place, lines, merges, width)


def _span(cell: etree._Element, what: str, most: int) -> int:
    said = str(cell.get(what, "1")).strip()
    return min(max(int(said), 1), most) if said.isascii() and said.isdigit() and len(said) < 8 else 1


def _text_in(cell: etree._Element) -> str:
    """A cell's text as a page shows it: blanks are one, <br> and paragraphs break the line."""
    pieces: list[str] = []
    for event, node in etree.iterwalk(cell, events=("start", "end")):
        if event == "start":
            if node.tag in ("br", "p", "div", "li") and node is not cell:
                pieces.append("\n")
            pieces.append(_one_blank(node.text) if isinstance(node.tag, str) else "")
        elif node is not cell:
            pieces.append(_one_blank(node.tail))
    lines = (line.strip(" ") for line in "".join(pieces).replace("\xa0", " ").split("\n"))
    return "\n".join(lines).strip()


def _one_blank(text: str | None) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text or "")


def xml_candidates(path: Path, name: str, limits: Limits) -> list[Candidate]:
    """The sheets of a workbook in the XML of Excel 2003.

    Raises:
        Refusal: larger than what is read, damaged, or with a DOCTYPE.
    """
    data = _bytes(path, name, limits)
    if b"<!doctype" in data[:4096].lower():
        raise Refusal(f"{name} holds a DOCTYPE", code="archive-refused")
    try:
        tree = etree.fromstring(data, safe_parser())
    except etree.XMLSyntaxError as error:
        raise Refusal(f"{name} is damaged: {error.msg}", hint="save it as XLSX", code="damaged") from None
    looks = {str(style.get(f"{_SS}ID")): _look(style) for style in tree.iter(f"{_SS}Style")}
    found = []
    for sheet in tree.iterfind(f"{_SS}Worksheet"):
        hidden = sheet.findtext(f"{_X}WorksheetOptions/{_X}Visible") in ("SheetHidden", "SheetVeryHidden")
        title, lines, merges = str(sheet.get(f"{_SS}Name", "")), _sheet(sheet, looks), _merged(sheet)
        found.append(Candidate(name=title, visible=not hidden, read=_reader(lines, merges, limits)))
    return found


def _look(style: etree._Element) -> Look:
    said = style.find(f"{_SS}NumberFormat")
    code = str(said.get(f"{_SS}Format", "")) if said is not None else ""
    return look_of(_NAMED.get(code, code))


def _placed(parent: etree._Element, tag: str, wider: str) -> Iterator[tuple[int, etree._Element]]:
    """Children and their places from 1; those that are left out are skipped by ss:Index."""
    place = 0
    for child in parent.iterchildren(f"{_SS}{tag}"):
        said = str(child.get(f"{_SS}Index", ""))
        place = int(said) if said.isdigit() and len(said) < 9 else place + 1
        yield place, child
        more = str(child.get(f"{_SS}{wider}", ""))
        place += int(more) if more.isdigit() and len(more) < 9 else 0


def _styles(sheet: etree._Element) -> dict[int, str]:
    """Columns (A = 0) → the style that the sheet gives them; -1: that of its table."""
    found = {}
    for table in sheet.iterfind(f"{_SS}Table"):
        found[-1] = str(table.get(f"{_SS}StyleID", "Default"))
        for place, column in _placed(table, "Column", "Span"):
            more = str(column.get(f"{_SS}Span", ""))
            wide = int(more) if more.isdigit() and len(more) < 9 else 0
            if style := column.get(f"{_SS}StyleID"):
                found.update(dict.fromkeys(range(place - 1, min(place + wide, COLUMNS)), str(style)))
    return found


def _cells(sheet: etree._Element) -> Iterator[tuple[int, etree._Element, int, etree._Element]]:
    for table in sheet.iterfind(f"{_SS}Table"):
        for number, row in _placed(table, "Row", "Span"):
            for column, cell in _placed(row, "Cell", "MergeAcross"):
                yield number, row, column - 1, cell


def _sheet(sheet: etree._Element, looks: dict[str, Look]) -> list[Line]:
    lines: dict[int, Line] = {}
    styles = _styles(sheet)
    for number, row, column, cell in _cells(sheet):
        line = lines.setdefault(number, Line(number, {}, set(), row.get(f"{_SS}Hidden") == "1"))
        data = cell.find(f"{_SS}Data")
        if data is None:
            continue
        style = cell.get(f"{_SS}StyleID") or row.get(f"{_SS}StyleID") or styles.get(column, styles[-1])
        if text := _shown(data, looks.get(str(style), PLAIN), line, column):
            line.cells[column] = text
    return list(lines.values())


def _shown(data: etree._Element, look: Look, line: Line, column: int) -> str:
    text, kind = "".join(map(str, data.itertext())), data.get(f"{_SS}Type")
    if kind == "Number":
        if look.kind in ("plain", "number") and not look.names:
            line.numbers.add(column)
        return shown(text, look)
    if kind == "Boolean":
        return "TRUE" if text == "1" else "FALSE"
    return moment(text, look) if kind == "DateTime" else text


def moment(text: str, look: Look) -> str:
    """An ISO moment of a file as a date, or date and time."""
    date, _, time = text.strip().rstrip("Z").partition("T")
    time = time.partition(".")[0]
    return date if not time or time == "00:00:00" or look.kind == "date" else f"{date} {time}"


def _merged(sheet: etree._Element) -> list[Merge]:
    found = []
    for number, _, column, cell in _cells(sheet):
        across, down = (str(cell.get(f"{_SS}{what}", "0")) for what in ("MergeAcross", "MergeDown"))
        right, bottom = (int(said) if said.isdigit() else 0 for said in (across, down))
        if right or bottom:
            found.append(Merge(top=number, left=column, bottom=number + bottom, right=column + right))
    return found


def _reader(
    lines: list[Line], merges: list[Merge], limits: Limits
) -> Callable[[Notes, Path, ReadOptions], Table | None]:
    def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
        _check(lines, notes.place, limits)
        return to_table(lines, notes, out, options, lambda: merges)

    return read


def _check(lines: list[Line], place: str, limits: Limits) -> None:
    for line in lines:
        if line.number > ROWS or max(line.cells, default=0) >= COLUMNS:
            raise Refusal(f"{place}: row {line.number} is beyond what a sheet can hold", code="limit")
        for column, text in line.cells.items():
            if len(text) > limits.max_cell:
                at = f"{place}: cell {column_letters(column)}{line.number}"
                raise cell_too_long(at, len(text), limits.max_cell)


def _bytes(path: Path, name: str, limits: Limits) -> bytes:
    if path.stat().st_size > limits.max_bytes:
        raise Refusal(f"{name} is larger than {limits.max_bytes} bytes", code="limit")
    return path.read_bytes()
