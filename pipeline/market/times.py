"""Times as the shop writes them. Pure."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo


def shop_time(when: float, zone: ZoneInfo) -> str:
    """Seconds since the epoch → `YYYY-MM-DDTHH:MM:SS` on the shop's own clock, as feed lists want it."""
    return datetime.fromtimestamp(when, zone).strftime("%Y-%m-%dT%H:%M:%S")


def epoch_of(said: str, zone: ZoneInfo) -> float | None:
    """A feed's "YYYY-MM-DD HH:MM:SS", or ISO 8601 with an offset → epoch seconds; None if neither."""
    try:
        read = datetime.fromisoformat(said.strip())
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()


def http_date(said: str) -> float | None:
    """A Date header → seconds since the epoch; None where it isn't one."""
    try:
        return parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError):
        return None


def retry_after(said: str, now: float) -> float | None:
    """A Retry-After header → seconds from now; None where it's missing or senseless.

    Args:
        said: seconds, or a date.
        now: the server's time, seconds since the epoch.
    """
    if said.strip().isdigit() and said.isascii():
        return float(said[:9])
    date = http_date(said)
    return None if date is None else max(date - now, 0.0)
