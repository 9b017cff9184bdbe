"""A workbook for review: every text a typed text cell, never a formula, and a column to say no in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

from pipeline.diff.plan import Effect
from pipeline.report import tables
from pipeline.report.model import DiffReport, FindingsReport, Report, RunReport
from pipeline.report.tables import ABOUT, CHANGE, Cell, cell_text

#: Rows of one sheet, header included; what is more goes on in "changes 2", …
SHEET_ROWS = 1_048_576
WIDTHS: Mapping[str, float] = {
    "record": 8, "sku": 22, "effect": 12, "field": 22, "before": 44, "after": 44, "approve": 10,
    "name": 40, "file": 24, "sheet": 14, "row": 8, "cell": 8, "expression": 30, "drift": 14,
    "acquitted": 10, "reason": 14, "theirs": 24, "message": 70, "rule": 18, "verdict": 10, "skus": 30,
    "products": 10, "severity": 10, "code": 26, "column": 18, "value": 30, "hint": 50, "action": 16,
    "outcome": 14, "id": 40, "status": 14,
}  # fmt: skip
_HUES = {
    "create": "#23785a", "update": "#2f67a8", "deactivate": "#96640f", "remove": "#b03a34",
    "refused": "#b03a34", "allowed": "#96640f", "ok": "#23785a", "error": "#b03a34", "warning": "#96640f",
    "not_applied": "#b03a34", "unknown": "#b03a34", "skipped": "#96640f", "pending": "#96640f",
}  # fmt: skip


def write(report: Report, out: BinaryIO, *, sheet_rows: int = SHEET_ROWS) -> None:
    """Write the workbook of a report; its rows never stand in memory all at once."""
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        book = _Book(out, Path(folder), sheet_rows)
        if isinstance(report, DiffReport):
            _diff(book, report)
        elif isinstance(report, FindingsReport):
            _findings(book, report)
        else:
            _run(book, report)
        book.close()


def _diff(book: _Book, report: DiffReport) -> None:
    lines = ((*tables.change_cells(line), "yes", *tables.about_cells(line)) for line in report.rows())
    book.table("changes", (*CHANGE, "approve", *ABOUT), lines)
    fields = ((each.field, each.lines, each.changed, _new(each.effects), "yes") for each in report.fields)
    book.table("fields", ("field", "changes", "existing products", "new products", "approve"), fields)
    book.pairs("plan", tables.plan_facts(report))
    book.table("held", tables.HELD, tables.held_rows(report))
    book.table("guards", tables.GUARD, tables.guard_rows(report))
    book.table("findings", tables.FINDING, tables.finding_rows(report))


def _new(effects: Mapping[Effect, int]) -> int:
    return effects.get(Effect.CREATE, 0)


def _findings(book: _Book, report: FindingsReport) -> None:
    book.table("findings", tables.FINDING, tables.finding_rows(report))
    book.pairs("summary", tables.findings_facts(report))
    codes = ((str(severity), code, number) for code, severity, number in report.finding_counts.codes)
    book.table("codes", ("severity", "code", "findings"), codes)


def _run(book: _Book, report: RunReport) -> None:
    book.pairs("summary", tables.run_facts(report))
    book.table("records", tables.ENDING, tables.ending_rows(report))
    book.table("feeds", tables.FEED, tables.feed_rows(report))


class _Book:
    """Sheets of typed cells, written in order of their rows."""

    def __init__(self, out: BinaryIO, folder: Path, sheet_rows: int) -> None:
        options = {
            "constant_memory": True,
            "tmpdir": str(folder),
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(out, options)
        self._rows = sheet_rows
        self._text = self._book.add_format({"num_format": "@", "valign": "top"})
        self._number = self._book.add_format({"valign": "top"})
        self._hues = {
            word: self._book.add_format({"num_format": "@", "valign": "top", "font_color": hue, "bold": True})
            for word, hue in _HUES.items()
        }

    @cached_property
    def _head(self) -> Any:
        look = {
            "bold": True,
            "bg_color": "#eef0f4",
            "bottom": 1,
            "bottom_color": "#c3cad6",
            "num_format": "@",
        }
        return self._book.add_format(look)

    @cached_property
    def _answer(self) -> Any:
        look = {"num_format": "@", "bg_color": "#fff8dc", "align": "center", "valign": "top", "locked": False}
        return self._book.add_format(look)

    @cached_property
    def _declined(self) -> Any:
        return self._book.add_format({"font_color": "#8a8f98", "font_strikeout": True})

    def table(self, name: str, header: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> None:
        """A sheet with a header, or as many as the rows need."""
        rest, part = iter(rows), 1
        while True:
            sheet = self._sheet(name if part == 1 else f"{name} {part}", header)
            last, more = self._fill(sheet, header, rest)
            sheet.autofilter(0, 0, max(last, 1), len(header) - 1)
            self._asking(sheet, header, last)
            if more is None:
                return
            rest, part = _again(more, rest), part + 1

    def _sheet(self, name: str, header: tuple[str, ...]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 2 if header[:2] == CHANGE[:2] else 0)
        for column, title in enumerate(header):
            sheet.set_column(column, column, WIDTHS.get(title, 16), self._text)
            sheet.write_string(0, column, title, self._head)
        return sheet

    def _fill(
        self, sheet: Any, header: tuple[str, ...], rows: Iterator[tuple[Cell, ...]]
    ) -> tuple[int, tuple[Cell, ...] | None]:
        """Write rows until the sheet is full: the last row written, and the row that found no place."""
        last = 0
        for row in rows:
            if last + 1 >= self._rows:
                return last, row
            last += 1
            for column, cell in enumerate(row):
                self._cell(sheet, last, column, cell, asked=header[column] == "approve")
        return last, None

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell, *, asked: bool = False) -> None:
        """One typed cell; an empty one isn't written, its column makes it text."""
        if not isinstance(cell, str):
            sheet.write_number(row, column, cell, self._number)
        elif cell:
            look = self._answer if asked else self._hues.get(cell, self._text)
            sheet.write_string(row, column, cell_text(cell), look)

    def _asking(self, sheet: Any, header: tuple[str, ...], last: int) -> None:
        """Where there is an approve column: yes or no, nothing else; what got a no is struck out."""
        if "approve" not in header or not last:
            return
        column = header.index("approve")
        question = {
            "validate": "list",
            "source": ["yes", "no"],
            "input_title": "Approve?",
            "input_message": "no keeps this out of the plan",
            "error_title": "yes or no",
            "error_message": "Write yes or no.",
        }
        sheet.data_validation(1, column, last, column, question)
        rule = {"type": "formula", "criteria": f'=${chr(65 + column)}2="no"', "format": self._declined}
        sheet.conditional_format(1, 0, last, len(header) - 1, rule)

    def pairs(self, name: str, facts: Iterable[tuple[str, Cell]]) -> None:
        """A sheet of two columns: what, and how much."""
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 80)
        for row, (what, value) in enumerate(facts):
            sheet.write_string(row, 0, what, self._head)
            self._cell(sheet, row, 1, _moment(value) if what == "created" else value)

    def close(self) -> None:
        self._book.close()


def _moment(seconds: Cell) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")


def _again(first: tuple[Cell, ...], rest: Iterator[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
    yield first
    yield from rest
