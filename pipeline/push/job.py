"""One run under way: its plan, its journal, and the doors to the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.budget.ledger import Ledger
from pipeline.budget.throttle import Clock
from pipeline.diff.plan import Batch, Effect, Record
from pipeline.journal.journal import Journal, Rows
from pipeline.journal.states import Event, Kind, Outcome, RunCounts, RunState, count, step
from pipeline.market.feeds import Action
from pipeline.push.decide import Agenda, Moment
from pipeline.push.ports import Fence, Kit, Market, Watcher
from pipeline.settings import Limits
from pipeline.values.context import Context
from schemas.fields import Dialect


@dataclass(slots=True, kw_only=True)
class Job:
    """Everything that the steps of a push share.

    Attributes:
        state: the run's state; always what replaying the journal would give.
        tally: (batch, outcome) → records, kept as `Journal.tally` would answer.
        seals: batch → digest of its records as planned; what isn't sealed isn't checked.
        fence: what must be left alone because of other runs.
        lost_at: batch → when this process gave its answer up.
    """

    run: str
    identity: str
    plan: Mapping[int, Batch]
    dialect: Dialect
    context: Context
    limits: Limits
    clock: Clock
    journal: Journal
    market: Market
    slots: Ledger
    kit: Kit
    watcher: Watcher
    state: RunState
    sizes: Mapping[int, int]
    tally: dict[tuple[int, Outcome], int]
    seals: Mapping[int, str] = field(default_factory=dict)
    fence: Fence | None = None
    agenda: Agenda = field(default_factory=Agenda)
    lost_at: dict[int, Moment] = field(default_factory=dict)
    _near: dict[int, list[Record]] = field(default_factory=dict)
    _lost: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def note(
        self,
        kind: Kind,
        batch: int,
        data: Mapping[str, Any] | None = None,
        rows: Rows | None = None,
        project: Iterable[Any] = (),
    ) -> Event:
        """Write one event down, then believe it."""
        event = self.journal.append(
            self.run, kind, at=self.clock.now(), batch=batch, data=data, rows=rows, project=project
        )
        batches = {**self.state.batches, batch: step(self.state.batches[batch], event)}
        self.state = _with(self.state, batches)
        self.agenda.forget(batch)
        if kind is Kind.UNKNOWN:
            self.lost_at[batch] = self.moment()
        return event

    def moment(self) -> Moment:
        """Now."""
        return Moment(now=self.clock.now(), tick=self.clock.monotonic())

    def count(self) -> RunCounts:
        """Records by where they stand."""
        return count(self.state, self.sizes, self.tally)

    def ended(self, batch: int, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes that were just written down."""
        for word in outcomes:
            self.tally[batch, word] = self.tally.get((batch, word), 0) + 1

    def records(self, batch: int) -> list[Record]:
        """A batch's records as planned.

        Raises:
            StateError: they were altered on disk.
        """
        if batch not in self._near:
            while len(self._near) >= NEAR:
                self._near.pop(next(iter(self._near)))
            self._near[batch] = self.journal.sealed(self.run, batch, self.seals.get(batch))
        return self._near[batch]

    def failed_creates(self) -> frozenset[str]:
        """SKUs that this run meant to create and didn't."""
        creating = (no for no, batch in self.plan.items() if batch.action is Action.CREATE)
        return frozenset().union(*map(self._lost_of, creating))

    def _lost_of(self, batch: int) -> frozenset[str]:
        """Read again only when there are more of them."""
        number = sum(self.tally.get((batch, outcome), 0) for outcome in _LOST)
        known, skus = self._lost.get(batch, (0, frozenset()))
        if number != known:
            rows = self.journal.outcomes(self.run, batch)
            skus = frozenset(
                record.sku
                for record in self.records(batch)
                if record.effect is Effect.CREATE and rows.get(record.no, {}).get("outcome") in _LOST
            )
            self._lost[batch] = (number, skus)
        return skus


_LOST = (Outcome.REFUSED, Outcome.SKIPPED, Outcome.NOT_APPLIED)
#: Batches whose records are kept at hand: what is sent is verified soon after.
NEAR = 8
#: The feed list's dates have no zone and no promise: look this far back (seconds), whatever they mean.
LIST_MARGIN = 26 * 3600.0


def _with(state: RunState, batches: Mapping[int, Any]) -> RunState:
    return replace(state, batches=batches)


def sent(job: Job, batch: int) -> list[Record]:
    """Records of a batch that were really in its body."""
    outcomes = job.journal.outcomes(job.run, batch)
    left_out = {no for no, row in outcomes.items() if row["outcome"] == Outcome.SKIPPED}
    return [record for record in job.records(batch) if record.no not in left_out]


def outcome_row(run: str, batch: int, record: int, outcome: Outcome, **more: str) -> dict[str, Any]:
    """A record's outcome as the journal keeps it."""
    row = {"run": run, "no": record, "batch": batch, "outcome": outcome.value}
    return {
        **row,
        "code": more.get("code", ""),
        "message": more.get("message", ""),
        "warning": more.get("warning", ""),
    }
