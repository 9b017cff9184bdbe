"""Is the record whole? Every hash, every row that an event binds, every arrow, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Exists, Table, exists, or_, select

from pipeline.errors import StateError
from pipeline.journal import schema
from pipeline.journal.chain import GENESIS, RowsDigest, bound_values
from pipeline.journal.journal import Journal, hash_of
from pipeline.journal.states import Kind, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a check found: the number of events, and what's wrong, in plain words."""

    events: int
    problems: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.problems


def check(journal: Journal) -> Verified:
    """Check the whole journal: the file, the chain, the rows it binds, every run's replay, the projection."""
    problems = list(_file(journal))
    with journal.store.read() as db:
        problems += _chain(db)
        problems += _written(db)
        total = len(db.execute(select(schema.EVENT.c.seq)).all())
    problems += _replays(journal)
    return Verified(events=total, problems=tuple(problems))


def _file(journal: Journal) -> Iterator[str]:
    for look in (journal.store.check, journal.check_head):
        try:
            look()
        except StateError as error:
            yield error.message


def _chain(db: Connection) -> list[str]:
    problems, prev, expected = [], GENESIS, 1
    forgotten = compacted(db)
    for row in db.execute(select(schema.EVENT).order_by(schema.EVENT.c.seq)).mappings().all():
        seq = row["seq"]
        if seq != expected:
            problems.append(f"events {expected} to {seq - 1} are missing")
        if row["prev"] != prev:
            problems.append(f"event {seq} doesn't follow the one before it")
        if hash_of(row) != row["hash"]:
            problems.append(f"event {seq} was altered")
        if rows_digest(db, seq) != forgotten.get(seq, row["rows"]):
            problems.append(f"rows that came with event {seq} ({row['kind']}) are missing or were altered")
        prev, expected = row["hash"], seq + 1
    return problems


Row = Mapping[Any, Any]


def compacted(db: Connection) -> dict[int, str]:
    """Event → what the rest of its rows digests to, for events of which something was forgotten."""
    query = select(schema.EVENT.c.data).where(schema.EVENT.c.kind == Kind.COMPACTED.value)
    said = (json.loads(data)["rows"] for data in db.scalars(query.order_by(schema.EVENT.c.seq)))
    return {int(seq): digest for digests in said for seq, digest in digests.items()}


def rows_digest(db: Connection, seq: int, form: Callable[[Row], Row] = lambda row: row) -> str:
    """The digest of an event's rows, each in some form of it."""
    digest = RowsDigest()
    for table in schema.BOUND:
        digest.feed(table, map(bound_values(table), map(form, _ordered(db, table, seq))))
    return digest.hex()


def _ordered(db: Connection, table: Table, seq: int) -> Iterator[Mapping[Any, Any]]:
    """An event's rows in the order they were bound: by record, then field, compared as Python compares."""
    query = select(table).where(table.c.event == seq)
    if "no" not in table.c:
        yield from db.execute(query.order_by(*table.primary_key.columns)).mappings()
        return
    rows = db.execute(query.order_by(table.c.no).execution_options(yield_per=5_000)).mappings()
    for _, group in groupby(rows, key=lambda row: row["no"]):
        yield from sorted(group, key=lambda row: row.get("field", ""))


def _replays(journal: Journal) -> Iterator[str]:
    for run in journal.runs():
        try:
            replay(run.id, journal.events(run.id))
        except (StateError, KeyError) as error:
            yield f"run {run.id}: {error}"


def _written(db: Connection) -> Iterator[str]:
    """What is remembered as written, but isn't what its run sent, found before it, or read back."""
    said = schema.WRITTEN
    query = select(said.c.sku, said.c.field, said.c.run).where(~_sent())
    for sku, name, run in db.execute(query.order_by(said.c.sku, said.c.field)):
        yield f"what is remembered of {sku}, {name}, isn't what run {run} wrote"


def _sent() -> Exists:
    """There is a change of that run that says the same as the row of `written`."""
    said, record, change = schema.WRITTEN.c, schema.RECORD.c, schema.CHANGE.c
    refresh, stored = schema.REFRESH.c, schema.STORED.c
    read_again = exists().where(
        refresh.run == change.run, refresh.no == change.no, refresh.field == change.field,
        refresh.before.is_not_distinct_from(said.before),
    )  # fmt: skip
    read_back = exists().where(
        stored.run == change.run, stored.no == change.no, stored.field == change.field,
        stored.value == said.stored,
    )  # fmt: skip
    return exists().where(
        record.run == said.run, record.sku == said.sku,
        change.run == record.run, change.no == record.no, change.field == said.field,
        change.after == said.sent,
        or_(change.before.is_not_distinct_from(said.before), read_again),
        or_(said.stored.is_(None), said.stored == said.sent, read_back),
    )  # fmt: skip
