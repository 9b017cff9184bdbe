"""The quick reader and the thread that reads ahead of it."""

from __future__ import annotations

import threading
from pathlib import Path

from pipeline.ahead import beforehand
from pipeline.read.catalog import ReadOptions
from pipeline.read.dialect import Dialect
from pipeline.read.fast import _parsed, _Watched, read_fast
from pipeline.read.lines import Scanner
from pipeline.read.notes import Notes
from pipeline.read.table import TableWriter, batches_in

LARGE = 40_000_000  # several times what may be read ahead


def test_lines_of_which_no_batch_comes_hold_nobody_up(tmp_path: Path) -> None:
    """Who waits for a batch before it reads on mustn't wait for ever."""
    path = tmp_path / "blank.csv"
    path.write_bytes(b"h1,h2\na,1\n" + b"\n" * LARGE + b"b,2\n")
    with TableWriter(tmp_path / "out.arrow", ("h1", "h2")) as writer:
        took = read_fast(path, Dialect(), 1, writer, ReadOptions(), Notes(file="blank.csv"))
    rows = [row for batch in batches_in(tmp_path / "out.arrow") for row in batch.to_pylist()]
    assert not took or [row["h1"] for row in rows] == ["a", "b"]


def test_who_gives_up_half_way_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"h1,h2\n" + b"some text,1\n" * (LARGE // 12))
    before = threading.active_count()
    watched = _Watched(path, 6, Scanner(","), None)
    batches = beforehand(_parsed(watched, Dialect(), ("h1", "h2"), checked=False))
    assert next(batches).num_rows > 0
    batches.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
