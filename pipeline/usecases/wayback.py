"""The middle of rollback and restore: journal and shop → the plan that takes runs back."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pipeline.diff.plan import Record
from pipeline.journal.echoes import echoes
from pipeline.journal.journal import CHUNK, Journal, RunRow
from pipeline.journal.memory import JournalMemory
from pipeline.journal.states import Outcome as Word
from pipeline.journal.states import Phase
from pipeline.market.lookups import Lookups
from pipeline.rollback.conflicts import Product, Sorter
from pipeline.rollback.invert import Applied, Reversal, Wanted, fold, status_fields
from pipeline.rollback.undo import Undo, undo_plan
from pipeline.snapshot import shelf
from pipeline.usecases.connection import Connected, context_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import planned
from pipeline.usecases.selection import Selection
from pipeline.usecases.snapshot import fresh
from pipeline.usecases.workspace import Workspace
from pipeline.validate.rules import informed
from pipeline.values.context import Context
from pipeline.values.counted import plural
from schemas.fields import KEY

#: Outcomes after which the shop holds what we sent, or may.
TAKEN = (Word.VERIFIED, Word.NOT_APPLIED)


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
    ctx = whole_context(ws, shop)
    reversals = reversals_of(ws, journal, rows, wanted, selection)
    products = look(ws, shop, reversals)
    reversals = {sku: back for sku, back in reversals.items() if selection.fits(back, products.get(sku), ctx)}
    identity = ws.identity(ws.shop)
    status = status_fields(ws.shop.dialect, ws.shop.operators)
    memory = JournalMemory(journal.store, identity, status, undoing=True)
    undone = {row.id for row in rows}
    sorter = Sorter(
        dialect=ws.shop.dialect, context=ctx, remove=wanted.remove,
        shown=frozenset(name for product in products.values() for name in product),
        echoes=echoes(journal, identity, reversals),
        writers={
            key: (one.run, one.sent if one.stored is None else one.stored)
            for key, one in memory.written(reversals).items()
            if one.run not in undone
        },
    )  # fmt: skip
    found = sorter.sort(reversals, products)
    told = replace(undo, notices=tuple(_notices(journal, rows, wanted)))
    folder = ws.open_state() / "plans"
    with tempfile.TemporaryDirectory(dir=ws.state) as scratch:
        plan = undo_plan(
            told, found, {sku: products[sku] for sku in reversals if sku in products}, memory,
            shop=ws.shop, shop_name=ws.shop_name, identity=identity, ctx=ctx,
            settings_digest=ws.settings_digest(ws.shop), now=ws.clock.now(), plan_id=ws.new_id(),
            folder=folder, scratch=Path(scratch),
            forecast=lambda requests, feeds: shop.ledger.forecast(feeds, requests),
        )  # fmt: skip
    return planned(ws, plan, folder, out=out, reports=reports, products=products)


def whole_context(ws: Workspace, shop: Connected) -> Context:
    """What values mean, category paths included: names that several categories have need them."""
    return informed(context_of(ws.shop), Lookups(categories=shop.client.category_tree()))


def reversals_of(
    ws: Workspace, journal: Journal, rows: Iterable[RunRow], wanted: Wanted, selection: Selection
) -> dict[str, Reversal]:
    """What takes these runs back, over all of them: the oldest before-value of each field wins."""
    applied = (one for row in rows for one in _applied(journal, row, wanted, selection))
    return fold(applied, ws.shop.dialect, ws.shop.operators, wanted)


def _applied(journal: Journal, row: RunRow, wanted: Wanted, selection: Selection) -> Iterator[Applied]:
    """Records that the shop took: verified, or with some of their values seen there, or to come."""
    outcomes, stored, fresh_ = journal.outcomes(row.id), _stored(journal, row.id), journal.refreshed(row.id)
    batches = journal.state(row.id).batches
    for record in journal.records(row.id):
        word = outcomes.get(record.no, {}).get("outcome")
        if word in TAKEN and wanted.takes(record.sku) and selection.takes(batches[record.batch]):
            yield Applied(
                record=_refreshed(record, fresh_), stored=stored.get(record.no, {}),
                sure=word == Word.VERIFIED,
            )  # fmt: skip


def _stored(journal: Journal, run: str) -> Mapping[int, Mapping[str, str | None]]:
    found: dict[int, dict[str, str | None]] = {}
    for (no, name), value in journal.stored(run).items():
        found.setdefault(no, {})[name] = value
    return found


def _refreshed(record: Record, befores: Mapping[tuple[int, str], str | None]) -> Record:
    changes = (replace(c, before=befores.get((record.no, c.field), c.before)) for c in record.changes)
    return replace(record, changes=tuple(changes)) if befores else record


def look(ws: Workspace, shop: Connected, skus: Collection[str]) -> dict[str, Product]:
    """What the shop holds of these products now, deleted ones too, in as few calls as may be."""
    limits = ws.shop.limits
    known = shelf.latest(ws.snapshots, ws.identity(ws.shop)) if ws.snapshots.is_dir() else None
    by_sku = len(skus) / limits.sku_list_max
    if known is None or by_sku <= (known.rows / limits.page_size + 1) * limits.snapshot_scans:
        return dict(shop.market.products(list(skus), deleted=True))
    found: dict[str, Product] = {}
    for batch in fresh(ws, shop).batches():
        for row in batch.to_pylist():
            if row[KEY] in skus:
                found[row[KEY]] = {name: value for name, value in row.items() if value is not None}
    missing = [sku for sku in skus if sku not in found]
    return {**found, **shop.market.products(missing, deleted=True)} if missing else found


def _notices(journal: Journal, rows: Sequence[RunRow], wanted: Wanted) -> Iterator[str]:
    for row in rows:
        sizes = journal.sizes(row.id)
        unsent = sum(sizes[b.no] for b in journal.state(row.id).open if b.phase is Phase.PLANNED)
        if unsent:
            yield (
                f"{plural(unsent, 'record')} of run {row.id} never left: nothing of that is to be taken back;"
                f" `sellercenter resume {row.id}` would still send it."
            )
    if not wanted.stock and any(_has_stock(journal, row) for row in rows):
        yield "Stock isn't taken back, since it has been sold from; --stock does it all the same."


def _has_stock(journal: Journal, row: RunRow) -> bool:
    some = islice(journal.records(row.id), CHUNK)
    tags = ("Quantity", "Stock")
    return any(change.field.rpartition(".")[2] in tags for record in some for change in record.changes)
