"""Rows of a block of XML as columns of what their cells show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.quickcolumn import Cells
from pipeline.read.slabs import Columns, Flags
from pipeline.read.xlsx import ROWS

if TYPE_CHECKING:
    from pipeline.read.grid import Line
    from pipeline.read.quickblock import Block
    from pipeline.read.xlsx import Lines


class QuickSlab:
    """Some rows of a block.

    Args:
        texts: the texts that cells refer to by number, null for an empty one.
    """

    def __init__(self, block: Block, shown: Lines, texts: pa.Array, low: int, high: int) -> None:
        self._block = block
        self._shown = shown
        self._texts = texts
        self._low = low
        self._high = high

    def split(self) -> tuple[QuickSlab, QuickSlab | None]:
        """The first row, and the rest."""
        middle = self._low + 1
        rest = QuickSlab(self._block, self._shown, self._texts, middle, self._high)
        return QuickSlab(self._block, self._shown, self._texts, self._low, middle), (
            rest if middle < self._high else None
        )

    def lines(self) -> Iterator[Line]:
        """The rows one by one."""
        return map(self._shown.line, self._block.read(self._low, self._high))

    def columns(self, places: Sequence[int]) -> Columns | None:
        """The rows as columns; None where a text stands beside these places, or one is beyond the limit."""
        block, aside = self._block, self._shown.aside()
        cells = Cells(block, aside, self._texts, self._low, self._high)
        if block.numbers[self._high - 1] > ROWS or not cells.sound or not cells.within(places):
            return None
        made = [cells.column(place) for place in places]
        texts, numbers = [column for column, _ in made], [flags for _, flags in made]
        if any(_longest(column) > aside.longest for column in texts):
            return None
        if not self._patch(aside, np.flatnonzero(cells.odd).tolist(), places, texts, numbers):
            return None
        columns = Columns(
            last=int(block.numbers[self._high - 1]),
            rows=block.numbers[self._low : self._high],
            hidden=block.hidden[self._low : self._high],
            texts=texts,
            numbers=numbers,
            tell=lambda: self._shown.join(aside),
        )
        return _without_blanks(columns)

    def _patch(
        self,
        aside: Lines,
        odd: list[int],
        places: Sequence[int],
        texts: list[pa.Array],
        numbers: list[Flags | None],
    ) -> bool:
        """Put odd rows into their places; False where one holds a text beside them."""
        if not odd:
            return True
        lines = [
            aside.line(row) for at in odd for row in self._block.read(self._low + at, self._low + at + 1)
        ]
        if any(line.cells.keys() - set(places) for line in lines):
            return False
        mask = np.zeros(self._high - self._low, np.bool_)
        mask[odd] = True
        for at, place in enumerate(places):
            own = pa.array([line.cells.get(place) for line in lines], pa.string())
            texts[at] = pc.replace_with_mask(texts[at], pa.array(mask), own)
            flags = np.zeros(len(mask), np.bool_) if numbers[at] is None else numbers[at]
            flags[odd] = [place in line.numbers for line in lines]  # type: ignore[index]
            numbers[at] = flags
        return True


def _longest(texts: pa.Array) -> int:
    """The most bytes that one of the texts has: at least as many as characters."""
    return pc.max(pc.binary_length(texts)).as_py() or 0


def _without_blanks(columns: Columns) -> Columns:
    """The same without rows that hold nothing but blanks; as a rule the first column says there are none."""
    rows: pa.Array | None = None
    for column in columns.texts:
        held = column if rows is None else column.take(rows)
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(held), ""), True)
        left = pc.indices_nonzero(blank)
        rows = left if rows is None else rows.take(left)
        if not len(rows):
            return columns
    kept = np.ones(len(columns.rows), np.bool_)
    kept[rows.to_numpy() if rows is not None else slice(None)] = False
    mask = pa.array(kept)
    return Columns(
        last=columns.last,
        rows=columns.rows[kept],
        hidden=columns.hidden[kept],
        texts=[column.filter(mask) for column in columns.texts],
        numbers=[None if flags is None else flags[kept] for flags in columns.numbers],
        tell=columns.tell,
    )
