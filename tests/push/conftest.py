"""A shop, a clock and a seller in one process: the writer's whole life without waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.budget.holders import Holder
from pipeline.budget.ledger import Ledger
from pipeline.diff.plan import Batch, Change, Counts, Effect, Forecast, Inputs, Plan, Record
from pipeline.diff.planfile import adapter
from pipeline.errors import AnswerLost, Exit, LoginRefused, Refused, StateError, Throttled, Unreachable
from pipeline.journal import schema
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import Event, Kind, Outcome, RunCounts
from pipeline.market.bodies import read_body
from pipeline.market.feeds import Action, Feed, FeedState, Receipt
from pipeline.push.job import Job
from pipeline.push.sender import Sender
from pipeline.push.writer import Ended, Errand, Writer
from pipeline.settings import Limits
from pipeline.store.engine import open_store
from pipeline.values.context import Context
from schemas.fields import Dialect, Lane

DAY = 86_400.0
LIMITS: Mapping[str, Any] = {"feed_interval": 120, "feed_burst": 2, "settle": 180, "deadline": 90}


class Crash(BaseException):
    """As kill -9: nothing that comes after it is done by this process."""


class DrivenClock:
    """Time that passes only while somebody sleeps; `set_wall` corrects the wall clock."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.tick = 1000.0
        self.ahead = start - self.tick
        self.corrections: list[tuple[float, float]] = []
        self.naps = 0

    def now(self) -> float:
        return self.tick + self.ahead

    def monotonic(self) -> float:
        return self.tick

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        assert self.naps < 200_000, "it neither goes on nor ends"
        self.tick += max(0.0, seconds)
        while self.corrections and self.corrections[0][0] <= self.tick:
            self.ahead += self.corrections.pop(0)[1]

    def set_wall(self, *, after: float, by: float) -> None:
        """So many seconds from now somebody sets the wall clock forward (or back)."""
        self.corrections.append((self.tick + after, by))


@dataclass
class Taken:
    """A feed that the shop took; times are ticks."""

    id: str
    at: float
    action: Action
    body: bytes
    records: list[tuple[str, dict[str, str]]]
    applied: bool = False


@dataclass
class SimShop:
    """A shop as the protocol allows it to be; each POST meets the next of its `fates`.

    Attributes:
        fates: "ok"; taken, but the answer is lost: "lost", "late", "platform"; not taken: "dropped",
            "unreachable", "429", "expired", "login", "refused".
        lag: seconds until the list shows a feed; late: until a "late" one is taken.
        queue: seconds until a feed is done.
        crash_at: the call at which the caller dies; odd ones before it arrives, even ones after.
        ignored: SKUs whose records are dropped without a word.
        edits: what a person enters just after a feed was done.
        raw: whether feeds' input is returned.
        moods: what befalls the next calls of an action, the last one for ever: "ok", an error of `_ail`,
            "empty", and for a feed's status a word that isn't known, or "blank". A status has moods by
            feed: "feed_status feed-1".
    """

    clock: DrivenClock
    held: dict[str, dict[str, str]]
    fates: list[str] = field(default_factory=list)
    lag: float = 0.0
    late: float = 30.0
    queue: float = 20.0
    latency: float = 0.1
    crash_at: int | None = None
    ignored: frozenset[str] = frozenset()
    edits: dict[str, dict[str, str]] = field(default_factory=dict)
    raw: bool = True
    taken: list[Taken] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    calls: int = 0
    moods: Mapping[str, list[str]] = field(default_factory=dict)
    before_post: Callable[[], None] = lambda: None
    zero: float = 0.0

    def __post_init__(self) -> None:
        self.zero = self.clock.ahead  # its own clock is never set

    def server_now(self) -> float:
        return self.clock.tick + self.zero

    def _call(self, action: str = "") -> str:
        """What befalls this call; `crash_at` and errors are raised."""
        self.calls += 1
        assert self.calls < 50_000, "it never ends"
        if self.calls == self.crash_at:
            raise Crash
        self.clock.sleep(self.latency)
        self._work()
        moods = self.moods.get(action) or ["ok"]
        mood = moods.pop(0) if len(moods) > 1 else moods[0]
        _ail(mood)
        return mood

    def _work(self) -> None:
        for feed in self.taken:
            if not feed.applied and self.clock.tick >= feed.at + self.queue:
                feed.applied = True
                for sku, fields in feed.records:
                    if sku not in self.ignored:
                        self.held.setdefault(sku, {}).update(fields)
                    self.held.setdefault(sku, {}).update(self.edits.get(sku, {}))

    def products(self, skus: Sequence[str], *, deleted: bool = False) -> dict[str, dict[str, str]]:
        shown = {} if self._call("products") == "empty" else self.held
        return {sku: dict(shown[sku]) for sku in skus if sku in shown}

    def post_feed(self, action: Action, body: bytes) -> Receipt:
        self.before_post()
        self._call()
        fate = self.fates.pop(0) if self.fates else "ok"
        self.posts.append(fate)
        _refuse(fate)
        number = f"feed-{len(self.taken) + 1}"
        delay = self.late if fate == "late" else 0.0
        records = read_body(body, Dialect.CLASSIC)
        self.taken.append(
            Taken(id=number, at=self.clock.tick + delay, action=action, body=body, records=records)
        )
        self.calls += 1
        if self.calls == self.crash_at:
            raise Crash
        if fate in ("lost", "late"):
            raise AnswerLost("no whole answer")
        if fate == "platform":
            raise Refused("E006", number=6, platform=True)
        return Receipt(feed=number)

    def feed_status(self, feed: str) -> Feed:
        mood = self._call(f"feed_status {feed}")
        told = next(_described(one, self.clock.tick, self.queue) for one in self.taken if one.id == feed)
        if mood == "ok":
            return told
        return replace(told, status="" if mood == "blank" else mood, state=FeedState.OTHER, total=0)

    def feeds_since(self, since: float) -> list[Feed]:
        if self._call("feeds_since") == "empty":
            return []
        tick, from_ = self.clock.tick, since - self.zero
        shown = (one for one in self.taken if from_ <= one.at and one.at + self.lag <= tick)
        return [_described(one, tick, self.queue) for one in shown]

    def feed_raw_input(self, feeds: Sequence[str]) -> dict[str, bytes]:
        self._call("feed_raw_input")
        return {one.id: one.body for one in self.taken if one.id in feeds} if self.raw else {}

    def feed_cancel(self, feed: str) -> None:
        self._call()

    @property
    def times(self) -> dict[str, int]:
        """SKU → how often the shop took it."""
        skus = [sku for feed in self.taken for sku, _ in feed.records]
        return {sku: skus.count(sku) for sku in skus}


