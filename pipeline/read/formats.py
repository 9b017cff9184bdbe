"""A number format's code → the look that it gives. Pure.

What stands around a number filled up with zeros names an article and is kept to the last sign; what
stands around any other dresses it (units, currencies), but for letters and dashes right beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from pipeline.read.looks import PLAIN, PRIVATE, Kind, Look

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
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]')
_DATES = re.compile(r"[yd]|m|[hs]|AM/PM|A/P", re.IGNORECASE)


@lru_cache(maxsize=4096)
def look_of(code: str) -> Look:
    """What a format code does; a format that we can't follow leaves the number as it is."""
    sections = _sections(code)
    if any(_CONDITION.search(section) for section in sections[:2]):
        return _conditional(sections)
    look = _look(sections[0])
    if not (look.pattern and not look.decimals and len(sections) > 1):
        return look
    # A number filled up with zeros names an article: below zero, and at zero, it may have other letters.
    others = zip(("<", "="), sections[1:3], strict=False)
    cases = [(sign, Decimal(0), case) for sign, section in others if (case := _look(section)).pattern]
    lettered = [case for case in cases if any(map(str.isalnum, case[2].before + case[2].after))]
    return replace(look, cases=tuple(lettered)) if lettered else look


def _conditional(sections: Sequence[str]) -> Look:
    """Sections that numbers choose by their size: followed where one of them fills up with zeros."""
    looks = [_look(section) for section in sections[:3]]
    if not any(look.pattern and not look.decimals for look in looks):
        return PLAIN
    said = [_CONDITION.search(section) for section in sections]
    cases = [(match[1], Decimal(match[2]), look) for match, look in zip(said, looks, strict=False) if match]
    other = next((look for match, look in zip(said, looks, strict=False) if not match), PLAIN)
    return replace(other, cases=tuple(cases))


def _look(section: str) -> Look:
    """What one section of a format does."""
    if not section or section.strip().lower() in ("general", "@", "standard"):
        return PLAIN
    bare = _QUOTED.sub(lambda match: "" if match[3] is None or not _elapsed(match[3]) else "h", section)
    if "general" in bare.lower():
        before, _, after = re.sub("general", "\0", _literal(section), flags=re.IGNORECASE).partition("\0")
        return Look(before=_plain_literal(before), after=_behind(after, numbered=False))
    if re.search(r"\[[hms]+\]", section, re.IGNORECASE):
        return Look(kind="elapsed")
    if (
        (found := _DATES.findall(bare))
        and "E+" not in bare.upper()
        and not re.search(r"[0#?]", bare.split(".")[0])
    ):
        return Look(kind=_moment({char.lower() for char in found}))
    if "/" in bare or re.search(r"E[+-]", bare, re.IGNORECASE):
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
        text = re.sub(rf"(?<=[0?{_MOVED}]) (?=[0?])", _moved(" "), text)
    else:  # blanks and apostrophes between digits group them, as commas do
        marks = "".join(map(_moved, " '\xa0"))
        text = re.sub(rf"(?<=[0#?])[ '’\xa0\u202f{marks}]+(?=[0#?])", "", text)
    match = re.search(rf"[0#?][0#?,{_MOVED}]*[0#?]|[0#?]", text)
    if match is None:
        return PLAIN
    whole = match[0]
    rest = text[match.end() :]
    if rest.startswith(",") or whole.endswith(","):
        return PLAIN  # shown in thousands or millions: the value itself is meant
    fraction = re.match(r"\.([0#?]*)", rest)
    decimals = len(fraction[1]) if fraction else 0
    behind = rest[fraction.end() :] if fraction else rest
    pattern = _pattern(whole)
    numbered = pattern.count("0") > 1 and not decimals
    before = text[: match.start()]
    return Look(
        kind="percent" if percent else "number",
        pattern=pattern,
        decimals=decimals,
        least=fraction[1].count("0") if fraction else 0,
        before=_lettered(before).lstrip() if numbered else _plain_literal(before),
        after="" if percent else _behind(behind, numbered=numbered),
    )


#: Characters that a format shows as they stand are moved to where none of them is a placeholder.
_MOVED = "\U000f0000-\U000ffffd"
_UNITS = frozenset(
    (
        *("g", "gr", "kg", "mg", "lb", "lbs", "oz", "mm", "cm", "dm", "m", "km", "in", "ft", "ml", "cl", "l"),
        *("lt", "w", "kw", "v", "a", "h", "min", "s", "pcs", "pc", "pz", "pza", "uds", "ud", "un", "und"),
        *("st", "stk"),
    )
)


#: Currencies as people write them beside a number.
_MONEY = frozenset(
    (
        *("rp", "kr", "rm", "ft", "zl", "zł", "lei", "bs", "gs", "us", "mn", "rs", "s/", "ksh", "tsh", "kč"),
        *("kn", "din", "лв", "руб", "р", "грн", "тг", "tl", "rub", "uah"),
    )
)


def _moved(char: str) -> str:
    return chr(PRIVATE + ord(char)) if ord(char) < 0xFFFE else ""


def _literal(section: str) -> str:
    """The section with literal characters moved out of the way of placeholders."""

    def quoted(match: re.Match[str]) -> str:
        shown = match[1] if match[1] is not None else match[2] or ""
        return "".join(map(_moved, shown))

    return re.sub(r"[-/:()+1-9]", lambda match: _moved(match[0]), _QUOTED.sub(quoted, section))


def _told(text: str) -> str:
    """The literal characters of a piece of a format."""
    return "".join(" " if char == " " else chr(ord(char) - PRIVATE) for char in text if _is_told(char))


def _is_told(char: str) -> bool:
    return char == " " or PRIVATE <= ord(char) <= PRIVATE + 0xFFFD


def _plain_literal(text: str) -> str:
    """Literals around a number that are part of an article's number; blanks, signs and currencies are not."""
    shown = _told(text)
    wanted = re.fullmatch(r"[\w./#-]*[\w#][\w./#-]*", shown)
    money = re.fullmatch(r"[A-Z]{3}", shown) or shown.casefold().strip(".") in _MONEY
    return shown if wanted and not money else ""


def _lettered(text: str) -> str:
    """Literals around a number that is filled up with zeros, which names an article: every sign."""
    shown = _told(text)
    bare = "".join(char for char in shown if unicodedata.category(char) != "Sc").strip()
    return shown if bare and bare.casefold().strip(".") not in _MONEY else ""


def _behind(text: str, *, numbered: bool) -> str:
    """What follows the digits."""
    if numbered:
        return _lettered(text).rstrip()
    return "" if _is_unit(text) else _plain_literal(text)


def _is_unit(behind: str) -> bool:
    """Whether what stands behind a number is its unit: set off by a blank, or a usual one."""
    shown = _told(behind)
    return shown.lstrip("_*")[:1] in (" ", "\xa0") or shown.strip().casefold() in _UNITS


def _pattern(whole: str) -> str:
    """Placeholders of the integer part where they make a difference: zeros to fill up, literals inside."""
    kept = whole.replace(",", "")
    literal = any(ord(char) >= PRIVATE for char in kept)
    return kept if literal or kept.count("0") > 1 else ""
