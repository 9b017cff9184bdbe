"""Feeds: accepted now, processed later, all of it worked out from the clock when somebody looks."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.sandbox.body import Record
from pipeline.sandbox.canon import stamp
from pipeline.sandbox.faults import Rule, share
from pipeline.sandbox.nodes import Node

STATUSES = ("Queued", "Processing", "Finished", "Canceled", "Error")
STRANGE = "Suspended"
KEPT_SECONDS = 30 * 86_400.0
_LIST_LAG = 5.0
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What faults have in store for a feed, in seconds after its acceptance."""

    stuck_for: float = 0.0
    stuck_as: str = ""
    strange_for: float = 0.0
    hidden_for: float = 0.0
    canceled: bool = False


@dataclass(slots=True, kw_only=True)
class Feed:
    """One accepted request and what became of it."""

    id: str
    number: int
    action: str
    user: str
    body: bytes
    records: list[Record]
    created: float
    starts: float
    due: float
    fate: Fate = field(default_factory=Fate)
    final: str = ""
    updated: float = 0.0
    total: int = 0
    failed: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Not yet at its end."""
        return not self.final

    def status(self, now: float) -> str:
        """The word that the shop uses at this time."""
        if self.final:
            return self.final
        age = now - self.created
        if age < self.fate.strange_for:
            return STRANGE
        if age < self.fate.stuck_for:
            return self.fate.stuck_as
        return "Queued" if now < self.starts else "Processing"

    def changed_at(self, now: float) -> float:
        """UpdatedDate is never empty, not even while queued (reference 11.15)."""
        if self.final:
            return self.updated
        return self.starts if now >= self.starts else self.created

    def seen(self, now: float) -> bool:
        """Whether the shop's lists show it yet."""
        return now >= self.created + self.fate.hidden_for


class FeedBook:
    """All feeds in the order of acceptance."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.changed: set[str] = set()
        self._open: dict[str, Feed] = {}
        self._late: list[Feed] = []
        self._number = 0

    def next_number(self) -> int:
        """The next feed's place in the order of acceptance."""
        self._number += 1
        return self._number

    def add(self, feed: Feed) -> None:
        """An accepted feed."""
        self.feeds[feed.id] = feed
        self._number = max(self._number, feed.number)
        self.changed.add(feed.id)
        if feed.open:
            self._open[feed.id] = feed

    def add_late(self, feed: Feed) -> None:
        """A feed that will be accepted when its creation time has come."""
        self._late.append(feed)

    def arrivals(self, now: float) -> list[Feed]:
        """Late feeds whose time has come, now accepted."""
        come = sorted((feed for feed in self._late if feed.created <= now), key=lambda f: f.created)
        for feed in come:
            self._late.remove(feed)
            self.add(feed)
        return come

    def due(self, now: float, order: str, seed: int) -> list[Feed]:
        """Open feeds whose time has come, in the order in which the shop takes them."""
        ready = [feed for feed in self._open.values() if feed.due <= now]
        if order == "lifo":
            ready.sort(key=lambda feed: -feed.number)
        elif order == "random":
            ready.sort(key=lambda feed: share(seed, "order", feed.number))
        else:
            ready.sort(key=lambda feed: (feed.due, feed.number))
        return ready

    def finish(self, feed: Feed, word: str, when: float) -> None:
        """A feed's end."""
        feed.final = word
        feed.updated = when
        feed.records = []
        self._open.pop(feed.id, None)
        self.changed.add(feed.id)

    def recent(self, now: float) -> list[Feed]:
        """What lists show: the last 30 days, newest first (reference 5.3)."""
        oldest = now - KEPT_SECONDS
        return [f for f in reversed(self.feeds.values()) if f.created >= oldest and f.seen(now)]

    def find(self, feed_id: str, now: float) -> Feed | None:
        """A feed that can be seen."""
        feed = self.feeds.get(feed_id.strip())
        return feed if feed is not None and feed.seen(now) else None

    def clear(self) -> None:
        """Forget all feeds; numbers go on."""
        self.changed.update(self.feeds)
        self.feeds.clear()
        self._open.clear()
        self._late.clear()


def fate_of(rules: list[Rule]) -> Fate:
    """All that the rules do to one feed; a stuck one waits as Queued and as Processing by turns."""
    fate: dict[str, float | str | bool] = {}
    for rule in rules:
        seconds = rule.seconds
        if rule.fault == "stuck":
            fate["stuck_for"] = _FOREVER if seconds is None else seconds
            fate["stuck_as"] = rule.status or ("Queued" if rule.struck % 2 else "Processing")
        elif rule.fault == "canceled":
            fate["canceled"] = True
        elif rule.fault == "unknown-status":
            fate["strange_for"] = _LIST_LAG if seconds is None else seconds
        else:
            fate["hidden_for"] = _LIST_LAG if seconds is None else seconds
    return Fate(**fate)  # type: ignore[arg-type]


def detail(feed: Feed, now: float, processed: str) -> dict[str, Node]:
    """What FeedStatus says (reference 5.2)."""
    return {
        **summary(feed, now, processed),
        "FeedErrors": {"Error": list(_errors(feed))},
        "FeedWarnings": {"Warning": list(_warnings(feed))},
    }


def summary(feed: Feed, now: float, processed: str) -> dict[str, Node]:
    """What both forms share."""
    done = 0 if feed.open or feed.final == "Canceled" else feed.total
    if processed == "successful":
        done = max(0, done - feed.failed)
    return {
        "Feed": feed.id,
        "Status": feed.status(now),
        "Action": feed.action,
        "CreationDate": stamp(feed.created),
        "UpdatedDate": stamp(feed.changed_at(now)),
        "Source": "api",
        "TotalRecords": str(feed.total),
        "ProcessedRecords": str(done),
        "FailedRecords": str(feed.failed),
    }


def listed(feed: Feed, now: float, processed: str) -> dict[str, Node]:
    """What FeedList says."""
    report: Node = ""
    if feed.errors:
        report = {"MimeType": "text/csv", "File": base64.b64encode(_report(feed)).decode()}
    return {**summary(feed, now, processed), "FailureReports": report}


def as_json(feed: Feed, now: float) -> dict[str, object]:
    """For the control API."""
    return {
        "id": feed.id,
        "action": feed.action,
        "status": feed.status(now),
        "user": feed.user,
        "created": feed.created,
        "updated": feed.changed_at(now),
        "total": feed.total,
        "failed": feed.failed,
        "errors": [{"sku": sku, "message": text} for sku, text in feed.errors],
        "warnings": [{"sku": sku, "message": text} for sku, text in feed.warnings],
        "body_sha256": hashlib.sha256(feed.body).hexdigest(),
    }


def _errors(feed: Feed) -> Iterator[Node]:
    for place, (sku, text) in enumerate(feed.errors):
        yield {"Code": str(place), "Message": text, "SellerSku": sku}


def _warnings(feed: Feed) -> Iterator[Node]:
    for sku, text in feed.warnings:
        yield {"Message": text, "SellerSku": sku}


def _report(feed: Feed) -> bytes:
    """Semicolons, every value quoted, fault first (reference 5.3)."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Error", "Warning", "SellerSku"])
    writer.writerows([text, "", sku] for sku, text in feed.errors)
    return out.getvalue().encode()
