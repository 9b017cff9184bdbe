"""Delimited text → a table: what it is written in is judged over the whole file, then it is read."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from pathlib import Path

from pipeline.read import encoding
from pipeline.read.catalog import Choice, Part, ReadOptions, column_letters
from pipeline.read.dialect import Dialect, judge
from pipeline.read.fast import SMALL, read_fast
from pipeline.read.footer import note_footer
from pipeline.read.header import DEPTH, find_header, footer_length, is_rule
from pipeline.read.job import Refusal
from pipeline.read.lines import Lines, Scan, open_lines, scan
from pipeline.read.notes import Notes
from pipeline.read.records import Record, records
from pipeline.read.table import Table, TableWriter, clean_headers, without_columns, without_idle
from pipeline.store.safe_csv import MARK, is_ours, unescape

#: Characters of text from which separators are judged; a file that then proves uneven is judged whole.
_SAMPLE = 2_000_000
_WIDEST = 16_384
#: Last rows that may be a footer.
_TAIL = 6
#: Beside blanks what old systems end a file with.
_NOTHING = " \t\r\n\v\f\xa0\u2007\u202f\u3000\x1a\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A delimited file as UTF-8, and how to read it.

    Attributes:
        path: the file itself, or its transcription.
        counted: what a pass over its bytes found.
        first: line of the header, from 1.
        names: the header's cells as column names, "" for a blank one.
    """

    path: Path
    name: str
    counted: Scan
    dialect: Dialect
    first: int
    names: tuple[str, ...]
    options: ReadOptions

    @property
    def longest(self) -> int:
        return longest_line(self.options)


def longest_line(options: ReadOptions) -> int:
    """Characters of the longest line that is read: many cells, few of them at their limit."""
    return options.limits.max_cell * 16


def read_delimited(
    source: Path, name: str, out: Path, spool: Path, options: ReadOptions
) -> tuple[Table, Notes]:
    """Read one delimited file.

    Raises:
        Refusal: empty, no text, no usable header, a limit exceeded.
    """
    csv.field_size_limit(options.limits.max_cell)
    if source.stat().st_size == 0:
        raise Refusal(f"{name} is empty", hint="export it again", code="empty-file")
    if _looks_utf8(source, options) and (quick := _quickly(source, name, out, options, _utf8())):
        return quick
    verdict = _encoding(source, options)
    notes = Notes(file=name)
    path = _as_utf8(source, name, spool, verdict, notes)
    if path != source and (quick := _quickly(path, name, out, options, verdict)):
        quick[1].findings[:0] = notes.findings
        return quick
    _tell_encoding(verdict, notes)
    path = _unwrapped(path, spool, options, notes)
    text = _judged(path, name, options, notes, scan(path, options.delimiter or ","))
    with TableWriter(out, tuple(_kept(text.names))) as writer:
        _read_slowly(text, writer, notes)
    return _table(text, writer, out), notes


