"""Values that stand word for word in the mapped file: accepted rows borrow them instead of copying them.

Most cells of a catalog are values as they were read. The accepted file holds a null in their place and
a flag that says so; who reads it gets them back from the mapped file, by ROW, which rises in both
files. Descriptions are borrowed cell by cell, short columns by the stretch: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import StateError
from pipeline.read.catalog import ROW, Mapped

_FLAG = "__lent "


def flag(name: str) -> str:
    """The column that says where a value of a field is borrowed."""
    return f"{_FLAG}{name}"


def lend(
    values: pl.DataFrame, texts: pl.DataFrame, names: Sequence[str], as_read: Mapping[str, str]
) -> pl.DataFrame:
    """Null and a flag in the place of what is borrowed.

    Args:
        values: a stretch of rows; texts: the same rows as they stand in the mapped file.
        as_read: field → the column that says which of its values are the mapped text, letter by letter;
            of the other names a column is borrowed where all of it is.
    """
    made: list[pl.Expr] = []
    for name in names:
        if name in as_read:
            made.append(pl.col(as_read[name]).alias(flag(name)))
            made.append(pl.when(pl.col(as_read[name]).not_()).then(name).alias(name))
            continue
        same = values[name].equals(texts[name])
        made.append(pl.lit(same).alias(flag(name)))
        made += [pl.lit(None, pl.String).alias(name)] if same else []
    return values.with_columns(made)


def stored(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Some columns as they lie in an Arrow file, all but flags if not said, in the file's order.

    Read, not mapped: pages of a mapped file count as memory of ours for as long as it is open.
    """
    with pa.OSFile(str(path), "rb") as source:
        names = pa.ipc.open_file(source).schema.names
        asked = [name for name in names if not name.startswith(_FLAG)] if columns is None else columns
        places = sorted(names.index(name) for name in set(asked))
        reader = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=places))
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)


def filled(
    path: Path, mapped: Mapped, lent: Sequence[str], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Some columns of an accepted file, of which some are borrowed.

    Raises:
        StateError: a row of the accepted file isn't in the mapped one.
    """
    lent = [name for name in lent if name in columns]
    ours = _Rows(stored(path, [ROW, *columns, *map(flag, lent)]))
    for theirs in mapped.batches():  # not read: long texts are most of its bytes, and few are asked for
        batch = ours.up_to(theirs.column(ROW)[-1].as_py()) if theirs.num_rows else None
        if batch is not None:
            yield _filled(batch, theirs, lent, columns)
    if ours.up_to(np.iinfo(np.int64).max) is not None:
        raise StateError(f"{path} holds rows that {mapped.path} doesn't")


def _filled(
    batch: pa.RecordBatch, theirs: pa.RecordBatch, lent: Sequence[str], columns: Sequence[str]
) -> pa.RecordBatch:
    wanted, have = batch.column(ROW).to_numpy(), theirs.column(ROW).to_numpy()
    places = np.searchsorted(have, wanted)
    if not np.array_equal(have[np.minimum(places, len(have) - 1)], wanted):
        raise StateError(f"rows from {wanted[0]} to {wanted[-1]} of a catalog changed while it was compared")
    taken = None if len(wanted) == len(have) else pa.array(places)
    made = {name: batch.column(name) for name in batch.schema.names if name in columns}
    for name in lent:
        here = batch.column(flag(name))
        if here.true_count == 0:
            continue
        texts = theirs.column(name).cast(made[name].type)
        texts = texts if taken is None else texts.take(taken)
        made[name] = texts if here.true_count == len(here) else pc.if_else(here, texts, made[name])
    return pa.record_batch(made)


class _Rows:
    """Batches of rows, cut anew where another file's batches end."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._left: pa.RecordBatch | None = None

    def up_to(self, last: int) -> pa.RecordBatch | None:
        """The rows that come next, as far as this one."""
        parts: list[pa.RecordBatch] = []
        while (batch := self._left or next(self._batches, None)) is not None:
            count = int(np.searchsorted(batch.column(ROW).to_numpy(), last, side="right"))
            parts.append(batch.slice(0, count))
            self._left = batch.slice(count) if count < batch.num_rows else None
            if self._left is not None:
                break
        whole = pa.Table.from_batches(parts).combine_chunks() if parts else None
        return whole.to_batches()[0] if whole is not None and whole.num_rows else None
