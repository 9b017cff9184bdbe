"""Writing and reading the journal. Every append is one transaction that is durable when it returns."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from pipeline.diff.plan import Change, Effect, Origin, Plan, Record
from pipeline.diff.prices import is_price
from pipeline.errors import PlanRefused, StateError
from pipeline.journal import schema
from pipeline.journal.chain import GENESIS, RowsDigest, Seals, bound_columns, bound_values, event_hash
from pipeline.journal.states import Event, Kind, Outcome, RunState, replay
from pipeline.market.feeds import Action
from pipeline.store.atomic import write_atomic
from pipeline.store.engine import Store, insert_many

CHUNK = 5_000
#: Databases limit the variables of a statement; a few hundred also keep the statement cache useful.
SKUS_AT_ONCE = 500

Rows = Mapping[Table, Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the list of runs shows it."""

    id: str
    shop: str
    identity: str
    kind: str
    plan: str
    plan_digest: str
    source: str
    started: float
    plan_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and what came of it, without secrets."""

    at: float
    action: str
    params: str
    outcome: str
    seconds: float
    bytes: int


class Journal:
    """The record of all runs of one state folder.

    Args:
        store: the open database.
        head: side file with the last event's number and hash: an older copy of the database put
            back in its place is noticed by it.
    """

    def __init__(self, store: Store, head: Path) -> None:
        self._store = store
        self._head = head
        self._calls: list[Call] = []

    # ── writing ────────────────────────────────────────────────────────────────────────────

    def observe(self, call: Call) -> None:
        """Remember a request; it becomes durable with the next event (a list append: any thread may)."""
        self._calls.append(call)

    def start(
        self,
        run: RunRow,
        *,
        at: float,
        plan: Plan,
        records: Callable[[], Iterable[Record]],
        data: Mapping[str, Any],
    ) -> None:
        """Mark the plan as used and write down every change, in one commit.

        Args:
            records: reads the plan's records from the start, as often as it's called.

        Raises:
            PlanRefused: the plan was used before.
        """
        seals = Seals()
        facts = {**data, "batches": [batch.no for batch in plan.batches], "kind": plan.kind}
        with self._store.write() as db:
            used = select(schema.RUN.c.id).where(
                schema.RUN.c.identity == run.identity, schema.RUN.c.plan_digest == run.plan_digest
            )
            if (earlier := db.scalar(used)) is not None:
                hint = f"`sellercenter show {earlier}` tells how it stands; a new `diff` makes a new plan"
                raise PlanRefused(
                    f"plan {plan.id} was already used by run {earlier}", code="plan-used", hint=hint
                )
            db.execute(insert(schema.RUN), [{name: getattr(run, name) for name in schema.RUN.c.keys()}])  # noqa: SIM118
            rows = _plan_rows(run.id, records, seals)
            last = self._append(
                db, run.id, Kind.STARTED, at=at, data=lambda: {**facts, "seals": seals.hex()}, rows=rows
            )
        self._mark(last)

    def append(
        self, run: str, kind: Kind, *, at: float, batch: int | None = None,
        data: Mapping[str, Any] | None = None, rows: Rows | None = None,
        project: Iterable[tuple[Table, Sequence[Mapping[str, Any]]]] = (),
    ) -> Event:  # fmt: skip
        """Add one event, the rows that come with it, and what they change in the projections."""
        with self._store.write() as db:
            event = self._append(db, run, kind, at=at, batch=batch, data=lambda: data or {}, rows=rows or {})
            for table, changed in project:
                _replace(db, table, changed)
        self._mark(event)
        return event

    def _append(
        self, db: Connection, run: str, kind: Kind, *, at: float, batch: int | None = None,
        data: Callable[[], Mapping[str, Any]], rows: Rows,
    ) -> Event:  # fmt: skip
        """Args: data: asked for after the rows went in, since it may tell of them."""
        seq, prev = _next(db)
        bound = _bind(db, seq, {**rows, schema.REQUEST: self._take_calls(run)})
        facts = data()
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
        mark = event_hash(seq=seq, run=run, at=at, kind=kind, batch=batch, data=text, rows=bound, prev=prev)
        row = {"seq": seq, "run": run, "at": at, "kind": kind.value, "batch": batch, "data": text,
               "rows": bound, "prev": prev, "hash": mark}  # fmt: skip
        db.execute(insert(schema.EVENT), [row])
        return Event(
            seq=seq, run=run, at=at, kind=kind, batch=batch, data=facts, rows=bound, prev=prev, hash=mark
        )

    def _take_calls(self, run: str) -> list[dict[str, Any]]:
        calls, self._calls = self._calls, []
        return [
            {"run": run, "at": c.at, "action": c.action, "params": c.params, "outcome": c.outcome,
             "seconds": c.seconds, "bytes": c.bytes}
            for c in calls
        ]  # fmt: skip

    def _mark(self, event: Event) -> None:
        write_atomic(self._head, json.dumps({"seq": event.seq, "hash": event.hash}).encode())

    # ── reading ────────────────────────────────────────────────────────────────────────────

    @property
    def store(self) -> Store:
        return self._store

    def check_head(self) -> None:
        """The database is at least as new as what we last wrote.

        Raises:
            StateError: an older copy was put in its place: pushing could repeat what was sent since.
        """
        if not self._head.exists():
            return
        try:
            mark = json.loads(self._head.read_text())
            seq, digest = int(mark["seq"]), str(mark["hash"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise StateError(f"{self._head} can't be read: {error}", hint=_CHECK) from error
        with self._store.read() as db:
            found = db.scalar(select(schema.EVENT.c.hash).where(schema.EVENT.c.seq == seq))
        if found != digest:
            raise StateError(
                f"the journal lacks event {seq}, which this folder wrote: it was replaced by an older copy",
                hint=_CHECK,
            )

    def head(self) -> tuple[int, str]:
        """Number and hash of the last event: all that was written before follows from it."""
        with self._store.read() as db:
            seq, prev = _next(db)
        return seq - 1, prev

    def runs(self, identity: str | None = None) -> list[RunRow]:
        """All runs, oldest first."""
        query = select(schema.RUN).order_by(schema.RUN.c.started, schema.RUN.c.id)
        if identity is not None:
            query = query.where(schema.RUN.c.identity == identity)
        with self._store.read() as db:
            return [RunRow(**row._mapping) for row in db.execute(query)]

    def run(self, run: str) -> RunRow | None:
        """One run by its id, or by a prefix of it that only one run has."""
        query = select(schema.RUN).where(schema.RUN.c.id.startswith(run, autoescape=True)).limit(2)
        with self._store.read() as db:
            rows = [RunRow(**row._mapping) for row in db.execute(query)]
        exact = [row for row in rows if row.id == run]
        return (exact or rows)[0] if len(exact or rows) == 1 else None

    def events(self, run: str | None = None, *, batch: int | None = None) -> list[Event]:
        """Events of a run (or all), or of one of its batches, in order.

        Raises:
            StateError: one of them was altered.
        """
        query = select(schema.EVENT).order_by(schema.EVENT.c.seq)
        if run is not None:
            query = query.where(schema.EVENT.c.run == run)
        if batch is not None:
            query = query.where(schema.EVENT.c.batch == batch)
        with self._store.read() as db:
            return [event_of(row._mapping) for row in db.execute(query)]

    def started(self, run: str) -> Mapping[str, Any]:
        """What the run was started with: plan, seals of its batches, allowances."""
        query = select(schema.EVENT).where(
            schema.EVENT.c.run == run, schema.EVENT.c.kind == Kind.STARTED.value
        )
        with self._store.read() as db:
            row = db.execute(query.limit(1)).first()
        if row is None:
            raise StateError(f"the journal lacks the beginning of run {run}", hint=_CHECK)
        return event_of(row._mapping).data

    def state(self, run: str) -> RunState:
        """A run's state, replayed."""
        return replay(run, self.events(run))

    def records(self, run: str, batch: int | None = None) -> Iterator[Record]:
        """The records of a run (or of one batch) as planned, in order, a few thousand in memory."""
        after = 0
        while rows := self._record_rows(run, batch, after):
            after = rows[-1]["no"]
            changes = self._changes(run, rows[0]["no"], after)
            yield from (record_of(row, changes.get(row["no"], ())) for row in rows)

    def _record_rows(self, run: str, batch: int | None, after: int) -> list[Mapping[str, Any]]:
        table = schema.RECORD
        query = select(table).where(table.c.run == run, table.c.no > after).order_by(table.c.no).limit(CHUNK)
        if batch is not None:
            query = query.where(table.c.batch == batch)
        with self._store.read() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def _changes(self, run: str, first: int, last: int) -> dict[int, tuple[Change, ...]]:
        table = schema.CHANGE
        query = select(table).where(table.c.run == run, table.c.no.between(first, last)).order_by(table.c.no)
        with self._store.read() as db:
            found: dict[int, list[Change]] = {}
            for row in db.execute(query).mappings():
                found.setdefault(row["no"], []).append(change_of(row))
        return {no: tuple(changes) for no, changes in found.items()}

    def sealed(self, run: str, batch: int, seal: str | None) -> list[Record]:
        """One batch's records, checked against the seal that the run's first event holds of them.

        Raises:
            StateError: they aren't what was planned.
        """
        found, seals = list(self.records(run, batch)), Seals()
        for record in found:
            changes = (change_row(run, record.no, change) for change in record.changes)
            seals.feed(batch, record_row(run, record), changes)
        if seal is not None and seals.hex().get(str(batch)) != seal:
            raise StateError(f"run {run}: the records of batch {batch} were altered on disk", hint=_CHECK)
        return found

    def refreshed(
        self, run: str, first: int | None = None, last: int | None = None
    ) -> dict[tuple[int, str], str | None]:
        """(record, field) → before-value as read just before it was sent, where that differs.

        Args:
            first, last: only of these records.
        """
        query = select(schema.REFRESH).where(schema.REFRESH.c.run == run).order_by(schema.REFRESH.c.event)
        if first is not None:
            query = query.where(schema.REFRESH.c.no.between(first, last))
        with self._store.read() as db:
            return {(row.no, row.field): row.before for row in db.execute(query)}

    def body(self, run: str, sha256: str) -> bytes:
        """The exact bytes of an attempt."""
        query = (
            select(schema.BODY.c.packed)
            .where(schema.BODY.c.run == run, schema.BODY.c.sha256 == sha256)
            .limit(1)
        )
        with self._store.read() as db:
            packed = db.scalar(query)
        if packed is None:
            raise StateError(f"run {run}: body {sha256[:12]} is missing from the journal", hint=_CHECK)
        try:
            body = zlib.decompress(packed)
        except zlib.error:
            body = b""
        if hashlib.sha256(body).hexdigest() != sha256:
            raise StateError(f"run {run}: body {sha256[:12]} was altered on disk", hint=_CHECK)
        return body

    def outcomes(self, run: str, batch: int | None = None) -> dict[int, dict[str, Any]]:
        """Record number → its outcome row."""
        query = select(schema.OUTCOME).where(schema.OUTCOME.c.run == run)
        if batch is not None:
            query = query.where(schema.OUTCOME.c.batch == batch)
        with self._store.read() as db:
            return {row["no"]: dict(row) for row in db.execute(query).mappings()}

    def stored(self, run: str) -> dict[tuple[int, str], str | None]:
        """(record, field) → what the shop held at verification, where that isn't what we sent."""
        with self._store.read() as db:
            rows = db.execute(select(schema.STORED).where(schema.STORED.c.run == run))
            return {(row.no, row.field): row.value for row in rows}

    def sizes(self, run: str) -> dict[int, int]:
        """Batch → records planned in it."""
        table = schema.RECORD
        query = select(table.c.batch, func.count()).where(table.c.run == run).group_by(table.c.batch)
        with self._store.read() as db:
            return {int(batch): int(number) for batch, number in db.execute(query)}

    def actions(self, run: str) -> dict[int, str]:
        """Batch → the action of its feed."""
        table = schema.RECORD
        query = (
            select(table.c.batch, func.min(table.c.action)).where(table.c.run == run).group_by(table.c.batch)
        )
        with self._store.read() as db:
            return {int(batch): str(action) for batch, action in db.execute(query)}

    def tally(self, run: str) -> dict[tuple[int, Outcome], int]:
        """(batch, outcome) → records."""
        table = schema.OUTCOME
        query = (
            select(table.c.batch, table.c.outcome, func.count())
            .where(table.c.run == run)
            .group_by(table.c.batch, table.c.outcome)
        )
        with self._store.read() as db:
            return {(int(batch), Outcome(word)): int(number) for batch, word, number in db.execute(query)}

    def resting(self, identity: str, skus: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """(sku, action) → its refusals so far, resting or not."""
        table, found = schema.RESTING, {}
        with self._store.read() as db:
            for start in range(0, len(skus), SKUS_AT_ONCE):
                some = list(skus[start : start + SKUS_AT_ONCE])
                query = select(table).where(table.c.identity == identity, table.c.sku.in_(some))
                found.update({(row["sku"], row["action"]): dict(row) for row in db.execute(query).mappings()})
        return found

    def feeds(self, identity: str) -> dict[str, tuple[str, int]]:
        """Feed id → (run, batch), of every feed that we know to be ours."""
        kinds = (Kind.ACCEPTED.value, Kind.ADOPTED.value)
        query = (
            select(schema.EVENT.c.run, schema.EVENT.c.batch, schema.EVENT.c.data)
            .join(schema.RUN, schema.RUN.c.id == schema.EVENT.c.run)
            .where(schema.EVENT.c.kind.in_(kinds), schema.RUN.c.identity == identity)
        )
        with self._store.read() as db:
            return {json.loads(data)["feed"]: (run, int(batch)) for run, batch, data in db.execute(query)}


_CHECK = "`sellercenter runs --check` says what is missing; nothing is sent meanwhile"


def _next(db: Connection) -> tuple[int, str]:
    """The next event's number, and the hash it follows."""
    query = select(schema.EVENT.c.seq, schema.EVENT.c.hash).order_by(schema.EVENT.c.seq.desc()).limit(1)
    row = db.execute(query).first()
    return (row.seq + 1, row.hash) if row else (1, GENESIS)


def hash_of(row: Mapping[Any, Any]) -> str:
    """The hash that an event's row must have."""
    names = ("seq", "run", "at", "kind", "batch", "data", "rows", "prev")
    return event_hash(**{name: row[name] for name in names})


def event_of(row: Mapping[Any, Any]) -> Event:
    """An event from its row.

    Raises:
        StateError: it isn't what was written.
    """
    if hash_of(row) != row["hash"]:
        raise StateError(f"event {row['seq']} of the journal was altered on disk", hint=_CHECK)
    return Event(
        seq=row["seq"], run=row["run"], at=row["at"], kind=Kind(row["kind"]), batch=row["batch"],
        data=json.loads(row["data"]), rows=row["rows"], prev=row["prev"], hash=row["hash"],
    )  # fmt: skip


def _bind(db: Connection, seq: int, rows: Rows) -> str:
    """Insert an event's bulk rows, a few thousand at a time; returns their digest."""
    digest = RowsDigest()
    for table in schema.BOUND:
        names, values = ("event", *bound_columns(table)), bound_values(table)
        source = map(values, rows.get(table, ()))
        while chunk := list(islice(source, CHUNK)):
            digest.feed(table, chunk)
            insert_many(db, table, names, ((seq, *row) for row in chunk))
    return digest.hex()


def _replace(db: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put projection rows in place of those with the same key."""
    keys = [column.name for column in table.primary_key.columns]
    for row in rows:
        db.execute(table.delete().where(*(table.c[key] == row[key] for key in keys)))
    if rows:
        db.execute(insert(table), list(rows))


def _plan_rows(run: str, records: Callable[[], Iterable[Record]], seals: Seals) -> Rows:
    """Record and change rows of a plan: read twice from disk rather than held in memory."""

    def changes() -> Iterator[dict[str, Any]]:
        for record in records():
            rows = [change_row(run, record.no, c) for c in sorted(record.changes, key=lambda c: c.field)]
            seals.feed(record.batch, record_row(run, record), rows)
            yield from rows

    return {schema.RECORD: (record_row(run, record) for record in records()), schema.CHANGE: changes()}


def record_row(run: str, record: Record) -> dict[str, Any]:
    """A record as the journal keeps it."""
    return {
        "run": run, "no": record.no, "batch": record.batch, "sku": record.sku,
        "action": record.action.value, "effect": record.effect.value,
        "context": json.dumps([*record.context, *_beside(record)], ensure_ascii=False),
    }  # fmt: skip


def _beside(record: Record) -> Iterator[tuple[str, str, str]]:
    """Prices that the shop held beside the changes: a re-read tells whether they moved; nobody sends them."""
    return ((name, value, "held") for name, value in record.facts if is_price(name))


def change_row(run: str, no: int, change: Change) -> dict[str, Any]:
    """A change as the journal keeps it."""
    where = change.origin
    origin = [where.file, where.sheet, where.row, where.cell, where.expression] if where else []
    return {
        "run": run, "no": no, "field": change.field, "before": change.before, "after": change.after,
        "origin": json.dumps(origin, ensure_ascii=False),
    }  # fmt: skip


def change_of(row: Mapping[Any, Any]) -> Change:
    """A change from its row."""
    where = json.loads(row["origin"])
    names = ("file", "sheet", "row", "cell", "expression")
    origin = Origin(**dict(zip(names, where, strict=True))) if where else None
    return Change(field=row["field"], before=row["before"], after=row["after"], origin=origin)


def record_of(row: Mapping[str, Any], changes: tuple[Change, ...]) -> Record:
    """A record from its row and its changes."""
    said = json.loads(row["context"])
    return Record(
        no=row["no"], batch=row["batch"], sku=row["sku"], action=Action(row["action"]),
        effect=Effect(row["effect"]), changes=changes,
        context=tuple((name, value) for name, value, *held in said if not held),
        facts=tuple((name, value) for name, value, *held in said if held),
    )  # fmt: skip
