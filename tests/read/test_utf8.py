"""UTF-8 told block by block: what Python's own decoder says, wherever the blocks end."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.read.dialect import Dialect
from pipeline.read.fast import Utf8, _NotProven, _parsed, _Watched
from pipeline.read.lines import Scanner

_PIECES = st.one_of(st.text().map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=6))


@given(st.lists(_PIECES).map(b"".join), st.integers(1, 7))
@example(b"\xf0\x9f\x98", 1)
@example(b"\xed\xa0\x80", 2)
@example(b"\x80\x80\x80\x80\x80", 5)
@example("naïve €😀".encode(), 1)
def test_blocks_are_told_as_the_whole_would_be(data: bytes, size: int) -> None:
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    checked = Utf8()
    assert all(checked.feed(block) for block in (*filter(None, blocks), b"")) is valid


@pytest.mark.parametrize(
    ("rows", "seen"),
    [(b"1,a\n2,\xc3\xb1\n", 2), (b"1,a\n2,\xc3\n", None), (b"1,a\n2,\xc3", None)],
    ids=["valid", "broken inside", "broken at the end"],
)
def test_a_file_that_is_not_utf8_is_no_proof(tmp_path: Path, rows: bytes, seen: int | None) -> None:
    path = tmp_path / "catalog.csv"
    path.write_bytes(b"id,name\n" + rows)
    watched = _Watched(path, 8, Scanner(","), Utf8())
    batches = _parsed(watched, Dialect(delimiter=","), ["id", "name"], checked=True)
    with contextlib.nullcontext() if seen else pytest.raises(_NotProven):
        assert sum(batch.num_rows for batch in batches) == seen