def _refuse(fate: str) -> None:
    """What a POST meets that the shop doesn't take."""
    errors: dict[str, Exception] = {
        "dropped": AnswerLost("it closed the connection"), "unreachable": Unreachable("refuses connections"),
        "429": Throttled("E429"), "expired": Refused("E003", number=3),
        "login": LoginRefused("E007", number=7), "refused": Refused("E001", number=1),
    }  # fmt: skip
    if fate in errors:
        raise errors[fate]


def _ail(mood: str) -> None:
    """What befalls a read."""
    errors: dict[str, Exception] = {
        "unreadable": AnswerLost("no answer of this API"), "silent": Unreachable("refuses connections"),
        "platform": Refused("E006", number=6, platform=True), "expired": Refused("E003", number=3),
        "E012": Refused("E012", number=12), "E1000": Refused("1000", number=1000),
        "429": Throttled("E429"), "login": LoginRefused("E007", number=7),
    }  # fmt: skip
    if mood in errors:
        raise errors[mood]


def _described(feed: Taken, tick: float, queue: float) -> Feed:
    state = FeedState.FINISHED if tick >= feed.at + queue else FeedState.QUEUED
    return Feed(
        id=feed.id, action=feed.action.value, status=state.value, state=state, source="api",
        total=len(feed.records),
    )  # fmt: skip


@dataclass
class Watcher:
    """Remembers what it was told."""

    warnings: list[str] = field(default_factory=list)
    waits: list[float | None] = field(default_factory=list)

    def moved(self, counts: RunCounts, *, waiting_until: float | None) -> None:
        self.waits.append(waiting_until)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class NoKit:
    """The manual way back has tests of its own."""

    def refresh(self, records: object, befores: object) -> None: ...

    def progress(self) -> None: ...


class FailingJournal(Journal):
    """One whose disk says no at its `fails_at`th event, and from then on."""

    def __init__(self, store: Any, head: Path, fails_at: int | None) -> None:
        super().__init__(store, head)
        self._left = fails_at

    def append(self, *args: Any, **kwargs: Any) -> Event:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                raise StateError("input or output error")
        return super().append(*args, **kwargs)


