"""The shop's SKUs, to be found by hash; kept beside the snapshot, which they depend on alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.diff import beside
from pipeline.diff.rows import NOWHERE, Rows
from pipeline.diff.tables import our_batches, shop_batches
from pipeline.errors import StateError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.validate.kept import Words, hashes
from schemas.fields import KEY

#: How the hashes are made.
RECIPE = f"skus/2/polars-{pl.__version__}"


class ShopIndex:
    """Finds rows of the shop by SKU; each SKU is read to be sure.

    Attributes:
        rows: how many; hashes: of all SKUs, sorted, as `kept.hashes` makes them.
        clash: two share a hash (or one stands twice), so that this index finds too little.

    Raises:
        StateError: it can't be kept.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        path = beside.place(snapshot, ".skus", RECIPE)
        kept = beside.kept(path) or beside.keep(path, _made(snapshot))
        batch = pa.ipc.open_file(pa.BufferReader(kept)).get_batch(0)
        self.rows = batch.num_rows
        self.hashes: Words = batch.column("hash").to_numpy()
        self._order: npt.NDArray[np.int32] = batch.column("row").to_numpy()
        self._keys = batch.column("sku")
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


def _made(snapshot: Snapshot) -> pa.Buffer:
    """An Arrow file of one batch: hashes in order, the row of each, and the SKUs of all rows."""
    skus = _keys(frame[KEY] for frame in shop_batches(snapshot.path, [KEY]))
    words = hashes(pl.Series(skus, dtype=pl.String))
    order = np.argsort(words, kind="stable")
    batch = pa.record_batch(
        {"hash": pa.array(words[order]), "row": pa.array(order.astype(np.int32)), "sku": skus}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _ranks(ranked: Words, wanted: Words) -> Rows:
    """`searchsorted`; who asks in order finds its neighbours in the cache."""
    order = np.argsort(wanted)
    found: Rows = np.empty(len(wanted), dtype=np.int64)
    found[order] = np.searchsorted(ranked, wanted[order])
    return found
