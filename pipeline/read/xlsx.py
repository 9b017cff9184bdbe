"""XLSX and XLSM: the package, its styles and texts, and each sheet's rows as they are shown."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from lxml import etree

from pipeline.read.catalog import Limits, column_letters
from pipeline.read.formats import BUILTIN, look_of
from pipeline.read.grid import Line, Merge
from pipeline.read.job import Refusal, cell_too_long
from pipeline.read.looks import DIGITS, PLAIN, Look, padded, plain, shown, stored
from pipeline.read.notes import Notes
from pipeline.read.quicktexts import Texts, read_texts
from pipeline.read.sheetxml import (
    Cell,
    NotPlain,
    Readable,
    Row,
    parsed_rows,
    quick_rows,
    safe_parser,
    shared_strings,
    unescaped,
    whole_number,
)
from pipeline.read.zipscan import scan_zip

#: Excel's own bounds; a sheet that claims more is no sheet.
ROWS, COLUMNS = 1_048_576, 16_384
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One worksheet of a workbook: its name, its part in the package, whether it's shown."""

    name: str
    part: str
    visible: bool


class Workbook:
    """An open package.

    Raises:
        Refusal: an archive that isn't trusted, a DOCTYPE, a damaged part.
    """

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self.name = name
        self.tails: dict[str, bytes] = {}
        self._limits = limits
        self._archive = zipfile.ZipFile(path)
        self._parts = {info.filename.lower(): info for info in scan_zip(self._archive, path, name, limits)}
        for info in self._parts.values():
            if info.filename.endswith((".xml", ".rels")):
                self._refuse_doctype(info)

    def close(self) -> None:
        self._archive.close()

    def _refuse_doctype(self, info: zipfile.ZipInfo) -> None:
        """Entities are the only reason for a DOCTYPE in here, and there is no good one for entities."""
        with self._archive.open(info) as stream:
            head = stream.read(4096)
        for codec in ("utf-8", "utf-16"):
            if "<!doctype" in head.decode(codec, errors="ignore").lower():
                raise Refusal(f"{self.name}: {info.filename} holds a DOCTYPE", code="archive-refused")

    def open(self, part: str) -> Counted:
        info = self._parts.get(part.lower())
        if info is None:
            raise Refusal(f"{self.name}: {part} is missing", hint="save the workbook anew", code="damaged")
        return Counted(self._archive.open(info), self._limits.max_bytes, self.name)

    def _tree(self, part: str) -> etree._Element:
        with self.open(part) as stream:
            try:
                return etree.fromstring(stream.read(), safe_parser())
            except etree.XMLSyntaxError as error:
                raise Refusal(f"{self.name}: {part} is damaged: {error.msg}", code="damaged") from None

    @cached_property
    def _main(self) -> str:
        """The part of the workbook itself, as the package says."""
        for relation in self._tree("_rels/.rels"):
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                return str(relation.get("Target", "")).lstrip("/")
        return "xl/workbook.xml"

    @cached_property
    def _targets(self) -> dict[str, tuple[str, str]]:
        """Relation id → (kind, part)."""
        folder, file = posixpath.split(self._main)
        found = {}
        for relation in self._tree(f"{folder}/_rels/{file}.rels"):
            target = str(relation.get("Target", ""))
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            found[str(relation.get("Id"))] = (str(relation.get("Type", "")).rpartition("/")[2], part)
        return found

    @cached_property
    def _book(self) -> etree._Element:
        return self._tree(self._main)

    @cached_property
    def epoch_1904(self) -> bool:
        properties = self._book.find("{*}workbookPr")
        return properties is not None and properties.get("date1904") in ("1", "true")

    @cached_property
    def aside(self) -> list[str]:
        """What is in the package that is never run or followed."""
        kinds = {
            "vbaproject.bin": "macros",
            "externallinks/": "links to other files",
            "connections.xml": "connections",
        }
        kinds |= {"embeddings/": "embedded objects", "activex/": "controls"}
        return sorted({what for mark, what in kinds.items() if any(mark in part for part in self._parts)})

    @cached_property
    def sheets(self) -> list[Sheet]:
        """Worksheets in their order; charts and dialogs are none."""
        found = []
        for sheet in self._book.iterfind("{*}sheets/{*}sheet"):
            relation = next((value for key, value in sheet.attrib.items() if str(key).endswith("}id")), "")
            kind, part = self._targets.get(str(relation), ("", ""))
            if kind == "worksheet":
                visible = sheet.get("state", "visible") == "visible"
                found.append(Sheet(name=str(sheet.get("name")), part=part, visible=visible))
        return found

    def _part_of(self, kind: str) -> str | None:
        return next((part for found, part in self._targets.values() if found == kind), None)

    @cached_property
    def looks(self) -> list[Look]:
        """The look of each cell format."""
        part = self._part_of("styles")
        if part is None:
            return []
        tree = self._tree(part)
        codes = dict(BUILTIN)
        for item in tree.iterfind("{*}numFmts/{*}numFmt"):
            codes[whole_number(item.get("numFmtId"), 0)] = str(item.get("formatCode", ""))
        formats = tree.find("{*}cellXfs")
        ids = [whole_number(item.get("numFmtId"), 0) for item in (formats if formats is not None else ())]
        return [look_of(codes.get(number, "General")) for number in ids]

    @cached_property
    def texts(self) -> list[str]:
        part = self._part_of("sharedStrings")
        if part is None or part.lower() not in self._parts:
            return []
        with self.open(part) as stream:
            return shared_strings(stream, self._limits.max_cell)

    @cached_property
    def quick_texts(self) -> Texts:
        """The same as an array.

        Raises:
            NotPlain: they are not written as usual.
        """
        part = self._part_of("sharedStrings")
        if part is None or part.lower() not in self._parts:
            return Texts(pa.array([], pa.string()))
        with self.open(part) as stream:
            return read_texts(stream, self._limits.max_cell)

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        """The rows of a sheet: quickly, and from where that fails by lxml."""
        last = 0
        try:
            with self.open(sheet.part) as stream:
                for row in quick_rows(stream, self._limits.max_cell):
                    last = row.number
                    yield row
        except NotPlain:
            with self.open(sheet.part) as stream:
                yield from (row for row in parsed_rows(stream) if row.number > last)

    def hidden_columns(self, sheet: Sheet) -> set[int]:
        """Columns that aren't shown, which the sheet says in front of its rows."""
        with self.open(sheet.part) as stream:
            head = re.split(rb"<(?:\w+:)?sheetData", stream.read(1 << 16))[0]
        hidden: set[int] = set()
        for said in re.findall(rb"<(?:\w+:)?col ([^>]*)>", head):
            found = dict(re.findall(rb'(min|max|hidden)="(\w+)"', said))
            if found.get(b"hidden") in (b"1", b"true") and found.get(b"min", b"").isdigit():
                first = int(found[b"min"])
                last = int(found[b"max"]) if found.get(b"max", b"").isdigit() else first
                hidden.update(range(first - 1, min(last, COLUMNS)))
        return hidden

    def merges(self, sheet: Sheet) -> list[Merge]:
        """Merged ranges, which stand behind the rows."""
        tail = self.tails.get(sheet.part)
        if tail is None:
            before = last = b""
            with self.open(sheet.part) as stream:
                while block := stream.read(1 << 20):
                    before, last = last, block
            tail = before + last
        found = re.findall(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"', tail)
        return [
            Merge(
                top=int(top), left=index_of(left.decode()), bottom=int(bottom), right=index_of(right.decode())
            )
            for left, top, right, bottom in found
        ]


class Counted:
    """A part that refuses to inflate to more than the limit, whatever its header says."""

    def __init__(self, stream: Readable, most: int, name: str) -> None:
        self._stream = stream
        self._left = most
        self._name = name

    def read(self, size: int = -1) -> bytes:
        try:
            block = self._stream.read(size)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as error:
            raise Refusal(f"{self._name} is damaged: {error}", code="damaged") from error
        self._left -= len(block)
        if self._left < 0:
            raise Refusal(f"{self._name} inflates to more than is read", code="limit")
        return block

    def __enter__(self) -> Counted:
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._stream, io.IOBase):
            self._stream.close()


