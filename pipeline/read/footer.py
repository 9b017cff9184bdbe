"""Rows below the data that are no data, told from products by the whole table above them.

A row of sums leaves the columns blank that name an article, and its numbers are the sums of theirs; a
remark is a lone text unlike what stands above it. Each row that is left out is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.read.catalog import LINE, ReadOptions
from pipeline.read.header import AMOUNT, footer_length
from pipeline.read.notes import Notes
from pipeline.read.table import Table

if TYPE_CHECKING:
    import polars as pl

#: Rows at the end that may be a footer.
_DEPTH = 60
#: Rows that must stand above a row for its numbers to prove anything.
_LEAST = 3
_STRAY = r"[^\d.,+-]"

Cells = Sequence[str | None]


def without_footer(table: Table, notes: Notes, options: ReadOptions) -> Table:
    """The table without the rows at its end that are sums and remarks, in any order."""
    if options.skip_footer is not None or len(table.headers) < 3 or not table.part.rows:
        return table
    with pa.OSFile(str(table.path)) as source:
        reader = pa.ipc.open_file(source)
        tail = _tail(reader, table.headers)
        body = _Body(table, tail)
        count = 0
        while count < len(tail) and body.is_footer(tail[-1 - count][1], count + 1):
            count += 1
        if not count:
            return table
        _cut(reader, table.path, table.part.rows - count)
    table.path.with_suffix(".cut").replace(table.path)
    for line, cells in tail[len(tail) - count :]:
        note_footer(notes, line, cells)
    return replace(table, part=replace(table.part, rows=table.part.rows - count))


def note_footer(notes: Notes, line: int, cells: Cells) -> None:
    """Say that a row below the data was not read."""
    notes.found(
        "footer-skipped",
        "this row below the data is a footer, no product",
        row=line,
        value=" ".join(cell for cell in cells if cell),
        hint="skip_footer = 0 in [read] reads it",
    )


def _tail(reader: pa.RecordBatchFileReader, headers: Sequence[str]) -> list[tuple[int, Cells]]:
    """The last rows, each with its line."""
    rows: list[tuple[int, Cells]] = []
    for index in reversed(range(reader.num_record_batches)):
        batch = reader.get_batch(index)
        last = batch.slice(max(batch.num_rows - (_DEPTH - len(rows)), 0))
        columns = [last.column(name).to_pylist() for name in headers]
        rows[:0] = zip(last.column(LINE).to_pylist(), zip(*columns, strict=True), strict=True)
        if len(rows) >= _DEPTH:
            break
    return rows


def _cut(reader: pa.RecordBatchFileReader, path: Path, left: int) -> None:
    """The first rows of a table as a file of their own."""
    with pa.ipc.new_file(str(path.with_suffix(".cut")), reader.schema) as writer:
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index).slice(0, left)
            if batch.num_rows:
                writer.write_batch(batch)
            left -= batch.num_rows


def _filled(cells: Cells) -> list[tuple[int, str]]:
    return [(at, cell.strip()) for at, cell in enumerate(cells) if cell and cell.strip()]


def _is_short(cells: Cells) -> bool:
    return 2 * len(_filled(cells)) <= len(cells) or footer_length([cells], len(cells)) > 0


class _Body:
    """What stands above a row; its columns are looked at only for a row that may be a footer.

    Short rows at the end are no measure of what an article looks like: they may be remarks all.
    """

    def __init__(self, table: Table, tail: Sequence[tuple[int, Cells]]) -> None:
        self._table = table
        rows = (cells for _, cells in reversed(tail))
        self._short = sum(1 for _ in takewhile(_is_short, rows))

    def is_footer(self, cells: Cells, behind: int) -> bool:
        """Whether a row is a footer, those behind it being one too; `behind` counts it and them."""
        if footer_length([cells], len(cells)):
            return True
        filled = _filled(cells)
        if not filled or len(filled) == len(cells) or self._table.part.rows - behind < _LEAST:
            return False
        words = [(at, text) for at, text in filled if AMOUNT.fullmatch(text) is None]
        labelled = bool(words) and words[0] == filled[0] and words[0][1].endswith(":")
        if len(filled) == len(words) == 1 or (labelled and len(filled) <= max(2, len(cells) // 3)):
            return self._is_remark(*words[0], behind)
        if len(words) > 1 or len(words) == len(filled) or words[:1] != filled[:1][: len(words)]:
            return False
        return self._are_sums(filled[len(words) :], words, behind)

    def _column(self, at: int, behind: int) -> pl.Series:
        """A column's filled cells above."""
        import polars as pl  # few tables have anything to look at

        name = self._table.headers[at]
        with pa.OSFile(str(self._table.path)) as source:
            reader = pa.ipc.open_file(source)
            pieces = [reader.get_batch(index).column(name) for index in range(reader.num_record_batches)]
        column = pl.Series(pl.from_arrow(pa.chunked_array(pieces)))
        cells = column.head(len(column) - behind).drop_nulls().str.strip_chars()
        return cells.filter(cells != "")

    def _is_remark(self, at: int, text: str, behind: int) -> bool:
        """Several words, or a label with a colon, where nothing above has any."""
        if not re.search(r"\S\s+\S|:$", text):
            return False
        above = self._column(at, max(behind, self._short))
        return len(above) >= _LEAST and not above.str.contains(r"\S\s+\S|:$").any()

    def _are_sums(
        self, numbers: Sequence[tuple[int, str]], words: Sequence[tuple[int, str]], behind: int
    ) -> bool:
        """Whether each number is the sum of its column; and the label, if any, names no article."""
        if not words and numbers[0][0] == 0:
            return False
        above = [(text, self._column(at, behind)) for at, text in numbers]
        summed = [text for text, cells in above if len(cells) >= 2 and is_sum(text, cells)]
        if len(summed) < len(numbers):
            return False
        if not words:
            return True
        label = words[0][1]
        return not any(map(str.isdigit, label)) and (len(summed) > 1 or label.endswith(":"))


def is_sum(text: str, cells: pl.Series) -> bool:
    """Whether a number is the sum of others, be the comma or the point their decimal sign."""
    import polars as pl

    for group, point in ((",", "."), (".", ",")):
        read = [
            column.str.replace_all(_STRAY, "")
            .str.replace_all(group, "", literal=True)
            .str.replace_all(point, ".", literal=True)
            .cast(pl.Float64, strict=False)
            for column in (cells, pl.Series([text]))
        ]
        if read[0].null_count() or read[1].null_count():
            continue
        whole, said = float(read[0].sum()), float(read[1][0])
        decimals = len(text.rpartition(point)[2]) if point in text else 0
        if said and abs(whole - said) <= 0.51 * 10.0**-decimals:
            return True
    return False
