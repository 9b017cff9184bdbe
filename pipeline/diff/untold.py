"""What a shop that speaks the API as we know it tells of every product, and this snapshot tells of none."""

from __future__ import annotations

from functools import lru_cache

import pyarrow.parquet as pq

from pipeline.snapshot.snapshot import Snapshot
from schemas.fields import Dialect

#: Fields, by their own tag, that no product can be without.
ALWAYS = {
    Dialect.CLASSIC: ("Name", "Price", "Quantity", "Status"),
    Dialect.FALABELLA: ("Name", "Price", "Stock", "Status"),
}
EVERY_TAG = frozenset(tag for tags in ALWAYS.values() for tag in tags)


@lru_cache(maxsize=4096)
def own_tag(name: str) -> str:
    """A field's tag, whichever business unit it is of; "" for an attribute."""
    unit, _, tag = name.rpartition(".")
    return "" if unit and not unit.startswith("BusinessUnits.") else tag


def untold(snapshot: Snapshot, dialect: Dialect) -> tuple[str, ...]:
    """The tags that no product comes with, in no business unit; read from the file's own statistics."""
    file = pq.read_metadata(snapshot.path)
    told: set[str] = set()
    for group in range(file.num_row_groups):
        columns = file.row_group(group)
        for at in range(columns.num_columns):
            column = columns.column(at)
            if column.statistics is None or (column.statistics.has_min_max and column.statistics.max):
                told.add(own_tag(column.path_in_schema))
    return tuple(tag for tag in ALWAYS[dialect] if tag not in told) if file.num_rows else ()
