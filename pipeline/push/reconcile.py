"""What became of a POST whose answer is lost: found in the feed list, proven absent, or undecided. Pure.

Law: from the moment the attempt was given up wait `settle`, scan the feed list until two scans a
third of `settle` apart agree, match by raw input; where the shop can't return raw input, by a record
count that is unique among the open batches, plus a read-back. Nothing else decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipeline.journal.states import BatchState
from pipeline.market.feeds import Feed
from pipeline.values.counted import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One look at the feed list: the feeds that could be ours."""

    at: float
    candidates: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What reconciling decided.

    Attributes:
        verdict: "adopt" (feed is ours), "absent" (send again), "wait" (until `at`), "human".
    """

    verdict: Literal["adopt", "absent", "wait", "human"]
    feed: str = ""
    at: float = 0
    why: str = ""


def candidates(feeds: Iterable[Feed], batch: BatchState, action: str, ours: Collection[str]) -> list[Feed]:
    """Feeds that could be this attempt: same action and count, by API, not known as another's."""
    return [
        feed
        for feed in feeds
        if feed.id not in ours
        and feed.action == action
        and feed.total in (batch.sent, 0)
        and feed.source.casefold() in ("api", "")
    ]


def next_scan(batch: BatchState, scans: tuple[Scan, ...], settle: float) -> float:
    """When to look at the feed list next: at once, then after settle, then a third of it later."""
    if not scans:
        return batch.unknown_at
    ripe = batch.unknown_at + settle
    return ripe if scans[-1].at < ripe else scans[-1].at + settle / 3


def decide_by_raw(
    batch: BatchState,
    scans: tuple[Scan, ...],
    matches: Collection[str],
    unread: Collection[str],
    settle: float,
    patience: float,
) -> Finding:
    """Decide by raw input.

    Args:
        scans: looks so far, the last one just made.
        matches: candidates of the last scan whose raw input is our body.
        unread: candidates whose raw input the shop couldn't give.
        patience: seconds after which scans that never agree are a person's matter.
    """
    if len(matches) == 1:
        return Finding(verdict="adopt", feed=next(iter(matches)))
    if len(matches) > 1:
        return Finding(
            verdict="human",
            why=f"{len(matches)} feeds hold the same body: {', '.join(sorted(matches))}",
        )
    if not _agree(batch, scans, settle):
        return _again(batch, scans, settle, patience)
    if unread:
        why = f"the shop can't return the input of {', '.join(sorted(unread))}, which could be ours"
        return Finding(verdict="human", why=why)
    return Finding(verdict="absent")


def decide_by_count(
    batch: BatchState,
    scans: tuple[Scan, ...],
    open_counts: Mapping[int, int],
    applied: Literal["all", "none", "some"],
    settle: float,
    patience: float,
    busy: bool = False,
) -> Finding:
    """Decide where the shop returns no raw input: by a unique record count plus what a read-back shows.

    Args:
        open_counts: batch → records, of all that could be in one of these feeds.
        applied: how much of it the products show.
        busy: one of the candidates isn't done, so the products may show it later.
    """
    if not _agree(batch, scans, settle) or busy:
        return _again(batch, scans, settle, patience)
    found = scans[-1].candidates
    if not found and applied == "none":
        return Finding(verdict="absent")
    unique = list(open_counts.values()).count(batch.sent) == 1
    if len(found) == 1 and unique and applied == "all":
        return Finding(verdict="adopt", feed=next(iter(found)))
    return Finding(
        verdict="human",
        why=f"{plural(len(found), 'feed')} could be ours and the products show {applied} of it",
    )


def _again(batch: BatchState, scans: tuple[Scan, ...], settle: float, patience: float) -> Finding:
    """Look once more, if there is time; counted since this process began to look."""
    if scans and scans[-1].at - scans[0].at > max(patience, 2 * settle):
        return Finding(verdict="human", why="the feed list never says the same twice")
    return Finding(verdict="wait", at=next_scan(batch, scans, settle))


def _agree(batch: BatchState, scans: tuple[Scan, ...], settle: float) -> bool:
    """Two scans after settle, a third of settle apart, that saw the same feeds."""
    ripe = [scan for scan in scans if scan.at >= batch.unknown_at + settle]
    return any(
        late.at - early.at >= settle / 3 * 0.999 and late.candidates == early.candidates
        for early, late in pairwise(ripe)
    )
