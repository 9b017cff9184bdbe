"""The plan that takes runs back: an ordinary plan, made of before-values and a fresh look at the shop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.diff.build import Assembly
from pipeline.diff.compare import Draft
from pipeline.diff.memory import Memory
from pipeline.diff.paid import market_of
from pipeline.diff.places import place_of
from pipeline.diff.plan import Change, Effect, Forecast, Held, Inputs, Plan, Record
from pipeline.diff.planfile import dated, plan_path
from pipeline.diff.rules import Rules, rules_of
from pipeline.diff.settle import Decided, Side, settled
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part
from pipeline.rollback.conflicts import Product, Sorted
from pipeline.rollback.invert import in_order
from pipeline.rollback.sendable import choices, sendable
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context
from pipeline.values.counted import plural
from schemas.fields import KEY, Dialect, field_named

#: What no call of the API brings back to a product that is created again.
LOST = "ratings, reviews, sales rank, the shop's own id and address of it, and its stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What a rollback or restore is about.

    Attributes:
        undoes: runs that it takes back, oldest first.
        name: source of the plan, for people ("rollback of run …").
        notices: what a reader should know beside the changes, as sentences.
    """

    kind: Literal["rollback", "restore"]
    undoes: tuple[str, ...]
    name: str
    notices: tuple[str, ...] = ()


def undo_plan(
    undo: Undo,
    found: Sorted,
    products: Mapping[str, Product],
    memory: Memory,
    *,
    shop: Shop,
    shop_name: str,
    identity: str,
    ctx: Context,
    settings_digest: str,
    now: float,
    plan_id: str,
    folder: Path,
    scratch: Path,
    forecast: Callable[[int, int], float],
) -> Plan:
    """Seal the plan that puts old values back, in `folder`/<plan_id>.plan.jsonl.

    Every change of it goes back to a value that the journal holds as a before-value, so no guard
    judges it: an incident must be undoable.

    Args:
        products: what the shop holds now, of the products in question.
        scratch: an existing folder for tables that are needed only meanwhile.
    """
    rows, unclear = _as_sent(found.rows, shop.dialect, ctx)
    accepted = _accepted(undo.name, rows, scratch, shop.dialect)
    snapshot = _snapshot(plan_id, products, shop_name, identity, now, scratch)
    lenient = _any_change(shop)
    rules = rules_of(lenient, ctx, partial=True, undoing=True)
    draft = Draft(accepted, snapshot, memory, rules, scratch)
    held = (*found.conflicts, *found.manual, *unclear, *_lossy(found.anew))
    since = dated(draft.basis(""), ctx, now)
    with Assembly(scratch, lenient, market_of(since)) as assembly:
        assembly.take((), held)
        for decided in (*draft, *_removals(found.removals, products, rules)):
            assembly.take(map(_acquitted, decided.records), decided.held)
        blocked = len({one.sku for one in held} - set(rows) - set(found.removals))
        counts = replace(draft.counts, blocked=draft.counts.blocked + blocked, remove=len(found.removals))
        header = Plan(
            id=plan_id, kind=undo.kind, shop=shop_name, identity=identity, dialect=shop.dialect.value,
            operators=shop.operators, created=now, source=undo.name, source_rows=len(rows),
            source_columns=(), partial=True, snapshot=snapshot.id, snapshot_taken=now,
            inputs=Inputs(source=snapshot.digest, snapshot=snapshot.digest, settings=settings_digest),
            counts=counts,
            fields_changed=dict(sorted(draft.fields_changed.items())), guards=(), batches=(),
            forecast=Forecast(requests=0, feeds=0, seconds=0.0), records=0, undoes=undo.undoes,
            basis=replace(since, rows=None), notices=(*draft.notices, *undo.notices, *_told(found)),
        )  # fmt: skip
        return assembly.seal(plan_path(folder, plan_id), header, seconds=forecast)


def _any_change(shop: Shop) -> Shop:
    """The way back may create, and isn't held up by the policies of the way forward."""
    catalog = shop.catalog.model_copy(
        update={"mode": "upsert", "absent": "ignore", "drift": "file-wins", "drift_by_field": {}}
    )
    return shop.model_copy(update={"catalog": catalog})


def _acquitted(record: Record) -> Record:
    return replace(record, acquitted=tuple(change.field for change in record.changes))


