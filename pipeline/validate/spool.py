"""Arrow files of validation: chunks large enough for pandera, written as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa

#: Each pandera call costs a tenth of a second, so chunks are large; memory bounds them.
CHUNK_ROWS = 100_000
CHUNK_BYTES = 36 * 1024 * 1024


def chunks(batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Some columns of the same rows in the same order, in fewer frames."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch.select(list(columns)))
        rows, size = rows + batch.num_rows, size + held[-1].nbytes
        if rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield _frame(held)
            held, rows, size = [], 0, 0
    if rows:
        yield _frame(held)


def _frame(batches: list[pa.RecordBatch]) -> pl.DataFrame:
    """One piece a column, since of several pieces each question would be asked by the piece; column by
    column, since the pieces take as much memory again."""
    rows = pa.Table.from_batches(batches)
    columns = zip(rows.column_names, rows.columns, strict=True)
    return pl.DataFrame([pl.Series(name, column).rechunk() for name, column in columns])


def table_of(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """The columns of a schema, as a spool writes them; a column that the frame lacks holds nothing."""
    names = [name for name in schema.names if name in frame.columns]
    made = frame.select(names).to_arrow(compat_level=pl.CompatLevel.oldest())
    nothing = pa.nulls(frame.height, pa.large_string())  # of as many columns as there may be, held once
    columns = {of.name: made.column(of.name).cast(of.type) for of in schema if of.name in names}
    return pa.Table.from_arrays([columns.get(name, nothing) for name in schema.names], schema=schema)


class Spool:
    """An Arrow IPC file that grows frame by frame; the schema is known from the start.

    Compressed, as columns of nulls are nothing then.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.rows = path, 0
        self._schema = schema
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(str(path), schema, options=options)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table, max_chunksize=20_000)
        self.rows += table.num_rows

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
