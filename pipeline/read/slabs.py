"""Rows of a sheet by the thousand, as columns: the quick way for rows about which nothing is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from pipeline.read.grid import Line


class Slab(Protocol):
    """Rows below one another that may be read by columns.

    Attributes:
        first: row of the sheet; rows: how many follow, none left out; hidden: how many of them are.
    """

    first: int
    rows: int
    hidden: int

    def lines(self) -> Iterator[Line]:
        """The same rows one by one."""
        ...

    def columns(self, places: Sequence[int]) -> Columns | None:
        """The rows as columns, bare numbers still undressed, where nothing about them is out of the ordinary.

        Ordinary: no text beside these places, no row of blanks, no cell that shows an error, lacks its
        result or is too long. Nothing is noted of them yet.
        """
        ...

    def dressed(self, columns: Columns, places: Sequence[int]) -> Columns:
        """Those columns as they are shown; asked once, of rows that are read by columns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Rows as columns.

    Attributes:
        texts: a string array a column, null for an empty cell; numbers: which of them are numbers, or None.
    """

    texts: Sequence[pa.Array]
    numbers: Sequence[npt.NDArray[np.bool_] | None]


@runtime_checkable
class Slabs(Protocol):
    """Lines that also come by the thousand: what was taken one by one doesn't come again."""

    def __iter__(self) -> Iterator[Line]: ...

    def slabs(self) -> Iterator[Slab]: ...

    def finish(self) -> None:
        """To be called when all slabs were read."""
        ...
