"""May a job begin now? Windows, quiet hours and what was missed, in the job's own time zone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from pipeline.settings import Job, Weekday

_DAYS: tuple[str, ...] = get_args(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """It may begin.

    Attributes:
        closes: by when it must be done (seconds since the epoch); None = whenever.
        why: in words.
    """

    closes: float | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """It may not begin; `why` says until when."""

    why: str


def decide(job: Job, zone: ZoneInfo, now: float, last: float | None) -> Go | NotNow:
    """Whether a job may begin, and by when it must be done.

    Outside its window it begins only to make up for a window that passed without any attempt; a job
    that never ran has missed nothing.

    Args:
        now, last: this moment and the job's last attempt, seconds since the epoch.
    """
    quiet = [span for text in job.quiet for span in _spans(text, _DAYS, zone, now)]
    if (hush := _within(quiet, now)) is not None:
        return NotNow(why=f"quiet hours until {_clock(hush[1], zone)}")
    hushed = min((opens for opens, _ in quiet if opens > now), default=None)
    if job.window is None:
        return Go(closes=hushed, why="it has no window")
    windows = list(_spans(job.window, job.weekdays, zone, now))
    if (here := _within(windows, now)) is not None:
        return Go(closes=min(here[1], hushed or here[1]), why=f"its window is {job.window}")
    return _outside(job, zone, now, last, windows, hushed)


def _outside(
    job: Job,
    zone: ZoneInfo,
    now: float,
    last: float | None,
    windows: list[tuple[float, float]],
    hushed: float | None,
) -> Go | NotNow:
    missed = max((opens for opens, _ in windows if opens <= now), default=None)
    if job.catch_up == "once" and missed is not None and last is not None and last < missed:
        return Go(closes=hushed, why=f"its window of {_clock(missed, zone)} was missed")
    opens = min((opens for opens, _ in windows if opens > now), default=None)
    said = f"; the next opens {_clock(opens, zone)}" if opens is not None else ""
    return NotNow(why=f"outside its window {job.window}{said}")


def _within(spans: list[tuple[float, float]], now: float) -> tuple[float, float] | None:
    """The span that a moment lies in; of several the one that ends last."""
    return max(((a, b) for a, b in spans if a <= now < b), key=lambda span: span[1], default=None)


def _spans(text: str, days: tuple[str, ...], zone: ZoneInfo, now: float) -> Iterator[tuple[float, float]]:
    """A span's occurrences around a moment, (opens, closes) in seconds since the epoch.

    A span belongs to the day it begins on. Where the clocks are set back and an hour comes twice,
    it opens at the first and closes at the second.
    """
    first, last = (time.fromisoformat(part) for part in text.split("-"))
    today = datetime.fromtimestamp(now, zone).date()
    for offset in range(-8, 9):
        day = today + timedelta(days=offset)
        if _DAYS[day.weekday()] in days:
            end = day if first < last else day + timedelta(days=1)
            opens = datetime.combine(day, first, zone).timestamp()
            yield opens, datetime.combine(end, last.replace(fold=1), zone).timestamp()


def _clock(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%a %d %b %H:%M} ({zone.key})"
