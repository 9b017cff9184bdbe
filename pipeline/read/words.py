"""What the little language does to one text: html, pairs, dates, units. Pure."""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import Decimal

import nh3

from pipeline.read.expression import BadExpression

#: Tags that a product description may hold; everything else goes, its text stays.
TAGS = frozenset(
    [
        *("p", "br", "hr", "div", "span", "b", "strong", "i", "em", "u", "s", "sub", "sup"),
        *("ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    ]
)
_LONGEST = 200_000

_UNITS: dict[str, tuple[str, Decimal]] = {
    "g": ("weight", Decimal(1)),
    "gr": ("weight", Decimal(1)),
    "kg": ("weight", Decimal(1000)),
    "mg": ("weight", Decimal("0.001")),
    "t": ("weight", Decimal(1_000_000)),
    "lb": ("weight", Decimal("453.59237")),
    "lbs": ("weight", Decimal("453.59237")),
    "oz": ("weight", Decimal("28.349523125")),
    "mm": ("length", Decimal(1)),
    "cm": ("length", Decimal(10)),
    "dm": ("length", Decimal(100)),
    "m": ("length", Decimal(1000)),
    "in": ("length", Decimal("25.4")),
    "ft": ("length", Decimal("304.8")),
    "ml": ("volume", Decimal(1)),
    "cl": ("volume", Decimal(10)),
    "l": ("volume", Decimal(1000)),
}


def units(source: str, target: str) -> Decimal:
    """What one unit is in another.

    Raises:
        BadExpression: unknown units, or of different things.
    """
    known = (_UNITS.get(source.lower()), _UNITS.get(target.lower()))
    if known[0] is None or known[1] is None or known[0][0] != known[1][0]:
        raise BadExpression(f"can't convert {source!r} to {target!r}; units: {', '.join(_UNITS)}")
    return known[0][1] / known[1][1]


def cleaned_html(text: str) -> str:
    """Formatting tags without attributes; cleaning twice changes nothing."""
    return nh3.clean(text[:_LONGEST], tags=set(TAGS), attributes={}, link_rel=None, strip_comments=True)


def distinct_lines(text: str) -> str:
    """Lines without repeats and blanks, in the order in which they first stand."""
    return "\n".join(dict.fromkeys(line for raw in text.splitlines() if (line := raw.strip())))


#: What no plain text holds by chance: a tag that descriptions are made of.
_TAG = re.compile(
    r"(?i)</?(?:p|br|hr|div|span|ul|ol|li|b|strong|i|em|u|h[1-6]|table|tbody|tr|td|th|a|img|font|center)"
    r"(?:\s[^<>]*)?/?>"
)


def html_lines(text: str) -> str:
    """Plain text as html that looks the same; what is html already stays as it is."""
    if _TAG.search(text):
        return text
    return "<br>".join(html.escape(line, quote=False) for line in text.splitlines())


def plain_text(text: str) -> str:
    """Html as plain text: a line break where a block ends, no tags, entities as characters."""
    broken = re.sub(r"(?i)<br\s*/?>|</(?:p|li|div|tr|h[1-6])>", "\n", text[:_LONGEST])
    bare = html.unescape(nh3.clean(broken, tags=set(), attributes={}))
    return "\n".join(line for raw in bare.splitlines() if (line := " ".join(raw.split())))


def key_value(text: str, key: str, between: str, equals: str) -> str | None:
    """The value of a key in `color=Red,note=a,b`: a piece without a key belongs to the value before it."""
    found: list[str] | None = None
    for piece in text.split(between):
        name, mark, value = piece.partition(equals)
        if mark and re.fullmatch(r"\s*[\w .\-/]{1,80}\s*", name):
            if found is not None:
                break
            if name.strip().casefold() == key.casefold():
                found = [value]
        elif found is not None:
            found.append(piece)
    return between.join(found).strip().strip('"') if found is not None else None


def dated(text: str, pattern: str) -> str | None:
    """A date under a strptime pattern as `YYYY-MM-DD HH:MM:SS`; None if it isn't one."""
    try:
        return datetime.strptime(text.strip(), pattern).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
