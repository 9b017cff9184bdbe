"""Getting one batch out: re-read, body, intent, POST, and what the answer means."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.budget.ledger import Wait
from pipeline.budget.quota import Reservation
from pipeline.diff.plan import Effect, Record
from pipeline.errors import (
    AnswerLost,
    Exit,
    LoginRefused,
    PlanRefused,
    Refused,
    ShopError,
    Throttled,
    Unreachable,
)
from pipeline.journal import schema
from pipeline.journal.journal import Rows
from pipeline.journal.states import Kind, Outcome
from pipeline.market.bodies import feed_body, read_body
from pipeline.market.feeds import Action, Receipt
from pipeline.push.examine import Examiner, Product, Ready, Skip
from pipeline.push.job import Job, outcome_row

#: A re-read older than this (seconds) is made again before it is trusted: no slot is waited for longer
#: with one in hand.
FRESH = 30.0
#: E003: a wrong clock, here or there; it says nothing about what was sent.
EXPIRED = 3


class NoSlot(ShopError):
    """No feed may leave for longer than the settings' patience: others use the quota up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch as it would leave: its bytes, and what stays behind."""

    batch: int
    send: tuple[Record, ...]
    skipped: tuple[tuple[Record, Skip], ...]
    refreshed: Mapping[tuple[int, str], str | None]
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Sender:
    """Sends batches of one job.

    Args:
        seen: products read a moment ago (SKU → when, product), to spare a second look.
        stop: the exit code of a signal that asked us to stop, or None: nothing leaves after it.
    """

    def __init__(
        self,
        job: Job,
        seen: dict[str, tuple[float, Product | None]] | None = None,
        stop: Callable[[], Exit | None] = lambda: None,
    ) -> None:
        self._job = job
        self._seen = seen or {}
        self._stop = stop
        self._took = 0.5
        self._expired = False
        self._dry_since: float | None = None

    def post(self, no: int) -> bool:
        """Bring a batch one step forward: stand in line for its slot, or read, and send or skip it.

        Returns:
            Whether the shop was asked anything.

        Raises:
            ShopError: the login is refused, or the shop has been unreachable for a deadline.
            NoSlot: no feed could leave for `feed_timeout`.
        """
        job = self._job
        slot = job.slots.try_reserve(job.plan[no].lane, lead=min(self._took * 1.2, FRESH))
        if isinstance(slot, Wait):
            self._dry(no)
            moment = job.moment()
            job.agenda.slot = moment.tick + slot.until - moment.now
            return False
        opens = job.slots.opens(slot)  # now: a clock that is set while we read doesn't move it
        try:
            prepared = self._prepare(no)
            leaves = self._ready_to_leave(prepared, slot, opens)
        except BaseException:
            job.slots.refused(slot.id)  # nothing left us
            raise
        if leaves:
            self._send(job.plan[no].action, prepared, slot.id)
        else:
            job.slots.refused(slot.id)
        return True

    def _ready_to_leave(self, prepared: Prepared, slot: Reservation, opens: float) -> bool:
        """All that is due before a POST; False where none is to be made.

        The intent is written while the slot isn't open yet: its first moment isn't spent on that.
        """
        if not prepared.send:
            self._skip(prepared)
            self._dry_since = None
            return False
        if self._stop() is not None:
            return False
        self._write_intent(prepared, slot.id)
        self._job.slots.sleep_until(opens, unless=lambda: self._stop() is not None)
        if self._stop() is None:
            return True
        self._job.note(Kind.RELEASED, prepared.batch, {"why": "stopped before it left"})
        return False

    def _dry(self, no: int) -> None:
        """Nothing may leave now: for how long that is borne.

        Raises:
            NoSlot: long enough.
        """
        tick, patience = self._job.clock.monotonic(), self._job.limits.feed_timeout
        if self._dry_since is None:
            self._dry_since = tick
        if tick - self._dry_since > patience:
            self._job.slots.leave_queue(self._job.plan[no].lane)
            raise NoSlot(
                f"no feed could leave for {patience:g} s",
                hint="`sellercenter budget` shows who uses the slots; `resume` goes on",
            )

    def _prepare(self, no: int) -> Prepared:
        batch, decided = self._job.plan[no], self._job.journal.outcomes(self._job.run, no)
        records = [record for record in self._job.records(no) if record.no not in decided]
        started = self._job.clock.monotonic()
        held = self._read([record.sku for record in records], deleted=batch.action is not Action.CREATE)
        depends = any(record.effect is Effect.CREATE for record in records)
        judge = Examiner(
            dialect=self._job.dialect, context=self._job.context,
            failed=self._job.failed_creates() if depends else frozenset(),
        )  # fmt: skip
        verdicts = [(record, judge.examine(record, held.get(record.sku))) for record in records]
        fenced = self._fenced(records)
        verdicts = [(record, fenced.get(record.no, verdict)) for record, verdict in verdicts]
        ready = [(record, v) for record, v in verdicts if isinstance(v, Ready)]
        self._took = self._job.clock.monotonic() - started
        return Prepared(
            batch=no,
            send=tuple(record for record, _ in ready),
            skipped=tuple((record, v) for record, v in verdicts if isinstance(v, Skip)),
            refreshed=self._refreshed(no, ready),
            body=_body(batch.action, ready, self._job) if ready else b"",
        )

    def _refreshed(self, no: int, ready: list[tuple[Record, Ready]]) -> dict[tuple[int, str], str | None]:
        """Before-values as just read, where that isn't what is on record, by the plan or a lost attempt."""
        found = {(r.no, name): value for r, v in ready for name, value in v.refreshed.items()}
        if ready and self._job.state.batches[no].attempt:
            earlier = self._job.journal.refreshed(self._job.run, ready[0][0].no, ready[-1][0].no)
            for record, _ in ready:
                planned = {(record.no, change.field): change.before for change in record.changes}
                found = {**{key: planned[key] for key in planned if key in earlier}, **found}
        return found

    def _fenced(self, records: list[Record]) -> dict[int, Skip]:
        """Records to leave alone: another run has the product in an open feed, or wrote it later."""
        if self._job.fence is None or not records:
            return {}
        skus = [record.sku for record in records]
        holding, newer = self._job.fence.holding(skus), self._job.fence.newer(skus)
        found: dict[int, Skip] = {}
        for record in records:
            later = [newer[record.sku, c.field] for c in record.changes if (record.sku, c.field) in newer]
            if record.sku in holding:
                found[record.no] = _in_flight(holding[record.sku])
            elif later:
                text = f"run {later[0]}, which began later, wrote it since"
                found[record.no] = Skip(code="superseded", message=text)
        return found

    def _read(self, skus: list[str], *, deleted: bool) -> dict[str, Product]:
        now = self._job.clock.now()
        known = {sku: self._seen.pop(sku) for sku in skus if sku in self._seen}
        recent = {sku: product for sku, (at, product) in known.items() if 0 <= now - at < FRESH}
        found: dict[str, Product] = {sku: p for sku, p in recent.items() if p is not None}
        missing = [sku for sku in skus if sku not in recent]
        return {**found, **(self._job.market.products(missing, deleted=deleted) if missing else {})}

    def _skip(self, prepared: Prepared) -> None:
        why = {"why": "nothing left to send"}
        self._job.note(Kind.SKIPPED, prepared.batch, why, _skipped(self._job, prepared))
        self._report_skips(prepared)

    def _write_intent(self, prepared: Prepared, slot: str) -> None:
        """Body and before-values, durable in kit and journal: only then may anything leave."""
        if prepared.refreshed:
            self._job.kit.refresh(prepared.send, prepared.refreshed)
        data = {**_intent(prepared), "slot": slot, "shop_time": self._job.market.server_now()}
        self._job.note(Kind.INTENT, prepared.batch, data, _intent_rows(self._job, prepared))
        self._report_skips(prepared)

    def _send(self, action: Action, prepared: Prepared, slot: str) -> None:
        no = prepared.batch
        try:
            receipt = self._job.market.post_feed(action, prepared.body)
        except (Unreachable, Throttled) as error:
            self._released(no, slot, error)
        except Refused as error:
            self._refused(no, prepared, slot, error)
        except AnswerLost as error:
            self._unknown(no, slot, error)
        else:
            self._accepted(no, slot, receipt)

    def _accepted(self, no: int, slot: str, receipt: Receipt) -> None:
        self._expired, self._dry_since = False, None
        answered = self._job.clock.now()
        warnings = [list(row) for row in receipt.warnings]
        self._job.note(Kind.ACCEPTED, no, {"feed": receipt.feed, "warnings": warnings})
        self._job.slots.accepted(slot, receipt.feed, answered)
        self._job.kit.progress()
        self._job.agenda.later(no, self._job.clock.monotonic())

    def _unknown(self, no: int, slot: str, error: ShopError) -> None:
        """The body may have arrived: nothing for these products until that is reconciled."""
        self._dry_since = None
        self._job.note(Kind.UNKNOWN, no, {"why": error.message, "given_up": self._job.clock.now()})
        self._job.slots.unknown(slot)
        self._job.watcher.warn(f"batch {no}: {error.message}; looking for it in the shop's feed list")

    def _released(self, no: int, slot: str, error: ShopError) -> None:
        """Proof that nothing was accepted: the batch waits for another slot."""
        self._job.note(Kind.RELEASED, no, {"why": error.message})
        if isinstance(error, Throttled):
            pause = self._job.slots.throttled_feed(slot, error.retry_after)
            self._job.agenda.slot = self._job.clock.monotonic() + pause
            self._dry(no)
            self._job.watcher.warn(f"the shop refused a feed as too many; trying again in {pause:.0f} s")
            return
        self._job.slots.refused(slot)
        raise error

    def _refused(self, no: int, prepared: Prepared, slot: str, error: Refused) -> None:
        if error.platform:
            self._unknown(no, slot, error)
            return
        self._job.slots.refused(slot)
        expired = error.number == EXPIRED
        if expired or isinstance(error, LoginRefused):
            again = expired and not self._expired  # the clock was corrected from the answer
            self._expired = expired
            self._job.note(Kind.RELEASED, no, {"why": error.message})
            if again:
                return
            raise error
        self._refused_whole(no, prepared, error)

    def _refused_whole(self, no: int, prepared: Prepared, error: Refused) -> None:
        self._dry_since = None
        rows = [
            outcome_row(self._job.run, no, record.no, Outcome.REFUSED, code="request-refused", message=text)
            for record, text in _blame(prepared.send, error)
        ]
        data = {"why": error.message, "number": error.number}
        self._job.note(Kind.REFUSED, no, data, {schema.OUTCOME: rows})
        self._job.ended(no, (Outcome.REFUSED for _ in rows))
        self._job.kit.progress()
        self._job.watcher.warn(f"batch {no}: the shop refused the whole request: {error.message}")

    def _report_skips(self, prepared: Prepared) -> None:
        self._job.ended(prepared.batch, (Outcome.SKIPPED for _ in prepared.skipped))
        self._job.kit.progress()


