"""What passed: rows of values, and what was refused with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.read.catalog import Mapped
from pipeline.read.finding import Finding
from pipeline.validate.lent import filled, stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Rows that may be compared and sent, and what was refused.

    Attributes:
        path: Arrow IPC file: ROW, PART, LINE, a string column per owned field holding values
            (null = leave alone, "" = clear), internal columns as "@name". One row a SKU.
        fields: owned canonical names.
        internal: "@name" columns.
        rows: accepted rows.
        total: rows judged: rows + rejected.
        rejected: rows refused.
        rejected_skus: SKUs of refused rows, as far as known: never "absent from the file".
        findings: all of them, in file order.
        mapped: what was judged.
        lent: columns of which some values stand in the mapped file only (see `validate.lent`).
    """

    path: Path
    fields: tuple[str, ...]
    internal: tuple[str, ...]
    rows: int
    total: int
    rejected: int
    rejected_skus: frozenset[str]
    findings: tuple[Finding, ...]
    mapped: Mapped
    lent: tuple[str, ...] = ()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, in order, a few thousand at a time; all columns if not said, in the file's order."""
        if columns is None and self.lent:
            columns = next((batch.schema.names for batch in stored(self.path)), ())
        lent = [name for name in self.lent if name in (columns or ())]
        if lent and columns:
            return filled(self.path, self.mapped.path, lent, columns)
        return stored(self.path, columns)
