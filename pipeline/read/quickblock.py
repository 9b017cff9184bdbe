"""Some whole rows of a sheet's XML → where each cell stands, of what kind it is, and where its text.

Spreadsheet programs write cells in a few forms. Every `<` of the block is accounted for by one of
them, or the row it stands in is odd: that one is for `sheetxml` to read.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.read.markup import MASKS, Flags, Markup, Places, Words, begins, texts_between
from pipeline.read.sheetxml import NotPlain, Row, rows_in

_ROW = re.compile(rb'<row r="(\d{1,7})"((?: [\w:]+="[^"<]*")*)\s*(/?)>')
_ROW_START = re.compile(rb"<row[ >]")
_KIND = re.compile(rb'((?: [\w:]+="[^"<]*")*)\s*(/?)>')
_ATTRIBUTE = re.compile(rb' ([\w:]+)="([^"]*)"')
#: Words that hold what a cell's tag says behind its address; kinds of cells that are told apart.
_WORDS, _KINDS = 3, 250
_COLUMNS = 16_384


class Kind(NamedTuple):
    """What the tag of a cell says beside its address.

    Attributes:
        style: index into the cell formats, "" for none; type: "" or n, s, str, inlineStr, b, e, d.
        closed: whether the tag is all there is of the cell.
    """

    style: str
    type: str
    closed: bool


class Kinds:
    """The kinds of cells that came up so far in a sheet."""

    def __init__(self) -> None:
        self.known: list[Kind] = []
        self._said: list[tuple[int, ...]] = []

    def of(self, words: list[Words]) -> npt.NDArray[np.uint8]:
        """The kind of each cell, by the words that its tag ends with, filled up with zeros.

        Raises:
            NotPlain: more than attributes, or too many kinds.
        """
        codes = np.full(len(words[0]), _KINDS, np.uint8)
        for code, said in enumerate(self._said):
            _put(codes, code, words, said)
        while len(left := np.flatnonzero(codes == _KINDS)):
            said = tuple(int(column[left[0]]) for column in words) + (0,) * (_WORDS - len(words))
            self._learn(said)
            _put(codes, len(self.known) - 1, words, said)
        return codes

    def _learn(self, said: tuple[int, ...]) -> None:
        text = b"".join(word.to_bytes(8, "little") for word in said).rstrip(b"\0")
        found = _KIND.fullmatch(text)
        if found is None or len(self.known) >= _KINDS:
            raise NotPlain
        told = {name: value.decode() for name, value in _ATTRIBUTE.findall(found[1])}
        self.known.append(Kind(told.get(b"s", ""), told.get(b"t", ""), closed=found[2] == b"/"))
        self._said.append(said)


def _put(codes: npt.NDArray[np.uint8], code: int, words: list[Words], said: tuple[int, ...]) -> None:
    if any(said[len(words) :]):
        return
    same = words[0] == np.uint64(said[0])
    for column, word in zip(words[1:], said[1:], strict=False):
        same &= column == np.uint64(word)
    codes[same] = code


class Block:
    """Rows of a sheet, one behind the other.

    Attributes:
        numbers, hidden, odd: of each row its number, whether it isn't shown, whether it is odd.
        first: index of each row's first cell; one more at the end.
        row, column, code: of each cell its row's index, its column from 0, its kind.
        formula, filled: whether there is a formula; whether there is text.
        escapes: whether texts may hold characters that XML can't.
        texts: of each cell at twice its index the text, in between what stands between two.

    Raises:
        NotPlain: the rows are written in a way that isn't followed.
    """

    def __init__(self, raw: bytes, kinds: Kinds) -> None:
        self._raw = raw
        self.escapes = b"_x" in raw
        self.kinds = kinds
        self._markup = markup = Markup(raw)
        self._rows = self._all(markup.second == ord("r"), b"<row r=")
        self._cells = self._all(markup.second == ord("c"), b'<c r="')
        self._frame_rows()
        self._frame_cells()
        self._find_texts()

    def _all(self, which: Flags, text: bytes) -> Places:
        """Indices of the tags that begin with a text."""
        found = np.flatnonzero(which)
        return found[begins(self._markup.words(self._markup.tags[found]), text)]

    def _frame_rows(self) -> None:
        """Every row ends where the next one begins."""
        markup, rows, tags = self._markup, self._rows, self._markup.tags
        if not len(rows) or tags[0] != 0 or rows[0] != 0:
            raise NotPlain
        view, hides, said = memoryview(markup.data.data), {b"": False}, []
        for place in tags[rows].tolist():
            found = _ROW.match(view, place)
            if found is None:
                raise NotPlain
            attributes = found[2]
            if attributes not in hides:
                hides[attributes] = dict(_ATTRIBUTE.findall(attributes)).get(b"hidden") in (b"1", b"true")
            said.append((int(found[1]), found.end(), found[3] == b"/", hides[attributes]))
        self.numbers, self._opened, closed, hidden = (np.array(item) for item in zip(*said, strict=True))
        self.hidden: Flags = hidden
        behind = np.append(rows[1:], len(tags))
        begin_next = np.append(tags[rows[1:]], markup.size)
        self._ends = behind - 1
        ended = begins(markup.words(tags[self._ends]), b"</row>") & (tags[self._ends] + 6 == begin_next)
        alone = (behind == rows + 1) & (self._opened == begin_next)
        if not np.where(closed, alone, ended).all() or not (np.diff(self.numbers) > 0).all():
            raise NotPlain

    def _frame_cells(self) -> None:
        """Every cell stands in the row that its address says, left to right."""
        markup, tags, rows, cells = self._markup, self._markup.tags, self._rows, self._cells
        self.first = np.append(np.searchsorted(cells, rows), len(cells))
        count = np.diff(self.first)
        self.row = np.repeat(np.arange(len(rows)), count)
        # Behind each row's tag stands its first cell, or its end.
        inner = np.where(count > 0, np.append(cells, 0)[self.first[:-1]], self._ends)
        if (
            not (self._ends == rows)[inner != rows + 1].all()
            or not (tags[inner] == self._opened)[inner > rows].all()
        ):
            raise NotPlain
        at = tags[cells] + 6
        words = markup.words(at)
        one, two, three = (
            ((words >> np.uint64(8 * n)) & np.uint64(255)).astype(np.int64) - 64 for n in range(3)
        )
        second = (two >= 1) & (two <= 26)
        third = second & (three >= 1) & (three <= 26)
        self.column = np.where(second, one * 26 + two, one)
        self.column = np.where(third, self.column * 26 + three, self.column) - 1
        ok = (one >= 1) & (one <= 26) & (self.column < _COLUMNS)
        digits = [b'%d"' % number for number in self.numbers.tolist()]
        lengths = np.array(list(map(len, digits)))
        wanted = np.array([int.from_bytes(text, "little") for text in digits], np.uint64)[self.row]
        at = at + 1 + second + third
        ok &= (markup.words(at) & MASKS[lengths][self.row]) == wanted
        falls = np.diff(self.column) <= 0
        if not ok.all() or (falls & (np.diff(self.row) == 0)).any():
            raise NotPlain
        self._tails = at + lengths[self.row]

    def _find_texts(self) -> None:
        """Where the text of each cell stands; rows with cells of another form are odd."""
        markup, tags, cells = self._markup, self._markup.tags, self._cells
        behind = np.append(cells[1:], 0)
        last = self.first[1:][np.diff(self.first) > 0] - 1
        behind[last] = self._ends[self.row[last]]
        opened = tags[cells + 1]
        self.code = self.kinds.of(self._said(opened))
        closed = np.array([kind.closed for kind in self.kinds.known] or [False])[self.code]
        forms = _Forms(markup, cells, behind, closed, opened)
        self.formula = forms.formula
        self.odd = np.zeros(len(self.numbers), np.bool_)
        self.odd[self.row[~forms.followed]] = True
        self.filled = forms.end > forms.start
        offsets = np.empty(2 * len(cells), np.int32)
        offsets[::2], offsets[1::2] = forms.start, forms.end
        self.texts = texts_between(offsets, markup.settle(), pa.string())

    def _said(self, opened: Places) -> list[Words]:
        """What the cells' tags say behind the address, as words."""
        lengths = opened - self._tails
        if len(lengths) and lengths.max() > 8 * _WORDS:
            raise NotPlain
        most = max(int(lengths.max(initial=1)), 1)
        return [
            self._markup.words(np.minimum(self._tails + start, self._markup.size))
            & MASKS[np.clip(lengths - start, 0, 8)]
            for start in range(0, most, 8)
        ]

    @cached_property
    def _starts(self) -> list[int]:
        """Where each row begins in the XML as it is."""
        found = [match.start() for match in _ROW_START.finditer(self._raw)]
        if len(found) != len(self.numbers):
            raise NotPlain
        return [*found, len(self._raw)]

    def read(self, low: int, high: int) -> list[Row]:
        """Some of the rows as `sheetxml` reads them."""
        return rows_in(self._raw[self._starts[low] : self._starts[high]])


