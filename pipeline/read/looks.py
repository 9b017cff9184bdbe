"""What a spreadsheet shows for a number: its format's zeros, decimals, percent signs, dates. Pure.

Kept of a format is what belongs to the value: leading zeros, the decimals it rounds to, percent,
literal characters between digits, dates in ISO form. Left out is what dresses it for a reader:
thousands separators, currency signs, colours, padding. So a number's text never depends on the
language of the person who saved the file, and is never an exponent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

Kind = Literal["plain", "number", "percent", "date", "time", "datetime", "elapsed"]

#: Formats that a file names by number only (ECMA-376, 18.8.30).
BUILTIN = {
    **dict(zip(range(1, 5), ("0", "0.00", "#,##0", "#,##0.00"), strict=True)),
    **dict(zip(range(9, 14), ("0%", "0.00%", "0.00E+00", "# ?/?", "# ??/??"), strict=True)),
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((37, 38), "#,##0"),
    **dict.fromkeys((39, 40), "#,##0.00"),
    46: "[h]:mm:ss",
    48: "##0.0E+0",
    49: "@",
}
DIGITS = 15

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]')
_DATES = re.compile(r"[yd]|m|[hs]|AM/PM|A/P", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a format does to a number.

    Attributes:
        pattern: the integer part's placeholders and literals, "" where they make no difference.
        decimals: decimals shown at most.
        least: decimals shown at least.
        before, after: literal text around the number.
    """

    kind: Kind = "plain"
    pattern: str = ""
    decimals: int = 0
    least: int = 0
    before: str = ""
    after: str = ""


PLAIN = Look()


@lru_cache(maxsize=4096)
def look_of(code: str) -> Look:
    """What a format code does; a format that we can't follow leaves the number as it is."""
    section = _sections(code)[0]
    if not section or section.strip().lower() in ("general", "@", "standard"):
        return PLAIN
    bare = _QUOTED.sub(lambda match: "" if match[3] is None or not _elapsed(match[3]) else "h", section)
    if "general" in bare.lower():
        return PLAIN
    if re.search(r"\[[hms]+\]", section, re.IGNORECASE):
        return Look(kind="elapsed")
    if (
        (found := _DATES.findall(bare))
        and "E+" not in bare.upper()
        and not re.search(r"[0#?]", bare.split(".")[0])
    ):
        return Look(kind=_moment({char.lower() for char in found}))
    if "/" in bare or re.search(r"E[+-]", bare, re.IGNORECASE) or re.match(r"\[[<>=]", section):
        return PLAIN
    return _number(section, percent="%" in bare)


def _elapsed(inner: str) -> bool:
    return re.fullmatch(r"[hms]+", inner, re.IGNORECASE) is not None


def _sections(code: str) -> list[str]:
    """The sections of a format, which `;` separates outside of quotes."""
    parts, current, quoted, skip = [], "", False, False
    for char in code:
        if skip:
            skip = False
        elif char == '"':
            quoted = not quoted
        elif char == "\\" and not quoted:
            skip = True
        elif char == ";" and not quoted:
            parts.append(current)
            current = ""
            continue
        current += char
    return [*parts, current]


def _moment(found: set[str]) -> Kind:
    time = bool(found & {"h", "s", "am/pm", "a/p"})
    date = bool(found & {"y", "d"}) or ("m" in found and not time)
    return "datetime" if date and time else "time" if time else "date"


