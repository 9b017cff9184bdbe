"""`rollback RUN`: the plan that takes a run back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.diff.plan import Record
from pipeline.errors import OutcomeUnknown
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.memory import JournalMemory
from pipeline.journal.states import Outcome as Word
from pipeline.journal.states import Phase
from pipeline.rollback.conflicts import Sorter
from pipeline.rollback.invert import Reversal, Wanted, invert, status_fields
from pipeline.rollback.undo import Undo, undo_plan
from pipeline.usecases.connection import Connected, connected, context_of, journal_of, observer
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import planned
from pipeline.usecases.pushing import lock
from pipeline.usecases.resume import own_shop, run_of, take_up
from pipeline.usecases.selection import Selection, condition
from pipeline.usecases.snapshot import moment
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
    where: str | None = None,
) -> Outcome:
    """Plan the way back of one run; nothing is sent.

    Raises:
        UsageError: no such run, or one of another shop.
        OutcomeUnknown: part of it can't be decided yet.
    """
    wanted = Wanted(skus=frozenset(skus), fields=frozenset(fields), stock=stock, remove=remove)
    after = moment(ws, since) if since else 0.0
    selection = Selection(since=after, feeds=frozenset(feeds), where=condition(where))
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        row = run_of(journal, run)
        own_shop(ws, row)
        settle(ws, journal, shop, row)
        undo = Undo(kind="rollback", undoes=(row.id,), name=f"rollback of run {row.id}")
        return way_back(ws, journal, shop, [row], undo, wanted, selection, out=out, reports=reports)


def settle(ws: Workspace, journal: Journal, shop: Connected, row: RunRow) -> None:
    """A run that is unknown in part is reconciled first.

    Raises:
        OutcomeUnknown: it still is.
    """
    if not _flying(journal, row):
        return
    ws.progress.say(f"run {row.id} isn't finished; looking what became of it first")
    with lock(ws):
        take_up(ws, journal, shop, row)
    if _flying(journal, row):
        raise OutcomeUnknown(
            f"run {row.id} is still unknown in part: it can't be taken back yet",
            hint=f"`sellercenter resume {row.id}` later, then roll back",
        )


def _flying(journal: Journal, row: RunRow) -> bool:
    """Something of it left us and has no outcome yet."""
    return any(batch.phase is not Phase.PLANNED for batch in journal.state(row.id).open)


def way_back(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    rows: Sequence[RunRow],
    undo: Undo,
    wanted: Wanted,
    selection: Selection,
    *,
    out: Path | None,
    reports: Sequence[Path],
) -> Outcome:
    """The plan that takes several runs back, newest last, with its report."""
    ctx = context_of(ws.shop, tree_of(shop.client))
    reversals = reversals_of(ws, journal, rows, wanted, selection)
    products = shop.market.products(list(reversals), deleted=True)
    status = status_fields(ws.shop.dialect, ws.shop.operators)
    memory = JournalMemory(journal.store, ws.identity(ws.shop), status)
    sorter = Sorter(dialect=ws.shop.dialect, context=ctx, written=memory.written(reversals))
    found = sorter.sort(reversals, products)
    folder = ws.open_state() / "plans"
    with tempfile.TemporaryDirectory(dir=ws.state) as scratch:
        plan = undo_plan(
            undo, found, products, memory,
            shop=ws.shop, shop_name=ws.shop_name, identity=ws.identity(ws.shop), ctx=ctx,
            settings_digest=ws.settings_digest(ws.shop), now=ws.clock.now(), plan_id=ws.new_id(),
            folder=folder, scratch=Path(scratch),
            forecast=lambda requests, feeds: shop.ledger.forecast(feeds, requests),
        )  # fmt: skip
    return planned(ws, plan, folder, out=out, reports=reports, products=products)


def reversals_of(
    ws: Workspace, journal: Journal, rows: Iterable[RunRow], wanted: Wanted, selection: Selection
) -> dict[str, Reversal]:
    """What takes these runs back, over all of them: the oldest before-value of each field wins."""
    befores: dict[tuple[int, str], str | None] = {}
    records: list[Record] = []
    for number, row in enumerate(rows):
        fresh = journal.refreshed(row.id)
        befores |= {(number * SPREAD + no, name): value for (no, name), value in fresh.items()}
        applied = _applied(journal, row, selection)
        records += [replace(record, no=number * SPREAD + record.no) for record in applied]
    return invert(records, befores, ws.shop.dialect, ws.shop.operators, wanted)


#: Records of several runs get numbers apart from each other.
SPREAD = 1_000_000_000


def _applied(journal: Journal, row: RunRow, selection: Selection) -> Iterator[Record]:
    """Records that the shop took: verified, or with some of their values seen there."""
    outcomes = journal.outcomes(row.id)
    batches = journal.state(row.id).batches
    taken = (Word.VERIFIED, Word.NOT_APPLIED)
    for record in journal.records(row.id):
        outcome = outcomes.get(record.no, {}).get("outcome")
        if outcome in taken and selection.takes(record, batches[record.batch]):
            yield record
