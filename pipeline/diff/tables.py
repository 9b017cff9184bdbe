"""The two tables of a comparison on disk, read by column and by batch, never whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StateError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from schemas.fields import KEY

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NOWHERE = -1
_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Partners:
    """Which row of the file each row of the shop belongs to, by exact SKU.

    Attributes:
        of_shop: for each row of the snapshot the row of the file, or NOWHERE.
        listed: for each row of the file whether the shop holds it.
    """

    of_shop: Rows
    listed: Flags


def partners(accepted: Accepted, snapshot: Snapshot) -> Partners:
    """Join the file and the shop.

    Raises:
        StateError: a SKU stands twice in one of them, which the stages before rule out.
    """
    ours = _keys(part[KEY] for part in our_batches(accepted, [KEY]))
    of_shop = _joined(ours, snapshot)
    known = of_shop[of_shop != NOWHERE]
    listed: Flags = np.zeros(len(ours), dtype=np.bool_)
    listed[known] = True
    if int(listed.sum()) != len(known):
        raise StateError(f"a SKU stands twice in {accepted.path} or {snapshot.path}")
    return Partners(of_shop=of_shop, listed=listed)


def _joined(ours: pa.Array, snapshot: Snapshot) -> Rows:
    """For each row of the shop the row of ours with the same SKU: found by hash, then read to be sure."""
    hashes = _hashes(ours)
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    clash = bool((ranked[1:] == ranked[:-1]).any())
    found: list[Rows] = [np.zeros(0, dtype=np.int64)]
    for frame in shop_batches(snapshot.path, [KEY]) if not clash else ():
        theirs = frame[KEY].to_arrow()
        wanted = _hashes(theirs)
        rank = np.minimum(_ranks(ranked, wanted), max(len(ranked) - 1, 0))
        hits = ranked[rank] == wanted if len(ranked) else np.zeros(len(wanted), dtype=np.bool_)
        rows = np.where(hits, order[rank] if len(order) else NOWHERE, NOWHERE)
        clash = clash or not _same(ours.take(pa.array(rows[hits])), theirs.filter(pa.array(hits)))
        found.append(rows)
    return _joined_by_text(ours, snapshot) if clash else np.concatenate(found)


def _joined_by_text(ours: pa.Array, snapshot: Snapshot) -> Rows:
    """The same where two SKUs share a hash (or one stands twice): slower, and larger."""
    rows = pl.DataFrame({KEY: ours}).with_row_index("row")
    theirs = pl.DataFrame({KEY: _keys(part[KEY] for part in shop_batches(snapshot.path, [KEY]))})
    found = theirs.join(rows, on=KEY, how="left", maintain_order="left")["row"]
    if len(found) != theirs.height:
        raise StateError(f"a SKU stands twice in the file that is compared with {snapshot.path}")
    places: Rows = found.cast(pl.Int64).fill_null(NOWHERE).to_numpy()
    return places


def _ranks(ranked: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> Rows:
    """`searchsorted`; who asks in order finds its neighbours in the cache."""
    order = np.argsort(wanted)
    found: Rows = np.empty(len(wanted), dtype=np.int64)
    found[order] = np.searchsorted(ranked, wanted[order])
    return found


def _hashes(keys: pa.Array) -> npt.NDArray[np.uint64]:
    found: npt.NDArray[np.uint64] = pl.Series(keys, dtype=pl.String).hash(seed=1).to_numpy()
    return found


def _same(ours: pa.Array, theirs: pa.Array) -> bool:
    return bool(ours.cast(pa.large_string()).equals(theirs.cast(pa.large_string())))


def _keys(parts: Iterator[pl.Series]) -> pa.Array:
    chunks = [part.to_arrow().cast(pa.large_string()) for part in parts]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.large_string())


def our_batches(accepted: Accepted, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Some columns of the file, in order, in frames large enough to be worth a call."""
    few: list[pa.RecordBatch] = []
    for batch in accepted.batches(columns):
        few.append(batch)
        if sum(part.num_rows for part in few) >= _BATCH:
            yield _frame(few).select(columns)
            few = []
    if few:
        yield _frame(few).select(columns)


def our_rows(accepted: Accepted, wanted: Flags, ends: Rows) -> Iterator[pl.DataFrame]:
    """The wanted rows of each stretch of the file, in order; one frame a stretch, empty ones too.

    Args:
        ends: for each stretch the row after its last.
    """
    kept: list[pa.RecordBatch] = []
    start, left = 0, ends.tolist()
    for batch in accepted.batches():
        empty = pa.RecordBatch.from_pylist([], schema=batch.schema)
        done = 0
        while done < batch.num_rows:
            rows = min(batch.num_rows - done, left[0] - start)
            flags = wanted[start : start + rows]
            if flags.any():
                kept.append(batch.slice(done, rows).filter(pa.array(flags)))
            start, done = start + rows, done + rows
            if start == left[0]:
                yield _frame([empty, *kept])
                kept, left = [], left[1:]


def shop_columns(path: Path) -> tuple[str, ...]:
    """Fields that any product of the shop was given."""
    with pq.ParquetFile(path) as file:
        return tuple(file.schema_arrow.names)


def shop_batches(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows of the shop, in the order of the snapshot."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=list(columns)):
            yield _frame([batch]).select(columns)


def row_groups(path: Path) -> Iterator[tuple[int, int]]:
    """(first row, row after the last) of each stretch that the snapshot was written in."""
    start = 0
    with pq.ParquetFile(path) as file:
        for number in range(file.metadata.num_row_groups):
            stop = start + file.metadata.row_group(number).num_rows
            yield start, stop
            start = stop


def shop_rows(path: Path, start: int, wanted: Flags, columns: Sequence[str]) -> pl.DataFrame:
    """Those wanted of the shop's rows from `start` on, some columns of them.

    Raises:
        StateError: the file is damaged there.
    """
    try:
        rows = pl.scan_parquet(path, glob=False).slice(start, len(wanted)).select(columns).collect()
    except pl.exceptions.PolarsError as error:
        hint = "take a new one with `sellercenter snapshot`"
        raise StateError(f"snapshot {path} is damaged: {error}", hint=hint) from error
    return rows.filter(pl.Series(wanted))


def _frame(batches: Sequence[pa.RecordBatch]) -> pl.DataFrame:
    frame = pl.from_arrow(batches)
    assert isinstance(frame, pl.DataFrame)
    return frame
