"""Batches of a mapped file, read behind pages that were given back."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.read.catalog import batches_of

SCHEMA = pa.schema([("text", pa.string()), ("number", pa.int64())])


def batch(number: int) -> pa.RecordBatch:
    texts = [f"{number}-{row}-" + "x" * 50 for row in range(2_000)]
    return pa.record_batch([pa.array(texts), pa.array(range(2_000))], schema=SCHEMA)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "many.arrow"
    with pa.ipc.new_file(str(path), SCHEMA) as writer:
        for number in range(20):
            writer.write_batch(batch(number))
    return path


@pytest.mark.parametrize("near", [0, 1, 300_000, 1 << 40], ids=["none", "hardly any", "some", "all"])
@pytest.mark.parametrize("step", [0, 1, 70_000, 1 << 40], ids=["always", "nearly", "some", "never"])
def test_what_was_given_back_is_found_again(file, near, step):
    """Who holds earlier batches still reads them, after later ones."""
    held = list(batches_of(file, near=near, step=step))
    assert held == [batch(number) for number in range(20)]


def test_who_stops_early_loses_nothing(file):
    rows = batches_of(file, near=0, step=0)
    held = [next(rows), next(rows)]
    rows.close()
    assert held == [batch(0), batch(1)]


def test_a_file_without_rows_has_no_batches(tmp_path):
    path = tmp_path / "none.arrow"
    with pa.ipc.new_file(str(path), SCHEMA):
        pass
    assert list(batches_of(path)) == []


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"x" * 10_000], ids=["empty", "cut", "other"])
def test_what_is_no_such_file_is_said(tmp_path, content):
    path = tmp_path / "none.arrow"
    path.write_bytes(content)
    with pytest.raises(pa.ArrowInvalid):
        list(batches_of(path))
