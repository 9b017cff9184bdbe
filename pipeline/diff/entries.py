"""What packing has to know of a record: its lane, its size, what it hangs below. Pure."""

from __future__ import annotations

from functools import lru_cache

from pipeline.diff.batches import URGENCY, Entry
from pipeline.diff.plan import Effect, Record
from pipeline.diff.rules import known_field
from pipeline.diff.sizes import size_of
from pipeline.market.feeds import Action
from schemas.fields import Dialect, Lane

_UPDATE, _IMAGE, _REMOVE = Action.UPDATE, Action.IMAGE, Effect.REMOVE


def entry_of(record: Record, dialect: Dialect) -> Entry:
    """What packing has to know of a record."""
    parent = ""
    for change in record.changes:
        if change.field == "ParentSku":
            parent = change.after
            break
    return Entry(
        sku=record.sku,
        action=record.action,
        lane=lane_of(record, dialect),
        size=size_of(record),
        parent="" if parent == record.sku or record.effect is _REMOVE else parent,
    )


def lane_of(record: Record, dialect: Dialect) -> Lane:
    """How urgent a record is: an update as its most urgent field, a create or remove as content."""
    if record.action is _IMAGE:
        return Lane.IMAGES
    if record.action is not _UPDATE:
        return Lane.CONTENT
    return _most_urgent(tuple([change.field for change in record.changes]), dialect)


@lru_cache(maxsize=4096)
def _most_urgent(names: tuple[str, ...], dialect: Dialect) -> Lane:
    lanes = [of.lane for name in names if (of := known_field(name, dialect))]
    return min((Lane.CONTENT, *lanes), key=URGENCY.__getitem__)
