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
from pipeline.push.decide import Agenda
from pipeline.push.ports import Kit, Market, Watcher
from pipeline.settings import Limits
from pipeline.values.context import Context
from schemas.fields import Dialect


@dataclass(slots=True, kw_only=True)
class Job:
    """Everything that the steps of a push share.

    Attributes:
        state: the run's state; always what replaying the journal would give.
        tally: (batch, outcome) → records, kept as `Journal.tally` would answer.
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
    agenda: Agenda = field(default_factory=Agenda)

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
        return event

    def count(self) -> RunCounts:
        """Records by where they stand."""
        return count(self.state, self.sizes, self.tally)

    def ended(self, batch: int, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes that were just written down."""
        for word in outcomes:
            self.tally[batch, word] = self.tally.get((batch, word), 0) + 1

    def records(self, batch: int) -> list[Record]:
        return list(self.journal.records(self.run, batch))

    def failed_creates(self) -> frozenset[str]:
        """SKUs that this run meant to create and didn't."""
        creating = [no for no, batch in self.plan.items() if batch.action is Action.CREATE]
        lost = [no for no in creating if any(self.tally.get((no, o)) for o in _LOST)]
        return frozenset(
            record.sku
            for no in lost
            for record, outcome in self._outcomes(no)
            if outcome in _LOST and record.effect is Effect.CREATE
        )

    def _outcomes(self, batch: int) -> list[tuple[Record, str]]:
        rows = self.journal.outcomes(self.run, batch)
        return [(r, rows[r.no]["outcome"]) for r in self.records(batch) if r.no in rows]


_LOST = (Outcome.REFUSED, Outcome.SKIPPED, Outcome.NOT_APPLIED)


def _with(state: RunState, batches: Mapping[int, Any]) -> RunState:
    return replace(state, batches=batches)


def outcome_row(run: str, batch: int, record: int, outcome: Outcome, **more: str) -> dict[str, Any]:
    """A record's outcome as the journal keeps it."""
    row = {"run": run, "no": record, "batch": batch, "outcome": outcome.value}
    return {
        **row,
        "code": more.get("code", ""),
        "message": more.get("message", ""),
        "warning": more.get("warning", ""),
    }
