"""The common middle of push, resume and run: a run of the journal, brought as far as it goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from pipeline.diff.plan import Plan, Record
from pipeline.diff.planfile import adapter
from pipeline.errors import Exit, Interrupted, PipelineError, ShopError
from pipeline.journal.echoes import echoes
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.standing import Fence, in_flight, standing
from pipeline.journal.states import Kind
from pipeline.market.lookups import Lookups
from pipeline.push.examine import Product
from pipeline.push.job import Job
from pipeline.push.sender import Sender
from pipeline.push.writer import Ended, Errand, Writer
from pipeline.rollback.kit import Kit
from pipeline.rollback.sendable import choices, sendable
from pipeline.store.locks import LockHolder, shop_lock
from pipeline.usecases.connection import Connected
from pipeline.usecases.results import failed_document, write_result
from pipeline.usecases.signals import stop_on_signal
from pipeline.usecases.units import units_of
from pipeline.usecases.watching import Watching
from pipeline.usecases.workspace import Workspace
from pipeline.validate.rules import informed
from pipeline.values.context import Context


def lock(ws: Workspace) -> AbstractContextManager[None]:
    """The shop, for one run at a time on this machine, whatever its state folder.

    Raises:
        Locked: another run holds it.
    """
    import os

    holder = LockHolder(pid=os.getpid(), since=ws.clock.now(), command=" ".join(sys.argv[:3]))
    return shop_lock(ws.locks, ws.identity(ws.shop), holder)


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
    waiting: Mapping[str, Any] | None = None,
) -> RunRow:
    """Use the plan up: the run's first row and everything it means to change, in one commit.

    Args:
        waiting: what the person should know who is to approve it; None = it goes now.

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
        **({"waiting": dict(waiting)} if waiting is not None else {}),
    }
    journal.start(row, at=row.started, plan=plan, records=records, data=data)
    return row


def header_of(journal: Journal, run: str) -> Plan:
    """The plan that a run was started with, from the journal."""
    return _planned(journal.started(run))


def _planned(started: Mapping[str, Any]) -> Plan:
    plan: Plan = adapter(Plan).validate_python(started["plan"])
    return plan


def go(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    row: RunRow,
    context: Context,
    *,
    seen: dict[str, tuple[float, Product | None]] | None = None,
    errand: Errand = Errand.PUSH,
) -> Ended:
    """Bring a run as far as it goes; the kit is whole on disk before anything leaves."""
    started = journal.started(row.id)
    plan = _planned(started)
    kit = kit_of(ws, journal, shop, row, context)
    if not kit.whole:
        kit.write()
    watching = Watching(
        ws.progress, total=plan.records, clock=ws.clock, usage=shop.ledger.usage,
        sending=errand is Errand.PUSH,
    )  # fmt: skip
    job = Job(
        run=row.id, identity=row.identity, plan={batch.no: batch for batch in plan.batches},
        dialect=ws.shop.dialect, context=context, limits=ws.shop.limits, clock=ws.clock, journal=journal,
        market=shop.market, slots=shop.ledger, kit=kit, watcher=watching, state=journal.state(row.id),
        sizes=journal.sizes(row.id), tally=journal.tally(row.id),
        seals={int(batch): seal for batch, seal in started.get("seals", {}).items()},
        fence=Fence(journal, row.identity, row.id, started=row.started, now=ws.clock.now()),
    )  # fmt: skip
    with watching, stop_on_signal(ws.progress.warn) as stop:
        ended = Writer(job, Sender(job, seen, stop), stop, errand).run()
    kit.write()
    return ended


def settle_others(ws: Workspace, journal: Journal, shop: Connected, context: Context) -> None:
    """What earlier runs of this shop left unknown is found out before anything new is sent.

    What then still is under way, or needs a person, is fenced off product by product.

    Raises:
        ShopError: the shop can't be asked.
        Interrupted: someone stopped us.
    """
    flying = in_flight(journal, ws.identity(ws.shop), ws.clock.now())
    for row in (row for row in journal.runs(ws.identity(ws.shop)) if row.id in flying):
        ws.progress.say(f"run {row.id} isn't finished; looking what became of it first")
        ended = go(ws, journal, shop, row, context, errand=Errand.SETTLE)
        if ended.error is not None:
            raise ended.error
        if ended.exit_code in (Exit.SIGINT, Exit.SIGTERM):
            raise Interrupted("stopped before anything was sent", signal_exit=ended.exit_code)


def kit_of(ws: Workspace, journal: Journal, shop: Connected, row: RunRow, context: Context) -> Kit:
    """The manual kit of a run, knowing what the journal knows."""
    tree = cache(partial(_with_paths, shop, context))
    return Kit(
        run_folder(ws, row.id), run=row.id, shop=row.shop, dialect=ws.shop.dialect,
        operators=ws.shop.operators, standing=lambda: standing(journal, row.id), clock=ws.clock,
        resolve=lambda name, value: sendable(name, value, ws.shop.dialect, tree),
        choices=lambda name, value: choices(name, value, ws.shop.dialect, tree),
        echoes=lambda skus: echoes(journal, row.identity, skus),
        units=lambda skus: units_of(ws, header_of(journal, row.id), skus),
    )  # fmt: skip


def _with_paths(shop: Connected, context: Context) -> Context:
    """The context with the paths of categories: asked for when a run changes one, as good as can be."""
    try:
        return informed(context, Lookups(categories=shop.client.category_tree()))
    except ShopError:
        return context


@contextmanager
def told(ws: Workspace, journal: Journal, run: str, command: str) -> Iterator[None]:
    """Whatever ends a run that has begun, its `result.json` says how far it came."""
    try:
        yield
    except PipelineError as error:
        with suppress(PipelineError):  # the disk may be what's wrong
            content = failed_document(journal, run, error)
            write_result(run_folder(ws, run), command, content)
        raise


def accept_source(ws: Workspace, journal: Journal, plan: Plan, run: str, ended: Ended) -> None:
    """Remember the size of a file that went through: the next one is measured against it.

    One whose canary failed, or that was only looked after, went nowhere yet.
    """
    if ended.exit_code in (Exit.DONE, Exit.INCOMPLETE) and not ended.counts.pending:
        remember_source(ws, journal, plan, run)


def remember_source(ws: Workspace, journal: Journal, plan: Plan, run: str) -> None:
    """Its size is what the next file of this source is measured against; run: "" where there was none."""
    if plan.kind != "import" or plan.partial:
        return
    data: dict[str, Any] = {
        "identity": plan.identity, "source": plan.source, "rows": plan.source_rows,
        "columns": list(plan.source_columns),
    }  # fmt: skip
    journal.append(run, Kind.SOURCE, at=ws.clock.now(), data=data)
