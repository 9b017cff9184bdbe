"""Rows of cells → an Arrow file of text columns, whichever kind of file they came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.catalog import LINE, PART, ROW, Part, plain
from pipeline.read.notes import Notes

#: One bit a column, set where the cell of a workbook holds a number: its text is plain ("1234.5"),
#: whatever decimal separator the mapping expects of typed text. Null = no number in the row.
NUMBERS = "__numbers"

#: Bytes a cell, on average, from which on a column is written as views that equal neighbours share:
#: variants repeat the description of their product.
_LONG = 200
_ROWS = 16_384
_BYTES = 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table as it was written: its part, and the Arrow file that holds it alone."""

    path: Path
    headers: tuple[str, ...]
    part: Part


def schema_of(headers: Sequence[str], *, numbers: bool = False, long: Collection[str] = ()) -> pa.Schema:
    """ROW, PART, LINE, a string column per header (views where it's long), and for workbooks NUMBERS."""
    plain = [pa.field(ROW, pa.int64()), pa.field(PART, pa.int32()), pa.field(LINE, pa.int64())]
    marks = [pa.field(NUMBERS, pa.binary())] if numbers else []
    texts = [pa.field(name, pa.string_view() if name in long else pa.string()) for name in headers]
    return pa.schema([*plain, *texts, *marks])


class TableWriter:
    """Writes rows in batches of bounded size; a null stands for an empty cell.

    The file comes to be with the first of them, which shows what is long.
    """

    def __init__(self, path: Path, headers: Sequence[str], *, numbers: bool = False) -> None:
        self.path = path
        self.headers = tuple(headers)
        self.rows = 0
        self._numbers = numbers
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._schema: pa.Schema | None = None
        self._replaced = False
        self._reset()

    def _opened(self, columns: Sequence[pa.Array] = ()) -> pa.ipc.RecordBatchFileWriter:
        """The file; what is long is told from the first columns that are written."""
        if self._writer is None:
            cells = zip(self.headers, columns, strict=False)
            long = {name for name, column in cells if column.nbytes >= _LONG * max(len(column), 1)}
            self._schema = schema_of(self.headers, numbers=self._numbers, long=long)
            self._writer = pa.ipc.new_file(str(self.path), self._schema)
        return self._writer

    def _reset(self) -> None:
        self._lines: list[int] = []
        self._cells: list[Sequence[str | None]] = []
        self._marks: list[bytes | None] = []
        self._size = 0

    def add(self, line: int, cells: Sequence[str | None], size: int, mark: bytes | None = None) -> None:
        """Take one row: as many cells as there are headers, None for an empty one."""
        self._lines.append(line)
        self._cells.append(cells)
        if self._numbers:
            self._marks.append(mark)
        self._size += size
        if len(self._lines) >= _ROWS or self._size >= _BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was taken so far as one batch."""
        if not self._lines:
            return
        columns = [pa.array(column, pa.string()) for column in zip(*self._cells, strict=True)]
        marks = [pa.array(self._marks, pa.binary())] if self._numbers else []
        self.batch(pa.array(self._lines, pa.int64()), [*columns, *marks])
        self._reset()

    def batch(self, lines: pa.Array, columns: Sequence[pa.Array]) -> None:
        """Write whole columns as one batch."""
        count = len(lines)
        rows = pa.array(np.arange(self.rows, self.rows + count, dtype=np.int64))
        part = pa.array(np.zeros(count, dtype=np.int32))
        writer = self._opened(columns)
        assert self._schema is not None
        written = (
            views_of(column) if pa.types.is_string_view(kind) else column
            for column, kind in zip(columns, self._schema.types[3:], strict=True)
        )
        writer.write_batch(pa.record_batch([rows, part, lines, *written], schema=self._schema))
        self.rows += count

    def spare(self) -> Spare:
        """Another writer of the same table, whose rows count only once it is adopted."""
        return Spare(self)

    def replace(self, other: TableWriter) -> None:
        """Take the rows of a closed spare in place of our own (none so far)."""
        if self._writer is not None:
            self._writer.close()
        # Renaming over a file makes some file systems write all of it to the disk at once.
        self.path.unlink(missing_ok=True)
        other.path.replace(self.path)
        self.rows = other.rows
        self._replaced = True

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._replaced:
            return
        if kind is None:
            self.flush()
            self._opened()
        if self._writer is not None:
            self._writer.close()


class Spare(TableWriter):
    """A trial: `adopt` puts its rows in the place of the other's, `discard` forgets them."""

    def __init__(self, other: TableWriter) -> None:
        super().__init__(other.path.with_suffix(".trial"), other.headers)
        self._other = other

    def adopt(self) -> None:
        self._other.replace(self)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def views_of(texts: pa.Array) -> pa.Array:
    """The same texts as Arrow string views, of which equal neighbours share their bytes."""
    first = np.ones(len(texts), dtype=np.bool_)
    if len(texts) > 1:
        again = pc.equal(texts.slice(1), texts.slice(0, len(texts) - 1)).fill_null(fill_value=False)
        first[1:] = ~again.to_numpy(zero_copy_only=False)
    _, views, *data = texts.filter(pa.array(first)).cast(pa.string_view()).buffers()
    each = np.frombuffer(views, np.int64).reshape(-1, 2)[np.cumsum(first) - 1]
    valid = np.packbits(texts.is_valid().to_numpy(zero_copy_only=False), bitorder="little")
    buffers = [pa.py_buffer(valid), pa.py_buffer(each), *data]
    return pa.Array.from_buffers(pa.string_view(), len(texts), buffers)


