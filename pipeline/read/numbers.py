"""Number cells of a workbook under a mapping that expects decimal commas."""

from __future__ import annotations

import polars as pl
import pyarrow as pa


def with_commas(column: pl.Series, marks: pa.Array, place: int) -> pl.Series:
    """The column with a comma where a cell that holds a number has its dot; typed text stays.

    A number cell's text is plain ("1234.5") whatever language the workbook is in; text that someone
    typed ("1.234,50") is in the file's own.
    """
    known: dict[bytes | None, bool] = {None: False}
    mask: list[bool] = []
    for mark in marks.to_pylist():
        if mark not in known:
            known[mark] = bool(int.from_bytes(mark, "little") >> place & 1)
        mask.append(known[mark])
    swapped = column.str.replace(".", ",", literal=True)
    return column.zip_with(~pl.Series(mask), swapped).alias(f"{column.name}\0,")
