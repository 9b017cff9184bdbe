"""`show ID`: one run, with its batches and everything in it that didn't end well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.journal.states import BatchState
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.pushing import run_folder
from pipeline.usecases.results import document, endings, facts, lines
from pipeline.usecases.resume import run_of
from pipeline.usecases.workspace import Workspace

#: Records that the terminal shows; the document has them all.
SHOWN = 40


def show(ws: Workspace, id_: str) -> Outcome:
    """One run as the journal has it now; also while it runs.

    Raises:
        UsageError: no such run.
    """
    with journal_of(ws) as journal:
        row = run_of(journal, id_)
        told, rest = facts(journal, row.id), list(endings(journal, row.id))
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


def _batch(batch: BatchState) -> dict[str, Any]:
    return {
        "batch": batch.no, "phase": batch.phase.value, "attempts": batch.attempt, "records": batch.sent,
        "feed": batch.feed, "status": batch.status,
    }  # fmt: skip


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
