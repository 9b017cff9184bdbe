"""Rows of calamine's as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.grid import Line
from pipeline.read.looks import DIGITS, PLAIN, shown
from pipeline.read.slabs import Columns
from pipeline.read.xlsx import ROWS

if TYPE_CHECKING:
    from pipeline.read.quicksheet import QuickLines

_NUMBERS = (float, int)
#: Whole numbers below it have no more digits than a spreadsheet keeps.
_WHOLE = 10.0**DIGITS


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
            found = _column(values[at] if 0 <= at < len(values) else nothing)
            if found is None or _longest(found[0]) > self._sheet.shown.longest:
                return None
            texts.append(found[0])
            numbers.append(found[1])
        return None if _blank_rows(texts) else Columns(texts=texts, numbers=numbers)

    def dressed(self, columns: Columns, places: Sequence[int]) -> Columns:
        """The same columns with numbers under a format as it shows them; what that tells is told once."""
        odd, shown = self._sheet.odd.numbers, self._sheet.shown
        texts, numbers = list(columns.texts), list(columns.numbers)
        for at, place in enumerate(places):
            cells = odd.get(place, {})
            found = [(row, cells[row]) for row in self._numbers if row in cells] if cells else []
            if not found:
                continue
            mask = numbers[at]
            own, flags = texts[at].to_pylist(), np.zeros(self.rows, np.bool_) if mask is None else mask.copy()
            for row, (style, text) in found:
                seen: set[int] = set()
                own[row - self.first] = shown.number(text, style, row, place, seen)
                flags[row - self.first] = bool(seen)
            texts[at], numbers[at] = pa.array(own, pa.string()), flags
        return Columns(texts=texts, numbers=numbers)


_Found = tuple[pa.Array, npt.NDArray[np.bool_] | None]


def _column(values: Sequence[object]) -> _Found | None:
    """One column as it is shown, and which of it are numbers; None where a number is too long."""
    kinds = set(map(type, values))
    if kinds == {str}:
        texts = pa.array(values, pa.string())
        return pc.if_else(pc.equal(texts, ""), None, texts), None
    mask = np.fromiter((type(value) in _NUMBERS for value in values), np.bool_, len(values))
    if kinds <= {float, str} and (quick := _floats(values, mask)) is not None:
        return quick, mask
    own = list(map(text_of, values))
    if any(mask[row] and _too_long(text) for row, text in enumerate(own)):
        return None
    return pa.array(own, pa.string()), mask


def _floats(values: Sequence[object], mask: npt.NDArray[np.bool_]) -> pa.Array | None:
    """A column of numbers and blanks as text; None where it holds words or a number too long.

    What Arrow writes is what `plain_of` writes, wherever it has few digits and no exponent.
    """
    if any(values[row] != "" for row in np.flatnonzero(~mask).tolist()):
        return None
    numbers = np.array([value if number else 0.0 for value, number in zip(values, mask, strict=True)])
    whole = (np.floor(numbers) == numbers) & (np.abs(numbers) < _WHOLE)
    texts = pc.cast(pa.array(np.where(whole, 0.5, numbers)), pa.string())
    odd = pc.or_(pc.greater(pc.binary_length(texts), DIGITS + 1), pc.match_substring(texts, "e"))
    texts = pc.if_else(
        pa.array(whole), pc.cast(pa.array(np.where(whole, numbers, 0).astype(np.int64)), pa.string()), texts
    )
    texts = pc.if_else(pa.array(mask), texts, None)
    rows = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
    if not len(rows):
        return texts
    own = texts.to_pylist()
    for row in rows:
        own[row] = plain_of(float(numbers[row]))
        if _too_long(own[row]):
            return None
    return pa.array(own, pa.string())


def _too_long(text: str | None) -> bool:
    """Whether a number has digits that a spreadsheet can't keep."""
    return text is not None and len(text) > DIGITS and "." not in text


def _longest(texts: pa.Array) -> int:
    """The most bytes that one of the texts has: at least as many as characters."""
    return pc.max(pc.binary_length(texts)).as_py() or 0


def _blank_rows(texts: Sequence[pa.Array]) -> bool:
    """Whether a row holds nothing but blanks; as a rule the first column says no."""
    rows: pa.Array | None = None
    for column in texts:
        held = column if rows is None else column.take(rows)
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(held), ""), True)
        left = pc.indices_nonzero(blank)
        rows = left if rows is None else rows.take(left)
        if not len(rows):
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
    return shown(repr(value), PLAIN) if "e" in text or text == "-0" else text
