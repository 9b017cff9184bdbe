"""The feeds that one seller has used, durable, shared by all processes of the machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from pipeline.budget.backoffs import mended_backoff, read_backoff, write_backoff
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
from pipeline.budget.throttle import Clock
from pipeline.settings import Limits
from pipeline.store.engine import Store
from schemas.fields import Lane

#: Seconds after which a feed no longer matters for anything.
_KEEP = 3 * DAY
#: Older feeds of the shop's list are none of our business.
_LISTED = 2 * DAY
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
    """What's on record at a moment: the arithmetic's view, and the numbers that a person asks about."""

    at: float
    used: FeedsUsed
    today: int
    unknown: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a transaction found.

    Attributes:
        rows: feeds that may count.
        now: read last, so that no stamp others wrote is newer.
    """

    rows: tuple[Row[Any], ...]
    backoff: Backoff
    now: float


class Quota:
    """Feeds of one budget. All times are seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        budget: str,
        limits: Limits,
        clock: Clock,
        holder: Callable[[], Holder],
        alive: Callable[[Holder], bool],
    ) -> None:
        self._store = store
        self._budget = budget
        self._limits = limits
        self._clock = clock
        self._holder = holder
        self._alive = alive

    def count(self) -> Counted:
        """What's on record, after reservations of the dead were counted as sent."""
        with self._store.read() as connection:
            state = self._seen(connection)
        if self._odd(state):
            with self._store.write() as connection:
                state = self._mended(connection)
        return _counted(state, self._limits)

    def reserve(self, reservation: str, lane: Lane, lead: float) -> Reservation | Slot | None:
        """A reservation, durable, if a slot opens within `lead`; else the slot, None if unknown yet."""
        with self._store.write() as connection:
            state = self._mended(connection)
            slot = next_slot(_counted(state, self._limits).used, self._limits, state.now)
            if slot is None or slot.at > state.now + lead:
                return slot
            me = self._holder()
            row = {
                "id": reservation,
                "budget": self._budget,
                "state": "reserved",
                "at": slot.at,
                "ours": True,
            }
            holder = {"lane": lane.value, "pid": me.pid, "started": me.started}
            connection.execute(insert(FEEDS).values(**row, **holder))
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.at < state.now - _KEEP))
        return Reservation(id=reservation, lane=lane, at=slot.at)

    def accepted(self, reservation: str, feed: str, at: float) -> None:
        """The shop took it, answered at `at`."""
        with self._store.write() as connection:
            connection.execute(
                delete(FEEDS).where(self._mine, or_(FEEDS.c.id == reservation, FEEDS.c.feed == feed))
            )
            state = self._mended(connection)
            when = min(at, state.now)
            row = {"id": reservation, "budget": self._budget, "state": "accepted", "at": when, "feed": feed}
            connection.execute(insert(FEEDS).values(ours=True, **row))
            used = _counted(state, self._limits).used
            learned = after_feed_accepted(state.backoff, used, self._limits, when)
            if learned != state.backoff:
                write_backoff(connection, FEED_BACKOFF, self._budget, learned)

    def absent(self, reservation: str) -> None:
        """It was never accepted, that's certain: it doesn't count."""
        with self._store.write() as connection:
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.id == reservation))

    def unknown(self, reservation: str) -> None:
        """No answer came: it counts as accepted at this moment, when we give up."""
        with self._store.write() as connection:
            found = update(FEEDS).where(self._mine, FEEDS.c.id == reservation, FEEDS.c.state == "reserved")
            connection.execute(found.values(state="unknown", at=self._clock.now()))

    def refused(self, reservation: str | None, *, retry_after: float | None, jitter: float) -> float:
        """A 429 that we didn't expect: the reservation doesn't count; all wait for the seconds returned."""
        with self._store.write() as connection:
            connection.execute(delete(FEEDS).where(self._mine, FEEDS.c.id == reservation))
            state = self._mended(connection)
            used = _counted(state, self._limits).used
            learned = after_feed_refused(
                state.backoff, used, self._limits, state.now, retry_after=retry_after, jitter=jitter
            )
            write_backoff(connection, FEED_BACKOFF, self._budget, learned)
            return learned.until - state.now

    def learn(self, feeds: Iterable[SeenFeed]) -> int:
        """Count feeds that the shop lists and we don't know; how many there were."""
        with self._store.write() as connection:
            now = self._clock.now()
            known = set(connection.execute(select(FEEDS.c.feed).where(self._mine)).scalars())
            recent = {feed.id: feed.created for feed in feeds if feed.created > now - _LISTED}
            new = [self._seen_row(feed, at, now) for feed, at in recent.items() if feed not in known]
            if new:
                connection.execute(insert(FEEDS), new)
        return len(new)

    def _seen_row(self, feed: str, created: float, now: float) -> dict[str, Any]:
        return {
            "id": f"seen-{hashlib.sha256(f'{self._budget}/{feed}'.encode()).hexdigest()[:32]}",
            "budget": self._budget,
            "state": "accepted",
            "at": min(created + _GRAIN, now),
            "feed": feed,
            "ours": False,
        }

    @property
    def _mine(self) -> Any:
        return FEEDS.c.budget == self._budget

    def _seen(self, connection: Connection) -> _State:
        oldest = self._clock.now() - max(DAY, self._limits.feed_interval)
        wanted = or_(FEEDS.c.at > oldest, FEEDS.c.state == "reserved")
        rows = connection.execute(select(FEEDS).where(self._mine, wanted)).all()
        backoff = read_backoff(connection, FEED_BACKOFF, self._budget)
        return _State(rows=tuple(rows), backoff=backoff, now=self._clock.now())

    def _odd(self, state: _State) -> bool:
        strange = any(_from_future(row, state.now) or self._given_up(row, state.now) for row in state.rows)
        return strange or state.backoff.since > state.now

    def _mended(self, connection: Connection) -> _State:
        """The state, after what can't be as it stands was put right.

        A clock that was set back leaves stamps in the future: they count as of now, or we would
        wait until it has caught up. Whoever died between reservation and answer may have sent it.
        """
        state = self._seen(connection)
        if not self._odd(state):
            return state
        for row in state.rows:
            if self._given_up(row, state.now):
                _set(connection, row, state="unknown", at=state.now)
            elif _from_future(row, state.now):
                _set(connection, row, at=state.now)
        mended_backoff(connection, FEED_BACKOFF, self._budget, state.now)
        return self._seen(connection)

    def _given_up(self, row: Row[Any], now: float) -> bool:
        """Its holder is dead, or lives and has long forgotten it: a call lasts no longer than `deadline`."""
        if row.state != "reserved":
            return False
        forgotten = abs(now - row.at) > 2 * self._limits.deadline
        return forgotten or not self._alive(Holder(row.pid, row.started))


def _from_future(row: Row[Any], now: float) -> bool:
    return bool(row.state != "reserved" and row.at > now)


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(FEEDS).where(FEEDS.c.id == row.id).values(values))


def _counted(state: _State, limits: Limits) -> Counted:
    now = state.now
    since = now - now % DAY if limits.feed_reset == "utc-day" else now - DAY
    used = FeedsUsed(
        accepted=tuple(row.at for row in state.rows if row.state != "reserved"),
        in_flight=sum(row.state == "reserved" for row in state.rows),
        not_before=state.backoff.until,
        spent_until=state.backoff.spent_until,
    )
    return Counted(
        at=now,
        used=used,
        today=sum(at >= since for at in used.accepted),
        unknown=sum(row.state == "unknown" for row in state.rows),
        others=sum(not row.ours and row.at >= since for row in state.rows),
    )
