"""Rows of a sheet, however they were read → a table: header, width, footer, and what stands aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.catalog import Part, ReadOptions, column_letters
from pipeline.read.footer import note_footer
from pipeline.read.header import DEPTH, find_header, footer_length
from pipeline.read.job import Refusal, cell_too_long
from pipeline.read.notes import Notes
from pipeline.read.sheetxml import NotPlain
from pipeline.read.slabs import Columns, Slab, Slabs
from pipeline.read.table import Table, TableWriter, clean_headers, without_columns, without_idle
from pipeline.store.safe_csv import MARK, is_ours, unescape

_TAIL = 6


@dataclass(slots=True)
class Line:
    """One row of a sheet as it is shown.

    Attributes:
        number: row of the sheet, from 1.
        cells: column (A = 0) → text, without blanks.
        numbers: columns whose cell holds a number.
    """

    number: int
    cells: dict[int, str]
    numbers: set[int] = field(default_factory=set)
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merged range, rows from 1, columns from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


def to_table(
    lines: Iterable[Line],
    notes: Notes,
    out: Path,
    options: ReadOptions,
    merged: Callable[[], Sequence[Merge]] = tuple,
    hidden: Collection[int] = (),
) -> Table | None:
    """Write the table in a sheet; None where there is none. Merges are asked for late.

    Args:
        hidden: columns that the sheet doesn't show.

    Raises:
        Refusal: the row that the caller named is no header.
        NotPlain: of slabs, what stands behind them shows that the header is another.
    """
    rows = iter(lines)
    first = list(islice((line for line in rows if line.cells), DEPTH))
    place = _header(first, notes, options)
    if place is None:
        return None
    late = isinstance(rows, Slabs) and _apart(first, place)
    merges: Sequence[Merge] = () if late else merged()
    header, below = _spanned(first, place, merges)
    left, right = min(header), max(header)
    names = clean_headers(
        [header.get(index) for index in range(left, right + 1)], notes, first[below - 1].number
    )
    columns = {name or f"Column {column_letters(left + at)}": left + at for at, name in enumerate(names)}
    nameless = {name for at, name in enumerate(columns) if not names[at]}
    with TableWriter(out, tuple(columns), numbers=True) as writer:
        body = _Body(columns, first[below - 1].number, notes, writer, options)
        if isinstance(rows, Slabs) and not is_ours(tuple(columns)):
            body.take_slabs(first[below:], rows)
        else:
            body.take(chain(first[below:], rows))
    if late:
        merges = merged()
        if _spanned(first, place, merges) != (header, below):
            raise NotPlain
    headers = without_idle(out, tuple(columns), nameless)
    headers = without_columns(out, {MARK}) if is_ours(headers) else headers
    kept = {name: columns[name] for name in headers}
    _note_merges(merges, first[below - 1].number, notes)
    _note_hidden([name for name, at in kept.items() if at in hidden], notes)
    part = Part(
        file=notes.file, sheet=notes.sheet, columns=kept, header_row=first[below - 1].number, rows=writer.rows
    )
    return Table(path=out, headers=headers, part=part)


def _header(first: Sequence[Line], notes: Notes, options: ReadOptions) -> int | None:
    if options.header_row is not None:
        found = next((at for at, line in enumerate(first) if line.number == options.header_row), None)
        if found is None:
            raise Refusal(f"{notes.place}: row {options.header_row} holds no header", code="no-header")
        return found
    head = find_header([(line.number, list(line.cells.values())) for line in first])
    if head is None:
        return None
    notes.chose(f"header in row {first[head.index].number}", head.why, "header_row = N in [read]")
    return head.index


def _apart(first: Sequence[Line], place: int) -> bool:
    """Whether the header's cells have all of them their own columns, so that it hardly spans two rows."""
    pairs = zip(first[max(place - 1, 0) : place + 1], first[max(place - 1, 0) + 1 : place + 2], strict=False)
    return all(low.cells.keys() <= top.cells.keys() for top, low in pairs)


def _spanned(first: Sequence[Line], place: int, merges: Sequence[Merge]) -> tuple[dict[int, str], int]:
    """The header's cells, and where the data begin; a header over two rows is put together.

    Two rows are one header where a merged cell of the upper one spans columns of the lower.
    """
    for upper in (place, place - 1):
        if upper < 0 or upper + 1 >= len(first):
            continue
        top, low = first[upper], first[upper + 1]
        groups = [item for item in merges if item.top == item.bottom == top.number and item.right > item.left]
        under = [item for item in groups if any(item.left <= column <= item.right for column in low.cells)]
        if low.number == top.number + 1 and under and not low.numbers:
            return _joined(top, low, groups), upper + 2
    return first[place].cells, place + 1


