"""ODS, the spreadsheet of LibreOffice: one XML file that holds values beside what they look like."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lxml import etree

from pipeline.read.catalog import Limits, ReadOptions
from pipeline.read.formats import look_of
from pipeline.read.grid import Line, Merge, to_table
from pipeline.read.job import Refusal
from pipeline.read.looks import PLAIN, Look, plain, shown, stored
from pipeline.read.notes import Notes
from pipeline.read.sheetxml import safe_parser, whole_number
from pipeline.read.table import Table
from pipeline.read.workbook import Candidate
from pipeline.read.xlsx import COLUMNS, ROWS
from pipeline.read.zipscan import scan_zip

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"


def candidates(path: Path, name: str, limits: Limits) -> list[Candidate]:
    """The sheets of a spreadsheet.

    Raises:
        Refusal: not trusted, damaged, or encrypted.
    """
    with zipfile.ZipFile(path) as archive:
        infos = {info.filename: info for info in scan_zip(archive, path, name, limits)}
        if "content.xml" not in infos:
            raise Refusal(f"{name} has no content", code="damaged")
        tree = _parsed(archive, "content.xml", name, limits)
        shared = [_parsed(archive, "styles.xml", name, limits)] if "styles.xml" in infos else []
    looks = _looks([*shared, tree])
    shown_styles = _hidden_tables(tree)
    found = []
    for table in tree.iter(f"{_TABLE}table"):
        title = str(table.get(f"{_TABLE}name", ""))
        visible = table.get(f"{_TABLE}style-name") not in shown_styles
        found.append(Candidate(name=title, visible=visible, read=_reader(table, looks)))
    return found


def _parsed(archive: zipfile.ZipFile, part: str, name: str, limits: Limits) -> etree._Element:
    with archive.open(part) as stream:
        data = stream.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise Refusal(f"{name} inflates to more than is read", code="limit")
    if b"<!DOCTYPE" in data[:4096] or "<!DOCTYPE" in data[:4096].decode("utf-16", errors="ignore"):
        raise Refusal(f"{name}: {part} holds a DOCTYPE", code="archive-refused")
    try:
        return etree.fromstring(data, safe_parser())
    except etree.XMLSyntaxError as error:
        raise Refusal(f"{name} is damaged or encrypted: {error.msg}", code="damaged") from None


def _looks(trees: Sequence[etree._Element]) -> dict[str, Look]:
    """Cell style → look: what its number format shows; a style without one has that of its parent."""
    formats: dict[str, etree._Element] = {}
    styles: dict[str, etree._Element] = {}
    for tree in trees:
        for style in tree.iter():
            name = style.get(f"{_STYLE}name") if isinstance(style.tag, str) else None
            if name is None:
                continue
            if style.tag in (f"{_NUMBER}number-style", f"{_NUMBER}percentage-style"):
                formats[str(name)] = style
            elif style.tag == f"{_STYLE}style" and style.get(f"{_STYLE}family") in (None, "table-cell"):
                styles[str(name)] = style
    looks = {}
    for name in styles:
        code = _code(formats, _format_of(name, styles))
        if code:
            looks[name] = look_of(code)
    return looks


def _format_of(name: str, styles: dict[str, etree._Element]) -> str:
    """The number format that a cell style names, or a style that it is made of."""
    for _ in range(20):  # a file may name styles in a circle
        style = styles.get(name)
        if style is None:
            break
        if said := style.get(f"{_STYLE}data-style-name"):
            return str(said)
        name = str(style.get(f"{_STYLE}parent-style-name", ""))
    return ""


def _code(formats: dict[str, etree._Element], name: str) -> str:
    """A number format as the code that other spreadsheets write; "" for one that shows the number bare."""
    style = formats.get(name)
    if style is None:
        return ""
    sections = []
    for case in style.iterfind(f"{_STYLE}map"):
        met = re.fullmatch(r"value\(\)\s*([<>=!]+)\s*(-?[\d.]+)", str(case.get(f"{_STYLE}condition", "")))
        other = formats.get(str(case.get(f"{_STYLE}apply-style-name")))
        if met is not None and other is not None:
            sections.append(f"[{met[1].replace('!=', '<>')}{met[2]}]{_section(other)}")
    bare = [re.sub(r"^\[>=?0\]", "", section) for section in sections]
    if len(bare) == 1 and bare != sections:  # numbers, then those below zero: the usual pair
        return f"{bare[0]};{_section(style)}"
    return ";".join([*sections[:2], _section(style)])


def _section(style: etree._Element) -> str:
    """One section of a code: texts in quotes, digits as placeholders."""
    out = []
    for child in style:
        if child.tag == f"{_NUMBER}text":
            text = "".join(map(str, child.itertext()))
            out.append("%" if text == "%" and "percentage" in str(style.tag) else _quoted(text))
        elif child.tag == f"{_NUMBER}number":
            out.append(_digits(child))
        elif child.tag in (f"{_NUMBER}scientific-number", f"{_NUMBER}fraction"):
            return "General"
    return "".join(out)


def _quoted(text: str) -> str:
    return "".join(f"\\{char}" for char in text)


def _digits(number: etree._Element) -> str:
    """The placeholders of a number, with the texts that stand between its digits."""
    said = {etree.QName(key).localname: str(value) for key, value in number.attrib.items()}
    least = min(whole_number(said.get("min-integer-digits"), 1), 100)
    places = said.get("decimal-places")
    inner = {
        whole_number(item.get(f"{_NUMBER}position"), 0): "".join(map(str, item.itertext()))
        for item in number.iterfind(f"{_NUMBER}embedded-text")
    }
    if places is None and least < 2 and not inner:
        return "General"
    digits = "".join(
        (_quoted(inner[place]) if place in inner else "") + ("0" if place <= least else "#")
        for place in range(max(least, *inner, 1) if inner else max(least, 1), 0, -1)
    )
    most = min(whole_number(places, 2), 30) if places is not None else 12 if least < 2 else 0
    must = min(whole_number(said.get("min-decimal-places"), most if places is not None else 0), most)
    fraction = "0" * must + "#" * (most - must)
    return f"{digits}.{fraction}" if fraction else digits


def _hidden_tables(tree: etree._Element) -> set[str]:
    return {
        str(style.get(f"{_STYLE}name"))
        for style in tree.iter(f"{_STYLE}style")
        for child in style
        if child.get(f"{_TABLE}display") == "false"
    }


def _reader(
    table: etree._Element, looks: dict[str, Look]
) -> Callable[[Notes, Path, ReadOptions], Table | None]:
    def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
        merges: list[Merge] = []
        lines = list(_lines(table, looks, merges, notes))
        return to_table(lines, notes, out, options, lambda: merges, _hidden_columns(table))

    return read


def _lines(
    table: etree._Element, looks: dict[str, Look], merges: list[Merge], notes: Notes
) -> Iterator[Line]:
    """Rows; one that repeats is given as often as it says, if it holds anything."""
    defaults = _column_styles(table)
    number = 0
    for row in table.iter(f"{_TABLE}table-row"):
        times = _times(row, "number-rows-repeated")
        hidden = row.get(f"{_TABLE}visibility", "visible") != "visible"
        line = _line(row, number + 1, looks, defaults, merges, notes)
        if number + (times if line.cells else 1) > ROWS:
            raise Refusal(f"{notes.place}: more rows than a sheet can hold", code="limit")
        for at in range(times if line.cells else 0):
            yield Line(number + at + 1, dict(line.cells), set(line.numbers), hidden)
        number += times


def _hidden_columns(table: etree._Element) -> set[int]:
    hidden: set[int] = set()
    place = 0
    for column in table.iter(f"{_TABLE}table-column"):
        times = min(_times(column, "number-columns-repeated"), COLUMNS - place)
        if column.get(f"{_TABLE}visibility", "visible") != "visible":
            hidden.update(range(place, place + times))
        place += times
    return hidden


def _column_styles(table: etree._Element) -> list[str]:
    styles: list[str] = []
    for column in table.iter(f"{_TABLE}table-column"):
        times = min(_times(column, "number-columns-repeated"), COLUMNS - len(styles))
        styles += [str(column.get(f"{_TABLE}default-cell-style-name", ""))] * times
    return styles


def _line(
    row: etree._Element,
    number: int,
    looks: dict[str, Look],
    defaults: list[str],
    merges: list[Merge],
    notes: Notes,
) -> Line:
    line = Line(number, {})
    column = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        times = _times(cell, "number-columns-repeated")
        style = cell.get(f"{_TABLE}style-name") or (defaults[column] if column < len(defaults) else "")
        text, is_number = _shown(cell, looks.get(str(style), PLAIN), number, column, notes)
        if text:
            if column + times > COLUMNS:
                raise Refusal(f"{notes.place}: more columns than a sheet can hold", code="limit")
            line.cells.update(dict.fromkeys(range(column, column + times), text))
            line.numbers.update(range(column, column + times) if is_number else ())
        _merge(cell, number, column, merges)
        column += times
    return line


def _merge(cell: etree._Element, number: int, column: int, merges: list[Merge]) -> None:
    across = _times(cell, "number-columns-spanned")
    down = _times(cell, "number-rows-spanned")
    if across > 1 or down > 1:
        merges.append(Merge(top=number, left=column, bottom=number + down - 1, right=column + across - 1))


def _shown(cell: etree._Element, look: Look, row: int, column: int, notes: Notes) -> tuple[str, bool]:
    """What a cell shows, and whether it is a plain number."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "percentage", "currency"):
        value = str(cell.get(f"{_OFFICE}value", ""))
        number = stored(value)
        if number is None:
            return _texts(cell), False
        if kind == "percentage" and look.kind != "percent":
            return f"{plain(number.scaleb(2))}%", False
        return shown(value, look), look.kind != "percent" and not look.names
    if kind == "date":
        return str(cell.get(f"{_OFFICE}date-value", "")).replace("T", " "), False
    if kind == "boolean":
        return str(cell.get(f"{_OFFICE}boolean-value", "")).upper(), False
    text = _texts(cell) or str(cell.get(f"{_OFFICE}string-value", ""))
    if not text and kind is None and cell.get(f"{_TABLE}formula"):
        notes.no_value(row, column)
    if text in ("#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!") or text.startswith(
        "Err:5"
    ):
        notes.error_cell(text, row, column)
    return text, False


def _times(element: etree._Element, name: str) -> int:
    """How often a table's element stands for itself, or how far it spans: once at least."""
    return max(whole_number(element.get(f"{_TABLE}{name}"), 1), 1)


def _texts(cell: etree._Element) -> str:
    return "\n".join(_paragraph(item) for item in cell if item.tag == f"{_TEXT}p")


def _paragraph(item: etree._Element) -> str:
    """A paragraph's text, with the blanks, tabs and breaks that it holds as elements."""
    parts = [item.text or ""]
    for child in item:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * whole_number(child.get(f"{_TEXT}c"), 1))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif isinstance(child.tag, str) and not child.tag.startswith(_OFFICE):
            parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)
