"""The suspicious rows of all chunks, judged by pandera in few large tables."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import pandas as pd
import polars as pl

from pipeline.read.catalog import LINE, PART, ROW
from pipeline.validate.placing import Spot
from schemas.fields import KEY
from schemas.tables import Table, Verdict, judge

#: Rows of one pandera table, at most and at least (but the last). A call costs a tenth of a second; yet they
#: are judged while others are still being looked at: as soon as they are half as many as were judged so far,
#: so that few are left for the end.
TABLE_ROWS, FIRST_ROWS = 20_000, 2_500


#: Where a row stands, what it breaks, and the text that does.
Broken = tuple[Spot, Verdict, str]


class Judge:
    """Collects suspicious rows and judges them when there are enough, beside what else goes on.

    Rows are held as values, and as the texts they were read from (for findings); no more of them than
    are collected and judged at a time.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._values: list[pl.DataFrame] = []
        self._texts: list[pl.DataFrame] = []
        self._judged = 0
        self._broken: list[Broken] = []
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")
        self._under_way: Future[list[Broken]] | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def add(self, values: pl.DataFrame, texts: pl.DataFrame) -> None:
        """Rows that the screen didn't acquit."""
        if not values.is_empty():
            self._values.append(values)
            self._texts.append(texts)
        enough = min(max(FIRST_ROWS, self._judged // 2), TABLE_ROWS)
        if sum(frame.height for frame in self._values) >= enough:
            self._begin()

    def broken(self) -> list[Broken]:
        """Judge what is held; what all rows break, in their order."""
        self._begin()
        self._end()
        return self._broken

    def _begin(self) -> None:
        self._end()
        if not self._values:
            return
        values, texts = pl.concat(self._values), pl.concat(self._texts)
        self._values, self._texts = [], []
        self._judged += values.height
        self._under_way = self._pool.submit(self._judge, values, texts)

    def _end(self) -> None:
        if self._under_way is not None:
            self._broken += self._under_way.result()
            self._under_way = None

    def _judge(self, values: pl.DataFrame, texts: pl.DataFrame) -> list[Broken]:
        tables = range(0, values.height, TABLE_ROWS)
        return [
            broken
            for start in tables
            for broken in _judged(
                self._table, values.slice(start, TABLE_ROWS), texts.slice(start, TABLE_ROWS)
            )
        ]


def _judged(table: Table, values: pl.DataFrame, texts: pl.DataFrame) -> Iterator[Broken]:
    found = judge(table, _pandas(values))
    rows = sorted({row for row, _ in found})
    shown = dict(zip(rows, texts[rows].iter_rows(named=True), strict=True))
    places = values.select(ROW, PART, LINE, KEY)[rows].iter_rows(named=True)
    spots = {row: spot_of(place, shown[row]) for row, place in zip(rows, places, strict=True)}
    for row, verdict in found:
        yield spots[row], verdict, shown[row].get(verdict.field) or ""


def spot_of(values: dict[str, Any], texts: dict[str, Any]) -> Spot:
    """Where a row stands; its SKU as read, else as written."""
    sku = values.get(KEY) or texts.get(KEY) or ""
    return Spot(row=values[ROW], part=values[PART], line=values[LINE], sku=sku.strip())


def _pandas(values: pl.DataFrame) -> pd.DataFrame:
    """The same rows for pandera, text still in Arrow's memory."""
    return values.to_pandas(use_pyarrow_extension_array=True)
