"""Pages → one Parquet file, a row a SKU, never all of them in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.read.catalog import together
from pipeline.snapshot.digest import RowsDigest
from pipeline.snapshot.parts import Piece, read_page
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import write_atomic
from schemas.fields import KEY, Dialect, fields_of

#: Rows of a row group: enough to compress well, few enough to hold.
GROUP = 10_000
_ORDER = {
    name: rank
    for rank, name in enumerate(
        dict.fromkeys(field.name for dialect in Dialect for field in fields_of(dialect))
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What lies in the file."""

    rows: int
    digest: str


def last_rows(pieces: Sequence[Piece]) -> Iterator[pa.Table]:
    """The rows of all pages; where a SKU came several times, the last of it only."""
    ordered = sorted(pieces, key=lambda piece: piece.number)
    keys = [pl.Series(values=read_page(piece.path, [KEY]).column(KEY)) for piece in ordered]
    if not keys:
        return
    wanted = pl.concat(keys).is_last_distinct()
    start = 0
    for piece, skus in zip(ordered, keys, strict=True):
        mask = wanted.slice(start, len(skus))
        start += len(skus)
        if mask.any():
            table = read_page(piece.path)
            yield table if mask.all() else table.filter(mask.to_arrow())


def skus_of(pieces: Iterable[Piece]) -> set[str]:
    """All SKUs of these pages."""
    return {sku for piece in pieces for sku in read_page(piece.path, [KEY]).column(KEY).to_pylist()}


def rows_without(base: Snapshot, skus: Collection[str]) -> Iterator[pa.Table]:
    """A snapshot's rows, but for these SKUs."""
    gone = pa.array(sorted(skus), pa.string())
    for batch in base.batches():
        rows = pa.Table.from_batches([batch])
        yield rows.filter(pc.invert(pc.is_in(rows.column(KEY), value_set=gone)))


def columns_of(schemas: Iterable[pa.Schema]) -> list[str]:
    """The union of their columns: the vocabulary's first, in its order, then the others by name."""
    names = {name for schema in schemas for name in schema.names} | {KEY}
    return sorted(names, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def page_schemas(pieces: Iterable[Piece]) -> Iterator[pa.Schema]:
    """The columns of each page."""
    for piece in pieces:
        with pa.memory_map(str(piece.path)) as source:
            yield pa.ipc.open_file(source).schema


def write_rows(path: Path, tables: Iterable[pa.Table], columns: Sequence[str]) -> Written:
    """Write rows to a Parquet file of string columns, atomically.

    Raises:
        StateError: the disk won't take it.
    """
    schema = pa.schema([(name, pa.string()) for name in columns])
    digest = RowsDigest()

    def pour(sink: object) -> None:
        with pq.ParquetWriter(
            sink, schema, compression="zstd", compression_level=1, use_dictionary=False
        ) as out:
            for group in _groups(tables):
                digest.add(group)
                out.write_table(_aligned(group, schema))

    write_atomic(path, pour)
    return Written(rows=digest.rows, digest=digest.hexdigest())


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    return (pa.concat_tables(some, promote_options="default") for some in together(tables, GROUP))


def _aligned(table: pa.Table, schema: pa.Schema) -> pa.Table:
    empty = pa.nulls(table.num_rows, pa.string())
    given = set(table.column_names)
    columns = [table.column(name) if name in given else empty for name in schema.names]
    return pa.table(columns, schema=schema)