def _joined(top: Line, low: Line, groups: Sequence[Merge]) -> dict[int, str]:
    over = {
        column: top.cells.get(item.left, "") for item in groups for column in range(item.left, item.right + 1)
    }
    joined: dict[int, str] = {}
    for column in sorted({*top.cells, *low.cells}):
        upper = over.get(column, top.cells.get(column, "")).strip()
        lower = low.cells.get(column, "").strip()
        joined[column] = " ".join(part for part in (upper, lower) if part)
    return joined


class _Body:
    """Lines below the header as rows of its width."""

    def __init__(
        self,
        columns: dict[str, int],
        header_row: int,
        notes: Notes,
        writer: TableWriter,
        options: ReadOptions,
    ) -> None:
        self._places = list(columns.values())
        self._names = list(columns)
        self._ours = is_ours(tuple(columns))
        self._notes = notes
        self._writer = writer
        self._options = options
        self._blank = self._hidden = self._repeated = 0
        self._last = header_row
        self._marks: dict[frozenset[int], bytes] = {}
        self._tail: deque[Line] = deque()
        self._held: Columns | None = None
        self._keep = max(_TAIL, options.skip_footer or 0)
        self._index = {place: at for at, place in enumerate(self._places)}

    def take(self, lines: Iterable[Line]) -> None:
        """All rows, one by one."""
        self._walk(lines)
        self._finish()

    def take_slabs(self, lines: Iterable[Line], rows: Slabs) -> None:
        """All rows; by columns where nothing stands in the way. The last few may be a footer."""
        self._walk(lines)
        for slab in rows.slabs():
            columns = self._plain_columns(slab)
            if columns is None:
                self._unhold()
                self._walk(slab.lines())
            else:
                columns.tell()
                self._blank += columns.last - self._last - len(columns.rows)
                self._last = columns.last
                if len(columns.rows):
                    self._put(columns.behind(self._held))
        self._unhold()
        rows.finish()
        self._finish()

    def _plain_columns(self, slab: Slab) -> Columns | None:
        """The rows as columns; None where they are few, or one of them may be a header again."""
        columns = slab.columns(self._places)
        if columns is None or 0 < len(columns.rows) < self._keep:
            return None
        first = pc.utf8_trim_whitespace(columns.texts[0])
        for row in pc.indices_nonzero(pc.fill_null(pc.equal(first, self._names[0]), True)).to_pylist():
            if self._repeats([column[row].as_py() for column in columns.texts]):
                return None
        return columns

    def _put(self, columns: Columns) -> None:
        """Write all but the last rows; what was held back before them is no footer."""
        while self._tail:
            self._add(self._tail.popleft())
        self._writer.flush()
        whole, self._held = columns.part(0, -self._keep), columns.part(-self._keep, None)
        if len(whole.rows):
            self._hidden += int(whole.hidden.sum())
            marks = self._marked(whole, len(whole.rows))
            self._writer.batch(pa.array(whole.rows), [*whole.texts, marks])

    def _unhold(self) -> None:
        """Take the rows that are held back one by one."""
        if self._held is None:
            return
        held, self._held = self._held, None
        texts = [column.to_pylist() for column in held.texts]
        for at, number in enumerate(held.rows.tolist()):
            pairs = zip(self._places, texts, strict=True)
            line = Line(number, {place: column[at] for place, column in pairs if column[at] is not None})
            flags = zip(self._places, held.numbers, strict=True)
            line.numbers.update(place for place, mine in flags if mine is not None and mine[at])
            line.hidden = bool(held.hidden[at])
            self._tail.append(line)

    def _marked(self, columns: Columns, rows: int) -> pa.Array:
        """NUMBERS of many rows: few combinations come up in all of them."""
        mask = np.zeros((rows, len(self._places)), dtype=np.bool_)
        for at, numbers in enumerate(columns.numbers):
            if numbers is not None:
                mask[:, at] = numbers
        kinds, which = np.unique(np.packbits(mask, axis=1, bitorder="little"), axis=0, return_inverse=True)
        marks = [kind.tobytes().rstrip(b"\0") or None for kind in kinds]
        return pa.array(marks, pa.binary()).take(pa.array(which.ravel()))

    def _walk(self, lines: Iterable[Line]) -> None:
        """Take rows one by one; the last few are held back, for they may be a footer."""
        for line in lines:
            outside = line.cells.keys() - self._index.keys()
            inside = len(line.cells) > len(outside) and not all(map(str.isspace, line.cells.values()))
            self._blank += line.number - self._last - 1 + (not inside)
            self._last = line.number
            if outside:
                self._outside(line, outside)
            if not inside or self._is_header(line):
                continue
            self._tail.append(line)
            if len(self._tail) > self._keep:
                self._add(self._tail.popleft())

    def _finish(self) -> None:
        for line in self._without_footer(list(self._tail)):
            self._add(line)
        self._tell()

    def _is_header(self, line: Line) -> bool:
        """A header that a report repeats on each page."""
        first = line.cells.get(self._places[0])
        if first is not None and first.strip() != self._names[0]:
            return False
        repeated = self._repeats([line.cells.get(place) for place in self._places])
        self._repeated += repeated
        return repeated

    def _repeats(self, cells: Sequence[str | None]) -> bool:
        shown = [(cell or "").strip() for cell in cells]
        same = sum(1 for text, name in zip(shown, self._names, strict=True) if text == name)
        return same >= 2 and same == len([text for text in shown if text])

    def _outside(self, line: Line, columns: Collection[int]) -> None:
        for column in sorted(columns):
            self._notes.found(
                "cell-outside-table",
                "this cell stands beside the table: no header is above it",
                row=line.number,
                index=column,
                value=line.cells[column],
                hint="give the column a header, or clear the cell",
            )

    def _without_footer(self, tail: list[Line]) -> list[Line]:
        told = self._options.skip_footer
        shown = [[line.cells.get(place) for place in self._places] for line in tail]
        count = footer_length(shown, len(self._places)) if told is None else told
        for line in tail[len(tail) - count :] if count else []:
            note_footer(self._notes, line.number, list(line.cells.values()))
        return tail[: len(tail) - count] if count else tail

    def _add(self, line: Line) -> None:
        cells = list(map(line.cells.get, self._places))
        self._hidden += line.hidden
        if self._ours:
            cells = [unescape(cell) if cell else cell for cell in cells]
        size = sum(map(len, line.cells.values()))
        if size > self._options.limits.max_cell:
            self._bound(line)
        self._writer.add(line.number, cells, size, self._mark(line.numbers))

    def _bound(self, line: Line) -> None:
        most = self._options.limits.max_cell
        for column, text in line.cells.items():
            if len(text) > most:
                place = f"{self._notes.place}: cell {column_letters(column)}{line.number}"
                raise cell_too_long(place, len(text), most)

    def _mark(self, numbers: set[int]) -> bytes | None:
        if not numbers:
            return None
        key = frozenset(numbers)
        if key not in self._marks:
            bits = sum(1 << self._index[column] for column in key if column in self._index)
            self._marks[key] = bits.to_bytes((bits.bit_length() + 7) // 8 or 1, "little")
        return self._marks[key]

    def _tell(self) -> None:
        if self._blank:
            self._notes.chose(f"{self._blank} blank rows skipped", "they hold no text", "none needed")
        if self._repeated:
            self._notes.chose(
                f"{self._repeated} repeated headers skipped", "they say what the header says", "none"
            )
        if self._hidden:
            self._notes.chose(
                f"{self._hidden} hidden rows read",
                "a filter or a person hid them",
                "delete them in the sheet",
            )


def _note_hidden(names: Sequence[str], notes: Notes) -> None:
    if names:
        shown = ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        what = f"hidden column {shown} read" if len(names) == 1 else f"hidden columns {shown} read"
        notes.chose(what, "a person hid them", "list them under ignore in the mapping")


def _note_merges(merges: Sequence[Merge], header_row: int, notes: Notes) -> None:
    for item in merges:
        if item.bottom > header_row:
            span = f"{column_letters(item.left)}{item.top}:{column_letters(item.right)}{item.bottom}"
            notes.found(
                "merged-cells",
                f"cells {span} are merged: the text counts for the first of them only",
                row=item.top,
                index=item.left,
                hint="unmerge them and fill the text into each, or fill_down in the mapping",
            )
