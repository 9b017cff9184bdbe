"""`runs`: the runs of this state folder; `--check` verifies the record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.errors import Exit
from pipeline.journal.check import check as check_record
from pipeline.journal.journal import Journal, RunRow
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.results import RunFacts, facts
from pipeline.usecases.workspace import Workspace


def runs(ws: Workspace, *, check: bool = False) -> Outcome:
    """List runs, oldest first; or say whether the record is whole (exit 1 if it isn't)."""
    with journal_of(ws, trusted=not check) as journal:
        return _checked(journal) if check else _listed(journal)


def _listed(journal: Journal) -> Outcome:
    found = [(run, facts(journal, run.id)) for run in journal.runs()]
    rows = [
        {
            "run": run.id, "shop": run.shop, "kind": run.kind, "started": _moment(run.started),
            "state": told.state.word, "counts": asdict(told.counts), "source": run.source,
        }
        for run, told in found
    ]  # fmt: skip
    shown = tuple(_line(run, told) for run, told in found)
    return Outcome(document={"runs": rows}, lines=shown or ("no run yet",))


def _line(run: RunRow, told: RunFacts) -> str:
    counts = asdict(told.counts).items()
    shown = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts if number)
    return f"{run.id}  {run.shop}  {told.state.word:<12} {shown or 'nothing to do'}"


def _checked(journal: Journal) -> Outcome:
    found = check_record(journal)
    document = {"events": found.events, "whole": found.whole, "problems": list(found.problems)}
    if found.whole:
        return Outcome(document=document, lines=(f"the record is whole: {found.events} events",))
    told = ("the record is damaged; nothing should be pushed from this folder:", *found.problems)
    return Outcome(document=document, exit_code=Exit.UNEXPECTED, lines=told)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
