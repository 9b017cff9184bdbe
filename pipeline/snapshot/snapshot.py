"""What the shop held at a time, on disk, by SKU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A downloaded GetProducts, one row a SKU.

    Attributes:
        id: file stem in the state folder.
        path: Parquet file: a string column per canonical field that was ever given (null where a
            product lacked it, "" where it was empty), text as the shop gave it; `Images` joined by
            a line feed; attributes as `ProductData.<FeedName>`, units as `BusinessUnits.<op>.<Tag>`;
            read-only extras (`ShopSku`, `QCStatus`, `Url`, `PrimaryCategoryId`) too.
        shop: shop's name in the settings; identity: digest of url, user and operators.
        taken: seconds since the epoch when the first page was asked for.
        rows: distinct SKUs.
        pages: pages of the scan that counts.
        scans: full scans made, and agreeing: how many of them held the same SKUs.
        complete: proven whole; else `doubt` says why not.
        digest: "sha256:…" over the canonical rows, whatever their order.
    """

    id: str
    path: Path
    shop: str
    identity: str
    taken: float
    rows: int
    pages: int
    scans: int
    agreeing: int
    complete: bool
    doubt: str
    digest: str

    def columns(self) -> list[str]:
        """The canonical names that it holds, in their order."""
        import pyarrow.parquet as pq

        names: list[str] = pq.read_schema(self.path).names
        return names

    def batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(batch_size=20_000)
