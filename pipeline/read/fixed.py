"""Columns of plain decimals, added and multiplied exactly as `Decimal` does it, a column at a time.

What can't be told exactly (a division, a comparison, numbers too long, a zero with a sign) raises
`Doubt`: then `Decimal` does it, number by number. A property test holds both alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

#: The same number whatever a format says, unless its decimals begin with a comma: no three decimals.
PLAIN = r"\A-?[0-9]{1,9}(?:\.(?:[0-9]{1,2}|[0-9]{4}))?\z"
#: Numbers stay below this, with no more decimals than that: no step overflows, no text is shortened.
_MOST = 10**17
_FINEST = 16
_TENS = 10 ** np.arange(18, dtype=np.int64)
Whole = npt.NDArray[np.int64]


class Doubt(Exception):
    """Not to be told exactly here."""


class Fixed:
    """A column of decimals: whole numbers, and how many of their digits are decimals."""

    __slots__ = ("digits", "scale")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, digits: Whole, scale: Whole) -> None:
        self.digits, self.scale = digits, scale

    @classmethod
    def read(cls, texts: pl.Series) -> Fixed:
        """Texts that are all `PLAIN`."""
        point = texts.str.find(".", literal=True)
        scale = (texts.str.len_bytes().cast(pl.Int64) - point - 1).fill_null(0).to_numpy()
        digits = texts.str.replace(".", "", literal=True).cast(pl.Int64).to_numpy()
        if bool((texts.str.starts_with("-") & pl.Series(digits == 0)).any()):
            raise Doubt
        return cls(digits, scale)

    def texts(self) -> pl.Series:
        """As `Decimal` writes them, without exponents."""
        made = pl.Series([None], dtype=pl.String).new_from_index(0, len(self.digits))
        for scale in np.unique(self.scale).tolist():
            rows = np.flatnonzero(self.scale == scale)
            digits = self.digits[rows]
            whole, rest = (pl.Series(part) for part in np.divmod(np.abs(digits), 10**scale))
            text = whole.cast(pl.String)
            if scale:
                text = text + "." + rest.cast(pl.String).str.zfill(scale)
            signs = pl.Series(np.where(digits < 0, "-", ""), dtype=pl.String)
            made = made.scatter(rows, signs + text)
        return made

    def quantize(self, step: Decimal, how: str) -> Fixed:
        """Rounded to the decimals of a step."""
        places = -int(step.as_tuple().exponent)
        if not 0 <= places <= _FINEST:
            raise Doubt
        more = np.maximum(places - self.scale, 0)
        part = _TENS[np.maximum(self.scale - places, 0)]
        digits = _ROUNDED[how](_times(self.digits, _TENS[more]), part)
        return Fixed(_unsigned(digits, self.digits < 0), np.full_like(self.scale, places))

    def __add__(self, other: Fixed | Decimal) -> Fixed:
        scale, mine, theirs = _aligned(self, self._like(other))
        return Fixed(_bounded(mine + theirs), scale)

    def __sub__(self, other: Fixed | Decimal) -> Fixed:
        return self + -self._like(other)

    def __rsub__(self, other: Decimal) -> Fixed:
        return -self + other

    def __mul__(self, other: Fixed | Decimal) -> Fixed:
        factor = self._like(other)
        digits = _times(self.digits, factor.digits)
        negative = (self.digits < 0) != (factor.digits < 0)
        return Fixed(_unsigned(digits, negative), _decimals(self.scale + factor.scale))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Fixed:
        return Fixed(-self.digits, self.scale)

    def __abs__(self) -> Fixed:
        return Fixed(np.abs(self.digits), self.scale)

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        raise Doubt

    def __bool__(self) -> bool:
        raise Doubt

    def _like(self, other: Fixed | Decimal) -> Fixed:
        """A number as a column as long as this one."""
        if isinstance(other, Fixed):
            return other
        sign, digits, exponent = other.as_tuple()
        whole = int("".join(map(str, digits)))
        if not isinstance(exponent, int) or exponent > 0 or whole >= _MOST or (sign and not whole):
            raise Doubt
        scale = _decimals(np.full_like(self.scale, -exponent))
        return Fixed(np.full_like(self.digits, -whole if sign else whole), scale)


def extreme(values: Sequence[Fixed | Decimal], *, most: bool) -> Fixed:
    """The largest or the smallest of some values, of equal ones the first, row by row."""
    columns = [value for value in values if isinstance(value, Fixed)]
    found, *rest = (columns[0]._like(value) for value in values)
    for other in rest:
        _, mine, theirs = _aligned(found, other)
        better = theirs > mine if most else theirs < mine
        found = Fixed(
            np.where(better, other.digits, found.digits), np.where(better, other.scale, found.scale)
        )
    return found


def _aligned(one: Fixed, other: Fixed) -> tuple[Whole, Whole, Whole]:
    """The decimals that both have then, and the digits of either."""
    scale = np.maximum(one.scale, other.scale)
    mine, theirs = (_times(each.digits, _TENS[scale - each.scale]) for each in (one, other))
    return scale, mine, theirs


def _times(digits: Whole, factor: Whole) -> Whole:
    if not len(digits):
        return digits
    if int(np.abs(digits).max()) * int(np.abs(factor).max()) >= _MOST:
        raise Doubt
    return digits * factor


def _decimals(scale: Whole) -> Whole:
    if len(scale) and int(scale.max()) > _FINEST:
        raise Doubt
    return scale


def _bounded(digits: Whole) -> Whole:
    if len(digits) and int(np.abs(digits).max()) >= _MOST:
        raise Doubt
    return digits


def _unsigned(digits: Whole, negative: npt.NDArray[np.bool_]) -> Whole:
    """`Decimal` knows a zero below zero, and writes its sign."""
    if bool((negative & (digits == 0)).any()):
        raise Doubt
    return digits


def _half_up(digits: Whole, part: Whole) -> Whole:
    found: Whole = np.sign(digits) * ((np.abs(digits) + part // 2) // part)
    return found


_ROUNDED: dict[str, Callable[[Whole, Whole], Whole]] = {
    ROUND_HALF_UP: _half_up,
    ROUND_FLOOR: lambda digits, part: digits // part,
    ROUND_CEILING: lambda digits, part: -(-digits // part),
}
