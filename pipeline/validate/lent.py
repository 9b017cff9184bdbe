"""Values that stand word for word in the mapped file: accepted rows borrow them instead of copying them.

Most cells of a catalog are values as they were read. The accepted file holds a null in their place and
a flag that says so; who reads it gets them back from the mapped file, by ROW, which rises in both
files. Descriptions are borrowed cell by cell, short columns by the stretch: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import StateError
from pipeline.read.catalog import ROW, Mapped, together

_FLAG = "__lent "
#: Rows of which a batch is worth a call a column.
_ENOUGH = 4_096


def flag(name: str) -> str:
    """The column that says where a value of a field is borrowed."""
    return f"{_FLAG}{name}"


def lend(
    values: pl.DataFrame, texts: pl.DataFrame, names: Sequence[str], as_read: Mapping[str, str]
) -> pl.DataFrame:
    """A flag in the place of what is borrowed, and no column where all of it is.

    Args:
        values: a stretch of rows; texts: the same rows as they stand in the mapped file.
        as_read: field → the column that says which of its values are the mapped text, letter by letter;
            of the other names a column is borrowed where all of it is.
    """
    made: list[pl.Expr] = []
    whole: list[str] = []
    for name in names:
        if name in as_read:
            made.append(pl.col(as_read[name]).alias(flag(name)))
            made.append(pl.when(pl.col(as_read[name]).not_()).then(name).alias(name))
            continue
        same = values[name].equals(texts[name])
        made.append(pl.lit(same).alias(flag(name)))
        whole += [name] if same else []
    return values.with_columns(made).drop(whole)


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
    path: Path,
    mapped: Mapped,
    lent: Sequence[str],
    columns: Sequence[str],
    wanted: npt.NDArray[np.bool_] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Some columns of an accepted file, of which some are borrowed.

    Args:
        wanted: for each row of it, whether it is asked for; None = all are. Where few are, the rest isn't
            copied on the way, and batches are those of a few thousand rows of what is left.

    Raises:
        StateError: a row of the accepted file isn't in the mapped one.
    """
    whole = _whole(path, [name for name in lent if name in columns])
    some = [name for name in lent if name in columns and name not in whole]
    texts = _Texts(mapped, [*whole, *some])
    ours = stored(path, [ROW, *(name for name in columns if name not in whole), *map(flag, some)])
    if wanted is not None:
        ours = map(pa.concat_batches, together(only(ours, wanted), _ENOUGH))
    for batch in ours:
        if batch.num_rows:
            yield _filled(batch, texts.at(batch.column(ROW).to_numpy()), whole, some, columns)


def _whole(path: Path, names: Sequence[str]) -> dict[str, pa.DataType]:
    """Columns of which the file itself holds nothing, and their types: those aren't even read."""
    if not names:
        return {}
    with pa.OSFile(str(path), "rb") as source:
        schema = pa.ipc.open_file(source).schema
    whole = {name: schema.field(name).type for name in names}
    for batch in stored(path, [flag(name) for name in names]):
        for name in [name for name in whole if batch.column(flag(name)).true_count < batch.num_rows]:
            del whole[name]
    return whole


def only(batches: Iterable[pa.RecordBatch], wanted: npt.NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
    """The rows that are wanted, one flag a row."""
    start = 0
    for batch in batches:
        flags = wanted[start : start + batch.num_rows]
        start += batch.num_rows
        if flags.all():
            yield batch
        elif flags.any():
            yield batch.filter(pa.array(flags))


def _filled(
    batch: pa.RecordBatch,
    texts: pa.Table,
    whole: Mapping[str, pa.DataType],
    some: Sequence[str],
    columns: Sequence[str],
) -> pa.RecordBatch:
    """Args: texts: the same rows as they stand in the mapped file."""
    made = {name: batch.column(name) for name in batch.schema.names if name in columns}
    made |= {name: texts.column(name).cast(kind).combine_chunks() for name, kind in whole.items()}
    for name in some:
        here = batch.column(flag(name))
        if here.true_count == 0:
            continue
        lender = texts.column(name).cast(made[name].type).combine_chunks()
        made[name] = lender if here.true_count == len(here) else pc.if_else(here, lender, made[name])
    return pa.record_batch({name: made[name] for name in columns})


class _Texts:
    """Some columns of a mapped file: rows are asked for in rising order, and only those are copied."""

    def __init__(self, mapped: Mapped, names: Sequence[str]) -> None:
        self._mapped = mapped
        self._names = list(names)
        # Mapped, not read: long texts are most of its bytes, and few are asked for.
        self._batches = mapped.batches(views=True)
        self._batch: pa.RecordBatch | None = None

    def at(self, rows: npt.NDArray[np.int64]) -> pa.Table:
        """These rows, by ROW.

        Raises:
            StateError: the file doesn't hold one of them.
        """
        parts: list[pa.RecordBatch] = []
        while len(rows):
            batch = self._batch or next(self._batches, None)
            if batch is None:
                raise StateError(f"row {rows[0]} isn't in {self._mapped.path}")
            have = batch.column(ROW).to_numpy()
            here = rows[: np.searchsorted(rows, have[-1], side="right")] if len(have) else rows[:0]
            if len(here):
                parts.append(_taken(batch.select(self._names), have, here))
            rows = rows[len(here) :]
            self._batch = None if len(rows) else batch
        return pa.Table.from_batches(parts)


def _taken(
    batch: pa.RecordBatch, have: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> pa.RecordBatch:
    """The wanted rows of a batch whose rows are `have`, both rising."""
    places = np.searchsorted(have, wanted)
    if not np.array_equal(have[places], wanted):
        raise StateError(f"rows from {wanted[0]} to {wanted[-1]} of a catalog changed while it was compared")
    first, count = int(places[0]), len(places)
    adjoining = bool(places[-1] - first == count - 1)
    if adjoining:
        batch = batch.slice(first, count)
    views = [of.name for of in batch.schema if pa.types.is_string_view(of.type)]
    rest = batch.drop_columns(views)
    found = rest if adjoining else rest.take(pa.array(places))
    made = dict(zip(found.schema.names, found.columns, strict=True))
    made |= {name: _owned(batch.column(name), None if adjoining else places) for name in views}
    return pa.record_batch({name: made[name] for name in batch.schema.names})


def _owned(views: pa.Array, places: npt.NDArray[np.int64] | None) -> pa.Array:
    """Some or all views as texts of their own: only those that are asked for."""
    texts = pl.Series(pl.from_arrow(views))
    return (texts if places is None else texts.gather(places)).to_arrow(compat_level=pl.CompatLevel.oldest())
