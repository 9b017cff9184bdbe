"""The common middle of push, resume and run: a run of the journal, brought as far as it goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.diff.plan import Plan, Record
from pipeline.diff.planfile import adapter
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import Kind
from pipeline.push.examine import Product
from pipeline.push.job import Job
from pipeline.push.sender import Sender
from pipeline.push.writer import Ended, Writer
from pipeline.rollback.kit import Kit
from pipeline.store.locks import LockHolder, shop_lock
from pipeline.usecases.connection import Connected
from pipeline.usecases.signals import stop_on_signal
from pipeline.usecases.watching import Watching
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context


def lock(ws: Workspace) -> AbstractContextManager[None]:
    """The shop, for one run at a time on this machine, whatever its state folder.

    Raises:
        Locked: another run holds it.
    """
    import os

    holder = LockHolder(pid=os.getpid(), since=ws.clock.now(), command=" ".join(sys.argv[:3]))
    return shop_lock(ws.ledger.parent / "locks", ws.identity(ws.shop), holder)


def run_folder(ws: Workspace, run: str) -> Path:
    return ws.state / "runs" / run


def start(
    ws: Workspace,
    journal: Journal,
    plan: Plan,
    path: Path,
    records: Callable[[], Iterable[Record]],
    *,
    run: str,
    allowed: Mapping[str, str],
) -> RunRow:
    """Use the plan up: the run's first row and everything it means to change, in one commit.

    Raises:
        PlanRefused: it was used before.
    """
    row = RunRow(
        id=run, shop=plan.shop, identity=plan.identity, kind=plan.kind, plan=plan.id,
        plan_digest=plan.digest, source=plan.source, started=ws.clock.now(), plan_path=str(path),
    )  # fmt: skip
    header = adapter(Plan).dump_python(replace(plan, guards=()), mode="json")
    data = {
        "plan": header,
        "allowed": dict(allowed),
        "guards": [g.rule for g in plan.guards if g.verdict != "ok"],
    }
    journal.start(row, at=row.started, plan=plan, records=records, data=data)
    return row


def header_of(journal: Journal, run: str) -> Plan:
    """The plan that a run was started with, from the journal."""
    first = next(event for event in journal.events(run) if event.kind is Kind.STARTED)
    plan: Plan = adapter(Plan).validate_python(first.data["plan"])
    return plan


def go(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    row: RunRow,
    context: Context,
    *,
    seen: dict[str, tuple[float, Product | None]] | None = None,
) -> Ended:
    """Bring a run as far as it goes; the kit is whole on disk before anything leaves."""
    plan = header_of(journal, row.id)
    kit = kit_of(ws, journal, row, context)
    kit.write()
    watching = Watching(ws.progress, total=plan.records, clock=ws.clock)
    job = Job(
        run=row.id, identity=row.identity, plan={batch.no: batch for batch in plan.batches},
        dialect=ws.shop.dialect, context=context, limits=ws.shop.limits, clock=ws.clock, journal=journal,
        market=shop.market, slots=shop.ledger, kit=kit, watcher=watching, state=journal.state(row.id),
        sizes=journal.sizes(row.id), tally=journal.tally(row.id),
    )  # fmt: skip
    with watching, stop_on_signal(ws.progress.warn) as stop:
        ended = Writer(job, Sender(job, seen), stop).run()
    kit.write()
    return ended


def kit_of(ws: Workspace, journal: Journal, row: RunRow, context: Context) -> Kit:
    """The manual kit of a run, knowing what the journal knows."""
    ids = {name: number for number, name in context.category_names.items()}
    kit = Kit(
        run_folder(ws, row.id), run=row.id, shop=row.shop, dialect=ws.shop.dialect,
        operators=ws.shop.operators, records=lambda: journal.records(row.id), clock=ws.clock,
        category_id=lambda name: ids.get(name, ""),
    )  # fmt: skip
    kit.know(_known(journal, row.id), journal.refreshed(row.id))
    return kit


def _known(journal: Journal, run: str) -> dict[int, tuple[str, str, float]]:
    """Record → (feed, outcome or how far it came, time)."""
    state, outcomes = journal.state(run), journal.outcomes(run)
    found: dict[int, tuple[str, str, float]] = {}
    for record in journal.records(run):
        batch = state.batches[record.batch]
        word = outcomes[record.no]["outcome"] if record.no in outcomes else batch.phase.value
        found[record.no] = (batch.feed, word, batch.finished_at or batch.accepted_at or batch.intent_at)
    return found


def accept_source(ws: Workspace, journal: Journal, plan: Plan, run: str) -> None:
    """Remember the size of the file that went through: the next one is measured against it."""
    if plan.kind != "import" or plan.partial:
        return
    data: dict[str, Any] = {
        "identity": plan.identity, "source": plan.source, "rows": plan.source_rows,
        "columns": list(plan.source_columns),
    }  # fmt: skip
    journal.append(run, Kind.SOURCE, at=ws.clock.now(), data=data)
