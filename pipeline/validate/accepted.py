"""What passed: rows of values, and what was refused with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.read.catalog import Mapped
from pipeline.read.finding import Finding
from pipeline.validate.lent import filled, only, stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Rows that may be compared and sent, and what was refused.

    Attributes:
        path: Arrow IPC file: ROW, PART, LINE, a string column per owned field holding values
            (null = leave alone, "" = clear), internal columns as "@name", of all rows judged.
        fields: owned canonical names.
        internal: "@name" columns.
        rows: accepted rows, one a SKU.
        kept: for each row of the file whether it was accepted; None = all were.
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
    kept: npt.NDArray[np.bool_] | None = field(default=None, compare=False)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The accepted rows, in order, a few thousand at a time; all columns if not said, in their order."""
        return self._batches(columns, self.kept)

    def some(self, wanted: npt.NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
        """All columns of those of the accepted rows that are wanted: one flag each."""
        if self.kept is None:
            return self._batches(None, wanted)
        flags = self.kept.copy()
        flags[flags] = wanted
        return self._batches(None, flags)

    def _batches(
        self, columns: Sequence[str] | None, wanted: npt.NDArray[np.bool_] | None
    ) -> Iterator[pa.RecordBatch]:
        if columns is None and self.lent:
            columns = next((batch.schema.names for batch in stored(self.path)), ())
        if columns and any(name in columns for name in self.lent):
            return filled(self.path, self.mapped, self.lent, columns, wanted)
        found = stored(self.path, columns)
        return found if wanted is None else only(found, wanted)