def _unwrapped(path: Path, spool: Path, options: ReadOptions, notes: Notes) -> Path:
    """The file itself; or, where each line is one quoted text that is a row itself, those rows."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = [line for line in islice(file, 200) if line.strip()]
    inner = [row for line in lines if (row := whole_line(line)) is not None]
    if len(lines) < 2 or len(inner) < len(lines) or options.quote is not None:
        return path
    found = judge([f"{row}\n" for row in inner], options.delimiter)
    widths = [len(cells) for cells in found.reader(inner)]
    if widths[0] < 2 or widths.count(widths[0]) < 0.9 * len(widths):
        return path
    out = spool / f"{path.name}.rows"
    with (
        path.open(encoding="utf-8-sig", errors="replace", newline="") as file,
        out.open("w", encoding="utf-8", newline="") as sink,
    ):
        for line in file:
            row = whole_line(line)
            sink.write(line if row is None else f"{row}\n")
    notes.chose("each line is one quoted text", "the text in it is the row", 'quote = "…" in [read]')
    return out


def whole_line(line: str) -> str | None:
    """The text of a line that is one quoted cell, maybe with empty ones behind it; else None."""
    found = re.fullmatch(r'"((?:[^"]|"")*)"[;,\t]*\s*', line)
    return found[1].replace('""', '"') if found else None


def _utf8() -> encoding.Verdict:
    return encoding.Verdict(name="utf-8", why="all of it is valid UTF-8")


def _table(text: Text, writer: TableWriter, out: Path) -> Table:
    places = {name: index for index, name in enumerate(writer.headers)}
    nameless = [name for name, said in zip(writer.headers, text.names, strict=True) if not said]
    headers = without_idle(out, writer.headers, nameless)
    headers = without_columns(out, {MARK}) if is_ours(headers) else headers
    columns = {name: places[name] for name in headers}
    part = Part(file=text.name, sheet="", columns=columns, header_row=text.first, rows=writer.rows)
    return Table(path=out, headers=headers, part=part)


def _looks_utf8(source: Path, options: ReadOptions) -> bool:
    """Whether it may be UTF-8 by its beginning; the quick way proves it, or fails."""
    if options.encoding is not None and options.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        return False
    with source.open("rb") as file:
        head = file.read(1 << 16)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head or b"\x1b" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(head) - 3 and error.reason == "unexpected end of data"
    return True


def _quickly(
    path: Path, name: str, out: Path, options: ReadOptions, verdict: encoding.Verdict
) -> tuple[Table, Notes] | None:
    """The quick way through a large text; None, and nothing said, where it isn't proven."""
    if path.stat().st_size < SMALL or options.skip_footer is not None:
        return None
    notes = Notes(file=name)
    _tell_encoding(verdict, notes)
    head = scan(path, options.delimiter or ",", _SAMPLE)
    if head.lone_cr > 1 or head.nul:
        return None
    text = _judged(path, name, options, notes, head)
    if is_ours(text.names):
        return None
    with TableWriter(out, tuple(_kept(text.names))) as writer:
        if not read_fast(path, text.dialect, text.first, writer, options, notes):
            return None
    return _table(text, writer, out), notes


def _kept(names: Sequence[str]) -> list[str]:
    """Column names of all columns: a blank header is called after its place."""
    named = map(unescape, names) if is_ours(names) else names
    return [name or f"Column {column_letters(index)}" for index, name in enumerate(named)]


def _tell_encoding(verdict: encoding.Verdict, notes: Notes) -> None:
    notes.choices.insert(
        0,
        Choice(
            what=f"encoding {verdict.name}",
            why=verdict.why,
            override='encoding = "…" in [read]',
            file=notes.file,
        ),
    )


def _as_utf8(source: Path, name: str, spool: Path, verdict: encoding.Verdict, notes: Notes) -> Path:
    """The file itself where it is UTF-8, else its transcription."""
    if verdict.name in ("utf-8", "ascii") and not verdict.mixed:
        return source
    out = spool / f"{source.name}.utf8"

    def told(line: int, raw: bytes) -> None:
        shown = raw.decode(verdict.name, errors="replace").strip()
        notes.found(
            "mixed-encoding",
            f"this line is not in UTF-8 like others; read as {verdict.name}",
            row=line,
            value=shown,
            hint="save the whole file in one encoding, UTF-8 best",
        )

    try:
        encoding.transcode(source, verdict, out, told)
    except UnicodeDecodeError as error:
        bad = encoding.first_bad(source, verdict.name)
        where = f" at byte {bad[0]} ({bad[1].hex(' ')})" if bad else ""
        text = f"{name} is not {verdict.name}: it can't be decoded{where}"
        raise Refusal(text, hint="leave encoding out to have it found", code="wrong-encoding") from error
    return out


