"""Cells of some rows → one column after the other, as it is shown.

What a look does to common numbers is done to all of them at once; whatever else stands in a cell goes
through `Lines`, as it does where rows are read one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.looks import DIGITS, PLAIN, Look
from pipeline.read.sheetxml import unescaped
from pipeline.read.slabs import Flags

if TYPE_CHECKING:
    from pipeline.read.quickblock import Block
    from pipeline.read.xlsx import Lines

#: Numbers that are shown as they are written.
_SHOWN = r"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$"
_ESCAPED = "_x[0-9A-Fa-f]{4}_"
_NUMBERS = ("", "n")
_TEXTS = ("str", "inlineStr")
_FOLLOWED = (*_NUMBERS, *_TEXTS, "s", "b")
_TRUE = pa.array(["1", "true"])

Indices = npt.NDArray[np.int64]


class Cells:
    """The cells of some rows of a block.

    Attributes:
        odd: rows that only `Lines` can judge; they are left out of the columns.
        sound: whether every number of a text is the number of one.
    """

    def __init__(self, block: Block, aside: Lines, texts: pa.Array, low: int, high: int) -> None:
        self._block = block
        self._aside = aside
        self._texts = texts
        self._low = low
        chosen = slice(int(block.first[low]), int(block.first[high]))
        self._begin = chosen.start
        self._row: Indices = block.row[chosen] - low
        self._column = block.column[chosen]
        self._code = block.code[chosen]
        self._filled = block.filled[chosen]
        numeric = self._of(_NUMBERS)
        strange = ~self._of(_FOLLOWED) | (numeric & block.formula[chosen] & ~self._filled)
        self.odd: Flags = block.odd[low:high].copy()
        self.odd[self._row[strange]] = True
        self._live = self._filled & ~self.odd[self._row]
        self.sound = self._number_texts()

    def _of(self, types: Sequence[str]) -> Flags:
        """Which cells are of these types."""
        table = np.array([kind.type in types for kind in self._block.kinds.known] or [False])
        found: Flags = table[self._code]
        return found

    def _number_texts(self) -> bool:
        """Find out which texts are meant."""
        which = np.flatnonzero(self._of(("s",)) & self._live)
        self._meant = np.zeros(len(self._row) if len(which) else 0, np.int64)
        if not len(which):
            return True
        said = self._block.texts.take(pa.array(2 * (self._begin + which)))
        if not pc.all(pc.match_substring_regex(said, "^[0-9]{1,9}$")).as_py():
            return False
        self._meant[which] = said.cast(pa.int64()).to_numpy()
        return bool(self._meant.max() < len(self._texts))

    def within(self, places: Sequence[int]) -> bool:
        """Whether no text stands beside some columns."""
        wanted = np.zeros(1 + max(*places, int(self._column.max(initial=0)), 0), np.bool_)
        wanted[list(places)] = True
        return bool(wanted[self._column[self._live]].all())

    def column(self, place: int) -> tuple[pa.Array, Flags | None]:
        """One column as it is shown, and which of it are numbers."""
        cells = np.flatnonzero((self._column == place) & self._live)
        rows, codes = self._row[cells], self._code[cells]
        texts = self._taken(self._block.texts, cells, 2 * (self._begin + cells))
        numbers: Flags | None = None
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            kind = self._block.kinds.known[code]
            mine = np.zeros(len(self.odd), np.bool_)
            mine[rows[codes == code]] = True
            if kind.type in _NUMBERS:
                numbers = np.zeros(len(self.odd), np.bool_) if numbers is None else numbers
                texts = self._numbers(texts, mine, kind.style, place, numbers)
            elif kind.type == "s":
                own = cells[codes == code]
                found = self._taken(self._texts, own, self._meant[own])
                texts = found if len(own) == len(cells) else pc.if_else(pa.array(mine), found, texts)
            elif kind.type == "b":
                truth = pc.if_else(pc.is_in(texts, _TRUE), "TRUE", "FALSE")
                texts = pc.if_else(pa.array(mine), truth, texts)
            elif self._block.escapes:
                texts = _replaced(texts, _flags(pc.match_substring_regex(texts, _ESCAPED)) & mine, unescaped)
        return texts, numbers

    def _taken(self, texts: pa.Array, cells: Indices, index: Indices) -> pa.Array:
        """The texts of some cells, each in its row."""
        wanted = np.full(len(self.odd), -1)
        wanted[self._row[cells]] = index
        return texts.take(pa.array(wanted, mask=wanted < 0))

    def _numbers(self, texts: pa.Array, mine: Flags, style: str, place: int, numbers: Flags) -> pa.Array:
        """A column in which some are numbers of one style, as they are shown."""
        look = self._aside.look_of(style)
        plain = mine & _flags(pc.match_substring_regex(texts, _SHOWN))
        plain &= _flags(pc.less_equal(pc.binary_length(texts), DIGITS))
        if look is not PLAIN:
            self._aside.dressed(place)
            made, plain = _padded(texts, plain, look)
            texts = pc.if_else(pa.array(plain), made, texts)
        numbers |= plain & (not look.pattern)
        rest = mine & ~plain
        rows = iter(np.flatnonzero(rest).tolist())

        def told(text: str) -> str:
            row, seen = next(rows), set[int]()
            found = self._aside.number(text, style, int(self._block.numbers[self._low + row]), place, seen)
            numbers[row] = bool(seen)
            return found

        return _replaced(texts, rest, told)


def _flags(found: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return flags


def _replaced(texts: pa.Array, which: Flags, change: Callable[[str], str]) -> pa.Array:
    """Some texts changed one by one; an empty one is none."""
    if not which.any():
        return texts
    mask = pa.array(which)
    own = [change(text) or None for text in texts.filter(mask).to_pylist()]
    return pc.replace_with_mask(texts, mask, pa.array(own, pa.string()))


def _padded(texts: pa.Array, plain: Flags, look: Look) -> tuple[pa.Array, Flags]:
    """What `looks.padded` makes of bare numbers, and of which: no digit has to go, zeros are added."""
    if look.kind != "number" or look.before or look.after or look.cases or look.pattern.strip("0"):
        return texts, np.zeros_like(plain)
    point = pc.fill_null(pc.find_substring(texts, "."), -1)
    length = pc.fill_null(pc.binary_length(texts), 0)
    decimals = np.where((at := point.to_numpy()) < 0, 0, length.to_numpy() - at - 1)
    plain = plain & (decimals <= look.decimals) & ~_flags(pc.starts_with(texts, "-"))
    if look.pattern:
        plain &= (decimals == 0) & (look.least == 0)
        return pc.utf8_lpad(texts, len(look.pattern), "0"), plain
    missing = np.maximum(look.least - decimals, 0)
    ends = pa.array([*("0" * count for count in range(look.least + 1)), "." + "0" * look.least])
    which = np.where((at < 0) & (missing > 0), look.least + 1, missing)
    return pc.binary_join_element_wise(texts, ends.take(pa.array(which)), ""), plain
