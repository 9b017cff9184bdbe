"""What a spreadsheet shows for a number: its format's zeros, decimals, percent signs, dates. Pure.

Kept of a format is what belongs to the value: leading zeros, the decimals it rounds to, percent,
literal characters between digits, dates in ISO form. Left out is what dresses it for a reader:
thousands separators, currency signs, colours, padding. So a number's text never depends on the
language of the person who saved the file, and is never an exponent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

Kind = Literal["plain", "number", "percent", "date", "time", "datetime", "elapsed"]

DIGITS = 15

#: Characters that a format shows as they stand are kept from here on, where none is a placeholder.
PRIVATE = 0xF0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a format does to a number.

    Attributes:
        pattern: the integer part's placeholders and literals, "" where they make no difference.
        decimals: decimals shown at most.
        least: decimals shown at least.
        before, after: literal text around the number.
        cases: conditions such as ("<", 0) → the look of numbers that meet them; the first that holds.
    """

    kind: Kind = "plain"
    pattern: str = ""
    decimals: int = 0
    least: int = 0
    before: str = ""
    after: str = ""
    cases: tuple[tuple[str, Decimal, Look], ...] = ()

    @property
    def names(self) -> bool:
        """Whether what is shown is more than a number: it may name an article."""
        return bool(self.pattern or self.before or self.after or self.cases)


PLAIN = Look()


@lru_cache(maxsize=100_000)
def shown(text: str, look: Look, epoch_1904: bool = False) -> str:
    """What a spreadsheet shows for the number in a cell's XML, under a look."""
    if look.kind == "number" and (quick := padded(text, look)):
        return quick
    if look.kind in ("date", "time", "datetime", "elapsed"):
        return _shown_moment(text, look.kind, epoch_1904=epoch_1904)
    number = stored(text)
    if number is None:
        return text
    for sign, bound, case in look.cases:
        if _meets(number, sign, bound):
            return shown(text if number >= 0 or not (case.before or case.after) else text.lstrip("-"), case)
    if look.kind == "plain":
        return f"{look.before}{plain(number)}{look.after}"
    if look.kind == "percent":
        number = number.scaleb(2)
    return _dressed(number, look)


def _meets(number: Decimal, sign: str, bound: Decimal) -> bool:
    return {
        "<": number < bound,
        "<=": number <= bound,
        ">": number > bound,
        ">=": number >= bound,
        "=": number == bound,
        "<>": number != bound,
    }[sign]


def padded(text: str, look: Look) -> str:
    """The common case as text alone: no digit has to go, only zeros are added; "" where that's not it."""
    whole, point, fraction = text.partition(".")
    if not (whole.isdigit() and whole.isascii() and len(text) <= DIGITS and len(fraction) <= look.decimals):
        return ""
    if (
        look.before
        or look.after
        or look.cases
        or look.pattern.strip("0")
        or (point and not fraction.isdigit())
    ):
        return ""
    kept = fraction[: look.least] + fraction[look.least :].rstrip("0")
    kept = kept.ljust(look.least, "0")
    digits = (whole.lstrip("0") or "0").zfill(len(look.pattern))
    return f"{digits}.{kept}" if kept else digits


def stored(text: str) -> Decimal | None:
    """The number that a cell holds: the fifteen digits that count, exactly."""
    try:
        exact = Decimal(text.strip())
        if not exact.is_finite():
            return None
    except InvalidOperation:
        return None
    if len(exact.as_tuple().digits) <= DIGITS or exact == exact.to_integral_value():
        return exact
    return Decimal(f"{exact:.{DIGITS - 1}E}")


def plain(number: Decimal) -> str:
    """Digits without exponent and without idle zeros."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _dressed(number: Decimal, look: Look) -> str:
    rounded = (
        abs(number).quantize(Decimal(1).scaleb(-look.decimals), ROUND_HALF_UP)
        if number.adjusted() < 25
        else abs(number)
    )
    whole, _, fraction = f"{rounded:f}".partition(".")
    kept = fraction[: look.least] + fraction[look.least :].rstrip("0")
    digits = _filled(whole, look.pattern) if look.pattern else whole
    body = f"{digits}.{kept}" if kept else digits
    sign = "-" if number < 0 and rounded != 0 else ""
    return f"{sign}{look.before}{body}{'%' if look.kind == 'percent' else look.after}"


def _filled(whole: str, pattern: str) -> str:
    """Digits put into the placeholders from the right; more digits than places stand before the first."""
    out: list[str] = []
    digits = list(whole if whole != "0" else "")
    for place in reversed(pattern):
        if place in "0#?":
            if digits:
                out.append(digits.pop())
            elif place == "0":
                out.append("0")
        elif digits or "0" in pattern:
            out.append(chr(ord(place) - PRIVATE))
    return "".join(digits) + "".join(reversed(out))


def _shown_moment(text: str, kind: Kind, *, epoch_1904: bool) -> str:
    try:
        serial = float(text)
        if kind == "elapsed":
            return _clock(round(serial * 86_400))
        moment = _moment_of(serial, epoch_1904=epoch_1904)
    except (ValueError, OverflowError):
        return text
    if kind == "date":
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%H:%M:%S}" if kind == "time" else f"{moment:%Y-%m-%d %H:%M:%S}"


def _clock(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}"


def _moment_of(serial: float, *, epoch_1904: bool) -> datetime:
    """A day count as a moment; 1900 has a 29th of February there, and no day before it counts on."""
    if serial < 0:
        raise ValueError(serial)
    if epoch_1904:
        start = datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet's days have no zone
    else:
        start = datetime(1899, 12, 30) if serial >= 60 else datetime(1899, 12, 31)  # noqa: DTZ001
    return start + timedelta(seconds=round(serial * 86_400))