def index_of(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    number = 0
    for char in letters:
        number = number * 26 + ord(char) - 64
    return number - 1


class Lines:
    """A sheet's rows as lines of shown text, with findings for cells that show none."""

    def __init__(self, book: Workbook, notes: Notes, limits: Limits, *, with_texts: bool = True) -> None:
        self.texts: Sequence[str] = book.texts if with_texts else []
        self._looks = book.looks
        self._epoch = book.epoch_1904
        self._notes = notes
        self.longest = limits.max_cell
        self._columns: dict[str, int] = {}
        self._rounded: dict[int, int] = {}
        self._dressed: set[int] = set()

    def of(self, rows: Iterator[Row]) -> Iterator[Line]:
        """All rows.

        Raises:
            Refusal: beyond what a sheet can hold, or a cell beyond the limit.
        """
        yield from map(self.line, rows)
        self.finish()

    def aside(self) -> Lines:
        """The same, but what it finds waits until it is joined."""
        other = copy(self)
        other._notes = replace(self._notes, choices=[], findings=[], counts=Counter())
        other._rounded, other._dressed = {}, set()
        return other

    def join(self, aside: Lines) -> None:
        """Take over what was found aside, in the order of the rows."""
        self._notes.join(aside._notes)
        self._dressed |= aside._dressed
        for column, count in aside._rounded.items():
            self._rounded[column] = self._rounded.get(column, 0) + count

    def finish(self) -> None:
        """Say what can only be said of whole columns."""
        if self._dressed:
            columns = ", ".join(map(column_letters, sorted(self._dressed)))
            self._notes.chose(
                f"number formats of column {columns}",
                "their cells are read as they are shown",
                "format General in the sheet shows the bare number",
            )
        for column, count in sorted(self._rounded.items()):
            self._notes.found(
                "shown-rounded",
                f"{count} cells of this column hold more decimals than their format shows; "
                "the shown ones were read",
                index=column,
                column=column_letters(column),
                hint="format the cells to show all decimals that you mean",
            )

    def line(self, row: Row) -> Line:
        """One row as it is shown.

        Raises:
            Refusal: beyond what a sheet can hold, or a cell beyond the limit.
        """
        if row.number > ROWS:
            raise Refusal(f"{self._notes.place}: row {row.number} is beyond what a sheet can hold")
        line = Line(row.number, {}, set(), row.hidden)
        columns, texts, cells, numbers = self._columns, self.texts, line.cells, line.numbers
        for at, cell in enumerate(row.cells):
            letters, style, kind, formula, value = cell
            column = columns.get(letters, -1)
            if column < 0:
                column = self._column(letters, at, row.number)
            if kind == "s" and value is not None:
                text = texts[int(value)] if value.isdigit() and int(value) < len(texts) else ""
            elif not kind or kind == "n":
                if value is None:
                    if formula:
                        self._notes.no_value(row.number, column)
                    continue
                text = self.number(value, style, row.number, column, numbers)
            else:
                text = self._other(cell, row.number, column)
            if text:
                cells[column] = self.bounded(text, row.number, column)
        return line

    def _column(self, letters: str, at: int, row: int) -> int:
        if not letters:
            return at
        column = index_of(letters)
        if column >= COLUMNS:
            raise Refusal(
                f"{self._notes.place}: column {letters} in row {row} is beyond what a sheet can hold"
            )
        self._columns[letters] = column
        return column

    def look_of(self, style: str) -> Look:
        """The look of a cell format."""
        at = whole_number(style, len(self._looks))
        return self._looks[at] if at < len(self._looks) else PLAIN

    def dressed(self, column: int) -> None:
        """Note that the format of a column's cells decides their look."""
        self._dressed.add(column)

    def number(self, value: str, style: str, row: int, column: int, numbers: set[int]) -> str:
        look = self.look_of(style)
        if look is PLAIN and value.isdigit() and len(value) <= DIGITS:
            numbers.add(column)
            return value.lstrip("0") or "0"
        if look is not PLAIN:
            self._dressed.add(column)
            if look.kind == "number" and (quick := padded(value, look)):
                numbers.update(() if look.pattern else (column,))
                return quick
        if len(value) > DIGITS:
            self.long(value, row, column)
        text = shown(value, look, self._epoch)
        if look.kind in ("plain", "number") and not look.names:
            numbers.add(column)
            if look.kind == "number" and "." in value and _differs(value, text):
                self._rounded[column] = self._rounded.get(column, 0) + 1
        return text

    def long(self, value: str, row: int, column: int) -> None:
        """Digits beyond the fifteenth that a spreadsheet has already replaced by zeros or noise."""
        number = stored(value)
        if number is not None and number == number.to_integral_value() and number.adjusted() >= DIGITS:
            self._notes.found(
                "number-too-long",
                f"a number of {number.adjusted() + 1} digits: a spreadsheet keeps {DIGITS} of them",
                row=row,
                index=column,
                value=plain(number),
                hint="format the column as text, then enter or import it again",
                error=True,
            )

    def bounded(self, text: str, row: int, column: int) -> str:
        """The text, if a cell may hold so much."""
        if len(text) > self.longest:
            place = f"{self._notes.place}: cell {column_letters(column)}{row}"
            raise cell_too_long(place, len(text), self.longest)
        return text

    def _other(self, cell: Cell, row: int, column: int) -> str:
        """Text of a formula, text in the cell, truth, date, error."""
        value = cell.value or ""
        if cell.type == "b":
            return "TRUE" if value in ("1", "true") else "FALSE" if value else ""
        if cell.type == "e":
            self._notes.error_cell(value, row, column)
            return value
        if cell.type == "d":
            date, _, time = value.strip().rstrip("Z").partition("T")
            time = time.partition(".")[0]
            return f"{date} {time}" if time.strip("0:") else date
        return unescaped(value)


def _differs(value: str, text: str) -> bool:
    """Whether a format hides digits that count."""
    number, read = stored(value), stored(text)
    return number is not None and read is not None and abs(number - read) > abs(number).scaleb(-12)
