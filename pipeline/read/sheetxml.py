"""The XML of a worksheet → its cells, row by row, in bounded memory.

Two readers with one result. Spreadsheet programs write cells in one of a few forms, for which a
regular expression is four times as quick as any XML parser; it checks that it saw every cell and
every row. What is written otherwise (prefixes, comments, CDATA, other orders) goes through lxml.
"""

from __future__ import annotations

import codecs
import html
import io
import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from lxml import etree

from pipeline.read.job import Refusal, cell_too_long

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#: The same in the strict form of the standard.
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_BLOCK = 1 << 20


class Readable(Protocol):
    """Whatever gives bytes piece by piece."""

    def read(self, size: int = -1, /) -> bytes: ...


class Cell(NamedTuple):
    """One cell as the XML has it.

    Attributes:
        column: letters, "" where the XML leaves them out.
        style: index into the cell formats, "" for none.
        type: "" or n, s, str, inlineStr, b, e, d.
        formula: not empty where there is one.
        value: text of <v>, unescaped; None where there is no <v> and no <is>.
    """

    column: str
    style: str
    type: str
    formula: str
    value: str | None


class Row(NamedTuple):
    number: int
    hidden: bool
    cells: list[Cell]


class NotPlain(Exception):
    """The XML is written in a way that the quick reader doesn't follow."""


