"""What refusals taught, kept where all processes see it."""

from __future__ import annotations

from sqlalchemy import Connection, Table, insert, select, update

from pipeline.budget.rules import DAY, Backoff


def read_backoff(connection: Connection, table: Table, budget: str, now: float) -> Backoff:
    """What's known at this moment; a clock that was set back doesn't make a wait longer."""
    row = connection.execute(select(table).where(table.c.budget == budget)).one_or_none()
    if row is None:
        return Backoff()
    ahead = max(0.0, row.since - now)
    return Backoff(
        until=row.until - ahead,
        wait=row.wait,
        strikes=row.strikes,
        spent_until=min(row.spent_until, now + DAY),
    )


def write_backoff(connection: Connection, table: Table, budget: str, now: float, backoff: Backoff) -> None:
    """Keep it for all who share the budget."""
    values = {
        "since": now,
        "until": backoff.until,
        "wait": backoff.wait,
        "strikes": backoff.strikes,
        "spent_until": backoff.spent_until,
    }
    if not connection.execute(update(table).where(table.c.budget == budget).values(values)).rowcount:
        connection.execute(insert(table).values(budget=budget, **values))
