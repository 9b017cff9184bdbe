"""The budget of one seller: requests and feeds, counted over all processes of this user and machine."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.budget import rules
from pipeline.budget.holders import Holder, is_alive, this_process
from pipeline.budget.quota import Quota, Reservation, SeenFeed
from pipeline.budget.rules import Slot
from pipeline.budget.tables import QUOTA_MIGRATIONS, WINDOW_MIGRATIONS
from pipeline.budget.throttle import Clock
from pipeline.budget.usage import Usage
from pipeline.budget.window import Claim, Window
from pipeline.errors import ShopError, StateError, Unreachable
from pipeline.settings import Limits
from pipeline.store.engine import open_scratch, open_store
from schemas.fields import Lane

#: A waiting process looks again after this many seconds, or a quarter of the interval: the clock may
#: have been set, or a feed whose outcome was unknown settled.
LOOK_AGAIN = 30.0
ENVIRONMENT = "SELLERCENTER_LEDGER"
#: Longest sleep at one go (seconds) where someone may call it off.
NAP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """No feed may leave yet.

    Attributes:
        until: call again then (seconds since the epoch); whoever comes much later loses its turn.
        slot: when the next slot opens; None while that depends on an answer that is still out.
        ahead: how many are served before us.
    """

    until: float
    slot: float | None
    ahead: int


def ledger_path(setting: str | None, base: Path, environ: Mapping[str, str]) -> Path:
    """Where the ledger lies: the environment's word, else the settings', else per user and machine.

    Args:
        setting: `ledger` of the settings; relative to `base`, the settings file's folder.
    """
    if named := environ.get(ENVIRONMENT):
        return Path(named).expanduser()
    if setting:
        return base / Path(setting).expanduser()
    from platformdirs import user_state_path

    return user_state_path("sellercenter", appauthor=False) / "ledger.db"


class Ledger:
    """Leave to call and to send feeds, for one budget. Safe in several threads; a `Throttle`.

    A second file beside the ledger (`ledger-window.db`) holds what needn't survive a restart.

    Args:
        path: the ledger's file; made if need be.
        budget: the seller: all who name the same share the limits.
        holder, alive, jitter, new_id: who asks, who lives, 0 to 1 at random, a new id.
        durable: False only where a power cut can't matter.

    Raises:
        StateError: (also all methods) the ledger can't be read or written.
    """

    def __init__(
        self,
        path: Path,
        budget: str,
        limits: Limits,
        clock: Clock,
        *,
        holder: Holder | None = None,
        alive: Callable[[Holder], bool] = is_alive,
        jitter: Callable[[], float] = random.random,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        durable: bool = True,
    ) -> None:
        self._budget = budget
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._new_id = new_id
        self._given = holder
        self._me = holder
        self._waiter = new_id()
        self._owed: list[tuple[int, float]] = []
        self._stores = (
            open_store(path, kind="ledger", migrations=QUOTA_MIGRATIONS, durable=durable),
            open_scratch(_window_path(path), kind="window", migrations=WINDOW_MIGRATIONS),
        )
        self._quota = Quota(self._stores[0], budget, limits, clock, self._holder, alive)
        self._window = Window(self._stores[1], budget, limits, clock, self._holder, alive)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave all queues and close the files."""
        with suppress(StateError):  # whoever is late loses its turn anyway
            self._window.leave(*(self._key(lane) for lane in Lane))
        for store in self._stores:
            store.close()

    # Requests

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait for a token, hold it during the call, give it back with the answer's time.

        Raises:
            Unreachable: none within `deadline`; nothing was sent.
        """
        claim = self._claim(self._clock.monotonic() + self._limits.deadline)
        try:
            yield
        finally:
            self._answered(claim.id, self._clock.monotonic())

    def throttled_request(self, retry_after: float | None = None) -> float:
        """Learn from a 429: all who share the budget wait; returns for how many seconds."""
        return self._window.refused(retry_after=retry_after, jitter=self._jitter())

    # Feeds

    def try_reserve(self, lane: Lane, *, lead: float = 0.0) -> Reservation | Wait:
        """A reservation if it's our turn and a slot is open, else when to call again; never waits.

        Whoever was told to wait stands in the queue, in order of lanes and then of coming, until it
        calls again, leaves (`leave_queue`), or is late.

        Args:
            lead: reserve so many seconds before the slot opens, to be ready in time; the feed must
                still not leave before the reservation's `at` (`sleep_until`).
        """
        counted = self._quota.count()
        now = counted.at
        slot = rules.next_slot(counted.used, self._limits, now)
        until = self._look_again(slot, counted.used.in_flight, now, lead)
        ahead = self._window.queue(self._key(lane), lane, max(0.0, until - now))
        if slot and slot.at <= now + lead and ahead < slot.free:
            reserved = self._quota.reserve(self._new_id(), lane, lead)
            if isinstance(reserved, Reservation):
                self.leave_queue(lane)
                return reserved
            until = self._look_again(reserved, 1, now, lead)
        if until <= now:  # the slot is open, but others stand before us: they come within moments
            until = now + self._moment
        return Wait(until=until, slot=slot.at if slot else None, ahead=ahead)

    def reserve_feed(self, lane: Lane, *, lead: float = 0.0) -> Reservation:
        """Wait for our turn and a slot, until it's open.

        Raises:
            ShopError: none within `feed_timeout`.
        """
        give_up = self._clock.monotonic() + self._limits.feed_timeout
        while isinstance(answer := self.try_reserve(lane, lead=lead), Wait):
            if self._clock.monotonic() >= give_up:
                self.leave_queue(lane)
                raise ShopError(
                    f"no feed slot for {self._budget} within {self._limits.feed_timeout:g} s",
                    hint="`sellercenter budget` shows who uses them",
                )
            self._clock.sleep(max(0.0, answer.until - self._clock.now()))
        self.sleep_until(self.opens(answer))
        return answer

    def opens(self, reservation: Reservation) -> float:
        """When a slot that was just reserved opens, by the clock that nobody sets (monotonic seconds)."""
        return self._clock.monotonic() + reservation.at - self._clock.now()

    def sleep_until(self, tick: float, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until then, monotonic seconds.

        Args:
            unless: asked several times a second; True ends the wait.
        """
        while (left := tick - self._clock.monotonic()) > 0 and not unless():
            self._clock.sleep(min(left, NAP))

    def leave_queue(self, lane: Lane) -> None:
        """Stop waiting for a slot."""
        self._window.leave(self._key(lane))

    def accepted(self, reservation: str, feed: str, at: float | None = None) -> None:
        """The shop took the feed, answered at `at` (default: now); settles an unknown one too."""
        self._quota.accepted(reservation, feed, self._clock.now() if at is None else at)

    def refused(self, reservation: str) -> None:
        """The feed was certainly not accepted, for a reason that isn't the quota, or never sent."""
        self._quota.absent(reservation)

    def unknown(self, reservation: str) -> None:
        """No answer we could read: it counts as accepted now, until it's settled."""
        self._quota.unknown(reservation)

    def settled_absent(self, reservation: str) -> None:
        """Reconciled: the feed was never accepted, so it doesn't count."""
        self._quota.absent(reservation)

    def throttled_feed(self, reservation: str | None = None, retry_after: float | None = None) -> float:
        """Learn from a 429 to a feed, which doesn't count then; returns for how many seconds all wait."""
        return self._quota.refused(reservation, retry_after=retry_after, jitter=self._jitter())

    def learn(self, feeds: Iterable[SeenFeed]) -> int:
        """Count the feeds of the shop's list that we don't know (made by hand, by other tools); how many."""
        return self._quota.learn(feeds)

    # Looking

    def forecast(self, feeds: int, requests: int) -> float:
        """Seconds until so many feeds and calls have left, given the budget now and nobody else."""
        counted = self._quota.count()
        tokens = self._window.tokens()
        monotonic = self._clock.monotonic()
        return rules.forecast(
            feeds, requests, counted.used, tokens, self._limits, counted.at, monotonic=monotonic
        )

    def usage(self) -> Usage:
        """The budget as it stands."""
        counted, tokens = self._quota.count(), self._window.tokens()
        held = self._window.held_until() - self._clock.monotonic()
        now = counted.at
        return Usage(
            budget=self._budget,
            at=now,
            requests_limit=self._limits.requests,
            requests_used=len(tokens),
            requests_left=max(0, self._limits.requests - len(tokens)),
            requests_held_until=now + held if held > 0 else None,
            feeds_limit=self._limits.feed_burst,
            feeds_used=counted.today,
            feeds_free=rules.free_left(counted.used, self._limits, now),
            feeds_in_flight=counted.used.in_flight,
            feeds_unknown=counted.unknown,
            feeds_of_others=counted.others,
            feeds_held_until=counted.used.not_before if counted.used.not_before > now else None,
            next_feed=rules.next_feed_time(counted.used, self._limits, now),
            waiting=self._window.waiting(),
        )

    def _claim(self, give_up: float) -> Claim:
        while True:
            self._pay()
            claim = self._window.claim(give_up)
            if isinstance(claim, Claim):
                self._sleep_until_start(claim, give_up)
                return claim
            if isinstance(claim, float) or self._clock.monotonic() >= give_up:
                raise self._too_late()
            # All unanswered: whichever answer comes first is of use a window later, so this is in time.
            self._clock.sleep(min(0.25, self._limits.per_seconds / 10))

    def _sleep_until_start(self, claim: Claim, give_up: float) -> None:
        """Sleep; a refusal that someone meets meanwhile holds us up too."""
        start = claim.start
        try:
            while start <= give_up and (left := start - self._clock.monotonic()) > 0:
                self._clock.sleep(left)
                start = max(start, self._window.held_until())
        except BaseException:
            self._window.drop(claim.id)
            raise
        if start > give_up:
            self._window.drop(claim.id)
            raise self._too_late()

    def _too_late(self) -> Unreachable:
        return Unreachable(
            f"no call to the shop is free for {self._budget} within {self._limits.deadline:g} s",
            hint="`sellercenter budget` shows who uses them; try again later",
        )

    def _answered(self, claim: int, at: float) -> None:
        """Give a token back; one that can't be written is owed: no answer in hand may get lost by it."""
        try:
            self._window.answered(claim, at)
        except StateError:
            self._owed.append((claim, at))

    def _pay(self) -> None:
        owed, self._owed = self._owed, []
        for claim, at in owed:
            self._answered(claim, at)

    def _look_again(self, slot: Slot | None, in_flight: int, now: float, lead: float) -> float:
        """When it's worth calling again: an answer that is out may open or move a slot."""
        later = now + max(LOOK_AGAIN, self._limits.feed_interval / 4)
        answer = now + self._moment * 5 if in_flight else later
        return min(answer, max(now, slot.at - lead) if slot else answer)

    @property
    def _moment(self) -> float:
        """Short against the interval, long against a commit."""
        return min(0.2, max(0.005, self._limits.feed_interval / 100))

    def _key(self, lane: Lane) -> str:
        return f"{self._waiter}-{lane.value}"[:64]

    def _holder(self) -> Holder:
        """This process, also after a fork."""
        if self._me is None or (self._given is None and self._me.pid != os.getpid()):
            self._me = this_process()
        return self._me


def _window_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}-window{path.suffix or '.db'}")
