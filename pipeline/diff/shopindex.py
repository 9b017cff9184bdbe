"""The shop's SKUs, to be found by hash; kept beside the snapshot, which they depend on alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.diff import beside
from pipeline.diff.tables import NOWHERE, Rows, our_batches, shop_batches
from pipeline.errors import StateError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.validate.kept import Words, hashes
from schemas.fields import KEY

#: How the hashes are made.
RECIPE = f"skus/1/polars-{pl.__version__}"


class ShopIndex:
    """Finds rows of the shop by SKU; each SKU is read to be sure.

    Attributes:
        rows: how many; hashes: of all SKUs, sorted, as `kept.hashes` makes them.
        clash: two share a hash (or one stands twice), so that this index finds too little.

    Raises:
        StateError: it can't be kept.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.rows = pq.read_metadata(snapshot.path).num_rows
        ranked, order, keys = (
            beside.place(snapshot, suffix, RECIPE) for suffix in (".ranked", ".order", ".skus")
        )
        found = _opened(keys, self.rows)
        if found is None or not (beside.has(ranked, 8 * self.rows) and beside.has(order, 4 * self.rows)):
            skus = _keys(frame[KEY] for frame in shop_batches(snapshot.path, [KEY]))
            words = hashes(pl.Series(skus, dtype=pl.String))
            by_hash = np.argsort(words, kind="stable")
            beside.keep(ranked, words[by_hash].astype("<u8", copy=False).tobytes())
            beside.keep(order, by_hash.astype("<i4").tobytes())
            beside.keep(keys, _as_file(skus))
            found = _opened(keys, self.rows)
            assert found is not None
        self.hashes: Words = beside.mapped(ranked, "<u8")
        self._order: npt.NDArray[np.int32] = beside.mapped(order, "<i4")
        self._keys = found
        self.clash = bool((self.hashes[1:] == self.hashes[:-1]).any())

    def find(self, skus: pl.Series) -> Rows:
        """For each SKU the row of the shop that holds it, or NOWHERE."""
        wanted = hashes(skus)
        if not self.rows:
            return np.full(len(wanted), NOWHERE, dtype=np.int64)
        rank = np.minimum(_ranks(self.hashes, wanted), self.rows - 1)
        rows: Rows = self._order[rank].astype(np.int64)
        ours = skus.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
        same = pc.equal(self._keys.take(pa.array(rows)), ours)
        return np.where(pc.fill_null(same, False).to_numpy(zero_copy_only=False), rows, NOWHERE)


def rows_of(accepted: Accepted, snapshot: Snapshot, index: ShopIndex) -> Rows:
    """For each row of the file the row of the shop that holds its SKU, or NOWHERE.

    Raises:
        StateError: a SKU stands twice in the shop.
    """
    parts = our_batches(accepted, [KEY])
    if index.clash:
        return _found_by_text(parts, snapshot)
    return np.concatenate([np.zeros(0, dtype=np.int64), *(index.find(part[KEY]) for part in parts)])


def _found_by_text(ours: Iterator[pl.DataFrame], snapshot: Snapshot) -> Rows:
    """The same where two SKUs of the shop share a hash: slower, and larger."""
    theirs = pl.DataFrame({KEY: _keys(part[KEY] for part in shop_batches(snapshot.path, [KEY]))})
    if theirs[KEY].is_duplicated().any():
        raise StateError(f"a SKU stands twice in {snapshot.path}")
    rows = pl.DataFrame({KEY: _keys(part[KEY] for part in ours)})
    found = rows.join(theirs.with_row_index("row"), on=KEY, how="left", maintain_order="left")["row"]
    places: Rows = found.cast(pl.Int64).fill_null(NOWHERE).to_numpy()
    return places


def _keys(parts: Iterable[pl.Series]) -> pa.Array:
    """SKUs, one behind the other."""
    chunks = [part.to_arrow().cast(pa.large_string()) for part in parts]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.large_string())


def _as_file(skus: pa.Array) -> bytes:
    """An Arrow file of one column in one batch."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([skus], names=[KEY])
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _opened(path: Path, rows: int) -> pa.Array | None:
    """What `_as_file` wrote, mapped; None where it isn't there, or isn't whole."""
    try:
        batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    except (OSError, pa.ArrowInvalid):
        return None
    return batch.column(0) if batch.num_rows == rows else None


def _ranks(ranked: Words, wanted: Words) -> Rows:
    """`searchsorted`; who asks in order finds its neighbours in the cache."""
    order = np.argsort(wanted)
    found: Rows = np.empty(len(wanted), dtype=np.int64)
    found[order] = np.searchsorted(ranked, wanted[order])
    return found
