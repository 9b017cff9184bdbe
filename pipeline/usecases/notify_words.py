"""A job's outcome in a merchant's words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.settings import Word
from pipeline.usecases.job_record import Attempt
from pipeline.values.counted import plural

_TITLES: Mapping[Word, str] = {
    "done": "imported",
    "incomplete": "imported, but not everything",
    "nothing-new": "nothing new",
    "not-now": "not now",
    "waiting": "waits for your approval",
    "postponed": "nothing was sent: not enough time",
    "refused": "nothing was sent",
    "unknown": "not known yet what came of it",
    "failed": "failed",
}
_ROWS = {
    "create": "new",
    "update": "changed",
    "deactivate": "taken off sale",
    "remove": "removed",
    "unchanged": "as they are",
    "blocked": "held back",
    "rejected": "with errors",
    "not_listed": "not listed in this shop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told.

    Attributes:
        cause: the same for what a person would call the same trouble.
        title: one line; text: all of it, plain.
    """

    run: str
    cause: str
    title: str
    text: str
    job: str
    shop: str
    word: Word
    exit_code: int
    report: str


def notice_of(attempt: Attempt, zone: ZoneInfo) -> Notice:
    """What to tell of an attempt."""
    title = f"{attempt.job} ({attempt.shop}): {_TITLES[attempt.word]}"
    return Notice(
        run=attempt.run, cause=cause_of(attempt), title=title,
        text="\n".join((title, "", *_body(attempt, zone))), job=attempt.job, shop=attempt.shop,
        word=attempt.word, exit_code=attempt.exit_code, report=attempt.report,
    )  # fmt: skip


def cause_of(attempt: Attempt) -> str:
    """Job, shop, what came of it, and why."""
    why = "+".join(rule for rule, _ in attempt.guards) or attempt.code
    return "/".join(filter(None, (attempt.job, attempt.shop, attempt.word, why)))


def _body(attempt: Attempt, zone: ZoneInfo) -> Iterator[str]:
    ended = datetime.fromtimestamp(attempt.ended, zone)
    yield f"When: {ended:%d %b %Y %H:%M} ({zone.key})"
    if attempt.file is not None:
        yield f"File: {', '.join(attempt.file.names)}"
    if attempt.rows:
        yield f"Products: {_numbers(attempt.rows, _ROWS)}"
    if attempt.records.get("planned"):
        yield f"Sent: {_numbers(attempt.records, {})}"
    if attempt.drift:
        yield f"Changed in the shop by someone else: {plural(attempt.drift, 'field')}"
    if attempt.guards:
        yield "Held back because:"
        yield from (f"  - {message} [{rule}]" for rule, message in attempt.guards)
    elif attempt.message:
        yield f"Why: {attempt.message}"
    if attempt.report:
        yield f"Report: {attempt.report}"
    yield from _next(attempt)


def _next(attempt: Attempt) -> Iterator[str]:
    if attempt.word == "waiting":
        yield f"To send it: sellercenter approve {attempt.run}"
        yield f"To drop it: sellercenter approve {attempt.run} --decline"
    elif attempt.hint:
        yield f"What to do: {attempt.hint}"
    yield f"Run: {attempt.run} (sellercenter show {attempt.run})"


def _numbers(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    shown = [
        f"{number} {words.get(name, name.replace('_', ' '))}" for name, number in counts.items() if number
    ]
    return ", ".join(shown) or "none"
