"""`diff.memory.Memory`, answered from the journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from sqlalchemy import Select, select

from pipeline.diff.memory import Befores, Resting, SourceSize, Written
from pipeline.journal import schema
from pipeline.journal.journal import SKUS_AT_ONCE
from pipeline.journal.projections import REFUSALS
from pipeline.journal.states import Kind
from pipeline.market.feeds import Action
from pipeline.store.engine import Store


class JournalMemory:
    """What we know of one shop from before.

    Args:
        identity: which shop.
        status: the fields that say whether a product is on sale there.
        undoing: the question comes from a rollback or restore. For an import the before-values of
            rollbacks don't count: they are what was taken back, and must not come in again unjudged.
            Neither do those of an import that went back to an earlier value: it took back as well.
    """

    def __init__(
        self, store: Store, identity: str, status: Sequence[str] = ("Status",), *, undoing: bool = False
    ) -> None:
        self._store = store
        self._status = status
        self._undoing = undoing
        self._identity = identity

    def any_written(self) -> bool:
        query = select(schema.WRITTEN.c.sku).where(schema.WRITTEN.c.identity == self._identity).limit(1)
        with self._store.read() as db:
            return db.execute(query).first() is not None

    def written(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Written]:
        table = schema.WRITTEN
        query = select(table).where(table.c.identity == self._identity)
        return {
            (row["sku"], row["field"]): Written(
                sent=row["sent"], stored=row["stored"], before=row["before"], run=row["run"]
            )
            for row in self._for_skus(query, table.c.sku, skus)
        }

    def befores(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Befores]:
        record, change, run = schema.RECORD, schema.CHANGE, schema.RUN
        query = (
            select(record.c.sku, change.c.field, change.c.before, change.c.after, run.c.started)
            .join(change, (change.c.run == record.c.run) & (change.c.no == record.c.no))
            .join(run, run.c.id == record.c.run)
            .where(run.c.identity == self._identity, change.c.before.is_not(None))
            .order_by(run.c.started, record.c.no)
        )
        if not self._undoing:
            query = query.where(run.c.kind == "import")
        asked = list(skus)
        found: dict[tuple[str, str], dict[str, float]] = {}
        for row in self._for_skus(query, record.c.sku, asked):
            values = found.setdefault((row["sku"], row["field"]), {})
            if self._undoing or not _goes_back(row["after"], values):
                values[row["before"]] = row["started"]
        for row in self._created(asked):
            for name in self._status:
                found.setdefault((row["sku"], name), {}).setdefault("inactive", row["started"])
        return found

    def _created(self, skus: Iterable[str]) -> Iterator[Mapping[Any, Any]]:
        """What we created was off sale before: taking it off sale again goes back to that."""
        record, run = schema.RECORD, schema.RUN
        query = (
            select(record.c.sku, run.c.started)
            .join(run, run.c.id == record.c.run)
            .where(run.c.identity == self._identity, record.c.action == Action.CREATE.value)
        )
        return self._for_skus(query, record.c.sku, skus)

    def resting(self) -> Mapping[tuple[str, str], Resting]:
        table = schema.RESTING
        query = select(table).where(table.c.identity == self._identity, table.c.times >= REFUSALS)
        with self._store.read() as db:
            return {
                (row.sku, row.action): Resting(
                    sku=row.sku, action=row.action, reason=row.reason, content=row.content
                )
                for row in db.execute(query)
            }

    def source(self, name: str) -> SourceSize | None:
        query = (
            select(schema.EVENT.c.data)
            .where(schema.EVENT.c.kind == Kind.SOURCE.value)
            .order_by(schema.EVENT.c.seq.desc())
        )
        with self._store.read() as db:
            for (text,) in db.execute(query):
                data = json.loads(text)
                if (data["identity"], data["source"]) == (self._identity, name):
                    return SourceSize(rows=data["rows"], columns=tuple(data["columns"]))
        return None

    def _for_skus(self, query: Select[Any], column: Any, skus: Iterable[str]) -> Iterator[Mapping[Any, Any]]:
        rest = iter(skus)
        with self._store.read() as db:
            while chunk := list(islice(rest, SKUS_AT_ONCE)):
                yield from db.execute(query.where(column.in_(chunk))).mappings()


def _goes_back(after: str, values: Iterable[str]) -> bool:
    """Whether a value is one of those that were there before; "10" is "10.00"."""
    meant = _meaning(after)
    return any(_meaning(value) == meant for value in values)


def _meaning(text: str) -> Decimal | str:
    flat = text.strip()
    try:
        number = Decimal(flat) if flat.isascii() else None
    except InvalidOperation:
        return flat
    return flat if number is None or not number.is_finite() else number
