"""Workbooks of all kinds → tables: which sheets are read, and why those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.read.catalog import ReadOptions
from pipeline.read.delimited import no_header
from pipeline.read.grid import Merge, to_table
from pipeline.read.job import Refusal
from pipeline.read.kinds import Kind
from pipeline.read.notes import Notes
from pipeline.read.table import Table
from pipeline.read.vocabulary import folded, meant, speaks
from pipeline.values.counted import plural

Pair = tuple[Table, Notes]

_OVERRIDE = 'sheet = "…" in [read]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One sheet of a workbook, and how to read it."""

    name: str
    visible: bool
    read: Callable[[Notes, Path, ReadOptions], Table | None]


def read_workbook(
    path: Path, name: str, kind: Kind, spool: Path, first: int, options: ReadOptions
) -> Iterator[tuple[Table | None, Notes]]:
    """The tables of a workbook; a note without a table for what was left aside.

    Raises:
        Refusal: no sheet holds a table with a usable header, or the file isn't trusted.
    """
    sheets, said = _opened(path, name, kind, options)
    general = Notes(file=name)
    general.choices += said
    wanted = _wanted(sheets, options, general, name)
    read: list[Pair] = []
    for index, sheet in enumerate(wanted):
        notes = Notes(file=name, sheet=sheet.name)
        table = sheet.read(notes, spool / f"part-{first}-{index}.arrow", options)
        if table is None or (table.part.rows == 0 and len(wanted) > 1):
            general.chose(f"sheet {sheet.name!r} skipped", "it holds no table with a header", _OVERRIDE)
        else:
            read.append((table, notes))
    if not read:
        raise no_header(name, [])
    kept = read if options.sheet is not None else _alike(read, general)
    yield None, general
    yield from kept
    for table, _ in read:
        if all(table is not other for other, _ in kept) and _weight(table)[0]:
            yield None, _left_aside(table, kept[0][0])


def _opened(path: Path, name: str, kind: Kind, options: ReadOptions) -> tuple[list[Candidate], list]:  # type: ignore[type-arg]
    if kind is Kind.XLSX:
        return _xlsx(path, name, options)
    if kind is Kind.ODS:
        from pipeline.read.ods import candidates

        return candidates(path, name, options.limits), []
    if kind is Kind.XLS:
        from pipeline.read.xls import candidates as old

        return old(path, name), []
    if kind in (Kind.HTML, Kind.XML):
        from pipeline.read.marked import html_candidates, xml_candidates

        marked = html_candidates if kind is Kind.HTML else xml_candidates
        return marked(path, name, options.limits), []
    from pipeline.read.xlsb import candidates as binary

    return binary(path, name), []


def _xlsx(path: Path, name: str, options: ReadOptions) -> tuple[list[Candidate], list]:  # type: ignore[type-arg]
    from pipeline.read.quicksheet import QuickLines
    from pipeline.read.sheetxml import NotPlain
    from pipeline.read.xlsx import Lines, Sheet, Workbook

    book = Workbook(path, name, options.limits)
    general = Notes(file=name)
    for what in book.aside:
        general.chose(f"{what} ignored", "nothing in a workbook is run or followed", "none")

    def reader(sheet: Sheet) -> Callable[[Notes, Path, ReadOptions], Table | None]:
        def read(notes: Notes, out: Path, options: ReadOptions) -> Table | None:
            def merged() -> list[Merge]:
                return book.merges(sheet)

            if options.quick:
                try:
                    lines = Lines(book, notes, options.limits, with_texts=False)
                    quick = QuickLines(book, sheet, lines)
                    return to_table(quick, notes, out, options, merged, book.hidden_columns(sheet))
                except NotPlain:
                    notes.forget()
            lines = Lines(book, notes, options.limits)
            rows = lines.of(book.rows(sheet))
            return to_table(rows, notes, out, options, merged, book.hidden_columns(sheet))

        return read

    found = [Candidate(name=sheet.name, visible=sheet.visible, read=reader(sheet)) for sheet in book.sheets]
    return found, general.choices


def _wanted(sheets: Sequence[Candidate], options: ReadOptions, notes: Notes, name: str) -> list[Candidate]:
    """The sheets that the caller named, else all that are shown."""
    if options.sheet is not None:
        return [_named(sheets, wanted, name) for wanted in options.sheet]
    visible = [sheet for sheet in sheets if sheet.visible]
    for sheet in sheets:
        if not sheet.visible and visible:
            notes.chose(f"sheet {sheet.name!r} skipped", "it is hidden", _OVERRIDE)
    return visible or list(sheets)


def _named(sheets: Sequence[Candidate], wanted: str, name: str) -> Candidate:
    found = [sheet for sheet in sheets if sheet.name == wanted]
    found = found or [sheet for sheet in sheets if folded(sheet.name) == folded(str(wanted))]
    if not found and str(wanted).isdigit() and int(wanted) < len(sheets):
        found = [sheets[int(wanted)]]
    if not found:
        names = ", ".join(repr(sheet.name) for sheet in sheets)
        raise Refusal(f"{name} has no sheet {wanted!r}", hint=f"it has {names}", code="no-sheet")
    return found[0]


def _left_aside(table: Table, main: Table) -> Notes:
    """A sheet with products of its own that is not read is more than a remark."""
    notes = Notes(file=table.part.file, sheet=table.part.sheet)
    notes.found(
        "sheet-skipped",
        f"this sheet's {plural(table.part.rows, 'row was', 'rows were')} not read: "
        f"its headers are not those of sheet {main.part.sheet!r}",
        row=table.part.header_row,
        hint='sheet = ["…"] in [read] names the sheets to read',
    )
    return notes


def _alike(read: list[Pair], general: Notes) -> list[Pair]:
    """The sheet that looks most like products, and those with the same headers."""
    main = max(read, key=lambda pair: _weight(pair[0]))
    names = {folded(header) for header in main[0].headers}
    kept = [pair for pair in read if _shared(names, pair[0]) >= 0.6]
    for table, _ in read:
        if all(table is not other for other, _ in kept):
            table.path.unlink()
            why = f"its headers are not those of {main[0].part.sheet!r}"
            general.chose(f"sheet {table.part.sheet!r} skipped", why, _OVERRIDE)
    if len(read) > 1:
        shown = ", ".join(repr(table.part.sheet) for table, _ in kept)
        general.chose(
            f"sheets {shown}", "the table most like products, and those with its headers", _OVERRIDE
        )
    return kept


def _weight(table: Table) -> tuple[bool, int, int]:
    known = sum(1 for header in table.headers if speaks(header))
    sku = any((found := meant(header)) is not None and found[0] == "SellerSku" for header in table.headers)
    return sku and known >= 2, table.part.rows * min(known + 1, 4), len(table.headers)


def _shared(names: set[str], table: Table) -> float:
    own = {folded(header) for header in table.headers}
    return len(names & own) / max(len(names | own), 1)