def clean_headers(cells: Sequence[str | None], notes: Notes, row: int) -> tuple[str, ...]:
    """Header cells as column names: blanks at the edges stripped, none empty, none twice.

    A blank header is called after its letter ("Column U"); a repeated one gets a number
    ("Price (2)"). Both are findings: a name that we made up is never silent.
    """
    names: list[str] = []
    taken = {ROW, PART, LINE, NUMBERS}
    for index, cell in enumerate(cells):
        name = " ".join((cell or "").replace("\ufeff", "").split())
        if not name:
            names.append("")
            continue
        if name in taken:
            fresh = _numbered(name, taken | set(names))
            first = names.index(name) if name in names else index
            notes.found(
                "duplicate-header",
                f"header {name!r} stands twice; the one here is called {fresh!r}",
                row=row,
                index=index,
                column=fresh,
                value=name,
                hint=f"rename one of the columns {first + 1} and {index + 1} (counted from the left)",
            )
            name = fresh
        names.append(name)
        taken.add(name)
    return tuple(names)


def _numbered(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def merge(tables: Sequence[Table], out: Path) -> tuple[tuple[str, ...], tuple[Part, ...], int]:
    """All tables as one Arrow file over the union of their headers."""
    if len(tables) == 1:
        out.unlink(missing_ok=True)
        tables[0].path.replace(out)
        return tables[0].headers, (tables[0].part,), tables[0].part.rows
    headers = tuple(dict.fromkeys(name for table in tables for name in table.headers))
    numbers = any(_has_numbers(table.path) for table in tables)
    # A column that only some sheets have sits elsewhere in each: marks are re-made for the union.
    schema = schema_of(headers, numbers=numbers)
    rows = 0
    with pa.ipc.new_file(str(out), schema) as writer:
        for index, table in enumerate(tables):
            for batch in batches_in(table.path):
                writer.write_batch(_widened(batch, schema, table.headers, index, rows))
                rows += batch.num_rows
            table.path.unlink()
    return headers, tuple(table.part for table in tables), rows


def _has_numbers(path: Path) -> bool:
    with pa.OSFile(str(path)) as source:
        return NUMBERS in pa.ipc.open_file(source).schema.names


def batches_in(path: Path) -> list[pa.RecordBatch]:
    """All batches of a small Arrow file of ours, held in memory."""
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        return [plain(reader.get_batch(index)) for index in range(reader.num_record_batches)]


def _widened(
    batch: pa.RecordBatch, schema: pa.Schema, headers: Sequence[str], part: int, first: int
) -> pa.RecordBatch:
    """A batch of one table in the columns of all of them."""
    have: Mapping[str, pa.Array] = dict(zip(batch.schema.names, batch.columns, strict=True))
    count = batch.num_rows
    arrays: dict[str, pa.Array] = {
        ROW: pa.array(range(first, first + count), pa.int64()),
        PART: pa.array([part] * count, pa.int32()),
        **{name: have[name] for name in headers},
        LINE: have[LINE],
    }
    if NUMBERS in schema.names:
        union = [name for name in schema.names if name not in (ROW, PART, LINE, NUMBERS)]
        moved = remark(have.get(NUMBERS), [union.index(name) for name in headers], count)
        arrays[NUMBERS] = moved
    return pa.record_batch(
        [arrays.get(item.name, pa.nulls(count, item.type)) for item in schema], schema=schema
    )


def remark(marks: pa.Array | None, places: Sequence[int], count: int) -> pa.Array:
    """Marks of a table's own columns as marks of the columns of the union."""
    if marks is None:
        return pa.nulls(count, pa.binary())
    known: dict[bytes | None, bytes | None] = {None: None}
    out: list[bytes | None] = []
    for mark in marks.to_pylist():
        if mark not in known:
            bits = int.from_bytes(mark, "little")
            moved = sum(1 << place for index, place in enumerate(places) if place >= 0 and bits >> index & 1)
            known[mark] = moved.to_bytes((moved.bit_length() + 7) // 8 or 1, "little")
        out.append(known[mark])
    return pa.array(out, pa.binary())


def without_idle(path: Path, headers: Sequence[str], nameless: Collection[str]) -> tuple[str, ...]:
    """Write a table again without nameless columns that hold nothing; the headers that are left."""
    idle = set(nameless)
    for batch in batches_in(path) if idle else ():
        idle -= {name for name in idle if batch.column(name).null_count < batch.num_rows}
    return without_columns(path, idle) if idle else tuple(headers)


def without_columns(path: Path, idle: Collection[str]) -> tuple[str, ...]:
    """Write a table again without columns that turned out to hold nothing; the headers that are left."""
    batches = batches_in(path)
    with pa.OSFile(str(path)) as source:
        names = pa.ipc.open_file(source).schema.names
    headers = [name for name in names if name not in (ROW, PART, LINE, NUMBERS)]
    kept = [name for name in headers if name not in idle]
    places = [kept.index(name) if name in kept else -1 for name in headers]
    numbers = NUMBERS in names
    schema = schema_of(kept, numbers=numbers)
    trial = path.with_suffix(".narrow")
    with pa.ipc.new_file(str(trial), schema) as writer:
        for batch in batches:
            columns = [batch.column(name) for name in schema.names if name != NUMBERS]
            marks = [remark(batch.column(NUMBERS), places, batch.num_rows)] if numbers else []
            writer.write_batch(pa.record_batch([*columns, *marks], schema=schema))
    trial.replace(path)
    return tuple(kept)
