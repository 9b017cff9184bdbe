"""Rows of calamine's as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.read.grid import Line
from pipeline.read.looks import DIGITS, PLAIN, shown
from pipeline.read.slabs import Columns
from pipeline.read.xlsx import ROWS

if TYPE_CHECKING:
    from pipeline.read.quicksheet import QuickLines

_NUMBERS = (float, int)


class QuickSlab:
    """Some rows of calamine's."""

    def __init__(self, sheet: QuickLines, first: int, rows: Sequence[Sequence[object]]) -> None:
        self._sheet = sheet
        self._values = rows
        self.first = first
        self.rows = len(rows)
        self._numbers = range(first, first + len(rows))
        self.hidden = sum(1 for row in sheet.odd.hidden if row in self._numbers)

    def lines(self) -> Iterator[Line]:
        """The same rows one by one."""
        for number, row in zip(self._numbers, self._values, strict=True):
            yield self._sheet.line(number, row)

    def columns(self, places: Sequence[int]) -> Columns | None:
        """The rows as columns; None where one of them needs a closer look."""
        if self._numbers[-1] > ROWS or any(row in self._numbers for row in self._sheet.strange):
            return None
        values = list(zip(*self._values, strict=True))
        wanted = {place - self._sheet.left: at for at, place in enumerate(places)}
        if any(at not in wanted and any(value != "" for value in column) for at, column in enumerate(values)):
            return None
        nothing = ("",) * self.rows
        texts, numbers = [], []
        for place in places:
            at = place - self._sheet.left
            column, mask = self._column(values[at] if 0 <= at < len(values) else nothing)
            if column is None:
                return None
            texts.append(column)
            numbers.append(mask)
        return None if _blank_rows(texts) else Columns(texts=texts, numbers=numbers)

    def _column(
        self, values: Sequence[object]
    ) -> tuple[list[str | None] | None, npt.NDArray[np.bool_] | None]:
        """One column as it is shown, and which of it are numbers; None where a cell is too long."""
        mask = None
        if set(map(type, values)) == {str}:
            texts: list[str | None] = [value or None for value in values]  # type: ignore[misc]
        else:
            texts = list(map(text_of, values))
            mask = np.fromiter((type(value) in _NUMBERS for value in values), np.bool_, len(values))
            if any(
                mask[row] for row, text in enumerate(texts) if text and len(text) > DIGITS and "." not in text
            ):
                return None, None
        too_long = max(map(len, filter(None, texts)), default=0) > self._sheet.shown.longest
        return (None if too_long else texts), mask

    def dressed(self, columns: Columns, places: Sequence[int]) -> Columns:
        """The same columns with numbers under a format as it shows them; what that tells is told once."""
        odd, shown = self._sheet.odd.numbers, self._sheet.shown
        if not self._numbers_of(odd):
            return columns
        texts, numbers = list(columns.texts), list(columns.numbers)
        for at, place in enumerate(places):
            found = [(row, odd[row, place]) for row in self._numbers if (row, place) in odd]
            if not found:
                continue
            mask = numbers[at]
            own, flags = list(texts[at]), np.zeros(self.rows, np.bool_) if mask is None else mask.copy()
            for row, (style, text) in found:
                seen: set[int] = set()
                own[row - self.first] = shown.number(text, style, row, place, seen)
                flags[row - self.first] = bool(seen)
            texts[at], numbers[at] = own, flags
        return Columns(texts=texts, numbers=numbers)

    def _numbers_of(self, odd: Mapping[tuple[int, int], object]) -> bool:
        return bool(odd) and not self._sheet.touched.isdisjoint(self._numbers)


def _blank_rows(texts: Sequence[Sequence[str | None]]) -> bool:
    """Whether a row holds nothing but blanks; as a rule the first column says no."""
    rows: Iterable[int] = range(len(texts[0])) if texts else ()
    for column in texts:
        rows = [row for row in rows if (text := column[row]) is None or text.isspace()]
        if not rows:
            return False
    return True


def text_of(value: object) -> str | None:
    """One of calamine's values as text."""
    kind = type(value)
    if kind is str:
        return value or None  # type: ignore[return-value]
    return plain_of(value) if kind in _NUMBERS else other_of(value)  # type: ignore[arg-type]


def other_of(value: object) -> str:
    if type(value) is bool:
        return "TRUE" if value else "FALSE"
    return str(value)


def plain_of(value: float) -> str:
    text = f"{value:.{DIGITS}g}"
    return shown(repr(value), PLAIN) if "e" in text else text
