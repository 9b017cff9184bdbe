"""The calls of the last seconds and the queue for feed slots, shared by all processes of the machine.

A call claims its moment at once, also one that lies ahead, and sleeps until then: first come, first
served over all processes, nobody polls while the times are known.

The clock is read inside the transaction: a time from before the wait for the lock would be older
than stamps that others wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from pipeline.budget.backoffs import mended_backoff, read_backoff, write_backoff
from pipeline.budget.holders import Holder
from pipeline.budget.rules import after_request_refused, next_request_time, set_back
from pipeline.budget.tables import REQUEST_BACKOFF, TOKENS, WAITERS
from pipeline.budget.throttle import Clock
from pipeline.settings import Limits
from pipeline.store.engine import Store
from schemas.fields import Lane

#: How often a holder is looked at: no more often than that, in seconds.
_LOOK = 0.5
#: One that was told to come back at a time and is this late loses its turn: share of the interval.
_LATE = 1 / 60
_LATE_AT_LEAST = 0.25

ORDER = {lane.value: number for number, lane in enumerate(Lane)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Leave to make one call from `start` (monotonic) on."""

    id: int
    start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One that waits for a feed slot.

    Attributes:
        waited: seconds so far.
    """

    lane: Lane
    pid: int
    waited: float


class Window:
    """Calls and waiters of one budget. All times are monotonic seconds."""

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
        self._looked: dict[Holder, float] = {}

    def claim(self, give_up: float) -> Claim | float | None:
        """A moment for one call; or when there would be one, if that's after `give_up`; or None while
        every call that counts is still unanswered.
        """
        with self._store.write() as connection:
            now = self._clock.monotonic()
            tokens = self._tokens(connection, now)
            start = next_request_time([row.ready for row in tokens], self._limits, now)
            if (start is None or start > now) and self._bury(connection, tokens, now):
                tokens = self._tokens(connection, now)
                start = next_request_time([row.ready for row in tokens], self._limits, now)
            if start is None:
                return None
            start = max(start, mended_backoff(connection, REQUEST_BACKOFF, self._budget, now).until)
            if start > give_up:
                return start
            me = self._holder()
            row = {"budget": self._budget, "pid": me.pid, "started": me.started}
            key = connection.execute(insert(TOKENS).values(row)).inserted_primary_key
            assert key is not None
            return Claim(id=key[0], start=start)

    def answered(self, claim: int, at: float) -> None:
        """The call stops counting a window after its answer."""
        ready = at + self._limits.per_seconds
        with self._store.write() as connection:
            connection.execute(update(TOKENS).where(TOKENS.c.id == claim).values(ready=ready))

    def drop(self, claim: int) -> None:
        """The call was never made."""
        with self._store.write() as connection:
            connection.execute(delete(TOKENS).where(TOKENS.c.id == claim))

    def held_until(self) -> float:
        """Nothing may leave before, as a refusal taught."""
        with self._store.read() as connection:
            now = self._clock.monotonic()
            return set_back(read_backoff(connection, REQUEST_BACKOFF, self._budget), now).until

    def refused(self, *, retry_after: float | None, jitter: float) -> float:
        """Learn from a refused call; all who share the budget wait for the seconds returned."""
        with self._store.write() as connection:
            now = self._clock.monotonic()
            known = mended_backoff(connection, REQUEST_BACKOFF, self._budget, now)
            learned = after_request_refused(known, self._limits, now, retry_after=retry_after, jitter=jitter)
            write_backoff(connection, REQUEST_BACKOFF, self._budget, learned)
            return learned.until - now

    def tokens(self) -> list[float | None]:
        """When each call that counts stops counting, None for unanswered ones."""
        with self._store.read() as connection:
            rows = connection.execute(select(TOKENS.c.ready).where(TOKENS.c.budget == self._budget)).scalars()
            found = list(rows)
        now = self._clock.monotonic()
        return [ready for ready in found if ready is None or ready > now]

    def queue(self, key: str, lane: Lane, back_in: float) -> int:
        """Stand in the queue for a feed slot, due back in so many seconds; how many stand before us."""
        with self._store.write() as connection:
            now = self._clock.monotonic()
            others = self._waiters(connection, now)
            mine = next((row for row in others if row.id == key), None)
            since = mine.since if mine else now
            me = self._holder()
            values = {"told": now + back_in, "lane": lane.value, "pid": me.pid, "started": me.started}
            if mine:
                connection.execute(update(WAITERS).where(WAITERS.c.id == key).values(values))
            else:
                row = {"id": key, "budget": self._budget, "since": since, **values}
                connection.execute(insert(WAITERS).values(row))
        place = (ORDER[lane.value], since, key)
        return sum((ORDER[row.lane], row.since, row.id) < place for row in others if row.id != key)

    def leave(self, *keys: str) -> None:
        """No longer in the queue."""
        with self._store.write() as connection:
            connection.execute(delete(WAITERS).where(WAITERS.c.id.in_(keys)))

    def waiting(self) -> tuple[Waiting, ...]:
        """The queue, next first."""
        with self._store.read() as connection:
            rows = connection.execute(select(WAITERS).where(WAITERS.c.budget == self._budget)).all()
        now = self._clock.monotonic()
        due = sorted((r for r in rows if self._due(r, now)), key=lambda r: (ORDER[r.lane], r.since, r.id))
        return tuple(
            Waiting(lane=Lane(row.lane), pid=row.pid, waited=max(0.0, now - row.since)) for row in due
        )

    def _tokens(self, connection: Connection, now: float) -> list[Row[Any]]:
        """Calls that count; those that don't any more are cleared away."""
        rows = connection.execute(select(TOKENS).where(TOKENS.c.budget == self._budget)).all()
        latest = now + self._limits.per_seconds
        if any(row.ready is not None and not now < row.ready <= latest for row in rows):
            mine = TOKENS.c.budget == self._budget
            connection.execute(delete(TOKENS).where(mine, TOKENS.c.ready <= now))
            # The machine was restarted: such stamps are from before, wait one window at most.
            connection.execute(update(TOKENS).where(mine, TOKENS.c.ready > latest).values(ready=latest))
        return [row for row in rows if row.ready is None or row.ready > now]

    def _bury(self, connection: Connection, tokens: list[Row[Any]], now: float) -> bool:
        """Calls of dead processes count as answered at this moment; whether there were any."""
        holders = {Holder(row.pid, row.started) for row in tokens if row.ready is None}
        dead = [holder for holder in holders if self._is_dead(holder, now)]
        for holder in dead:
            connection.execute(
                update(TOKENS)
                .where(TOKENS.c.budget == self._budget, TOKENS.c.ready.is_(None))
                .where(TOKENS.c.pid == holder.pid, TOKENS.c.started == holder.started)
                .values(ready=now + self._limits.per_seconds)
            )
        return bool(dead)

    def _is_dead(self, holder: Holder, now: float) -> bool:
        """Looking costs system calls under a lock, so it's done now and then only."""
        if holder == self._holder() or now - self._looked.get(holder, now - _LOOK) < _LOOK:
            return False
        self._looked = {**{h: at for h, at in self._looked.items() if now - at < 60 * _LOOK}, holder: now}
        return not self._alive(holder)

    def _waiters(self, connection: Connection, now: float) -> list[Row[Any]]:
        """Those who keep their turn; those who lost it are cleared away."""
        rows = connection.execute(select(WAITERS).where(WAITERS.c.budget == self._budget)).all()
        late = [row.id for row in rows if not self._due(row, now)]
        if late:
            connection.execute(delete(WAITERS).where(WAITERS.c.id.in_(late)))
        return [row for row in rows if row.id not in late]

    def _due(self, row: Row[Any], now: float) -> bool:
        grace = max(_LATE_AT_LEAST, _LATE * self._limits.feed_interval)
        return bool(now <= row.told + grace) and self._alive(Holder(row.pid, row.started))
