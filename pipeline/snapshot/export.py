"""A snapshot as a catalog: a file that can be edited and fed back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.safe_csv import write_catalog_csv, write_catalog_xlsx
from schemas.fields import Dialect, canonical_names

Form = Literal["csv", "xlsx", "parquet"]

#: What a worksheet holds, and one of its cells.
SHEET_ROWS = 1_048_575
CELL_CHARACTERS = 32_767


def form_of(out: Path) -> Form:
    """The form that a file's name asks for.

    Raises:
        UsageError: none that we write.
    """
    match out.suffix.lower():
        case ".csv":
            return "csv"
        case ".xlsx":
            return "xlsx"
        case ".parquet":
            return "parquet"
    raise UsageError(f"can't write a snapshot to {out}", hint="name a file .csv, .xlsx or .parquet")


def export(snapshot: Snapshot, out: Path, *, dialect: Dialect, operators: Sequence[str] = ()) -> None:
    """Write the fields that a catalog can set; what the shop only tells (`Url`, `QCStatus` …) stays behind.

    Raises:
        UsageError: the file's form can't hold it.
        StateError: the disk won't take it.
    """
    form = form_of(out)
    headers = settable(snapshot.columns(), dialect, operators)
    if form == "csv":
        write_catalog_csv(out, headers, _rows(snapshot, headers))
    elif form == "xlsx":
        if snapshot.rows > SHEET_ROWS:
            raise UsageError(
                f"a worksheet can't hold {snapshot.rows} products", hint="write a .csv or .parquet"
            )
        write_catalog_xlsx(out, headers, _short_enough(out, headers, _rows(snapshot, headers)))
    else:
        _write_parquet(snapshot, out, headers)


def settable(columns: Sequence[str], dialect: Dialect, operators: Sequence[str]) -> list[str]:
    """Those columns that mean themselves as a catalog's header, in their order."""
    return [name for name in columns if canonical_names(name, dialect, operators) == (name,)]


def _rows(snapshot: Snapshot, headers: Sequence[str]) -> Iterator[Sequence[str | None]]:
    for batch in snapshot.batches():
        columns = [batch.column(name).to_pylist() for name in headers]
        yield from zip(*columns, strict=True)


def _short_enough(
    out: Path, headers: Sequence[str], rows: Iterator[Sequence[str | None]]
) -> Iterator[Sequence[str | None]]:
    """The rows; a cell that a workbook would cut is refused."""
    for row in rows:
        for header, cell in zip(headers, row, strict=True):
            if cell and len(cell) > CELL_CHARACTERS:
                raise UsageError(
                    f"{out} can't hold {header} of {row[0]}: {len(cell)} characters",
                    hint="write a .csv or .parquet",
                )
        yield row


def _write_parquet(snapshot: Snapshot, out: Path, headers: Sequence[str]) -> None:
    from pipeline.snapshot.merge import write_rows

    tables = (pa.Table.from_batches([batch]).select(headers) for batch in snapshot.batches())
    write_rows(out, tables, headers)
