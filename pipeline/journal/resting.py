"""Quarantine: what rests, and letting it go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from pipeline.journal import schema
from pipeline.journal.journal import Journal
from pipeline.journal.projections import REFUSALS
from pipeline.journal.states import Kind

_SHOWN = ("sku", "action", "reason", "times", "since")


def resting(journal: Journal, identity: str) -> list[dict[str, Any]]:
    """What rests, by SKU: action, the shop's reason, how often it was refused and since when."""
    table = schema.RESTING
    query = select(*(table.c[name] for name in _SHOWN)).where(
        table.c.identity == identity, table.c.times >= REFUSALS
    )
    with journal.store.read() as db:
        return [dict(row) for row in db.execute(query.order_by(table.c.sku)).mappings()]


def release(journal: Journal, identity: str, sku: str, at: float) -> bool:
    """Forget the refusals of a product; False where there are none."""
    table = schema.RESTING
    with journal.store.write() as db:
        gone = db.execute(delete(table).where(table.c.identity == identity, table.c.sku == sku)).rowcount
    if gone:
        journal.append("", Kind.UNQUARANTINED, at=at, data={"sku": sku, "identity": identity})
    return bool(gone)
