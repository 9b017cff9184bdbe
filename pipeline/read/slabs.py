"""Rows of a sheet by the thousand, as columns: the quick way for rows about which nothing is odd."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from pipeline.read.grid import Line

Flags = npt.NDArray[np.bool_]


class Slab(Protocol):
    """Rows below one another that may be read by columns."""

    def lines(self) -> Iterator[Line]:
        """The rows one by one."""
        ...

    def columns(self, places: Sequence[int]) -> Columns | None:
        """The rows as columns; None where they must be taken one by one, for a text beside these places."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Rows as columns, without those that hold nothing but blanks.

    Attributes:
        last: row of the sheet that the last one is, blank or not.
        rows: which row of the sheet each is; hidden: whether the sheet doesn't show it.
        texts: a string array a column, null for an empty cell; numbers: which of them are numbers, or None.
        tell: puts down what was found in them; to be called once they are taken.
    """

    last: int
    rows: npt.NDArray[np.int64]
    hidden: Flags
    texts: Sequence[pa.Array]
    numbers: Sequence[Flags | None]
    tell: Callable[[], None]

    def part(self, first: int, last: int | None) -> Columns:
        """Some of the rows."""
        chosen = slice(first, last)
        return Columns(
            last=self.last,
            rows=self.rows[chosen],
            hidden=self.hidden[chosen],
            texts=[column[chosen] for column in self.texts],
            numbers=[None if flags is None else flags[chosen] for flags in self.numbers],
            tell=self.tell,
        )

    def behind(self, other: Columns | None) -> Columns:
        """These rows below others."""
        if other is None:
            return self
        pairs = zip(other.texts, self.texts, strict=True)
        return Columns(
            last=self.last,
            rows=np.concatenate([other.rows, self.rows]),
            hidden=np.concatenate([other.hidden, self.hidden]),
            texts=[pa.concat_arrays(pair) for pair in pairs],
            numbers=[
                _joined(one, len(other.rows), two, len(self.rows))
                for one, two in zip(other.numbers, self.numbers, strict=True)
            ],
            tell=self.tell,
        )


def _joined(one: Flags | None, above: int, two: Flags | None, below: int) -> Flags | None:
    if one is None and two is None:
        return None
    return np.concatenate(
        [
            np.zeros(above, np.bool_) if one is None else one,
            np.zeros(below, np.bool_) if two is None else two,
        ]
    )


@runtime_checkable
class Slabs(Protocol):
    """Lines that also come by the thousand: what was taken one by one doesn't come again."""

    def __iter__(self) -> Iterator[Line]: ...

    def slabs(self) -> Iterator[Slab]: ...

    def finish(self) -> None:
        """To be called when all slabs were read."""
        ...
