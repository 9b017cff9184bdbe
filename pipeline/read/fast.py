"""The quick way through a delimited file: pyarrow's parser, where it provably sees the same rows.

The proof, over the whole file: it is UTF-8 with line feeds, no NULs, no quote that is neither open,
close nor doubled; every row has as many cells as the header; the lines of all rows, with those
inside their cells, add up to the lines of the file; and no cell holds lines that are records
themselves. What fails any of it is read again by the standard library's csv.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from threading import Semaphore

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from pipeline.ahead import beforehand
from pipeline.read.catalog import ReadOptions
from pipeline.read.dialect import Dialect
from pipeline.read.header import RULE, footer_length
from pipeline.read.lines import Scanner, places_of_two
from pipeline.read.notes import Notes
from pipeline.read.records import swallowed_lines
from pipeline.read.table import TableWriter


@cache
def _searched(byte: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(byte))


@cache
def _table(some: bytes) -> npt.NDArray[np.bool_]:
    """Byte → is it one of these."""
    found = np.zeros(256, dtype=np.bool_)
    found[list(some)] = True
    return found


#: What pyarrow's allocator keeps of larger blocks grows with the file, and costs more than it saves.
_BLOCK = 4_000_000
#: Blocks that pyarrow may read before batches come of them (left alone it takes thirty), and for how many
#: seconds it waits for one at most, should none come.
_AHEAD, _PATIENCE = 6, 2.0
#: Below this the standard library is quick enough, and start-up would cost more than it saves.
SMALL = 200_000
_TAIL = 6
#: Bytes at the end of the file in which the last record must stand.
_END = 4_000_000
#: What a drawn line (`header.RULE`) may begin with.
_OF_RULES = b"-=+*_:| \t\n\v\f\r"
_EQUALS, _MARK = b"=", b"\xef"


#: Bytes of a file from which on checking that it is UTF-8 by Polars saves more than importing it costs.
_LARGE = 200_000_000


class _NotProven(Exception):
    """The rows seen may not be the rows that are there."""


class _Watched(io.RawIOBase):
    """The file behind the header, counted as pyarrow takes it.

    Args:
        utf8: who checks that it is UTF-8, or None where pyarrow does.
    """

    def __init__(self, path: Path, offset: int, scanner: Scanner, utf8: Utf8 | None) -> None:
        self._file = path.open("rb")
        self._file.seek(offset)
        self._scanner = scanner
        self._utf8 = utf8
        self._behind, self._over = Semaphore(_AHEAD), False

    def dealt(self, *, last: bool = False) -> None:
        """A batch was dealt with: another block may be read, and after the last any."""
        self._over |= last
        self._behind.release()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._over:
            self._behind.acquire(timeout=_PATIENCE)
        block = self._file.read(size)
        if not block.strip(b"\r\n"):  # of blank lines no batch comes
            self._behind.release()
        if self._utf8 is not None and not self._utf8.feed(block):
            raise _NotProven
        if block:
            self._scanner.feed(block)
        return block

    def close(self) -> None:
        self._file.close()
        super().close()


class Utf8:
    """Whether bytes are UTF-8, block by block, several times as fast as cell by cell."""

    def __init__(self) -> None:
        import polars as pl

        self._polars = pl
        self._left = b""

    def feed(self, block: bytes) -> bool:
        """Whether all is well so far; an empty block is the end."""
        if not block:
            return not self._left
        if self._left:
            block = self._left + block
        end = _end_of_characters(block)
        self._left = block[end:]
        bounds = pa.py_buffer(np.array([0, end], dtype=np.int64))
        whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, bounds, pa.py_buffer(block)])
        try:
            self._polars.Series(whole).cast(self._polars.String)
        except self._polars.exceptions.ComputeError:
            return False
        return True


def _end_of_characters(block: bytes) -> int:
    """Where the last character that is whole ends."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte >= 0xC0:  # a character begins here, of two to four bytes
            wanted = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return len(block) if back >= wanted else len(block) - back
        if byte < 0x80:
            break
    return len(block)


def read_fast(
    path: Path,
    dialect: Dialect,
    header_line: int,
    writer: TableWriter,
    options: ReadOptions,
    notes: Notes,
) -> bool:
    """Write all rows behind the header; False, with nothing written, where the proof fails."""
    if dialect.quote != '"' or dialect.escape or dialect.padded or not dialect.delimiter.isascii():
        return False
    offset = _offset_behind(path, header_line)
    if offset is None:
        return False
    spare = writer.spare()
    try:
        with spare:
            _copy(path, offset, header_line, dialect, spare, options, notes)
    except (pa.ArrowInvalid, _NotProven):
        spare.discard()
        return False
    spare.adopt()
    return True


