"""The suspicious rows of all chunks, judged by pandera in few large tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import polars as pl

from pipeline.read.catalog import LINE, PART, ROW
from pipeline.validate.placing import Placer, Spot
from schemas.fields import KEY
from schemas.tables import Table, judge

#: Rows of one pandera table, at most and at least (but the last). A call costs a tenth of a second; yet they
#: are judged while others are still being looked at: as soon as they are half as many as were judged so far,
#: so that few are left for the end.
TABLE_ROWS, FIRST_ROWS = 20_000, 2_500


@dataclass(slots=True, kw_only=True)
class Judge:
    """Collects suspicious rows and judges them when there are enough.

    Rows are held as values, and as the texts they were read from (for findings).
    """

    table: Table
    placer: Placer
    _values: list[pl.DataFrame] = field(default_factory=list)
    _texts: list[pl.DataFrame] = field(default_factory=list)
    _judged: int = 0

    def add(self, values: pl.DataFrame, texts: pl.DataFrame) -> None:
        """Rows that the screen didn't acquit."""
        if not values.is_empty():
            self._values.append(values)
            self._texts.append(texts)
        enough = min(max(FIRST_ROWS, self._judged // 2), TABLE_ROWS)
        if sum(frame.height for frame in self._values) >= enough:
            self.finish()

    def finish(self) -> None:
        """Judge what is held."""
        if not self._values:
            return
        values, texts = pl.concat(self._values), pl.concat(self._texts)
        self._values, self._texts = [], []
        self._judged += values.height
        for start in range(0, values.height, TABLE_ROWS):
            self._judge(values.slice(start, TABLE_ROWS), texts.slice(start, TABLE_ROWS))

    def _judge(self, values: pl.DataFrame, texts: pl.DataFrame) -> None:
        broken = judge(self.table, _pandas(values))
        rows = sorted({row for row, _ in broken})
        shown = dict(zip(rows, texts[rows].iter_rows(named=True), strict=True))
        places = values.select(ROW, PART, LINE, KEY)[rows].iter_rows(named=True)
        spots = {row: spot_of(place, shown[row]) for row, place in zip(rows, places, strict=True)}
        for row, verdict in broken:
            self.placer.verdict(spots[row], verdict, shown[row].get(verdict.field) or "")


def spot_of(values: dict[str, Any], texts: dict[str, Any]) -> Spot:
    """Where a row stands; its SKU as read, else as written."""
    sku = values.get(KEY) or texts.get(KEY) or ""
    return Spot(row=values[ROW], part=values[PART], line=values[LINE], sku=sku.strip())


def _pandas(values: pl.DataFrame) -> pd.DataFrame:
    """The same rows for pandera, text still in Arrow's memory."""
    return values.to_pandas(use_pyarrow_extension_array=True)