def _in_flight(run: str) -> Skip:
    text = f"run {run} has it in a feed that isn't done yet; `sellercenter resume {run}` follows that"
    return Skip(code="in-flight", message=text)


def _body(action: Action, ready: list[tuple[Record, Ready]], job: Job) -> bytes:
    """The request body, read back and compared with what it was made of before anyone trusts it.

    Raises:
        PlanRefused: the body doesn't say what the plan says.
    """
    wanted = [(record.sku, dict(v.body)) for record, v in ready]
    body = feed_body(action, wanted, job.dialect)
    if [(sku, dict(fields)) for sku, fields in read_body(body, job.dialect)] != wanted:
        raise PlanRefused("a request body doesn't read back as the plan it was made of; nothing was sent")
    return body


def _intent(prepared: Prepared) -> dict[str, object]:
    return {
        "body": prepared.sha256,
        "bytes": len(prepared.body),
        "records": len(prepared.send),
        "skus": hashlib.sha256("\n".join(r.sku for r in prepared.send).encode()).hexdigest(),
    }


@dataclass(frozen=True, kw_only=True)
class _Refreshed:
    """Rows of before-values, made as often as they are asked for: to hold a thousand costs more than to write
    them."""

    run: str
    before: Sequence[tuple[tuple[int, str], str | None]]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        run = self.run
        return ({"run": run, "no": no, "field": name, "before": value} for (no, name), value in self.before)


