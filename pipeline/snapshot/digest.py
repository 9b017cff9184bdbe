"""A digest of rows that doesn't depend on their order, nor on columns that none of them has.

Recipe `rows/1`:

1. a cell that is there (not null) is `<column> U+001F <length of the value in bytes> U+001F <value> U+001F`;
2. a row is its cells one after the other, in the order of their columns' names, as UTF-8;
3. the sum over all rows of SHA-256(row), as a big-endian number, modulo 2^256;
4. "sha256:" and the SHA-256 of `rows/1 <number of rows> <sum in hex>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

RECIPE = "rows/1"
_UNIT = "\x1f"
_MODULUS = 2**256


class RowsDigest:
    """A digest that rows are added to, some at a time."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Count these rows in."""
        texts = _row_texts(rows)
        total = 0
        for text in texts:
            total += int.from_bytes(hashlib.sha256(text).digest(), "big")
        self._sum = (self._sum + total) % _MODULUS
        self.rows += rows.num_rows

    def hexdigest(self) -> str:
        """ "sha256:…" of what was added."""
        said = f"{RECIPE} {self.rows} {self._sum:064x}"
        return f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"


def _row_texts(rows: pa.Table | pa.RecordBatch) -> Iterable[bytes]:
    cells = [
        pc.binary_join_element_wise(name, _lengths(column), column, "", _UNIT)
        for name, column in sorted(zip(rows.schema.names, rows.columns, strict=True))
        if column.null_count < len(column)
    ]
    if not cells:
        return [b""] * rows.num_rows
    joined = pc.binary_join_element_wise(*cells, "", null_handling="replace", null_replacement="")
    texts: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return texts


def _lengths(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.binary_length(column).cast(pa.string())