_ROW = re.compile(r"<row((?: [\w:]+=\"[^\"]*\")*)\s*(?:/>|>(.*?)</row>)", re.DOTALL)
_CELL = re.compile(
    r"<c r=\"([A-Z]{1,3})\d+\"(?: s=\"(\d+)\")?(?: t=\"(\w+)\")?(?: s=\"(\d+)\")?(?: [a-z]+=\"\d+\")*\s*"
    r"(?:/>|>(<f[ >/](?:[^<]*)(?:</f>)?)?(?:<v>([^<]*)</v>|<v/>|<is>(.*?)</is>)?</c>)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r' ([\w:]+)="([^"]*)"')
_TEXT = re.compile(r"<t(?: [^>]*)?>([^<]*)</t>")
_PHONETIC = re.compile(r"<rPh.*?</rPh>", re.DOTALL)
#: More than a sheet has rows or columns, or a cell characters.
UNCOUNTABLE = 1 << 30
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def quick_rows(stream: Readable, longest: int) -> Iterator[Row]:
    """Rows by regular expression.

    Raises:
        NotPlain: before or in the middle of the rows; what was given so far is right.
    """
    text = ""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), translate=True)
    begun = False
    while block := stream.read(_BLOCK):
        try:
            text += decoder.decode(block)
        except UnicodeDecodeError as error:
            raise NotPlain from error
        if not begun:
            if "<sheetData" not in text:
                continue
            _check_prolog(text)
            text = text[text.index("<sheetData") :]
            text = text[text.index(">") + 1 :] if ">" in text else text
            begun = True
        end = text.rfind("</row>")
        if "</sheetData" in text:
            yield from _rows_in(text[: text.index("</sheetData")])
            return
        if end >= 0:
            yield from _rows_in(text[: end + 6])
            text = text[end + 6 :]
        elif len(text) > 16 * longest:
            raise Refusal("a row of the sheet is larger than any product", code="cell-too-long")
    raise NotPlain  # no rows, or their end is missing: whether the file is whole is for an XML parser to say


def _check_prolog(text: str) -> None:
    head = text[: text.index("<sheetData")]
    if 'encoding="' in head and "utf-8" not in head[:120].lower():
        raise NotPlain
    if f'xmlns="{NS}"' not in head:
        raise NotPlain


def rows_in(xml: bytes) -> list[Row]:
    """Some whole rows.

    Raises:
        NotPlain: they are not written as usual.
    """
    try:
        return list(_rows_in(xml.decode()))
    except UnicodeDecodeError as error:
        raise NotPlain from error


def _rows_in(text: str) -> Iterator[Row]:
    if "<!" in text or "<?" in text:
        raise NotPlain
    count = 0
    for attributes, inner in _ROW.findall(text):
        count += 1
        said = dict(_ATTRIBUTE.findall(attributes))
        if "r" not in said or not said["r"].isdigit():
            raise NotPlain
        yield Row(int(said["r"]), said.get("hidden") in ("1", "true"), _cells_in(inner))
    if count != text.count("<row"):
        raise NotPlain


def _cells_in(inner: str) -> list[Cell]:
    found = _CELL.findall(inner)
    if len(found) != inner.count("<c ") + inner.count("<c>") or inner.count("<v") > len(found):
        raise NotPlain
    cells: list[Cell] = []
    for column, style, kind, late, formula, value, inline in found:
        if inline:
            shown: str | None = _inline(inline)
        elif value or kind == "str":
            shown = html.unescape(value) if "&" in value else value
        else:
            shown = None
        cells.append(Cell(column, style or late, kind, formula, shown))
    return cells


def _inline(xml: str) -> str:
    if "<rPh" in xml:
        xml = _PHONETIC.sub("", xml)
    text = "".join(_TEXT.findall(xml))
    return html.unescape(text) if "&" in text else text


def parsed_rows(stream: Readable) -> Iterator[Row]:
    """Rows by lxml, whatever the XML looks like."""
    last = 0
    try:
        for _, element in _ends(stream):
            if not isinstance(element.tag, str) or etree.QName(element).localname != "row":
                continue
            last = whole_number(element.get("r"), last + 1)
            yield Row(last, element.get("hidden") in ("1", "true"), list(_cells_of(element)))
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise Refusal(
            f"a sheet is damaged: {error.msg}", hint="save the workbook anew", code="damaged"
        ) from None


def safe_parser() -> etree.XMLParser:
    """No entities, no DTD, no network, and libxml2's own bounds on depth and size of text."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _forget(element: etree._Element) -> None:
    """Free an element and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _ends(stream: Readable) -> Iterator[tuple[str, etree._Element]]:
    """Elements as they end; with the bounds of `safe_parser`."""
    yield from etree.iterparse(
        stream, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def whole_number(text: str | None, implied: int) -> int:
    """What an attribute says, or what it implies where it says no number.

    No more than `UNCOUNTABLE`, be there thousands of digits: whatever is counted has a lower limit.
    """
    return min(int(text[:20]), UNCOUNTABLE) if text and text.isdecimal() else implied


def _cells_of(row: etree._Element) -> Iterator[Cell]:
    for cell in row:
        if not isinstance(cell.tag, str) or etree.QName(cell).localname != "c":
            continue
        formula, value = "", None
        for child in cell:
            name = etree.QName(child).localname if isinstance(child.tag, str) else ""
            if name == "f":
                formula = "f"
            elif name == "v":
                value = child.text or ("" if cell.get("t") == "str" else None)
            elif name == "is":
                value = _texts(child)
        letters = re.match(r"[A-Z]*", cell.get("r") or "")
        yield Cell(letters[0] if letters else "", cell.get("s") or "", cell.get("t") or "", formula, value)


def _texts(element: etree._Element) -> str:
    """All text of a rich text, without its reading aids."""
    return "".join(
        node.text or ""
        for node in element.iter()
        if isinstance(node.tag, str)
        and etree.QName(node).localname == "t"
        and not any(
            etree.QName(up).localname == "rPh" for up in node.iterancestors() if isinstance(up.tag, str)
        )
    )


def rich_text(xml: bytes) -> str:
    """The text of one element that holds it in parts.

    Raises:
        NotPlain: it is no XML by itself.
    """
    try:
        return unescaped(_texts(etree.fromstring(xml, safe_parser())))
    except etree.XMLSyntaxError as error:
        raise NotPlain from error


def unescaped(text: str) -> str:
    """Characters that XML can't hold, which Excel writes as _x000D_."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)  # of UTF-16: an emoji is two
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def shared_strings(stream: Readable, longest: int) -> list[str]:
    """The texts that cells refer to by number."""
    texts: list[str] = []
    try:
        for _, element in _ends(stream):
            if isinstance(element.tag, str) and etree.QName(element).localname == "si":
                first = element[0] if len(element) else None
                simple = first is not None and len(element) == 1 and len(first) == 0
                text = (first.text or "") if simple and first is not None else _texts(element)
                if len(text) > longest:
                    raise cell_too_long("a cell", len(text), longest)
                texts.append(unescaped(text))
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise Refusal(f"the texts of the workbook are damaged: {error.msg}", code="damaged") from None
    return texts