def _encoding(source: Path, options: ReadOptions) -> encoding.Verdict:
    if options.encoding is None:
        return encoding.judge(source)
    if not encoding.known(options.encoding):
        raise Refusal(f"encoding {options.encoding!r} is not known", hint="such as utf-8, cp1252, cp932")
    found = encoding.judge(source) if options.encoding.lower().startswith("utf") else None
    if found is not None and found.bom:
        return found
    if found is not None and found.name == "utf-8":
        return encoding.Verdict(name="utf-8", why="as told")
    return encoding.Verdict(name=options.encoding, why="as told")


def _judged(path: Path, name: str, options: ReadOptions, notes: Notes, counted: Scan) -> Text:
    """Separators and header of a text, of which all or the beginning was counted."""
    if counted.nul > counted.size / 50:
        text = f"{name} is no text: {counted.nul} of its {counted.size} bytes are NUL"
        raise Refusal(text, hint="export it as CSV or XLSX", code="not-text")
    file, lines = open_lines(path, counted, name=name, longest=longest_line(options))
    with file:
        sample = _sampled(lines)
    dialect = judge(sample, options.delimiter, options.quote)
    _tell(dialect, notes)
    first, cells = _header(sample, dialect, counted, name, options, notes)
    names = clean_headers(cells, notes, first)
    return Text(
        path=path, name=name, counted=counted, dialect=dialect, first=first, names=names, options=options
    )


def _sampled(lines: Iterator[str]) -> list[str]:
    sample: list[str] = []
    size = 0
    for line in lines:
        sample.append(line)
        size += len(line)
        if size > _SAMPLE:
            break
    return sample


def _tell(dialect: Dialect, notes: Notes) -> None:
    shown = {"\t": "tab", "\x1f": "unit separator"}.get(dialect.delimiter, dialect.delimiter)
    notes.chose(f"delimiter {shown}", dialect.why, 'delimiter = "…" in [read]')
    if dialect.quote != '"':
        notes.chose(f"quote {dialect.quote or 'none'}", "as the cells begin and end", 'quote = "…" in [read]')
    if dialect.escape:
        notes.chose("escape \\", "quotes inside cells stand behind a backslash", 'quote = "…" in [read]')


def _header(
    sample: list[str], dialect: Dialect, counted: Scan, name: str, options: ReadOptions, notes: Notes
) -> tuple[int, list[str]]:
    """Line and cells of the header."""
    longest = longest_line(options)
    lines = Lines(
        StringIO("".join(sample), newline="\n" if counted.stray_cr else ""), longest=longest, name=name
    )
    found_rows = (item for item in records(lines, dialect) if any(map(str.strip, item.cells)))
    depth = DEPTH if options.header_row is None else options.header_row
    rows = [
        (item.line, item.cells) for item in islice(found_rows, dialect.directive, depth + dialect.directive)
    ]
    widest = max((len(cells) for _, cells in rows), default=0)
    if widest > _WIDEST:
        raise Refusal(f"{name} has {widest} columns; {_WIDEST} are read", code="too-many-columns")
    if options.header_row is not None:
        told = [row for row in rows if row[0] == options.header_row]
        if not told:
            raise Refusal(f"{name}: line {options.header_row} holds no header", code="no-header")
        return told[0]
    found = find_header(rows)
    if found is None:
        raise no_header(name, rows[0][1] if rows else [])
    line, cells = rows[found.index]
    notes.chose(f"header in line {line}", found.why, "header_row = N in [read]")
    return line, cells


def no_header(name: str, cells: Sequence[str | None]) -> Refusal:
    """The refusal of a table in which no row reads like a header."""
    shown = ", ".join(cell for cell in cells if cell)[:120]
    hint = "header_row = N in [read] names the row of the header"
    return Refusal(
        f"{name}: no usable header; its first row is: {shown or 'blank'}", hint=hint, code="no-header"
    )


def _read_slowly(text: Text, writer: TableWriter, notes: Notes) -> None:
    file, lines = open_lines(text.path, text.counted, name=text.name, longest=text.longest)
    with file:
        width = len(text.names)
        below = (item for item in records(lines, text.dialect, width=width) if item.line > text.first)
        _Rows(text, writer, notes).take(below)


