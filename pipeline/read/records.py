"""Lines → records, by the standard library's csv, with one thing it lacks: the sight of a swallowed row.

One quote that is opened and never meant makes every csv reader take the lines behind it into one
cell, with the right number of cells and no error. A cell that spans lines, some of which split into
a whole record by themselves, is such a quote: its first line is then read literally, the others are
put back.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.read.catalog import column_letters
from pipeline.read.dialect import Dialect
from pipeline.read.job import Refusal, cell_too_long
from pipeline.read.lines import LONE_CR, Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record and the physical line that it starts on.

    Attributes:
        swallowed: it was read literally, since its quote would have swallowed this many lines.
    """

    line: int
    cells: list[str]
    swallowed: int = 0


def records(lines: Lines, dialect: Dialect, *, width: int = 0) -> Iterator[Record]:
    """All records; `width` is how many cells a record has, 0 while that isn't known.

    Raises:
        Refusal: a cell is longer than the limit although no quote is to blame.
    """
    reader = dialect.reader(lines)
    literal = replace(dialect, quote="", escape="")
    while True:
        start = lines.mark()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = _whole(lines, dialect)
            if cells and not _swallows(cells, lines, dialect, width):
                raise _too_long(cells, start) from None
            if len(lines.taken) < 2:
                raise Refusal(f"line {start}: {error}", code="damaged") from None
            cells = []
        spanned = len(lines.taken)
        if (spanned > 1 or lines.ended) and (not cells or _swallows(cells, lines, dialect, width)):
            lines.put_back(1)
            cells = next(literal.reader(lines.taken[:1]), [])
            reader = dialect.reader(lines)
            yield Record(line=start, cells=_shown(cells), swallowed=spanned - 1)
            continue
        yield Record(line=start, cells=_shown(cells))


def _whole(lines: Lines, dialect: Dialect) -> list[str]:
    """The record once more, its cells as long as a line may be; none where its quote is never closed."""
    limit = csv.field_size_limit(lines.longest)
    lines.put_back(0)
    try:
        return next(dialect.reader(lines), [])
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)


def _too_long(cells: Sequence[str], line: int) -> Refusal:
    at = max(range(len(cells)), key=lambda place: len(cells[place]))
    return cell_too_long(f"cell {column_letters(at)}{line}", len(cells[at]), csv.field_size_limit())


def _shown(cells: list[str]) -> list[str]:
    if any(LONE_CR in cell for cell in cells):
        return [cell.replace(LONE_CR, "\r") for cell in cells]
    return cells


def _swallows(cells: Sequence[str], lines: Lines, dialect: Dialect, width: int) -> bool:
    if lines.ended:
        return True
    return any(swallowed_lines(cell, dialect, width) for cell in cells if "\n" in cell or "\r" in cell)


def swallowed_lines(cell: str, dialect: Dialect, width: int) -> int:
    """How many lines inside a cell are whole records themselves; 0 where that may be chance.

    In narrow tables a line of prose easily has the right number of separators: there nearly all
    lines inside the cell must split evenly, and at least three of them.
    """
    if width < 2 or cell.count(dialect.delimiter) < width - 1:
        return 0
    inner = cell.splitlines()[1:]
    whole = 0
    for line in inner:
        if line.count(dialect.delimiter) >= width - 1:
            try:
                whole += len(next(dialect.reader([line]), [])) == width
            except csv.Error:
                continue
    enough = whole >= 1 if width >= 5 else whole >= 3 and whole >= 0.8 * len(inner)
    return whole if enough else 0
