"""Dates → `YYYY-MM-DD HH:MM:SS` in the shop's zone, as the API reads and writes them.

A date without a time means 00:00:00, for the end of a sale too: that's what the shop makes of it,
and a file that says "until the 31st" at midnight must not quietly become a day longer. Who means
the whole day writes `2024-05-31 23:59:59`. A fraction of a second is dropped: the API has none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from pipeline.values.context import Context, Format, Problem
from schemas.fields import Field

YEARS = range(1970, 2200)
CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?\s?(Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?",
    re.ASCII,
)
#: What MySQL shops answer for "no date".
_ZERO = "0000-00-00"


def parse_datetime(field: Field, text: str, fmt: Format, ctx: Context) -> tuple[str | None, Problem | None]:  # noqa: ARG001
    """Source text → canonical text; ISO 8601 first, then the column's declared patterns."""
    text = text.strip()
    moment = _iso(text) or next(filter(None, (_by_pattern(text, pattern) for pattern in fmt.dates)), None)
    if moment is None:
        hint = 'write 2024-05-31 or 2024-05-31 23:59:59, or declare dates = ["%d/%m/%Y"] in the mapping'
        return None, Problem(code="bad-date", message=f"{text!r} is no date in a declared format", hint=hint)
    if moment.year not in YEARS:
        return None, Problem(code="bad-date", message=f"{text!r}: year {moment.year} can't be meant")
    return _canonical(moment, ctx.timezone), None


def comparable_datetime(text: str, ctx: Context) -> str:
    """Canonical text; "" for the zero date; what is no date stays as it is."""
    text = text.strip()
    if text.startswith(_ZERO):
        return ""
    if CANONICAL.fullmatch(text):
        return text
    moment = _iso(text)
    return _canonical(moment, ctx.timezone) if moment and moment.year in YEARS else text


def _canonical(moment: datetime, zone: tzinfo) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    numbers = [int(part or 0) for part in match.groups()[:6]]
    try:
        return datetime(*numbers, tzinfo=_offset(match[7]))  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if text[0] == "-" else delta)


def _by_pattern(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - a date without an offset is in the shop's zone
    except ValueError:
        return None
