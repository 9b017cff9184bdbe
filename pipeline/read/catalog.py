"""What was read: a handle on rows that stay on disk, as text, with the way back to every cell."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.read.finding import Finding

#: Columns that every Arrow file of ours carries beside the text columns.
ROW = "__row"  # int64: position over all parts, from 0
PART = "__part"  # int32: index into Catalog.parts
LINE = "__line"  # int64: line of the file, or row of the sheet, from 1 with the header

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)

#: Bytes of a mapped file that stay with us behind the reader, and how many are given back at a time.
_NEAR, _STEP = 128_000_000, 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something we took for granted about a file: what, why, and how to say otherwise."""

    what: str
    why: str
    override: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table of one file.

    Attributes:
        file: as the caller typed it (or the archive member's name behind "archive.zip!").
        sheet: sheet name, "" for delimited text.
        columns: header → 0-based position in the sheet or line (A = 0), for cell addresses.
        header_row: line or sheet row of the header, from 1.
        rows: data rows.
    """

    file: str
    sheet: str
    columns: Mapping[str, int]
    header_row: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Rows as text exactly as the files showed them.

    Attributes:
        path: Arrow IPC file: a string column per header (null = empty cell; views where texts are long),
            and ROW, PART, LINE.
        headers: source headers in order, over all parts.
        parts: the tables it was read from.
        rows: data rows over all parts.
        digest: "sha256:…" of the bytes of all sources, in order.
        choices: encoding, delimiter, sheet, header row … and why.
        findings: defects of the reading itself (ragged rows, replaced characters, …).
    """

    path: Path
    headers: tuple[str, ...]
    parts: tuple[Part, ...]
    rows: int
    digest: str
    choices: tuple[Choice, ...] = ()
    findings: tuple[Finding, ...] = ()

    def batches(self, *, views: bool = False) -> Iterator[pa.RecordBatch]:
        """The rows, in order, a few thousand at a time; memory-mapped.

        Args:
            views: long texts as they lie there; else all are plain strings (see `plain`).
        """
        yield from batches_of(self.path, views=views)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a field's values come from.

    Attributes:
        columns: the source headers that feed it, the main one first; () for a constant.
        expression: the mapping's words for it, "" for a plain column.
    """

    columns: tuple[str, ...] = ()
    expression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRef:
    """One cell of one file."""

    file: str
    sheet: str
    row: int
    column: str
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The catalog in canonical names: still text, not yet judged.

    Variants and image rows that belong to one product have been folded into one row.

    Attributes:
        path: Arrow IPC file of what isn't borrowed; the catalog's own where all is.
        borrowed: column → the catalog's column that it is, row by row.
        fields: canonical names, in order; the owned fields.
        internal: names of columns that are never sent (`cost`, `floor`), as "@cost".
        sources: field → where its values come from.
        formats: field → how its text is to be read (see values.Format), where not the default.
        rows: mapped rows.
        skipped: rows that hold no product (blank, comment, image continuation), by reason.
        catalog: what it was made of.
        findings: reading's and mapping's own, in file order.
        digest: of the catalog and of the mapping together.
        ties: how source rows of one product hang together, by role, as source columns: "group"
            (rows below one another share it), or "reference" → "keys" and "ids", or "children"
            → "child_key" (parents and their variants).
    """

    path: Path
    fields: tuple[str, ...]
    internal: tuple[str, ...]
    sources: Mapping[str, Source]
    formats: Mapping[str, Any]
    rows: int
    skipped: Mapping[str, int]
    catalog: Catalog
    findings: tuple[Finding, ...] = ()
    digest: str = ""
    ties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    borrowed: Mapping[str, str] = field(default_factory=dict)

    def batches(self, *, views: bool = False) -> Iterator[pa.RecordBatch]:
        """The rows, in order: ROW, PART, LINE, a string column per canonical field (null = blank,
        leave alone; schemas.fields.CLEAR = asked to clear), and a column per internal name.

        Args:
            views: long texts as they lie there; else all are plain strings (see `plain`).
        """
        if not self.borrowed:
            yield from batches_of(self.path, views=views)
            return
        names = (ROW, PART, LINE, *self.fields, *self.internal)
        if self.path == self.catalog.path:
            theirs = [self.borrowed[name] for name in names]
            for batch in self.catalog.batches(views=views):
                yield batch.select(theirs).rename_columns(list(names))
            return
        for batch, made in zip(self.catalog.batches(views=views), batches_of(self.path), strict=True):
            columns = {name: batch.column(theirs) for name, theirs in self.borrowed.items()}
            columns |= {name: made.column(name) for name in made.schema.names}
            yield pa.record_batch({name: columns[name] for name in names})

    def cell(self, part: int, line: int, name: str) -> CellRef:
        """Where the value of a field of a row stands: the main column of its source."""
        table = self.catalog.parts[part]
        columns = self.sources[name].columns if name in self.sources else ()
        column = next((header for header in columns if header in table.columns), "")
        address = f"{column_letters(table.columns[column])}{line}" if column else ""
        return CellRef(file=table.file, sheet=table.sheet, row=line, column=column or name, cell=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a file the guarded child may read: beyond it, it's refused, never cut.

    Attributes:
        memory_mb: resident memory of the child, megabytes.
        seconds: wall time of the child.
        max_bytes: bytes of one source, after inflating.
        max_cell: characters of one cell.
    """

    memory_mb: int = 4096
    seconds: float = 600
    max_bytes: int = 8_589_934_592
    max_cell: int = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the caller decided about reading; None = find out, and say why.

    Attributes:
        header_row: line or row of the header, from 1.
        sheet: sheet names or 0-based indexes; None = all that look like tables with one header.
        quick: False = only the readers that hold one row at a time; for what the quick ones can't hold.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    sheet: tuple[str, ...] | None = None
    header_row: int | None = None
    skip_footer: int | None = None
    quick: bool = True
    limits: Limits = field(default_factory=Limits)


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA: the letters of a spreadsheet's column."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with strings in the place of views, which few of pyarrow's functions take."""
    if not any(map(pa.types.is_string_view, batch.schema.types)):
        return batch
    columns = {
        name: column.cast(pa.string()) if pa.types.is_string_view(column.type) else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.record_batch(columns)


def together(batches: Iterable[Rows], rows: int) -> Iterator[list[Rows]]:
    """The same batches or tables, as many at a time as hold so many rows: each question has its price."""
    some: list[Rows] = []
    count = 0
    for batch in batches:
        some.append(batch)
        count += batch.num_rows
        if count >= rows:
            yield some
            some, count = [], 0
    if some:
        yield some


def batches_of(
    path: Path, *, views: bool = False, near: int = _NEAR, step: int = _STEP
) -> Iterator[pa.RecordBatch]:
    """The record batches of an Arrow IPC file, memory-mapped, one at a time.

    Pages are given back behind the reader, so that a large file doesn't count as memory of ours; who
    still holds an earlier batch finds its bytes again in the file.

    Args:
        views: long texts as they lie there; else all are plain strings.
        near: bytes behind the reader that stay with us; step: how many are given back at a time.

    Raises:
        pa.ArrowInvalid: it is no such file.
    """
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # it goes with its last batch
        except ValueError as error:
            raise pa.ArrowInvalid(f"{path.name} is empty") from error
    whole = pa.py_buffer(mapped)
    reader = pa.ipc.open_file(pa.BufferReader(whole))
    given = 0
    for index in range(reader.num_record_batches):
        batch = reader.get_batch(index)
        yield batch if views else plain(batch)
        buffers = (buffer for column in batch.columns for buffer in column.buffers() if buffer)
        end = max((buffer.address + buffer.size - whole.address for buffer in buffers), default=0)
        if given + step <= end - near <= len(mapped):
            given = end - near
            _give_back(mapped, given)


def _give_back(mapped: mmap.mmap, end: int) -> None:
    """Let the pages before `end` go, where the system knows how: it saves memory and decides nothing.

    From the start: who collects batches before looking into them brings pages back.
    """
    if hasattr(mmap, "MADV_DONTNEED"):  # Windows has none, and lets such pages go by itself
        with contextlib.suppress(OSError):
            whole = end // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
            mapped.madvise(mmap.MADV_DONTNEED, 0, whole)