def _offset_behind(path: Path, header_line: int) -> int | None:
    """Bytes up to the line behind the header; None if the header spans lines."""
    with path.open("rb") as file:
        for _ in range(header_line - 1):
            file.readline()
        header = file.readline()
        if header.count(b'"') % 2:
            return None
        return file.tell()


def _copy(
    path: Path,
    offset: int,
    header_line: int,
    dialect: Dialect,
    writer: TableWriter,
    options: ReadOptions,
    notes: Notes,
) -> None:
    line = header_line
    blank = 0
    span = 1
    scanner = Scanner(dialect.delimiter)
    held: tuple[npt.NDArray[np.int64], Sequence[pa.Array]] | None = None
    utf8 = Utf8() if path.stat().st_size >= _LARGE else None
    batches = _parsed(
        _Watched(path, offset, scanner, utf8), dialect, writer.headers, checked=utf8 is not None
    )
    look = partial(_look, headers=writer.headers, dialect=dialect, most=options.limits.max_cell)
    for seen in beforehand(map(look, batches)):  # parsing and looking go on beside writing
        if len(seen.starts):
            span = seen.lines - int(seen.starts[-1])
        starts, columns = line + 1 + seen.starts, seen.columns
        line += seen.lines
        if seen.filled is not None:
            blank += int((~seen.filled).sum())
            mask = pa.array(seen.filled)
            starts, columns = starts[seen.filled], [column.filter(mask) for column in columns]
        if held is not None:
            writer.batch(pa.array(held[0]), held[1])
        held = starts, columns
    counted = scanner.done()
    lines = header_line + counted.lf + (not counted.ends and counted.size > 0) - counted.blank_end
    if line != lines or counted.lone_cr or counted.nul or counted.stray_quotes:
        raise _NotProven
    _refuse_unclosed(path, span, dialect)
    if held is not None:
        _refuse_footer(held[1], len(writer.headers))
        writer.batch(pa.array(held[0]), held[1])
    if blank:
        notes.chose(f"{blank} blank rows skipped", "they hold no text", "none needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A batch that was looked at.

    Attributes:
        columns: its columns, nulls for empty cells.
        starts: the line each row starts on, counted from the first row's; lines: that all rows take.
        filled: which rows hold a text; None = all do.
    """

    columns: Sequence[pa.Array]
    starts: npt.NDArray[np.int64]
    lines: int
    filled: npt.NDArray[np.bool_] | None


def _look(batch: pa.RecordBatch, headers: Sequence[str], dialect: Dialect, most: int) -> _Seen:
    """All that can be said of one batch without the others."""
    columns = [_Cells.of(column) for column in batch.columns]
    spans = _spans(columns, dialect, most)
    if _repeats_header(columns, headers):
        raise _NotProven
    ends = np.cumsum(spans)
    arrays = [cells.column for cells in columns]
    return _Seen(
        columns=arrays,
        starts=ends - spans,
        lines=int(ends[-1]) if len(ends) else 0,
        filled=_filled(arrays, batch.num_rows),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column of a batch: a null for each empty cell, and the bytes of all cells.

    Attributes:
        starts: where each cell begins in `codes`, and where the last ends.
    """

    column: pa.Array
    starts: npt.NDArray[np.int32]
    codes: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, column: pa.Array) -> _Cells:
        """A column as pyarrow parsed it: looking for empty texts cell by cell takes it longer."""
        _, offsets, data = column.buffers()
        count = len(column)
        starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + count + 1]
        codes = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
        filled = starts[1:] != starts[:-1]
        if not filled.all():
            valid = pa.py_buffer(np.packbits(filled, bitorder="little"))
            buffers = [valid, offsets.slice(starts.itemsize * column.offset), data]
            column = pa.Array.from_buffers(pa.string(), count, buffers)
        return cls(column, starts - starts[0], codes[starts[0] : starts[-1]])

    def hold(self, byte: bytes) -> bool:
        """Whether a byte stands in any cell: most columns are short, and one search tells."""
        return _searched(byte).search(self.codes.data) is not None

    def counted(self, one: bytes, other: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """How often each of two bytes stands in each cell."""
        both = places_of_two(self.codes, ord(one), ord(other))
        first, second = (np.diff(np.searchsorted(places, self.starts)) for places in both)
        return first, second

    def begin_with(self, some: bytes) -> bool:
        """Whether any cell begins with one of these bytes."""
        begins = self.starts[:-1][self.starts[:-1] < self.starts[1:]]
        return bool(_table(some)[self.codes[begins]].any())


def _parsed(
    watched: _Watched, dialect: Dialect, headers: Sequence[str], *, checked: bool
) -> Iterator[pa.RecordBatch]:
    """Args: checked: someone else sees to it that all is UTF-8."""
    with watched, pa.PythonFile(watched, mode="r") as file, contextlib.suppress(StopIteration):
        batches = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(block_size=_BLOCK, column_names=list(headers)),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter, newlines_in_values=True, ignore_empty_lines=True
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(headers, pa.string()),
                strings_can_be_null=False,
                check_utf8=not checked,
            ),
        )
        try:
            for batch in batches:
                yield batch
                watched.dealt()
        finally:
            watched.dealt(last=True)  # before `batches` goes, which waits for its reading thread


