"""`restore --at TIME`: the plan that takes the fields we own back to how they stood, over several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.rollback.undo import Undo
from pipeline.usecases.connection import connected, journal_of, observer
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms
from pipeline.usecases.rollback import settle, wanted_of
from pipeline.usecases.selection import Selection, conditions
from pipeline.usecases.snapshot import moment
from pipeline.usecases.wayback import way_back
from pipeline.usecases.workspace import Workspace


def restore(
    ws: Workspace,
    at: str,
    *,
    skus: Sequence[str] = (),
    fields: Sequence[str] = (),
    stock: bool = False,
    remove: bool = False,
    out: Path | None = None,
    reports: Sequence[Path] = (),
    where: str | Sequence[str] | None = None,
) -> Outcome:
    """Plan the way back to a time; nothing is sent.

    Raises:
        UsageError: the time can't be read; no such field.
        OutcomeUnknown: a run since then is still unknown in part.
    """
    check_forms(reports)
    when = moment(ws, at)
    wanted = wanted_of(ws, skus, fields, stock=stock, remove=remove)
    selection = Selection(since=when, where=conditions(where, ws.shop))
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        identity = ws.identity(ws.shop)
        rows = [row for row in journal.runs(identity) if journal.state(row.id).last >= when]
        for row in rows:
            settle(ws, journal, shop, row, selection)
        undo = Undo(kind="restore", undoes=tuple(row.id for row in rows), name=f"restore to {at}")
        return way_back(ws, journal, shop, rows, undo, wanted, selection, out=out, reports=reports)