def _intent_rows(job: Job, prepared: Prepared) -> Rows:
    packed = {"run": job.run, "sha256": prepared.sha256, "packed": zlib.compress(prepared.body, 1)}
    return {
        schema.REFRESH: _Refreshed(run=job.run, before=sorted(prepared.refreshed.items())),
        schema.BODY: [packed],
        **_skipped(job, prepared),
    }


def _skipped(job: Job, prepared: Prepared) -> Rows:
    rows, theirs = [], []
    for record, skip in prepared.skipped:
        more = {"code": skip.code, "message": skip.message}
        rows.append(outcome_row(job.run, prepared.batch, record.no, Outcome.SKIPPED, **more))
        theirs += [
            {"run": job.run, "no": record.no, "field": moved.field, "value": moved.theirs}
            for moved in sorted(skip.moved, key=lambda m: m.field)
        ]
    return {schema.OUTCOME: rows, schema.STORED: theirs}


def _blame(records: tuple[Record, ...], error: Refused) -> list[tuple[Record, str]]:
    """Each record of a refused request, with what the shop said of it, or of the request."""
    named: dict[str, str] = {}
    for fieldname, message, _, sku in error.details:
        named[sku] = "; ".join(
            filter(None, (named.get(sku), f"{fieldname}: {message}" if fieldname else message))
        )
    return [(record, named.get(record.sku) or error.message) for record in records]