def _spans(columns: Sequence[_Cells], dialect: Dialect, most: int) -> npt.NDArray[np.int64]:
    """How many lines each row takes."""
    spans = np.ones(len(columns[0].column), dtype=np.int64)
    for cells in columns:
        if len(cells.codes) > most and int(np.diff(cells.starts).max()) > most:
            raise _NotProven  # the slow way says where it is
        if not cells.hold(b"\n"):
            continue
        breaks, inside = cells.counted(b"\n", dialect.delimiter.encode())
        _look_inside(cells, breaks, inside, dialect, len(columns))
        spans += breaks
    return spans


def _look_inside(
    cells: _Cells,
    breaks: npt.NDArray[np.int64],
    inside: npt.NDArray[np.int64],
    dialect: Dialect,
    width: int,
) -> None:
    """Refuse where a cell holds whole records.

    Args:
        breaks, inside: how many lines end in each cell, and how many delimiters it holds.
    """
    for row in np.flatnonzero((breaks > 0) & (inside >= width - 1)):
        if swallowed_lines(cells.column[int(row)].as_py(), dialect, width):
            raise _NotProven


def _filled(columns: Sequence[pa.Array], rows: int) -> npt.NDArray[np.bool_] | None:
    """Which rows hold a text; None = all do."""
    filled = np.zeros(rows, dtype=np.bool_)
    for column in columns:
        filled |= ~_is_blank(column)
        if filled.all():
            return None
    return filled


def _repeats_header(columns: Sequence[_Cells], headers: Sequence[str]) -> bool:
    """Whether a row may repeat the header, or holds what else the slow way leaves out."""
    import pyarrow.compute as pc

    first = columns[0]
    again = len(headers) > 1 and bool(pc.any(pc.equal(first.column, headers[0])).as_py())
    rule = f"^(?:{RULE})$"
    drawn = any(
        bool(pc.any(pc.match_substring_regex(cells.column, rule)).as_py())
        for cells in columns[:2]
        if cells.begin_with(_OF_RULES)
    )
    marked = first.begin_with(_MARK) and bool(pc.any(pc.starts_with(first.column, "\ufeff")).as_py())
    wrapped = any(
        bool(pc.any(pc.starts_with(cells.column, '="')).as_py())
        for cells in columns
        if cells.hold(_EQUALS) and cells.begin_with(_EQUALS)
    )
    return again or drawn or marked or wrapped


def _is_blank(column: pa.Array) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column) if column.null_count < len(column) else column
    empty = pc.fill_null(pc.equal(pc.binary_length(trimmed), 0), True)
    return np.asarray(empty.to_numpy(zero_copy_only=False), dtype=bool)


def _refuse_unclosed(path: Path, span: int, dialect: Dialect) -> None:
    """Leave a file to the slow way whose last record has a quote that nothing closes."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _END, 0))
        tail = file.read().decode("utf-8", errors="ignore").rstrip("\r\n").split("\n")
    try:
        list(csv.reader([f"{line}\n" for line in tail[-span:]], delimiter=dialect.delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error) or span > 1:
            raise _NotProven from error
    if span > len(tail):
        raise _NotProven


def _refuse_footer(columns: Sequence[pa.Array], width: int) -> None:
    """Leave a table with a footer to the slow way."""
    count = len(columns[0])
    tail = [[column[row].as_py() for column in columns] for row in range(max(0, count - _TAIL), count)]
    if footer_length(tail, width):
        raise _NotProven