def _removals(skus: Iterable[str], products: Mapping[str, Product], rules: Rules) -> Iterator[Decided]:
    """Created products, taken out altogether; what they hold now is what their way back needs."""
    for sku in skus:
        lost = [
            Change(field=name, before=text, after="")
            for name, text in products[sku].items()
            if text and name != KEY and rules.field(name)
        ]
        yield settled(Side(sku=sku, ours={}), rules, Effect.REMOVE, lost, [])


def _lossy(skus: Iterable[str]) -> Iterator[Held]:
    """A product that is created again isn't the one that was removed."""
    for sku in skus:
        message = f"created again, since the shop has lost it; {LOST} don't come back"
        yield Held(sku=sku, reason="lossy", message=message)


def _told(found: Sorted) -> Iterator[str]:
    if found.anew:
        listed = ", ".join(found.anew[:20]) + (" …" if len(found.anew) > 20 else "")
        created = plural(len(found.anew), "removed product is", "removed products are")
        yield f"{created} created again, and {LOST} don't come back: {listed}."
    if found.conflicts:
        skus = len({one.sku for one in found.conflicts})
        left = plural(skus, "product is", "products are")
        yield f"{left} left alone: someone made changes after the run did."


def _as_sent(
    rows: Mapping[str, Mapping[str, str]], dialect: Dialect, ctx: Context
) -> tuple[dict[str, dict[str, str]], list[Held]]:
    """Old values as the API takes them, and those that only a person can choose."""
    ready: dict[str, dict[str, str]] = {}
    unclear: list[Held] = []
    for sku, values in rows.items():
        for name, value in values.items():
            sent = sendable(name, value, dialect, lambda: ctx)
            if sent is not None:
                ready.setdefault(sku, {})[name] = sent
                continue
            told = choices(name, value, dialect, lambda: ctx)
            message = f"{told}; choose it on the product's page"
            place = place_of(field_named(name, dialect), sku)
            unclear.append(
                Held(sku=sku, reason="manual", field=name, after=value, message=message, place=place)
            )
    return ready, unclear


def _accepted(name: str, rows: Mapping[str, Mapping[str, str]], scratch: Path, dialect: Dialect) -> Accepted:
    """The old values as if a file had held them and passed."""
    fields = in_order((field for values in rows.values() for field in values), dialect)
    numbers = range(len(rows))
    columns = {
        ROW: pa.array(numbers, pa.int64()),
        PART: pa.array([0] * len(rows), pa.int32()),
        LINE: pa.array([number + 2 for number in numbers], pa.int64()),
        KEY: pa.array(list(rows), pa.string()),
        **{field: pa.array([v.get(field) for v in rows.values()], pa.string()) for field in fields},
    }
    path = scratch / "undo.arrow"
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    part = Part(file=name, sheet="", columns={}, header_row=1, rows=len(rows))
    catalog = Catalog(path=path, headers=(KEY, *fields), parts=(part,), rows=len(rows), digest="")
    mapped = Mapped(
        path=path, fields=(KEY, *fields), internal=(), sources={}, formats={}, rows=len(rows), skipped={},
        catalog=catalog,
    )  # fmt: skip
    return Accepted(
        path=path, fields=(KEY, *fields), internal=(), rows=len(rows), total=len(rows), rejected=0,
        rejected_skus=frozenset(), findings=(), mapped=mapped,
    )  # fmt: skip


def _snapshot(
    plan_id: str, products: Mapping[str, Product], shop: str, identity: str, now: float, scratch: Path
) -> Snapshot:
    """The products just read, as a snapshot of themselves: asked for by SKU, so nothing is missing."""
    path = scratch / "undo.parquet"
    names = list(dict.fromkeys((KEY, *(name for product in products.values() for name in product))))
    listed = [{**product, KEY: sku} for sku, product in products.items()]
    columns = {name: pa.array([product.get(name) for product in listed], pa.string()) for name in names}
    pq.write_table(pa.table(columns), path)
    return Snapshot(
        id=f"{plan_id}-products", path=path, shop=shop, identity=identity, taken=now, rows=len(listed),
        pages=0, scans=1, agreeing=1, complete=True, doubt="", digest=_digest(listed),
    )  # fmt: skip


def _digest(listed: Iterable[Mapping[str, str]]) -> str:
    text = json.dumps(sorted(json.dumps(one, sort_keys=True) for one in listed))
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
