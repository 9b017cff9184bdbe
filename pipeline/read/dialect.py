"""How a delimited file separates, quotes and escapes: every candidate is tried, the steadiest wins."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from pipeline.read.vocabulary import speaks

DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", "¦", "\x1f", "\x01", "#")
_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Separators of a delimited file.

    Attributes:
        quote: the quote character, "" where there is none.
        escape: the character that takes the next one literally, "" where quotes are doubled.
        padded: a blank follows each separator, also in front of quotes.
        directive: the first line is Excel's "sep=;" and no data.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    directive: bool = False
    padded: bool = False
    why: str = ""

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The standard library's reader with these separators."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.padded,
            strict=False,
        )


def judge(sample: list[str], delimiter: str | None = None, quote: str | None = None) -> Dialect:
    """The dialect of a text, from a fair sample of its lines (with their ends)."""
    if sample and (directive := _directive(sample[0])):
        quotes = '"' if quote is None else quote
        given = delimiter or directive
        return Dialect(delimiter=given, quote=quotes, directive=True, why=f"first line says sep={directive}")
    quotes = _quote(sample) if quote is None else quote
    if delimiter is not None:
        return _fitted(sample, Dialect(delimiter=delimiter, quote=quotes, why="as told"))
    text = "".join(sample)
    tried = [mark for mark in DELIMITERS if mark in text] or [","]
    scored = [(_steadiness(sample, Dialect(delimiter=mark, quote=quotes)), mark) for mark in tried]
    best = max(scored, key=lambda item: item[0])
    if best[0][0] <= 0:
        return Dialect(delimiter=",", quote=quotes, why="one column: no separator splits its lines evenly")
    (_, share, width), mark = best
    why = f"{share:.0%} of the rows have {width} cells with it"
    return _fitted(sample, Dialect(delimiter=mark, quote=quotes, why=why))


def _directive(line: str) -> str:
    text = line.strip().strip('"')
    return text[4] if text[:4].lower() == "sep=" and len(text) == 5 else ""


def _quote(sample: list[str]) -> str:
    """Single quotes only where cells begin and end with them throughout, and none with double ones."""
    double = sum(line.count('"') for line in sample)
    if double:
        return '"'
    lines = [line.strip() for line in sample if line.strip()]
    single = sum(1 for line in lines if line.startswith("'") or line.endswith("'"))
    pairs = sum(line.count("','") + line.count("';'") + line.count("'\t'") for line in lines)
    return "'" if lines and single > len(lines) / 2 and pairs >= len(lines) / 2 else '"'


def _fitted(sample: list[str], dialect: Dialect) -> Dialect:
    return _with_padding(sample, _with_escape(sample, dialect))


def _with_padding(sample: list[str], dialect: Dialect) -> Dialect:
    """Blanks between separator and quote where reading over them, and only that, makes the rows even."""
    if not dialect.quote or f"{dialect.delimiter} {dialect.quote}" not in "".join(sample):
        return dialect
    padded = replace(dialect, padded=True)
    return padded if _steadiness(sample, padded)[1] > _steadiness(sample, dialect)[1] else dialect


def _with_escape(sample: list[str], dialect: Dialect) -> Dialect:
    """Backslash escapes where they, and only they, make the rows even."""
    if not dialect.quote or f"\\{dialect.quote}" not in "".join(sample):
        return dialect
    escaped = Dialect(delimiter=dialect.delimiter, quote=dialect.quote, escape="\\", why=dialect.why)
    plain, slashed = _steadiness(sample, dialect), _steadiness(sample, escaped)
    return escaped if slashed[1] > plain[1] else dialect


def _steadiness(sample: list[str], dialect: Dialect) -> tuple[float, float, int]:
    """(score, share of rows with the usual number of cells, that number); score 0 for one column."""
    widths: Counter[int] = Counter()
    known = 0
    try:
        for row in islice(dialect.reader(sample), _ROWS):
            if any(cell.strip() for cell in row):
                widths[len(row)] += 1
                if sum(widths.values()) <= 20:
                    known = max(known, sum(1 for cell in row[:200] if speaks(cell)))
    except csv.Error:
        return 0.0, 0.0, 0
    if not widths:
        return 0.0, 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1] * math.log2(item[0] + 1), item[0]))
    share = count / sum(widths.values())
    if width < 2:
        return 0.0, share, width
    return share**2 * min(math.log2(width), 4.0) + min(known, 6) * 0.5, share, width
