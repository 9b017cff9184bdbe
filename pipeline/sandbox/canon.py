"""How the shop writes money, counts and moments down; everything it keeps is text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

_MOMENT = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
    r"\s*(Z|[+\- ]\d\d:?\d\d)?\s*"
)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,15}(?:\.0{1,9})?", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CENT = Decimal("0.01")


def text_of(value: object) -> str:
    """A given JSON or CSV value as the text that a shop would hold; nothing is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text if text.isprintable() else _NOT_XML.sub("", text)


def money(text: str) -> str:
    """``10`` is kept as ``10.00``; what is no plain decimal is kept as it came."""
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        return text
    return str(Decimal(stripped).quantize(_CENT, ROUND_HALF_UP))


def count(text: str) -> str:
    """``7.0`` and ``007`` are seven pieces."""
    stripped = text.strip()
    return str(int(Decimal(stripped))) if _INTEGER.fullmatch(stripped) else text


def instant(text: str) -> float | None:
    """Seconds since 1970 of every date form that clients send, or None.

    Offsets come as ``Z``, ``+0000``, ``+00:00`` or, with the plus decoded to a blank, `` 00:00``; seconds
    may be missing; without an offset the time is UTC (reference 1.4, 11.4).
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_zone(match.group(7)))
    except (ValueError, OverflowError):
        return None
    return local.timestamp()


def moment(text: str) -> str:
    """A date in the shop's own form, which names no zone (reference 3.3); unreadable text stays."""
    seconds = instant(text)
    return text if seconds is None else stamp(seconds)


def stamp(seconds: float) -> str:
    """``YYYY-MM-DD HH:MM:SS``, as feeds and sale windows show it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S")


def head_stamp(seconds: float) -> str:
    """``…T…+0000``: the offset has no colon and there are no milliseconds (reference 2.1, 11.12)."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _zone(offset: str | None) -> timezone:
    if not offset or offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if offset[0] == "-" else span)
