"""Every value of every field of a product over time, as the journal knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from pipeline.journal import schema
from pipeline.journal.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of one field, from a time on.

    Attributes:
        who: "run" (we wrote it) or "shop" (found there, changed by someone else).
        outcome: what came of our record; "" for "shop".
        origin: file, sheet, row, cell and expression of our value, or None.
    """

    at: float
    field: str
    before: str | None
    after: str | None
    who: str
    run: str
    outcome: str = ""
    message: str = ""
    origin: Mapping[str, Any] | None = None


def history(journal: Journal, identity: str, sku: str) -> list[Entry]:
    """What happened to a product, oldest first; changes found in the shop stand where they were found."""
    entries: list[Entry] = []
    held: dict[str, str | None] = {}
    for row in _changes(journal, identity, sku):
        name, before = row["field"], row["before"]
        if name in held and before is not None and held[name] is not None and before != held[name]:
            entries.append(_found(row, held[name], before))
        entries.append(_ours(row))
        if row["outcome"] == "verified":
            held[name] = row["stored"] if row["stored"] is not None else row["after"]
        elif row["stored"] is not None:
            entries.append(_found(row, before, row["stored"]))
            held[name] = row["stored"]
    return entries


def _changes(journal: Journal, identity: str, sku: str) -> Iterator[Mapping[Any, Any]]:
    run, record, change = schema.RUN, schema.RECORD, schema.CHANGE
    outcome, stored = schema.OUTCOME, schema.STORED
    same = (stored.c.run == change.c.run) & (stored.c.no == change.c.no)
    query = (
        select(
            run.c.id.label("run"), run.c.started, change.c.field, change.c.before, change.c.after,
            change.c.origin, outcome.c.outcome, outcome.c.message, stored.c.value.label("stored"),
            schema.EVENT.c.at,
        )
        .join(record, record.c.run == run.c.id)
        .join(change, (change.c.run == record.c.run) & (change.c.no == record.c.no))
        .outerjoin(outcome, (outcome.c.run == record.c.run) & (outcome.c.no == record.c.no))
        .outerjoin(schema.EVENT, schema.EVENT.c.seq == outcome.c.event)
        .outerjoin(stored, same & (stored.c.field == change.c.field))
        .where(run.c.identity == identity, record.c.sku == sku)
        .order_by(run.c.started, record.c.no, change.c.field)
    )  # fmt: skip
    with journal.store.read() as db:
        return iter(db.execute(query).mappings().all())


def _ours(row: Mapping[Any, Any]) -> Entry:
    names = ("file", "sheet", "row", "cell", "expression")
    where = json.loads(row["origin"])
    return Entry(
        at=row["at"] or row["started"], field=row["field"], before=row["before"], after=row["after"],
        who="run", run=row["run"], outcome=row["outcome"] or "pending", message=row["message"] or "",
        origin=dict(zip(names, where, strict=True)) if where else None,
    )  # fmt: skip


def _found(row: Mapping[Any, Any], before: str | None, after: str | None) -> Entry:
    return Entry(
        at=row["started"], field=row["field"], before=before, after=after, who="shop", run=row["run"]
    )
