"""Where things stand: every record of a run with how far it came, and what of older runs is under way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import func, or_, select

from pipeline.diff.plan import Change, Record
from pipeline.journal import schema
from pipeline.journal.journal import CHUNK, SKUS_AT_ONCE, Journal
from pipeline.journal.states import TRANSITIONS, BatchState, Kind, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One record of a run, as far as it came.

    Attributes:
        record: its before-values as last read, so as they were when it was sent.
        outcome: its outcome, or its batch's phase while it has none.
        at: when that became known (seconds since the epoch), 0 = never.
    """

    record: Record
    feed: str
    outcome: str
    at: float


def standing(journal: Journal, run: str) -> Iterator[Standing]:
    """A run's records in order, a few thousand in memory."""
    batches = journal.state(run).batches
    rest = journal.records(run)
    while some := list(islice(rest, CHUNK)):
        first, last = some[0].no, some[-1].no
        outcomes, befores = _outcomes(journal, run, first, last), journal.refreshed(run, first, last)
        for record in some:
            batch = batches[record.batch]
            yield Standing(
                record=_refreshed(record, befores), feed=batch.feed,
                outcome=outcomes.get(record.no, batch.phase.value), at=_moment(batch),
            )  # fmt: skip


def _moment(batch: BatchState) -> float:
    return batch.finished_at or batch.accepted_at or batch.intent_at


def _outcomes(journal: Journal, run: str, first: int, last: int) -> dict[int, str]:
    table = schema.OUTCOME
    query = select(table.c.no, table.c.outcome).where(table.c.run == run, table.c.no.between(first, last))
    with journal.store.read() as db:
        return {int(no): str(word) for no, word in db.execute(query)}


def _refreshed(record: Record, befores: Mapping[tuple[int, str], str | None]) -> Record:
    if not any((record.no, change.field) in befores for change in record.changes):
        return record
    changes = (_fresh(record.no, change, befores) for change in record.changes)
    return replace(record, changes=tuple(changes))


def _fresh(no: int, change: Change, befores: Mapping[tuple[int, str], str | None]) -> Change:
    return replace(change, before=befores.get((no, change.field), change.before))


#: Events after which a batch has left us and the shop isn't known to be done with it.
_LEFT = tuple(
    kind
    for kind in Kind
    if any(
        k is kind and phase in (Phase.INTENT, Phase.UNKNOWN, Phase.HUMAN, Phase.ACCEPTED)
        for (_, k), phase in TRANSITIONS.items()
    )
)


#: What a person had a day to look at holds nothing up any more: no attempt can still arrive, and every
#: product is read again before anything is sent for it.
A_DAY = 86_400.0


def in_flight(journal: Journal, identity: str, now: float = 0, *, but: str = "") -> dict[str, list[int]]:
    """Run → its batches that left us and whose feed isn't known to be done; `but` is left out.

    Args:
        now: what a person has had a day to look at is left out too; 0 = it isn't.
    """
    event, run = schema.EVENT, schema.RUN
    newest = (
        select(event.c.run, event.c.batch, func.max(event.c.seq).label("seq"))
        .where(event.c.batch.is_not(None))
        .group_by(event.c.run, event.c.batch)
        .subquery()
    )
    query = (
        select(newest.c.run, newest.c.batch)
        .join(event, event.c.seq == newest.c.seq)
        .join(run, run.c.id == newest.c.run)
        .where(run.c.identity == identity, run.c.id != but, event.c.kind.in_([k.value for k in _LEFT]))
        .where(or_(event.c.kind != Kind.HUMAN.value, event.c.at > now - A_DAY))
        .order_by(run.c.started, newest.c.batch)
    )
    found: dict[str, list[int]] = {}
    with journal.store.read() as db:
        for name, batch in db.execute(query):
            found.setdefault(name, []).append(int(batch))
    return found


class Fence:
    """What one run must leave alone because of others of its shop.

    Args:
        run: the run that asks; started: when it began; now: seconds since the epoch, both.
    """

    def __init__(self, journal: Journal, identity: str, run: str, *, started: float, now: float) -> None:
        self._journal, self._identity = journal, identity
        self._run, self._started = run, started
        self._flying = in_flight(journal, identity, now, but=run)

    def holding(self, skus: Sequence[str]) -> dict[str, str]:
        """SKU → the run that has it under way."""
        found: dict[str, str] = {}
        table = schema.RECORD
        with self._journal.store.read() as db:
            for run, batches in self._flying.items():
                for start in range(0, len(skus), SKUS_AT_ONCE):
                    some: Any = skus[start : start + SKUS_AT_ONCE]
                    query = select(table.c.sku).where(
                        table.c.run == run, table.c.batch.in_(batches), table.c.sku.in_(some)
                    )
                    found |= dict.fromkeys(db.scalars(query), run)
        return found

    def newer(self, skus: Sequence[str]) -> dict[tuple[str, str], str]:
        """(SKU, field) → a run that began after this one and wrote it since."""
        found: dict[tuple[str, str], str] = {}
        table, run = schema.WRITTEN, schema.RUN
        with self._journal.store.read() as db:
            for start in range(0, len(skus), SKUS_AT_ONCE):
                query = (
                    select(table.c.sku, table.c.field, table.c.run)
                    .join(run, run.c.id == table.c.run)
                    .where(table.c.identity == self._identity, run.c.started > self._started)
                    .where(table.c.sku.in_(skus[start : start + SKUS_AT_ONCE]), table.c.run != self._run)
                )
                found |= {(sku, field): by for sku, field, by in db.execute(query)}
        return found
