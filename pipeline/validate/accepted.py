"""What passed: rows of values, and what was refused with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.read.catalog import Mapped, batches_of
from pipeline.read.finding import Finding


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

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from batches_of(self.path)