class _Rows:
    """Records → rows of the right width, with a finding where one had to be given it."""

    def __init__(self, text: Text, writer: TableWriter, notes: Notes) -> None:
        self._text = text
        self._writer = writer
        self._notes = notes
        self._width = len(text.names)
        self._blank = self._repeated = self._ruled = self._wrapped = 0
        self._ours = is_ours(text.names)
        self._header = [name for name in text.names if name]

    def take(self, found: Iterator[Record]) -> None:
        tail: deque[Record] = deque()
        for item in found:
            if not any(cell.strip(_NOTHING) for cell in item.cells):
                self._blank += 1
                continue
            if is_rule(item.cells):
                self._ruled += 1
                continue
            if (
                len(self._header) > 1
                and [cell.strip() for cell in item.cells if cell.strip()] == self._header
            ):
                self._repeated += 1
                continue
            tail.append(item)
            if len(tail) > _TAIL:
                self._add(tail.popleft())
        for item in self._without_footer(list(tail)):
            self._add(item)
        if self._blank:
            self._notes.chose(f"{self._blank} blank rows skipped", "they hold no text", "none needed")
        if self._ruled:
            self._notes.chose(f"{self._ruled} drawn lines skipped", "they hold nothing but - = + |", "none")
        if self._wrapped:
            why = f"{self._wrapped} rows hold texts as formulas, so that a spreadsheet keeps their zeros"
            self._notes.chose('cells ="…" are read as the text in them', why, "none")
        if self._repeated:
            self._notes.chose(
                f"{self._repeated} repeated headers skipped", "they say what the header says", "none"
            )

    def _without_footer(self, tail: list[Record]) -> list[Record]:
        told = self._text.options.skip_footer
        count = footer_length([item.cells for item in tail], self._width) if told is None else told
        for item in tail[len(tail) - count :] if count else []:
            note_footer(self._notes, item.line, item.cells)
        return tail[: len(tail) - count] if count else tail

    def _add(self, item: Record) -> None:
        cells = item.cells
        if item.swallowed:
            self._swallowed(item)
        if len(cells) != self._width:
            cells = self._fitted(item)
        if self._ours:
            cells = [unescape(cell) for cell in cells]
        elif any(cell.startswith('="') for cell in cells):
            self._wrapped += 1
            cells = [_bare(cell) for cell in cells]
        self._writer.add(item.line, [cell or None for cell in cells], sum(map(len, cells)))

    def _swallowed(self, item: Record) -> None:
        self._notes.found(
            "unbalanced-quote",
            f"a quote opened here is never closed: it would have swallowed {item.swallowed} lines",
            row=item.line,
            value=self._text.dialect.delimiter.join(item.cells),
            hint="close the quote, or double it where it is text; the row was read literally",
            error=True,
        )

    def _fitted(self, item: Record) -> list[str]:
        """A record with as many cells as there are headers."""
        cells, width = item.cells, self._width
        extra = cells[width:]
        if any(cell.strip() for cell in extra):
            self._notes.found(
                "too-many-cells",
                f"{len(cells)} cells where the header has {width}: cells may stand in the wrong columns",
                row=item.line,
                index=width,
                value=self._text.dialect.delimiter.join(extra),
                hint="quote cells that hold the separator",
                error=True,
            )
        elif len(cells) < width - self._ours:
            self._notes.found(
                "too-few-cells",
                f"{len(cells)} cells where the header has {width}: the missing ones were taken as empty",
                row=item.line,
                value=self._text.dialect.delimiter.join(cells),
            )
        return list(islice(chain(cells, [""] * width), width))


def _bare(cell: str) -> str:
    """The text in a cell that says ="text"."""
    found = re.fullmatch(r'="((?:[^"]|"")*)"\s*', cell)
    return found[1].replace('""', '"') if found else cell