@dataclass
class Seller:
    """One run of a plan of price changes, and the processes that bring it on."""

    folder: Path
    clock: DrivenClock
    shop: SimShop
    plan: Plan
    rows: list[Record]
    limits: Limits
    watcher: Watcher = field(default_factory=Watcher)
    processes: int = 0
    fails_at: int | None = None
    _open: list[Any] = field(default_factory=list)

    def begin(self) -> None:
        with self.journal() as journal:
            row = RunRow(id="run", shop="s", identity="s", kind="import", plan="p", plan_digest="d",
                         source="f", started=self.clock.now(), plan_path="")  # fmt: skip
            header = adapter(Plan).dump_python(self.plan, mode="json")
            journal.start(
                row, at=row.started, plan=self.plan, records=lambda: self.rows, data={"plan": header}
            )

    def journal(self) -> _Opened:
        store = open_store(
            self.folder / "state.db", kind="journal", migrations=schema.MIGRATIONS, durable=False
        )
        return _Opened(store, FailingJournal(store, self.folder / "state.head", self.fails_at))

    def events(self) -> list[Event]:
        with self.journal() as journal:
            return journal.events("run")

    def refreshed(self) -> dict[tuple[int, str], str | None]:
        with self.journal() as journal:
            return journal.refreshed("run")

    def outcomes(self) -> dict[int, Outcome]:
        with self.journal() as journal:
            return {no: Outcome(row["outcome"]) for no, row in journal.outcomes("run").items()}

    def messages(self) -> dict[int, str]:
        with self.journal() as journal:
            return {no: row["message"] for no, row in journal.outcomes("run").items()}

    def go(self, *, stop: Callable[[], Exit | None] = lambda: None, errand: Errand = Errand.PUSH) -> Ended:
        """One process: `push` at first, `resume` later."""
        self.processes += 1
        me = Holder(self.processes, 0.0)
        ledger = Ledger(
            self.folder / "ledger.db", "seller", self.limits, self.clock, holder=me,
            alive=lambda one: one == me, jitter=lambda: 0.0, durable=False,
        )  # fmt: skip
        with ledger, self.journal() as journal:
            if self.processes > 1:
                journal.append("run", Kind.RESUMED, at=self.clock.now())
            return Writer(job := self._job(journal, ledger), Sender(job, stop=stop), stop, errand).run()

    def dies_at(self, call: int) -> None:
        """A process that is killed at one of its calls."""
        self.shop.crash_at = call
        with suppress(Crash):
            self.go()
        self.shop.crash_at = None

    def finish(self) -> Ended:
        """Processes one after the other, until one neither crashes nor gives up."""
        for _ in range(20):
            with suppress(Crash):
                ended = self.go()
                if ended.exit_code in (Exit.DONE, Exit.INCOMPLETE):
                    return ended
            self.shop.crash_at = None
            self.clock.sleep(60)
        raise AssertionError("it never ends")

    def _job(self, journal: Journal, ledger: Ledger) -> Job:
        seals = journal.started("run")["seals"]
        return Job(
            run="run", identity="s", plan={batch.no: batch for batch in self.plan.batches},
            dialect=Dialect.CLASSIC, context=Context(), limits=self.limits, clock=self.clock, journal=journal,
            market=self.shop, slots=ledger, kit=NoKit(), watcher=self.watcher, state=journal.state("run"),
            sizes=journal.sizes("run"), tally=journal.tally("run"),
            seals={int(no): seal for no, seal in seals.items()},
        )  # fmt: skip


class _Opened:
    """A journal that closes its store."""

    def __init__(self, store: Any, journal: Journal) -> None:
        self._store, self._journal = store, journal

    def __enter__(self) -> Journal:
        return self._journal

    def __exit__(self, *_: object) -> None:
        self._store.close()


def sku(number: int) -> str:
    return f"SKU-{number:03d}"


def _records(products: int, a_feed: int) -> list[Record]:
    return [
        Record(
            no=no, batch=(no - 1) // a_feed + 1, sku=sku(no), action=Action.UPDATE, effect=Effect.UPDATE,
            changes=(
                Change(field="Price", before="10.00", after="11.00"),
                Change(field="Quantity", before="5", after="7"),
            ),
        )
        for no in range(1, products + 1)
    ]  # fmt: skip


def _plan(rows: list[Record]) -> Plan:
    sizes = {no: sum(row.batch == no for row in rows) for no in sorted({row.batch for row in rows})}
    return Plan(
        id="p", kind="import", shop="s", identity="s", dialect="classic", operators=(), created=0.0,
        source="f", source_rows=len(rows), source_columns=(), partial=False, snapshot="x", snapshot_taken=0.0,
        inputs=Inputs(source="", snapshot="", settings=""), counts=Counts(update=len(rows)),
        fields_changed={}, guards=(), forecast=Forecast(requests=0, feeds=0, seconds=0), records=len(rows),
        batches=tuple(
            Batch(no=no, action=Action.UPDATE, lane=Lane.PRICE_STOCK, records=size)
            for no, size in sizes.items()
        ),
    )  # fmt: skip


MakeSeller = Callable[..., Seller]


@pytest.fixture
def make_seller(tmp_path_factory: pytest.TempPathFactory) -> MakeSeller:
    """A run of `products` changes, `a_feed` in a batch, begun but not sent."""

    def make(
        products: int = 4, a_feed: int = 2, limits: Mapping[str, Any] = {},
        rows: list[Record] | None = None, **shop: Any,
    ) -> Seller:  # fmt: skip
        clock = DrivenClock()
        rows = rows or _records(products, a_feed)
        held = {row.sku: {"Price": "10.00", "Quantity": "5"} for row in rows}
        seller = Seller(
            folder=tmp_path_factory.mktemp("seller"), clock=clock, shop=SimShop(clock, held, **shop),
            plan=_plan(rows), rows=rows, limits=Limits(**{**LIMITS, **limits}),
        )  # fmt: skip
        seller.begin()
        return seller

    return make
