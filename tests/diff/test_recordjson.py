"""A record is written as pydantic would write it, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diff.plan import Change, Effect, Origin, Record
from pipeline.diff.planfile import adapter, record_line
from pipeline.diff.recordjson import body_of
from pipeline.market.feeds import Action

ODD = [
    "",
    "0",
    '"',
    "\\",
    "</b>",
    "\x00\x07\x08\t\n\x0b\x0c\r\x1f\x7f\x80",
    "\u2028\u2029",
    "\U0001f600",
    "ẞé",
]
texts = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
origins = st.builds(
    Origin, file=texts, sheet=texts, row=st.integers(0, 1 << 40), cell=texts, expression=texts
)
changes = st.builds(
    Change,
    field=texts,
    before=st.none() | texts,
    after=texts,
    origin=st.none() | st.just(Origin()) | origins,
    drift=st.none() | texts,
)
records = st.builds(
    Record,
    no=st.integers(0, 1 << 40),
    batch=st.integers(0, 1 << 40),
    sku=texts,
    action=st.sampled_from(Action),
    effect=st.sampled_from(Effect),
    changes=st.lists(changes, max_size=4).map(tuple),
    acquitted=st.lists(texts, max_size=3).map(tuple),
    context=pairs,
    facts=pairs,
)


@given(record=records)
def test_a_record_is_written_as_pydantic_writes_it(record: Record) -> None:
    theirs = adapter(Record).dump_json(record, exclude_defaults=True)
    assert record_line(record.no, record.batch, body_of(record)) == b'{"kind":"record",' + theirs[1:]


@given(record=records)
def test_what_is_written_is_read_as_it_was(record: Record) -> None:
    line = record_line(record.no, record.batch, body_of(record))
    assert adapter(Record).validate_json(line) == record


@pytest.mark.parametrize("half", ["\ud800", "a\udfff"])
def test_half_a_surrogate_pair_has_no_bytes(half: str) -> None:
    record = Record(no=1, batch=1, sku=half, action=Action.UPDATE, effect=Effect.UPDATE, changes=())
    with pytest.raises((TypeError, ValueError)):
        adapter(Record).dump_json(record)
    with pytest.raises((TypeError, ValueError)):
        body_of(record)
