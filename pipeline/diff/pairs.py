"""Rows of the file beside their partners in the shop, a stretch of the file at a time.

The two tables stand in different orders, and neither fits into memory. What must be looked at of the
shop is laid aside on disk by stretches of the file; then each stretch is met with its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.diff.rows import Flags, Rows
from pipeline.store.disk_errors import disk_errors

#: Name of the column that says which row of the file a laid aside row belongs to.
AT = "__at"
STRETCH = 2_048
_MOST_STRETCHES = 256


class Aside:
    """Rows of the shop, laid aside by the stretch of the file that they belong to.

    Args:
        wanted: for each row of the file whether it has to be looked at; stretch: how many such rows
            are met at a time.

    Attributes:
        ends: for each stretch the row after its last.
    """

    def __init__(self, folder: Path, wanted: Flags, stretch: int = STRETCH) -> None:
        rows = np.flatnonzero(wanted)
        size = max(stretch, -(-len(rows) // _MOST_STRETCHES))
        self.ends: Rows = np.append(rows[size::size], len(wanted)) if len(wanted) else rows
        with disk_errors("write into", folder):
            self._folder = tempfile.TemporaryDirectory(
                dir=folder, prefix=".diff-", ignore_cleanup_errors=True
            )
        self._files: dict[int, pa.ipc.RecordBatchStreamWriter] = {}

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._folder.cleanup()

    def lay(self, frame: pl.DataFrame, at: Rows) -> None:
        """Keep rows, each with the row of the file that it belongs to."""
        numbers = np.searchsorted(self.ends, at, side="right")
        order = np.argsort(numbers, kind="stable")
        kept = frame.select(sorted(frame.columns)).with_columns(pl.Series(AT, at))[order]
        table = kept.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
        found, starts = np.unique(numbers[order], return_index=True)
        for number, (start, end) in zip(
            found.tolist(), pairwise([*starts.tolist(), len(order)]), strict=True
        ):
            with disk_errors("write into", self._folder.name):
                self._file(number, table.schema).write_table(table.slice(start, end - start))

    def stretches(self) -> Iterator[tuple[int, int, pl.DataFrame | None]]:
        """(first row, row after the last, what was laid aside for them in the order of the file)."""
        self._close()
        for number, (start, end) in enumerate(pairwise([0, *self.ends.tolist()])):
            yield start, end, self._read(number)

    def _file(self, number: int, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        if number not in self._files:
            self._files[number] = pa.ipc.new_stream(pa.OSFile(str(self._path(number)), "wb"), schema)
        return self._files[number]

    def _path(self, number: int) -> Path:
        return Path(self._folder.name) / f"{number}.arrows"

    def _read(self, number: int) -> pl.DataFrame | None:
        path = self._path(number)
        if not path.exists():
            return None
        with disk_errors("read", path), pa.OSFile(str(path), "rb") as source:
            frame = pl.from_arrow(pa.ipc.open_stream(source).read_all())
        path.unlink()
        assert isinstance(frame, pl.DataFrame)
        return frame.sort(AT)

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
