"""Forgetting what nobody needs any more, without a gap in the chain.

Request bodies and the log of requests serve to find out what became of a feed; once every batch of a
run is closed they only take room. What is never forgotten: changes with their before-values, outcomes,
what the shop stored. So the way back and the history of a product stay whole.

An event's hash goes on covering what was there. A `compacted` event, in the chain itself, says what
the rest has to digest to; `check` believes that for the events it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from pipeline.errors import StateError
from pipeline.journal import schema
from pipeline.journal.check import compacted, rows_digest
from pipeline.journal.journal import Journal
from pipeline.journal.states import Kind

#: Events that one `compacted` event speaks for.
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What was forgotten: runs, events, and bytes of bodies."""

    runs: int = 0
    events: int = 0
    bytes: int = 0


def compact(journal: Journal, *, before: float, at: float) -> Compacted:
    """Forget bodies and request logs of closed runs that nothing has happened to since `before`.

    Raises:
        StateError: something of it is damaged already: that has to be looked at, not forgotten.
    """
    runs = [row.id for row in journal.runs() if _old(journal, row.id, before)]
    events = size = 0
    for run in runs:
        with journal.store.read() as db:
            doomed = list(_doomed(db, run))
        for start in range(0, len(doomed), AT_ONCE):
            size += _forget(journal, run, doomed[start : start + AT_ONCE], at)
        events += len(doomed)
    return Compacted(runs=len(runs), events=events, bytes=size)


def _old(journal: Journal, run: str, before: float) -> bool:
    state = journal.state(run)
    return not state.open and state.exit_code is not None and state.ended < before


def _doomed(db: Connection, run: str) -> Iterator[int]:
    """Events of a run that still hold a body, or requests."""
    event, body, request = schema.EVENT, schema.BODY, schema.REQUEST
    bodies = select(body.c.event).where(body.c.packed != b"")
    requests = select(request.c.event).where(request.c.params != "")
    query = select(event.c.seq).where(event.c.run == run, event.c.seq.in_(bodies) | event.c.seq.in_(requests))
    yield from db.scalars(query.order_by(event.c.seq))


def _forget(journal: Journal, run: str, events: list[int], at: float) -> int:
    with journal.store.read() as db:
        earlier = compacted(db)
        for seq in events:
            _whole(db, seq, earlier)
        bodies = _rows(db, schema.BODY, events)
        requests = _rows(db, schema.REQUEST, events)
        digests = {str(seq): _digest(db, seq) for seq in events}
    journal.append(
        run, Kind.COMPACTED, at=at, data={"rows": digests},
        project=[
            (schema.BODY, [_bare(row) for row in bodies]),
            (schema.REQUEST, [_bare(row) for row in requests]),
        ],
    )  # fmt: skip
    return sum(len(row["packed"]) for row in bodies)


def _whole(db: Connection, seq: int, earlier: Mapping[int, str]) -> None:
    bound = db.scalar(select(schema.EVENT.c.rows).where(schema.EVENT.c.seq == seq))
    if rows_digest(db, seq) != earlier.get(seq, bound):
        raise StateError(
            f"rows that came with event {seq} are missing or were altered: nothing is forgotten",
            hint="`sellercenter runs --check` says what is wrong",
        )


def _rows(db: Connection, table: Any, events: Iterable[int]) -> list[dict[str, Any]]:
    query = select(table).where(table.c.event.in_(list(events)))
    return [dict(row) for row in db.execute(query).mappings()]


def _digest(db: Connection, seq: int) -> str:
    """What an event's rows digest to once they are bare."""
    return rows_digest(db, seq, _bare)


def _bare(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of BODY without its bytes, of REQUEST without what was asked; any other as it is."""
    gone: dict[str, Any] = {"packed": b""} if "packed" in row else {"params": ""} if "params" in row else {}
    return {**row, **gone}
