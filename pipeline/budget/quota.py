"""The feeds that one seller has used, durable, shared by all processes of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from pipeline.budget.backoffs import read_backoff, write_backoff
from pipeline.budget.holders import Holder
from pipeline.budget.rules import (
    DAY,
    Backoff,
    FeedsUsed,
    Slot,
    after_feed_accepted,
    after_feed_refused,
    next_slot,
)
from pipeline.budget.tables import FEED_BACKOFF, FEEDS
from pipeline.settings import Limits
from pipeline.store.engine import Store
from schemas.fields import Lane

#: Days after which a feed no longer matters for anything.
_KEEP = 3 * DAY
#: The shop's times of feeds are whole seconds, cut off.
_GRAIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Leave to send one feed, not before `at`. Its id belongs into the journal with the intent.

    Attributes:
        at: seconds since the epoch.
    """

    id: str
    lane: Lane
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFeed:
    """A feed in the shop's list.

    Attributes:
        created: seconds since the epoch (the shop's naive local time, converted by the caller).
    """

    id: str
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What's on record: the arithmetic's view of it, and the rows a person asks about."""

    used: FeedsUsed
    unknown: int
    others: int


class Quota:
    """Feeds of one budget. All times are seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        budget: str,
        limits: Limits,
        holder: Callable[[], Holder],
        alive: Callable[[Holder], bool],
    ) -> None:
        self._store = store
        self._budget = budget
        self._limits = limits
        self._holder = holder
        self._alive = alive

    def count(self, now: float) -> Counted:
        """What's on record, after reservations of the dead were counted as sent."""
        with self._store.read() as connection:
            rows = self._rows(connection, now)
            backoff = read_backoff(connection, FEED_BACKOFF, self._budget, now)
        if self._odd(rows, now):
            with self._store.write() as connection:
                rows = self._mended(connection, now)
        return _counted(rows, backoff, _day_start(self._limits, now))

    def reserve(self, reservation: str, lane: Lane, now: float, lead: float) -> Reservation | Slot | None:
        """A reservation, durable, if a slot opens within `lead`; else the slot, None if unknown yet."""
        with self._store.write() as connection:
            rows = self._mended(connection, now)
            backoff = read_backoff(connection, FEED_BACKOFF, self._budget, now)
            slot = next_slot(_counted(rows, backoff, now).used, self._limits, now)
            if slot is None or slot.at > now + lead:
                return slot
            me = self._holder()
            connection.execute(
                insert(FEEDS).values(
                    id=reservation,
                    budget=self._budget,
                    state="reserved",
                    at=slot.at,
                    ours=True,
                    lane=lane.value,
                    pid=me.pid,
                    started=me.started,
                )
            )
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.at < now - _KEEP))
        return Reservation(id=reservation, lane=lane, at=slot.at)

    def accepted(self, reservation: str, feed: str, at: float, now: float) -> None:
        """The shop took it, answered at `at`."""
        at = min(at, now)
        with self._store.write() as connection:
            rows = [row for row in self._rows(connection, now) if row.id != reservation and row.feed != feed]
            backoff = read_backoff(connection, FEED_BACKOFF, self._budget, now)
            used = _counted(rows, backoff, now).used
            connection.execute(
                delete(FEEDS).where(self._mine, or_(FEEDS.c.id == reservation, FEEDS.c.feed == feed))
            )
            row = {"id": reservation, "budget": self._budget, "state": "accepted", "at": at, "feed": feed}
            connection.execute(insert(FEEDS).values(ours=True, **row))
            learned = after_feed_accepted(backoff, used, self._limits, at)
            if learned != backoff:
                write_backoff(connection, FEED_BACKOFF, self._budget, now, learned)

    def absent(self, reservation: str) -> None:
        """It was never accepted, that's certain: it doesn't count."""
        with self._store.write() as connection:
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.id == reservation))

    def unknown(self, reservation: str, at: float) -> None:
        """No answer came: it counts as accepted at the moment we gave up."""
        with self._store.write() as connection:
            found = update(FEEDS).where(self._mine, FEEDS.c.id == reservation, FEEDS.c.state == "reserved")
            connection.execute(found.values(state="unknown", at=at))

    def refused(
        self, reservation: str | None, now: float, *, retry_after: float | None, jitter: float
    ) -> float:
        """A 429 that we didn't expect: the reservation doesn't count; no feed until the time returned."""
        with self._store.write() as connection:
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.id == reservation))
            rows = self._mended(connection, now)
            known = read_backoff(connection, FEED_BACKOFF, self._budget, now)
            learned = after_feed_refused(
                known,
                _counted(rows, known, now).used,
                self._limits,
                now,
                retry_after=retry_after,
                jitter=jitter,
            )
            write_backoff(connection, FEED_BACKOFF, self._budget, now, learned)
            return learned.until

    def learn(self, feeds: Iterable[SeenFeed], now: float) -> int:
        """Count feeds that the shop lists and we don't know; how many there were."""
        recent = {feed.id: feed.created for feed in feeds if feed.created > now - _KEEP + DAY}
        with self._store.write() as connection:
            known = set(connection.execute(select(FEEDS.c.feed).where(self._mine)).scalars())
            new = [
                {
                    "id": f"seen-{feed}"[:64],
                    "budget": self._budget,
                    "state": "accepted",
                    "at": min(created + _GRAIN, now),
                    "feed": feed,
                    "ours": False,
                }
                for feed, created in recent.items()
                if feed not in known
            ]
            if new:
                connection.execute(insert(FEEDS), new)
        return len(new)

    @property
    def _mine(self) -> Any:
        return FEEDS.c.budget == self._budget

    def _rows(self, connection: Connection, now: float) -> list[Row[Any]]:
        oldest = now - max(DAY, self._limits.feed_interval)
        wanted = or_(FEEDS.c.at > oldest, FEEDS.c.state == "reserved")
        return list(connection.execute(select(FEEDS).where(self._mine, wanted)).all())

    def _odd(self, rows: list[Row[Any]], now: float) -> bool:
        return any(self._from_future(row, now) or self._given_up(row, now) for row in rows)

    def _mended(self, connection: Connection, now: float) -> list[Row[Any]]:
        """The rows, after what can't be as it stands was put right.

        A clock that was set back leaves stamps in the future: they count as of now, or we would
        wait until it has caught up. Whoever died between reservation and answer may have sent it.
        """
        rows = self._rows(connection, now)
        if not self._odd(rows, now):
            return rows
        for row in rows:
            if self._given_up(row, now):
                _set(connection, row, state="unknown", at=now)
            elif self._from_future(row, now):
                _set(connection, row, at=now)
        return self._rows(connection, now)

    def _from_future(self, row: Row[Any], now: float) -> bool:
        return bool(row.state != "reserved" and row.at > now)

    def _given_up(self, row: Row[Any], now: float) -> bool:
        """Its holder is dead, or lives and has long forgotten it: a call lasts no longer than `deadline`."""
        if row.state != "reserved":
            return False
        forgotten = now > row.at + 2 * self._limits.deadline
        return forgotten or not self._alive(Holder(row.pid, row.started))


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(FEEDS).where(FEEDS.c.id == row.id).values(values))


def _day_start(limits: Limits, now: float) -> float:
    return now - now % DAY if limits.feed_reset == "utc-day" else now - DAY


def _counted(rows: list[Row[Any]], backoff: Backoff, since: float) -> Counted:
    used = FeedsUsed(
        accepted=tuple(row.at for row in rows if row.state != "reserved"),
        in_flight=sum(row.state == "reserved" for row in rows),
        not_before=backoff.until,
        spent_until=backoff.spent_until,
    )
    return Counted(
        used=used,
        unknown=sum(row.state == "unknown" for row in rows),
        others=sum(not row.ours and row.at >= since for row in rows),
    )