def _number(section: str, *, percent: bool) -> Look:
    """A format of digits: what stands before, within and behind them."""
    text = _literal(section).replace("%", "")
    if "#" not in text:
        text = re.sub(r"(?<=[0?]) (?=[0?])", chr(_PRIVATE + 0x20), text)
    else:  # blanks and apostrophes between digits group them, as commas do
        text = re.sub(r"(?<=[0#?])[ '’\xa0\u202f\ue020\ue027\ue0a0]+(?=[0#?])", "", text)
    match = re.search(r"[0#?][0#?,\ue000-\uf8ff]*[0#?]|[0#?]", text)
    if match is None:
        return PLAIN
    whole = match[0]
    rest = text[match.end() :]
    if rest.startswith(",") or whole.endswith(","):
        return PLAIN  # shown in thousands or millions: the value itself is meant
    fraction = re.match(r"\.([0#?]*)", rest)
    decimals = len(fraction[1]) if fraction else 0
    least = fraction[1].count("0") if fraction else 0
    behind = rest[fraction.end() :] if fraction else rest
    pattern = _pattern(whole)
    return Look(
        kind="percent" if percent else "number",
        pattern=pattern,
        decimals=decimals,
        least=least,
        before=_plain_literal(text[: match.start()]),
        after="" if percent else _behind(behind, numbered=bool(pattern)),
    )


_PRIVATE = 0xE000
_UNITS = frozenset(
    (
        *("g", "gr", "kg", "mg", "lb", "lbs", "oz", "mm", "cm", "dm", "m", "km", "in", "ft", "ml", "cl", "l"),
        *("lt", "w", "kw", "v", "a", "h", "min", "s", "pcs", "pc", "pz", "pza", "uds", "ud", "un", "und"),
        *("st", "stk"),
    )
)


def _literal(section: str) -> str:
    """The section with literal characters moved out of the way of placeholders."""

    def moved(match: re.Match[str]) -> str:
        shown = match[1] if match[1] is not None else match[2] or ""
        return "".join(chr(_PRIVATE + ord(char)) if ord(char) < 0x1800 else "" for char in shown)

    return re.sub(r"[-/:]", lambda match: chr(_PRIVATE + ord(match[0])), _QUOTED.sub(moved, section))


def _plain_literal(text: str) -> str:
    """Literals around a number that are part of an article's number; blanks, signs and currencies are not."""
    shown = "".join(chr(ord(char) - _PRIVATE) for char in text if _PRIVATE <= ord(char) <= 0xF8FF)
    wanted = re.fullmatch(r"[A-Za-z0-9._/#-]*[A-Za-z0-9#][A-Za-z0-9._/#-]*", shown)
    return (
        shown if wanted and not re.fullmatch(r"[A-Z]{3}|Rp|Kr|kr|RM|Ft|zl|lei|Lei|Bs|Gs|US|MN", shown) else ""
    )


def _behind(text: str, *, numbered: bool) -> str:
    """What follows the digits: of a number filled up with zeros, which names an article, every sign."""
    if not _is_unit(text):
        return _plain_literal(text)
    shown = "".join(chr(ord(char) - _PRIVATE) for char in text if _PRIVATE <= ord(char) <= 0xF8FF)
    return shown.rstrip() if numbered and any(char.isalnum() for char in shown) else ""


def _is_unit(behind: str) -> bool:
    """Whether what stands behind a number is its unit: set off by a blank, or a usual one."""
    shown = "".join(chr(ord(char) - _PRIVATE) if char >= "\ue000" else char for char in behind)
    return shown.lstrip("_*")[:1] in (" ", "\xa0") or shown.strip().casefold() in _UNITS


def _pattern(whole: str) -> str:
    """Placeholders of the integer part where they make a difference: zeros to fill up, literals inside."""
    kept = whole.replace(",", "")
    literal = any(_PRIVATE <= ord(char) <= 0xF8FF for char in kept)
    return kept if literal or kept.count("0") > 1 else ""


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
    if look.kind == "plain":
        return plain(number)
    if look.kind == "percent":
        number = number.scaleb(2)
    return _dressed(number, look)


def padded(text: str, look: Look) -> str:
    """The common case as text alone: no digit has to go, only zeros are added; "" where that's not it."""
    whole, point, fraction = text.partition(".")
    if not (whole.isdigit() and whole.isascii() and len(text) <= DIGITS and len(fraction) <= look.decimals):
        return ""
    if look.before or look.after or look.pattern.strip("0") or (point and not fraction.isdigit()):
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
    return f"{look.before}{sign}{body}{'%' if look.kind == 'percent' else look.after}"


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
            out.append(chr(ord(place) - _PRIVATE))
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
