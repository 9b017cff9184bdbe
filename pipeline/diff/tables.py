"""The two tables of a comparison on disk, read by column and by batch, never whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.diff.rows import NOWHERE, Flags, Rows
from pipeline.errors import StateError
from pipeline.read.catalog import together
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted

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


def partners(accepted: Accepted, snapshot: Snapshot, rows: Rows | npt.NDArray[np.int32]) -> Partners:
    """Join the file and the shop.

    Args:
        rows: for each row of the file the row of the shop that holds its SKU, or NOWHERE.

    Raises:
        StateError: a SKU stands twice in one of them, which the stages before rule out.
    """
    listed = rows != NOWHERE
    of_shop = np.full(pq.read_metadata(snapshot.path).num_rows, NOWHERE, dtype=np.int64)
    of_shop[rows[listed]] = np.flatnonzero(listed)
    if int((of_shop != NOWHERE).sum()) != int(listed.sum()):
        raise StateError(f"a SKU stands twice in {accepted.path} or {snapshot.path}")
    return Partners(of_shop=of_shop, listed=listed)


def our_batches(accepted: Accepted, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Some columns of the file, in order, in frames large enough to be worth a call."""
    return (_frame(some).select(columns) for some in together(accepted.batches(columns), _BATCH))


def our_rows(accepted: Accepted, wanted: Flags, ends: Rows) -> Iterator[pl.DataFrame]:
    """The wanted rows of each stretch of the file, in order; one frame a stretch, empty ones too.

    Args:
        ends: for each stretch the row after its last.
    """
    frames = (_frame([batch]) for batch in accepted.some(wanted))
    left = pl.DataFrame()
    for start, end in pairwise([0, *ends.tolist()]):
        parts, missing = [pl.DataFrame()], int(wanted[start:end].sum())
        while missing:
            left = left if left.height else next(frames)
            parts.append(left.head(missing))
            left = left.slice(parts[-1].height)
            missing -= parts[-1].height
        yield pl.concat(parts[1:]) if parts[1:] else parts[0]


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
    rows = asked_of(path, lambda shop: shop.slice(start, len(wanted)).select(columns))
    return rows.filter(pl.Series(wanted))


def asked_of(path: Path, question: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
    """The answer to a question to the shop's table.

    Raises:
        StateError: the file is damaged.
    """
    try:
        return question(pl.scan_parquet(path, glob=False)).collect()
    except pl.exceptions.PolarsError as error:
        hint = "take a new one with `sellercenter snapshot`"
        raise StateError(f"snapshot {path} is damaged: {error}", hint=hint) from error


def _frame(batches: Sequence[pa.RecordBatch]) -> pl.DataFrame:
    frame = pl.from_arrow(batches)
    assert isinstance(frame, pl.DataFrame)
    return frame
