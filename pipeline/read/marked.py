"""Tables in markup, which many systems save under the name `.xls`: HTML, and the XML of Excel 2003."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from pipeline.read import encoding
from pipeline.read.catalog import Limits, ReadOptions
from pipeline.read.grid import Line, Merge, to_table
from pipeline.read.job import Refusal
from pipeline.read.looks import PLAIN, Look, look_of, shown
from pipeline.read.notes import Notes
from pipeline.read.sheetxml import safe_parser
from pipeline.read.table import Table
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
        Refusal: it is larger than what is read, or holds no table.
    """
    data = _bytes(path, name, limits)
    text = data.decode(_charset(path, data), errors="replace").lstrip("\ufeff")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Refusal(f"{name} is damaged: {error}", code="damaged") from error
    tables = list(tree.iter("table")) if tree is not None else []
    return [
        Candidate(name=f"table {number}", visible=True, read=_reader(*_grid(table), limits))
        for number, table in enumerate(tables, start=1)
    ]


def _charset(path: Path, data: bytes) -> str:
    """UTF-8 where it is that, else what the page says, else what reads best."""
    found = encoding.judge(path)
    said = _CHARSET.search(data[:4096])
    if found.name == "utf-8" or found.bom or said is None or not encoding.known(said[1].decode()):
        return found.name
    return said[1].decode()


def _grid(table: etree._Element) -> tuple[list[Line], list[Merge]]:
    """Rows of a table by places; cells over several rows or columns are merged ones."""
    lines: list[Line] = []
    merges: list[Merge] = []
    taken: dict[int, set[int]] = {}
    rows = (row for row in table.iter("tr") if next(row.iterancestors("table")) is table)
    for number, row in enumerate(rows, start=1):
        line, column, used = Line(number, {}), 0, taken.pop(number, set())
        for cell in row.iterchildren("td", "th"):
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
        lines.append(line)
    last = len(lines)
    return lines, [merge for merge in merges if merge.bottom <= last]


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


def _cells(sheet: etree._Element) -> Iterator[tuple[int, etree._Element, int, etree._Element]]:
    for table in sheet.iterfind(f"{_SS}Table"):
        for number, row in _placed(table, "Row", "Span"):
            for column, cell in _placed(row, "Cell", "MergeAcross"):
                yield number, row, column - 1, cell


def _sheet(sheet: etree._Element, looks: dict[str, Look]) -> list[Line]:
    lines: dict[int, Line] = {}
    for number, row, column, cell in _cells(sheet):
        line = lines.setdefault(number, Line(number, {}, set(), row.get(f"{_SS}Hidden") == "1"))
        data = cell.find(f"{_SS}Data")
        if data is None:
            continue
        style = cell.get(f"{_SS}StyleID") or row.get(f"{_SS}StyleID")
        if text := _shown(data, looks.get(str(style), PLAIN), line, column):
            line.cells[column] = text
    return list(lines.values())


def _shown(data: etree._Element, look: Look, line: Line, column: int) -> str:
    text, kind = "".join(map(str, data.itertext())), data.get(f"{_SS}Type")
    if kind == "Number":
        if look.kind in ("plain", "number") and not (look.pattern or look.before or look.after):
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
        if any(len(text) > limits.max_cell for text in line.cells.values()):
            raise Refusal(f"{place}: a cell in row {line.number} is too long", code="cell-too-long")


def _bytes(path: Path, name: str, limits: Limits) -> bytes:
    if path.stat().st_size > limits.max_bytes:
        raise Refusal(f"{name} is larger than {limits.max_bytes} bytes", code="limit")
    return path.read_bytes()
