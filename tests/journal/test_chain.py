"""What the chain covers is digested the same, however fast its bytes are made."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Float, Integer, LargeBinary, Table

from pipeline.journal import schema
from pipeline.journal.chain import RowsDigest, bound_columns, bound_values, canonical

#: Any text, half surrogate pairs and control characters among them: shops and files send such.
TEXTS = st.text(st.characters())
NUMBERS = st.integers() | st.integers(min_value=2**53, max_value=2**70)


def values(table: Table) -> st.SearchStrategy[tuple[Any, ...]]:
    """Rows as the table may hold them."""
    columns = [table.c[name] for name in bound_columns(table)]
    return st.tuples(*(_of(column.type) | st.none() for column in columns))


def _of(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, LargeBinary):
        return st.binary()
    if isinstance(kind, Float):
        return st.floats(allow_nan=False, allow_infinity=False)
    return NUMBERS if isinstance(kind, Integer) else TEXTS


@pytest.mark.parametrize("table", schema.BOUND, ids=lambda table: table.name)
@given(data=st.data())
def test_rows_are_digested_as_their_canonical_json(table: Table, data: st.DataObject) -> None:
    rows = data.draw(st.lists(values(table), min_size=1, max_size=5))
    digest = RowsDigest()
    digest.feed(table, rows)
    told = [[hashlib.sha256(v).hexdigest() if isinstance(v, bytes) else v for v in row] for row in rows]
    expected = b"".join(canonical([table.name, *row]) for row in told)
    assert digest.hex() == hashlib.sha256(expected).hexdigest()


def test_numbers_of_events_and_generated_ids_are_not_covered() -> None:
    row = {"event": 7, "id": 3, "run": "r", "at": 1.5, "action": "a", "params": "p", "outcome": "o",
           "seconds": 0.5, "bytes": 9}  # fmt: skip
    assert bound_values(schema.REQUEST)(row) == ("r", 1.5, "a", "p", "o", 0.5, 9)


def test_no_rows_have_no_digest() -> None:
    digest = RowsDigest()
    digest.feed(schema.CHANGE, [])
    assert digest.hex() == ""
