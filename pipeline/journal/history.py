"""Every value of every field of a product over time, as the journal knows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from pipeline.journal import schema
from pipeline.journal.journal import Journal
from pipeline.journal.states import Outcome
from pipeline.market.feeds import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of one field, from a time on.

    Attributes:
        at: when it was known to be there; of a record without outcome, when its run began.
        before: what it replaced, None where nobody knows, or for a new product.
        after: our value, or what was found.
        who: "run" (we wrote it) or "shop" (found there, changed by someone else).
        kind, source: of the run: "import", "rollback" or "restore", and what it was made of.
        outcome: what came of our record, "pending" while nobody knows; "" for "shop".
        stored: the shop's own form of our value, None where it holds what we sent.
        origin: file, sheet, row, cell and expression of our value, or None.
    """

    at: float
    field: str
    before: str | None
    after: str | None
    who: str
    run: str
    kind: str = ""
    source: str = ""
    action: str = ""
    outcome: str = ""
    message: str = ""
    stored: str | None = None
    origin: Mapping[str, Any] | None = None

    @property
    def held(self) -> str | None:
        """What the shop held after it."""
        return self.after if self.stored is None else self.stored

    @property
    def happened(self) -> bool:
        """Whether the shop holds something else since."""
        return self.who == "shop" or self.outcome == Outcome.VERIFIED


def history(journal: Journal, identity: str, sku: str) -> list[Entry]:
    """What happened to a product, oldest first; changes found in the shop stand where they were found.

    They are found by the before-values of a later run, by the re-read before sending, and by the one
    after it.
    """
    entries: list[Entry] = []
    held: dict[str, str] = {}
    for row in _changes(journal, identity, sku):
        ours = _ours(row)
        last, before = held.get(ours.field), ours.before
        seen = ours.outcome != Outcome.SKIPPED  # else its before-value is only what the plan believed
        if seen and last is not None and before is not None and before != last:
            entries.append(_found(ours, last, before, row["started"]))
        entries.append(ours)
        known = before if last is None or seen else last
        if ours.outcome != Outcome.VERIFIED and row["stored"] is not None and row["stored"] != known:
            entries.append(_found(ours, known, row["stored"], ours.at))
            held[ours.field] = row["stored"]
        elif ours.happened and ours.action == Action.REMOVE:
            held.pop(ours.field, None)
        elif ours.happened:
            held[ours.field] = ours.held or ""
    return sorted(entries, key=lambda entry: entry.at)


def values_at(entries: Iterable[Entry], at: float) -> dict[str, str | None]:
    """Field → what the shop held at a time, of the fields that a product's history tells of."""
    values: dict[str, str | None] = {}
    for entry in entries:
        values.setdefault(entry.field, entry.before)
        if entry.happened and entry.at <= at:
            values[entry.field] = entry.held
    return values


def _changes(journal: Journal, identity: str, sku: str) -> Iterator[Mapping[Any, Any]]:
    run, record, change = schema.RUN, schema.RECORD, schema.CHANGE
    outcome, stored, refresh = schema.OUTCOME, schema.STORED, schema.REFRESH
    query = (
        select(
            run.c.id.label("run"), run.c.kind, run.c.source, run.c.started, record.c.no, record.c.action,
            change.c.field, change.c.before, change.c.after, change.c.origin, outcome.c.outcome,
            outcome.c.message, stored.c.value.label("stored"), schema.EVENT.c.at,
            refresh.c.event.label("refreshed"), refresh.c.before.label("fresh"),
        )
        .join(record, record.c.run == run.c.id)
        .join(change, (change.c.run == record.c.run) & (change.c.no == record.c.no))
        .outerjoin(outcome, (outcome.c.run == record.c.run) & (outcome.c.no == record.c.no))
        .outerjoin(schema.EVENT, schema.EVENT.c.seq == outcome.c.event)
        .outerjoin(stored, _same(stored, change))
        .outerjoin(refresh, _same(refresh, change))
        .where(run.c.identity == identity, record.c.sku == sku)
        .order_by(run.c.started, run.c.id, record.c.no, change.c.field, refresh.c.event)
    )  # fmt: skip
    with journal.store.read() as db:
        rows = db.execute(query).mappings().all()
    return iter({(row["run"], row["no"], row["field"]): row for row in rows}.values())


def _same(table: Any, change: Any) -> Any:
    """Rows of the same change."""
    return (table.c.run == change.c.run) & (table.c.no == change.c.no) & (table.c.field == change.c.field)


def _ours(row: Mapping[Any, Any]) -> Entry:
    names = ("file", "sheet", "row", "cell", "expression")
    where = json.loads(row["origin"])
    verified = row["outcome"] == Outcome.VERIFIED
    return Entry(
        at=row["at"] or row["started"], field=row["field"], after=row["after"], who="run", run=row["run"],
        before=row["before"] if row["refreshed"] is None else row["fresh"], kind=row["kind"],
        source=row["source"], action=row["action"], outcome=row["outcome"] or "pending",
        message=row["message"] or "", stored=row["stored"] if verified else None,
        origin=dict(zip(names, where, strict=True)) if where else None,
    )  # fmt: skip


def _found(ours: Entry, before: str | None, after: str, at: float) -> Entry:
    return replace(
        ours, at=at, before=before, after=after, who="shop", outcome="", message="", stored=None, origin=None
    )
