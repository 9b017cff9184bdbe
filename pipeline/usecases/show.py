"""`show ID`: one run with its batches and everything in it that didn't end well; or a plan, or a snapshot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import BatchState
from pipeline.usecases.alive import abandoned, living
from pipeline.usecases.connection import journal_of
from pipeline.usecases.job_record import Attempt, attempts
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.pushing import run_folder
from pipeline.usecases.results import document, endings, lines, told_endings
from pipeline.usecases.workspace import Workspace

#: Records that the terminal shows; the document has them all.
SHOWN = 40


def show(ws: Workspace, id_: str, *, skus: Collection[str] = (), outcomes: Collection[str] = ()) -> Outcome:
    """One run as the journal has it now, also while it runs; else a plan or a snapshot.

    Args:
        id_: the run's id or the beginning of it, its plan's id, or the id of one of its feeds; the id
            (or file) of a plan that wasn't pushed; the id of a snapshot.
        skus, outcomes: which of the records that didn't end well to show; empty = all.

    Raises:
        UsageError: nothing has that id.
    """
    with journal_of(ws) as journal:
        row = _run(journal, id_)
        if row is not None:
            return _shown(ws, journal, row, skus, outcomes)
        if (tried := next(attempts(journal, run=id_), None)) is not None:
            return _attempt(tried)
    return _plan(ws, id_) or _snapshot(ws, id_)


def _shown(
    ws: Workspace, journal: Journal, row: RunRow, skus: Collection[str], outcomes: Collection[str]
) -> Outcome:
    told, held = living(ws, journal, row)
    rest = [
        ending
        for ending in endings(journal, row.id)
        if ending["sku"] in (skus or (ending["sku"],))
        and ending["outcome"] in (outcomes or (ending["outcome"],))
    ]
    exit_code = told.state.exit_code
    content: dict[str, Any] = {
        **document(told, exit_code or 0),
        "exit_code": exit_code,
        "shop": row.shop, "kind": row.kind, "plan": row.plan, "source": row.source,
        "held": held, "started": _moment(row.started),
        "ended": _moment(told.state.ended) if told.state.ended else None,
        "batches": [_batch(batch) for _, batch in sorted(told.state.batches.items())],
        "records": rest,
    }  # fmt: skip
    head = f"{row.kind} of {row.source or row.plan} into {row.shop}, started {_moment(row.started)}"
    shown = (*lines(told, run_folder(ws, row.id), exit_code), *_open(told.state.open))
    advice = (f"  {line}",) if (line := abandoned(told, held)) else ()
    return Outcome(document=content, lines=(head, *shown, *advice, *told_endings(rest, SHOWN, "with --json")))


def _open(batches: Collection[BatchState]) -> tuple[str, ...]:
    """Batches that aren't done, a line each: what they wait for, and in which feed they ride."""
    told = [
        f"  batch {batch.no}: {batch.phase.value}" + (f", feed {batch.feed}" if batch.feed else "")
        + (f", {batch.status}" if batch.status not in ("", "accepted") else "")
        for batch in batches
    ]  # fmt: skip
    rest = (f"  … and {len(told) - SHOWN} more batches: with --json",) if len(told) > SHOWN else ()
    return (*told[:SHOWN], *rest)


def _run(journal: Journal, id_: str) -> RunRow | None:
    rows = journal.runs()
    of_plan = next((row for row in rows if row.plan == id_), None)
    found = journal.run(id_) if id_ else None
    if (found is not None and found.id == id_) or of_plan is None:
        return found or _of_feed(journal, rows, id_)
    return of_plan


def _of_feed(journal: Journal, rows: Collection[RunRow], id_: str) -> RunRow | None:
    for identity in dict.fromkeys(row.identity for row in rows):
        if id_ in (feeds := journal.feeds(identity)):
            return journal.run(feeds[id_][0])
    return None


def _plan(ws: Workspace, id_: str) -> Outcome | None:
    """A plan that no run has used."""
    from pipeline.diff.planfile import open_plan
    from pipeline.usecases.push import found_plan

    path = found_plan(ws, Path(id_))
    if not path.is_file():
        return None
    plan = open_plan(path)
    counts = {name: number for name, number in asdict(plan.counts).items() if number}
    content: dict[str, Any] = {
        "plan": plan.id, "path": str(path), "state": "not pushed", "kind": plan.kind, "shop": plan.shop,
        "source": plan.source, "created": _moment(plan.created), "counts": asdict(plan.counts),
        "guards": [asdict(guard) for guard in plan.guards], "feeds": len(plan.batches),
        "records": plan.records, "digest": plan.digest,
    }  # fmt: skip
    products = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
    told = (
        f"plan {plan.id}: {plan.kind} of {plan.source} into {plan.shop}, made {_moment(plan.created)}",
        f"  products: {products or 'none'}",
        f"  to send: {plan.records:,} records in {len(plan.batches)} feeds",
        *(f"  guard {guard.rule} refuses it: {guard.message}" for guard in plan.refused),
        f"  not pushed yet: `sellercenter push {path}`",
    )
    return Outcome(document=content, lines=told)


def _snapshot(ws: Workspace, id_: str) -> Outcome:
    """A snapshot of the state folder, of whichever shop.

    Raises:
        UsageError: there is none.
    """
    from pipeline.snapshot import shelf
    from pipeline.usecases.snapshot import document as said

    try:
        found = shelf.load(ws.state / "snapshots", id_)
    except UsageError:
        raise UsageError(
            f"no run, plan, snapshot or feed {id_!r} in this state folder",
            hint="`sellercenter runs` lists the runs",
        ) from None
    worth = "complete" if found.complete else f"not proven complete: {found.doubt}"
    told = (
        f"snapshot {found.id} of {found.shop}, taken {_moment(found.taken)}",
        f"  {found.rows:,} products, {worth}",
        f"  file: {found.path}",
    )
    return Outcome(document=said(found), lines=told)


def _attempt(tried: Attempt) -> Outcome:
    """A job's attempt that sent nothing."""
    head = f"job {tried.job} at {tried.shop}, {_moment(tried.started)}: {tried.word}, exit {tried.exit_code}"
    said = (tried.message, tried.hint, f"report: {tried.report}" if tried.report else "")
    return Outcome(document=asdict(tried), lines=(head, *(f"  {line}" for line in said if line)))


def _batch(batch: BatchState) -> dict[str, Any]:
    return {
        "batch": batch.no, "phase": batch.phase.value, "attempts": batch.attempt, "records": batch.sent,
        "feed": batch.feed, "status": batch.status,
    }  # fmt: skip


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
