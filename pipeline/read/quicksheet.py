"""The quick way through a worksheet: calamine for the values, a scan of the XML for what it leaves out.

calamine gives values, not looks. Beside it, in a thread of its own, the sheet's XML is searched for
the few cells whose look matters: numbers under a format, errors, formulas without a result, hidden
rows. What calamine gives is then overridden there. A sheet that is written in an unusual way, or
claims more cells than it can hold, is read by `sheetxml` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from pipeline.read.grid import Line
from pipeline.read.job import Refusal
from pipeline.read.looks import DIGITS, PLAIN
from pipeline.read.quickslab import QuickSlab, other_of, plain_of
from pipeline.read.sheetxml import NS, NotPlain
from pipeline.read.xlsx import ROWS, Lines, Sheet, Workbook, index_of

_BLOCK = 1 << 20
#: Cells of a dense sheet that are worth holding at once: more than a million rows of twenty columns.
_DENSE = 30_000_000

#: Rows that are read by columns at once.
SLAB = 4_096

_HIDDEN = re.compile(rb'<row r="(\d+)"[^>]* hidden="(?:1|true)"')
_ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]* t="e"[^>]*>(?:<f(?:[^>]*/>|[^>]*>[^<]*</f>))?<v>([^<]*)</v>')
_EMPTY = re.compile(
    rb'<c r="([A-Z]+)(\d+)"(?![^>]* t="str")[^>]*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v/>|<v></v>)?</c>'
)
_STYLED = re.compile(
    rb'<c r="([A-Z]+)(\d+)" s="(\d+)"(?: t="n")?>(?:<f(?:[^>]*/>|[^>]*>[^<]*</f>))?<v>([^<]*)</v>'
)
_DIMENSION = re.compile(rb'<dimension ref="[A-Z]+\d+:([A-Z]{1,3})(\d{1,7})"')


@dataclass(slots=True)
class Odd:
    """What a scan of the XML found: style and number by column and row; error, no value by (row, column)."""

    numbers: dict[int, dict[int, tuple[str, str]]] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    empty: set[tuple[int, int]] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)


class QuickLines:
    """A sheet's rows as they are shown, one by one or many at a time.

    Args:
        slab: how many are read by columns at once.

    Raises:
        NotPlain: before any row, where this way doesn't lead.
    """

    def __init__(self, book: Workbook, path: Path, sheet: Sheet, lines: Lines, *, slab: int = SLAB) -> None:
        _check_size(book, sheet)
        dressed = [str(index) for index, look in enumerate(book.looks) if look is not PLAIN]
        styles = {index.encode(): index for index in dressed}
        with ThreadPoolExecutor(max_workers=1) as beside:
            searching = beside.submit(_search, book, sheet, styles)
            values = _opened(path, sheet)
            self.odd = searching.result()
        self.left = values.start[1] if values.start else 0
        self.strange = {row for row, _ in (*self.odd.errors, *self.odd.empty)}
        self.shown = lines
        self._rows = _rows(values)
        self._number = 0
        self._slab = slab
        self._told = False

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        row = next(self._rows, None)
        if row is None:
            self.finish()
            raise StopIteration
        self._number += 1
        return self.line(self._number, row)

    def line(self, number: int, row: Sequence[object]) -> Line:
        """One row as it is shown."""
        if number > ROWS:
            raise Refusal(f"row {number} is beyond what a sheet can hold", code="limit")
        line = _line(number, row, self.left, self.shown)
        line.hidden = number in self.odd.hidden
        if self.odd.numbers or number in self.strange:
            _override(line, self.odd, self.shown, self.left + len(row))
        return line

    def slabs(self) -> Iterator[QuickSlab]:
        """The rows that are left, many at a time."""
        while rows := list(islice(self._rows, self._slab)):
            first = self._number + 1
            self._number += len(rows)
            yield QuickSlab(self, first, rows)

    def finish(self) -> None:
        """Say what can only be said of whole columns; once, when all rows were read."""
        if not self._told:
            self.shown.finish()
        self._told = True


def _opened(path: Path, sheet: Sheet) -> CalamineSheet:
    """
    Raises:
        NotPlain: calamine can't read it.
    """
    try:
        return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet.name)
    except (CalamineError, OSError, ValueError) as error:
        raise NotPlain from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise NotPlain from error


def _rows(values: CalamineSheet) -> Iterator[Sequence[object]]:
    """Rows of values.

    Raises:
        NotPlain: calamine panics, over a date beyond its calendar for one.
    """
    try:
        yield from values.iter_rows()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise NotPlain from error


def _check_size(book: Workbook, sheet: Sheet) -> None:
    """Leave to the streaming reader what would be held as one dense block."""
    with book.open(sheet.part) as stream:
        head = stream.read(1 << 16)
    if b"<sheetData" not in head or f'xmlns="{NS}"'.encode() not in head[: head.index(b"<sheetData")]:
        raise NotPlain
    said = _DIMENSION.search(head)
    if said and index_of(said[1].decode()) * int(said[2]) > _DENSE:
        raise NotPlain


def _search(book: Workbook, sheet: Sheet, styles: Mapping[bytes, str]) -> Odd:
    odd = Odd()
    rest = b""
    with book.open(sheet.part) as stream:
        while block := stream.read(_BLOCK):
            block = rest + block
            cut = block.rfind(b"</row>") + 6
            if cut < 6:
                rest = block
                continue
            rest = block[cut:]
            _search_block(block[:cut], styles, odd)
    _search_block(rest, styles, odd)
    book.tails[sheet.part] = rest
    return odd


def _search_block(block: bytes, styles: Mapping[bytes, str], odd: Odd) -> None:
    """Take up the odd cells of whole rows.

    Raises:
        NotPlain: rows or cells without their address, comments, CDATA.
    """
    formulas = _checked(block)
    if b' hidden="' in block:
        odd.hidden.update(int(row) for row in _HIDDEN.findall(block))
    if b't="d"' in block:
        raise NotPlain
    if b't="e"' in block:
        for column, row, text in _ERROR.findall(block):
            odd.errors[int(row), index_of(column.decode())] = text.decode()
    if formulas:
        odd.empty.update((int(row), index_of(column.decode())) for column, row in _EMPTY.findall(block))
    if styles and b' s="' in block:
        if re.search(rb'<c r="[A-Z]+\d+" t="\w+" s=', block):
            raise NotPlain
        for column, row, style, text in _STYLED.findall(block):
            if style in styles:
                odd.numbers.setdefault(_columns(column), {})[int(row)] = styles[style], text.decode()


def _checked(block: bytes) -> bool:
    """Whether there are formulas; every tag is judged by the bytes behind its `<`.

    Raises:
        NotPlain: rows or cells without their address, comments, CDATA.
    """
    text = np.frombuffer(block + bytes(8), np.uint8)
    tags = np.flatnonzero(text == ord("<"))
    second = text[tags + 1]
    if (second == ord("!")).any():
        raise NotPlain
    for name in (b"c", b"row"):
        found = _named(text, tags[second == name[0]], name)
        for place, byte in enumerate(b' r="', start=1 + len(name)):
            if not (text[found + place] == byte).all():
                raise NotPlain
    return bool(_named(text, tags[second == ord("f")], b"f").size)


def _named(text: npt.NDArray[np.uint8], tags: npt.NDArray[np.intp], name: bytes) -> npt.NDArray[np.intp]:
    """Those of the tags that begin with a letter which are called so."""
    for place, byte in enumerate(name[1:], start=2):
        tags = tags[text[tags + place] == byte]
    behind = text[tags + 1 + len(name)] | 0x20
    return tags[(behind < ord("a")) | (behind > ord("z"))]


@lru_cache(maxsize=20_000)
def _columns(letters: bytes) -> int:
    return index_of(letters.decode())


def _line(number: int, row: Sequence[object], left: int, lines: Lines) -> Line:
    """One row of calamine's as text; the loop is what reading a workbook costs."""
    line = Line(number, {})
    cells, longest = line.cells, lines.longest
    for column, value in enumerate(row, left):
        if type(value) is str:
            if value:
                cells[column] = value
                if len(value) > longest:
                    lines.bounded(value, number, column)
        elif type(value) is float or type(value) is int:
            line.numbers.add(column)
            text = cells[column] = plain_of(value)
            if len(text) > DIGITS:
                lines.long(text, number, column)
        else:
            cells[column] = other_of(value)
    return line


def _override(line: Line, odd: Odd, lines: Lines, width: int) -> None:
    """Put in what calamine doesn't tell."""
    for column in range(width):
        place = (line.number, column)
        if column in odd.numbers and line.number in odd.numbers[column]:
            style, text = odd.numbers[column][line.number]
            line.numbers.discard(column)
            line.cells[column] = lines.number(text, style, line.number, column, line.numbers)
        elif place in odd.errors:
            line.cells[column] = lines.error(odd.errors[place], line.number, column)
        elif place in odd.empty:
            lines.no_value(line.number, column)
