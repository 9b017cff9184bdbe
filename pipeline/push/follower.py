"""Following what was sent: finding lost feeds, verifying by reading again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from pipeline.diff.plan import Record
from pipeline.errors import LoginRefused, Refused, Throttled
from pipeline.journal import schema
from pipeline.journal.projections import written_rows
from pipeline.journal.states import BatchState, Kind, Outcome, Phase
from pipeline.market.bodies import same_body
from pipeline.market.feeds import Feed, RecordError
from pipeline.push.decide import Moment
from pipeline.push.job import LIST_MARGIN, Job, outcome_row, sent
from pipeline.push.judge import Judge, Judgement, shown, warnings
from pipeline.push.reconcile import Finding, Scan, candidates, decide_by_count, decide_by_raw
from pipeline.push.words import code_of

#: A look at the list serves all who come within so many seconds.
TOGETHER = 0.2
EXPIRED = 3


class Follower:
    """Follows the batches of one job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._scans: dict[int, tuple[Scan, ...]] = {}
        self._anchors: dict[int, Moment] = {}
        self._raw: dict[str, bytes] = {}
        self._listed: list[Feed] = []
        self._listed_at = self._listed_since = math.inf  # monotonic; since the epoch
        self._seen: dict[int, dict[int, Judgement]] = {}

    # ── reconciling ────────────────────────────────────────────────────────────────────────

    def reconcile(self, no: int) -> None:
        """One more look for a batch whose answer was lost."""
        job, batch = self._job, self._job.state.batches[no]
        ours = set(job.journal.feeds(job.identity))
        anchor = self._anchors.setdefault(no, self._anchor(batch))
        listed = self._list(batch.intent_by_shop - LIST_MARGIN, job.clock.monotonic())
        at = anchor.now + self._listed_at - anchor.tick
        found = candidates(listed, batch, job.plan[no].action.value, ours)
        self._settle(batch, self._decide(batch, found, at))

    def _anchor(self, batch: BatchState) -> Moment:
        """From here on the time that settling takes is measured by the clock that nobody sets.

        Here is where this process gave the answer up. One that an earlier process gave up counts as given
        up now: what the wall clock says of the time between, nobody can prove.
        """
        lost = self._job.lost_at.get(batch.no) or self._job.moment()
        return Moment(now=batch.unknown_at, tick=lost.tick)

    def _list(self, since: float, tick: float) -> list[Feed]:
        """The shop's list; several lost batches that are due together share one look."""
        if not (self._listed_at <= tick < self._listed_at + TOGETHER and self._listed_since <= since):
            oldest = [
                b.intent_by_shop - LIST_MARGIN for b in self._job.state.open if b.phase is Phase.UNKNOWN
            ]
            self._listed_since = min([since, *oldest])
            self._listed = self._job.market.feeds_since(self._listed_since)
            self._listed_at = tick
        return self._listed

    def _decide(self, batch: BatchState, found: list[Feed], at: float) -> Finding:
        """What the list and the feeds' input say, looked at since `at`."""
        job, ids = self._job, {feed.id for feed in found}
        settle, patience = job.limits.settle, job.limits.feed_timeout
        raw = self._raw_inputs(sorted(ids)) if job.limits.raw_input else {}
        if raw or (job.limits.raw_input and not ids):
            body = job.journal.body(job.run, batch.body)
            matches = {feed for feed, text in raw.items() if same_body(body, text)}
            unread = ids - set(raw)
            scans = self._scanned(batch.no, at, matches | unread)  # what was read and isn't ours is out
            return decide_by_raw(batch, scans, matches, unread, settle, patience)
        scans = self._scanned(batch.no, at, ids)
        counts = {b.no: b.sent for b in job.state.open if b.phase is not Phase.PLANNED}
        busy = any(not feed.state.terminal for feed in found)
        applied = self._applied(batch.no)
        return decide_by_count(batch, scans, counts, applied, settle, patience, busy)

    def _scanned(self, no: int, at: float, found: set[str]) -> tuple[Scan, ...]:
        self._scans[no] = (*self._scans.get(no, ()), Scan(at=at, candidates=frozenset(found)))
        return self._scans[no]

    def _raw_inputs(self, feeds: list[str]) -> dict[str, bytes]:
        unread = [feed for feed in feeds if feed not in self._raw]
        if unread:
            try:
                self._raw |= self._job.market.feed_raw_input(unread)
            except Refused as error:
                if error.platform or error.number == EXPIRED or isinstance(error, LoginRefused | Throttled):
                    raise  # that says nothing about whether it could
                self._job.watcher.warn(f"the shop doesn't return feeds' input: {error.message}")
        return {feed: self._raw[feed] for feed in feeds if feed in self._raw}

    def _applied(self, no: int) -> Literal["all", "none", "some"]:
        """How much of a batch the products show; what can't be read shows nothing."""
        records = sent(self._job, no)
        held = self._job.market.products([record.sku for record in records], deleted=True)
        done = [shown(r, held.get(r.sku), self._job.dialect, self._job.context) for r in records]
        return "all" if all(done) else "some" if any(done) else "none"

    def _settle(self, batch: BatchState, found: Finding) -> None:
        job = self._job
        match found.verdict:
            case "adopt":
                job.note(Kind.ADOPTED, batch.no, {"feed": found.feed})
                job.slots.accepted(batch.slot, found.feed, batch.unknown_at)
                self._forget(batch.no)
                job.kit.progress()
                job.watcher.warn(f"batch {batch.no}: found as feed {found.feed}; nothing is sent again")
            case "absent":
                job.note(Kind.ABSENT, batch.no, {"scans": [scan.at for scan in self._scans[batch.no]]})
                self._forget(batch.no)
                job.slots.settled_absent(batch.slot)
                job.watcher.warn(f"batch {batch.no}: proven not accepted; it will be sent again")
            case "human":
                if batch.phase is not Phase.HUMAN:
                    job.note(Kind.HUMAN, batch.no, {"why": found.why})
                job.agenda.looked.add(batch.no)
                self._forget(batch.no)
                job.watcher.warn(f"batch {batch.no}: {found.why}; a person must look, nothing is sent for it")
            case "wait":
                anchor = self._anchors[batch.no]
                next_look = job.clock.monotonic() + TOGETHER  # sooner it would be the same list again
                job.agenda.at(batch.no, max(next_look, anchor.tick + found.at - anchor.now))

    def _forget(self, no: int) -> None:
        """Its search is over."""
        self._scans.pop(no, None)
        self._anchors.pop(no, None)

    # ── verifying ──────────────────────────────────────────────────────────────────────────

    def verify(self, no: int) -> None:
        """Read a finished batch's products again, until every value shows or the deadline is over."""
        job, state = self._job, self._job.state.batches[no]
        judged = self._seen.setdefault(no, {})
        refused = set(job.journal.outcomes(job.run, no))
        records = [record for record in sent(self._job, no) if record.no not in refused]
        final = job.agenda.age(no, state.finished_at, job.moment()) >= job.limits.verify_timeout
        open_ = [r for r in records if r.no not in judged or judged[r.no].outcome is None]
        judged |= self._judge(no, open_, final=final)
        if any(judged[record.no].outcome is None for record in records):
            job.agenda.later(no, job.clock.monotonic())
            return
        self._seen.pop(no)
        self._verified(no, records, judged)

    def _judge(self, no: int, records: list[Record], *, final: bool) -> dict[int, Judgement]:
        if not records:
            return {}
        errors, told = self._feedback(no)
        held = self._job.market.products([record.sku for record in records])
        notes = warnings(records, told)
        returned = frozenset(name for product in held.values() for name in product)
        judge = Judge(dialect=self._job.dialect, context=self._job.context, returned=returned, final=final)
        found = {r.no: judge.judge(r, held.get(r.sku), notes.get(r.no, "")) for r in records}
        return {no: _explained(judgement, errors) for no, judgement in found.items()}

    def _feedback(self, no: int) -> tuple[list[str], list[RecordError]]:
        """Errors of the feed that name no SKU of ours, and all its warnings."""
        told = self._job.journal.events(self._job.run, batch=no)
        events = [event for event in told if event.kind is Kind.FINISHED]
        data = events[-1].data if events else {"errors": [], "warnings": []}
        skus = {record.sku for record in self._job.records(no)}
        errors = [message for sku, message, _ in data["errors"] if sku not in skus]
        return errors, [RecordError(sku=sku, message=message) for sku, message in data["warnings"]]

    def _verified(self, no: int, records: list[Record], judged: Mapping[int, Judgement]) -> None:
        job = self._job
        outcomes = [
            outcome_row(job.run, no, r.no, _outcome(judged[r.no]), code=judged[r.no].code,
                        message=judged[r.no].message, warning=judged[r.no].warning)
            for r in records
        ]  # fmt: skip
        stored = [
            {"run": job.run, "no": r.no, "field": name, "value": value}
            for r in records
            for name, value in sorted(judged[r.no].stored.items())
            if value != next((c.after for c in r.changes if c.field == name), None)
        ]
        rows = {schema.OUTCOME: outcomes, schema.STORED: stored}
        job.note(Kind.VERIFIED, no, {"records": len(records)}, rows, self._remember(records, judged))
        job.ended(no, (_outcome(judged[r.no]) for r in records))
        job.kit.progress()

    def _remember(self, records: Iterable[Record], judged: Mapping[int, Judgement]) -> list[Any]:
        job, now = self._job, self._job.clock.now()
        done = [r for r in records if judged[r.no].outcome is Outcome.VERIFIED]
        fresh: dict[int, dict[str, str | None]] = {}
        if done:
            for (no, name), before in job.journal.refreshed(job.run, done[0].no, done[-1].no).items():
                fresh.setdefault(no, {})[name] = before
        rows = [
            row
            for r in done
            for row in written_rows(
                job.identity, job.run, now, r, judged[r.no].remembered, fresh.get(r.no, {})
            )
        ]
        return [(schema.WRITTEN, rows)]


def _outcome(judgement: Judgement) -> Outcome:
    assert judgement.outcome is not None
    return judgement.outcome


def _explained(judgement: Judgement, errors: list[str]) -> Judgement:
    """What isn't applied, though the feed doesn't name it: the feed's nameless errors may say why."""
    if judgement.outcome is not Outcome.NOT_APPLIED or not errors:
        return judgement
    said = "; ".join(errors[:3])
    return replace(
        judgement, message=f"{judgement.message} (the feed also said: {said})", code=code_of(errors[0])
    )
