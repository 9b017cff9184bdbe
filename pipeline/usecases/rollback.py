"""`rollback RUN`: the plan that takes a run back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import OutcomeUnknown
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import BatchState, Phase
from pipeline.rollback.invert import Wanted
from pipeline.rollback.undo import Undo
from pipeline.usecases.connection import Connected, connected, journal_of, observer
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms
from pipeline.usecases.pushing import lock
from pipeline.usecases.resume import own_shop, run_of, take_up
from pipeline.usecases.selection import Selection, conditions, field_names
from pipeline.usecases.snapshot import moment
from pipeline.usecases.wayback import way_back
from pipeline.usecases.workspace import Workspace


def rollback(
    ws: Workspace,
    run: str,
    *,
    skus: Sequence[str] = (),
    fields: Sequence[str] = (),
    stock: bool = False,
    remove: bool = False,
    out: Path | None = None,
    reports: Sequence[Path] = (),
    since: str | None = None,
    feeds: Sequence[str] = (),
    where: str | Sequence[str] | None = None,
) -> Outcome:
    """Plan the way back of one run; nothing is sent.

    Raises:
        UsageError: no such run, or one of another shop; no such field or time.
        OutcomeUnknown: part of it can't be decided yet.
    """
    check_forms(reports)
    wanted = wanted_of(ws, skus, fields, stock=stock, remove=remove)
    selection = Selection(
        since=moment(ws, since) if since else 0.0, feeds=frozenset(feeds), where=conditions(where, ws.shop)
    )
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        row = run_of(journal, run)
        own_shop(ws, row)
        settle(ws, journal, shop, row, selection)
        undo = Undo(kind="rollback", undoes=(row.id,), name=f"rollback of run {row.id}")
        return way_back(ws, journal, shop, [row], undo, wanted, selection, out=out, reports=reports)


def wanted_of(
    ws: Workspace, skus: Sequence[str], fields: Sequence[str], *, stock: bool, remove: bool
) -> Wanted:
    """What the options say.

    Raises:
        UsageError: no such field.
    """
    names = field_names(fields, ws.shop)
    return Wanted(skus=frozenset(skus), fields=names, stock=stock, remove=remove)


def settle(ws: Workspace, journal: Journal, shop: Connected, row: RunRow, selection: Selection) -> None:
    """A run that is unknown in part is reconciled first; what of it never left stays where it is.

    Raises:
        OutcomeUnknown: it still is.
        Locked: it is still running.
    """
    state = journal.state(row.id)
    begun = any(batch.attempt for batch in state.batches.values())
    ended = state.exit_code is not None or not state.open
    if not begun or (ended and not _flying(journal, row, selection)):
        return
    ws.progress.say(f"run {row.id} isn't finished; looking what became of it first")
    with lock(ws):
        take_up(ws, journal, shop, row, sending=False)
    if _flying(journal, row, selection):
        raise OutcomeUnknown(
            f"run {row.id} is still unknown in part: it can't be taken back yet",
            hint=f"`sellercenter resume {row.id}` later, then roll back; or --feed for what is known",
        )


def _flying(journal: Journal, row: RunRow, selection: Selection) -> list[BatchState]:
    """What of it left us and has no outcome yet, as far as it's asked for."""
    left = (batch for batch in journal.state(row.id).open if batch.phase is not Phase.PLANNED)
    return [batch for batch in left if selection.takes(batch)]