class _Forms:
    """The forms of cells: those followed, and where their texts begin and end."""

    def __init__(self, markup: Markup, cells: Places, behind: Places, closed: Flags, opened: Places) -> None:
        self._markup = markup
        self._cells = cells
        self._behind = markup.tags[behind] if len(cells) else behind
        self._opened = opened
        self.start, self.end = opened.copy(), opened.copy()
        self.formula = np.zeros(len(cells), np.bool_)
        count = behind - cells
        self.followed = closed & (count == 1)
        words = markup.words(opened)
        self._empty(np.flatnonzero(~closed & (count == 2)))
        value, formula = ~closed & begins(words, b"<v>"), ~closed & begins(words, b"<f")
        self._values(np.flatnonzero(value & (count == 4)), 1, opened + 3)
        self._inline(np.flatnonzero(~closed & (count == 6) & begins(words, b"<is><t")))
        self._formulas(np.flatnonzero(formula & (count == 6)), 2, b"</f>")
        self._formulas(np.flatnonzero(formula & (count == 5)), 1, b"/>")

    def _tag(self, which: Places, number: int) -> Places:
        return self._markup.tags[self._cells[which] + number]

    def _take(self, which: Places, start: Places, end: Places, ok: Flags, length: int) -> None:
        """Take what stands there as the cells' texts, where the next tag begins so far behind them."""
        ok &= self._behind[which] == end + length
        which = which[ok]
        self.start[which], self.end[which] = start[ok], end[ok]
        self.followed[which] = True

    def _empty(self, which: Places) -> None:
        """<c r="A1"></c>"""
        end = self._opened[which]
        self._take(which, end, end, begins(self._markup.words(end), b"</c>"), 4)

    def _values(self, which: Places, opening: int, start: Places) -> None:
        """<c r="A1"><v>1</v></c>"""
        end = self._tag(which, opening + 1)
        ok = self._markup.words(end) == np.uint64(int.from_bytes(b"</v></c>", "little"))
        self._take(which, start[which], end, ok, 8)

    def _inline(self, which: Places) -> None:
        """<c r="A1" t="inlineStr"><is><t>a</t></is></c>"""
        words, text = self._markup.words, self._tag(which, 2)
        end = self._tag(which, 3)
        bare = begins(words(text), b"<t>")
        ok = (
            begins(words(text), b"<t xml:s")
            & begins(words(text + 8), b'pace="pr')
            & begins(words(text + 16), b'eserve">')
        )
        ok = (ok | bare) & begins(words(end), b"</t></is") & begins(words(end + 5), b"/is></c>")
        self._take(which, text + np.where(bare, 3, 24), end, ok & (text == self._opened[which] + 4), 13)

    def _formulas(self, which: Places, number: int, close: bytes) -> None:
        """<c r="A1"><f>B1</f><v>1</v></c>, <c r="A1"><f t="shared" si="0"/><v>1</v></c>"""
        words = self._markup.words
        tag = self._tag(which, number) if close == b"</f>" else self._tag(which, 2) - len(close)
        named = words(self._opened[which] + 2) & np.uint64(255)
        ok = begins(words(tag), close) & ((named == ord(">")) | (named == ord(" ")))
        value = tag + len(close)
        ok &= (self._tag(which, number + 1) == value) & begins(words(value), b"<v>")
        start = self.start.copy()
        start[which] = value + 3
        self.formula[which] = True
        self._values(which[ok], number + 1, start)
