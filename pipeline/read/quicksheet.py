"""The quick way through a worksheet: blocks of its XML as arrays, each cell accounted for.

Where a row is written in an unusual way, `sheetxml` reads that row; where a block is, that block.
What neither follows, the caller reads anew by an XML parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.read.grid import Line
from pipeline.read.markup import Pieces
from pipeline.read.quickblock import Block, Kinds
from pipeline.read.quickslab import QuickSlab
from pipeline.read.sheetxml import NotPlain, Row, rows_in
from pipeline.read.slabs import Columns
from pipeline.read.xlsx import Lines, Sheet, Workbook

#: Bytes of XML that are looked at together: what a processor keeps close.
BLOCK = 1 << 22


class QuickLines:
    """A sheet's rows as they are shown, one by one or many at a time.

    Args:
        size: bytes of XML that are read at a time.

    Raises:
        NotPlain: where this way doesn't lead; what was given so far is right.
    """

    def __init__(self, book: Workbook, sheet: Sheet, lines: Lines, *, size: int = BLOCK) -> None:
        self._book = book
        self._sheet = sheet
        self._shown = lines
        lines.texts = book.quick_texts
        self._blocks = self._read(size)
        self._left: QuickSlab | OddSlab | None = None
        self._told = False

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        self._left = self._left or next(self._blocks, None)
        if self._left is None:
            self.finish()
            raise StopIteration
        first, self._left = self._left.split()
        return next(first.lines())

    def slabs(self) -> Iterator[QuickSlab | OddSlab]:
        """The rows that are left, many at a time."""
        if self._left is not None:
            yield self._left
        self._left = None
        yield from self._blocks

    def finish(self) -> None:
        """Say what can only be said of whole columns; once, when all rows were read."""
        if not self._told:
            self._shown.finish()
        self._told = True

    def _read(self, size: int) -> Iterator[QuickSlab | OddSlab]:
        kinds, texts = Kinds(), self._book.quick_texts.array
        with self._book.open(self._sheet.part) as stream:
            pieces = Pieces(stream, b"sheetData", b"row", size)
            for raw in pieces:
                try:
                    block = Block(raw, kinds)
                except NotPlain:
                    rows = rows_in(raw)
                    if rows:
                        yield OddSlab(rows, self._shown)
                else:
                    yield QuickSlab(block, self._shown, texts, 0, len(block.numbers))
        self._book.tails[self._sheet.part] = pieces.tail


class OddSlab:
    """Rows that can only be taken one by one."""

    def __init__(self, rows: Sequence[Row], shown: Lines) -> None:
        self._rows = rows
        self._shown = shown

    def split(self) -> tuple[OddSlab, OddSlab | None]:
        """The first row, and the rest."""
        rest = OddSlab(self._rows[1:], self._shown) if len(self._rows) > 1 else None
        return OddSlab(self._rows[:1], self._shown), rest

    def lines(self) -> Iterator[Line]:
        return map(self._shown.line, self._rows)

    def columns(self, _: Sequence[int]) -> Columns | None:
        return None
