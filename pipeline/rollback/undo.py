"""The plan that takes runs back: an ordinary plan, made of before-values and a fresh look at the shop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.diff.build import Assembly, plan_path
from pipeline.diff.compare import Draft
from pipeline.diff.memory import Memory
from pipeline.diff.plan import Forecast, Held, Inputs, Plan
from pipeline.diff.rules import rules_of
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part
from pipeline.rollback.conflicts import Product, Sorted
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context, Format
from pipeline.values.kinds import parse
from schemas.fields import KEY, Dialect, Kind, UnknownField, field_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What a rollback or restore is about.

    Attributes:
        undoes: runs that it takes back, oldest first.
        name: source of the plan, for people ("rollback of run …").
    """

    kind: Literal["rollback", "restore"]
    undoes: tuple[str, ...]
    name: str


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

    Args:
        products: what the shop holds now, of the products in question.
        scratch: an existing folder for tables that are needed only meanwhile.
    """
    rows, unclear = _as_sent(found.rows, shop.dialect, ctx)
    accepted = _accepted(undo.name, rows, scratch)
    snapshot = _snapshot(plan_id, products, shop_name, identity, now, scratch)
    lenient = _any_change(shop)
    draft = Draft(accepted, snapshot, memory, rules_of(lenient, ctx, partial=True), scratch)
    held = (*found.conflicts, *unclear)
    with Assembly(scratch, lenient) as assembly:
        assembly.take((), held)
        for decided in draft:
            assembly.take(decided.records, decided.held)
        blocked = len({one.sku for one in held} - set(rows))
        header = Plan(
            id=plan_id, kind=undo.kind, shop=shop_name, identity=identity, dialect=shop.dialect.value,
            operators=shop.operators, created=now, source=undo.name, source_rows=len(rows),
            source_columns=(), partial=True, snapshot=snapshot.id, snapshot_taken=now,
            inputs=Inputs(source=snapshot.digest, snapshot=snapshot.digest, settings=settings_digest),
            counts=replace(draft.counts, blocked=draft.counts.blocked + blocked),
            fields_changed=dict(sorted(draft.fields_changed.items())), guards=(), batches=(),
            forecast=Forecast(requests=0, feeds=0, seconds=0.0), records=0, undoes=undo.undoes,
            basis=replace(draft.basis(""), rows=None), notices=draft.notices,
        )  # fmt: skip
        return assembly.seal(plan_path(folder, plan_id), header, seconds=forecast)


def _any_change(shop: Shop) -> Shop:
    """The way back may create, and isn't held up by the policies of the way forward."""
    catalog = shop.catalog.model_copy(
        update={"mode": "upsert", "absent": "ignore", "drift": "file-wins", "drift_by_field": {}}
    )
    return shop.model_copy(update={"catalog": catalog})


def _as_sent(
    rows: Mapping[str, Mapping[str, str]], dialect: Dialect, ctx: Context
) -> tuple[dict[str, dict[str, str]], list[Held]]:
    """Old values as the API takes them: the shop shows categories by name and wants them by id."""
    ready: dict[str, dict[str, str]] = {}
    unclear: list[Held] = []
    for sku, values in rows.items():
        for name, value in values.items():
            sent = _sendable(name, value, dialect, ctx)
            if sent is not None:
                ready.setdefault(sku, {})[name] = sent
                continue
            message = f"the shop knows no single category {value!r}; choose it on the product's page"
            unclear.append(Held(sku=sku, reason="manual", field=name, before=value, message=message))
    return ready, unclear


def _sendable(name: str, value: str, dialect: Dialect, ctx: Context) -> str | None:
    try:
        known = field_named(name, dialect)
    except UnknownField:
        return value
    if not value or known.kind not in (Kind.CATEGORY, Kind.CATEGORIES):
        return value
    return parse(known, value, Format(), ctx)[0]


def _accepted(name: str, rows: Mapping[str, Mapping[str, str]], scratch: Path) -> Accepted:
    """The old values as if a file had held them and passed."""
    fields = list(dict.fromkeys(field for values in rows.values() for field in values))
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
