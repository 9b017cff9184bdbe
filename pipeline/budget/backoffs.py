"""What refusals taught, kept where all processes see it."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, Table, insert, select, update

from pipeline.budget.rules import Backoff, set_back


def read_backoff(connection: Connection, table: Table, budget: str) -> Backoff:
    """What's known; as it was learned."""
    row = connection.execute(select(table).where(table.c.budget == budget)).one_or_none()
    if row is None:
        return Backoff()
    return Backoff(
        since=row.since,
        until=row.until,
        wait=row.wait,
        strikes=row.strikes,
        spent_until=row.spent_until,
    )


def write_backoff(connection: Connection, table: Table, budget: str, backoff: Backoff) -> None:
    """Keep it for all who share the budget."""
    values = asdict(backoff)
    if not connection.execute(update(table).where(table.c.budget == budget).values(values)).rowcount:
        connection.execute(insert(table).values(budget=budget, **values))


def mended_backoff(connection: Connection, table: Table, budget: str, now: float) -> Backoff:
    """What's known, after a clock that was set back was allowed for, once and for all."""
    known = read_backoff(connection, table, budget)
    mended = set_back(known, now)
    if mended != known:
        write_backoff(connection, table, budget, mended)
    return mended
