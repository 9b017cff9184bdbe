"""What the shop made of what we sent: to have its text again, send ours again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import select

from pipeline.journal import schema
from pipeline.journal.journal import SKUS_AT_ONCE, Journal
from pipeline.journal.states import Outcome


def echoes(journal: Journal, identity: str, skus: Iterable[str]) -> dict[tuple[str, str, str], str]:
    """(sku, field, the shop's text) → what we sent when it stored that, the newest where there are several.

    A file that holds our text is unchanged where the shop shows its own of it; it stays so when a
    rollback brings the value back by sending ours.
    """
    run, record, change = schema.RUN, schema.RECORD, schema.CHANGE
    outcome, stored = schema.OUTCOME, schema.STORED
    query = (
        select(record.c.sku, stored.c.field, stored.c.value, change.c.after)
        .join(record, (record.c.run == stored.c.run) & (record.c.no == stored.c.no))
        .join(run, run.c.id == stored.c.run)
        .join(outcome, (outcome.c.run == stored.c.run) & (outcome.c.no == stored.c.no))
        .join(
            change,
            (change.c.run == stored.c.run)
            & (change.c.no == stored.c.no)
            & (change.c.field == stored.c.field),
        )
        .where(run.c.identity == identity, outcome.c.outcome == Outcome.VERIFIED.value)
        .where(stored.c.value.is_not(None), stored.c.value != change.c.after)
        .order_by(run.c.started, stored.c.no)
    )
    rest = iter(skus)
    found: dict[tuple[str, str, str], str] = {}
    with journal.store.read() as db:
        while some := list(islice(rest, SKUS_AT_ONCE)):
            for row in db.execute(query.where(record.c.sku.in_(some))):
                found[row.sku, row.field, row.value] = row.after
    return found
