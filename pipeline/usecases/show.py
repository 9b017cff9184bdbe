"""`show ID`: one run, with its batches and everything in it that didn't end well."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import BatchState
from pipeline.usecases.connection import journal_of
from pipeline.usecases.job_record import Attempt, attempts
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.pushing import run_folder
from pipeline.usecases.results import document, endings, facts, lines
from pipeline.usecases.resume import run_of
from pipeline.usecases.workspace import Workspace

#: Records that the terminal shows; the document has them all.
SHOWN = 40


def show(ws: Workspace, id_: str, *, skus: Collection[str] = (), outcomes: Collection[str] = ()) -> Outcome:
    """One run as the journal has it now; also while it runs.

    Args:
        id_: the run's id or the beginning of it, its plan's id, or the id of one of its feeds.
        skus, outcomes: which of the records that didn't end well to show; empty = all.

    Raises:
        UsageError: no such run.
    """
    with journal_of(ws) as journal:
        if journal.run(id_) is None and (tried := next(attempts(journal, run=id_), None)) is not None:
            return _attempt(tried)
        row = _found(journal, id_)
        told = facts(journal, row.id)
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
        "started": _moment(row.started), "ended": _moment(told.state.ended) if told.state.ended else None,
        "batches": [_batch(batch) for _, batch in sorted(told.state.batches.items())],
        "records": rest,
    }  # fmt: skip
    shown = [f"  {r['outcome']} {r['sku']} ({r['action']}): {r['message']}" for r in rest[:SHOWN]]
    more = [f"  … and {len(rest) - SHOWN} more, with --json"] if len(rest) > SHOWN else []
    head = (f"{row.kind} of {row.source or row.plan} into {row.shop}, started {_moment(row.started)}",)
    return Outcome(
        document=content, lines=(*head, *lines(told, run_folder(ws, row.id), exit_code), *shown, *more)
    )


def _found(journal: Journal, id_: str) -> RunRow:
    rows = journal.runs()
    of_plan = next((row for row in rows if row.plan == id_), None)
    if of_plan is not None:
        return of_plan
    for identity in dict.fromkeys(row.identity for row in rows):
        if id_ in (feeds := journal.feeds(identity)):
            return run_of(journal, feeds[id_][0])
    return run_of(journal, id_)


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
