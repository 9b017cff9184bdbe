"""One table for scripts and spreadsheets; the first column says what a row is.

Changes come first, then what is held back, guards, findings and, last, the counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TextIO

from pipeline.report import tables
from pipeline.report.model import DiffReport, FindingsReport, Report, RunReport
from pipeline.report.tables import ABOUT, CHANGE, Cell
from pipeline.report.text import message, visible
from pipeline.report.words import guard_words
from pipeline.store.safe_csv import MARK, escape

HEADER = ("kind", *CHANGE, *ABOUT, "message")
FINDINGS_HEADER = ("kind", *tables.FINDING)
RUN_HEADER = ("kind", "sku", "action", "outcome", "code", "message", "feed", "records", "failed", "status")


def write(report: Report, out: TextIO) -> None:
    """Write the table of a report; text that a spreadsheet would execute is escaped."""
    header: tuple[str, ...] = HEADER
    if isinstance(report, DiffReport):
        rows = _diff(report)
    elif isinstance(report, FindingsReport):
        header, rows = FINDINGS_HEADER, _findings(report)
    else:
        header, rows = RUN_HEADER, _run(report)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*header, MARK))
    writer.writerows([*map(_cell, row), ""] for row in rows)


def _cell(cell: Cell) -> Cell:
    """Numbers are safe by type; text is made visible, and harmless."""
    if not isinstance(cell, str):
        return cell
    return escape(visible(cell, keep="\n\t\r"))


def _diff(report: DiffReport) -> Iterator[tuple[Cell, ...]]:
    for line in report.rows():
        yield ("change", *tables.change_cells(line), *tables.about_cells(line), "")
    held = ("sku", "effect", "field", "before", "after", "drift", "message")
    yield from _spread(HEADER, "held", held, tables.held_rows(report))
    guards = ((g.rule, g.verdict, g.limit, g.value, message(guard_words(g))) for g in report.plan.guards)
    yield from _spread(HEADER, "guard", ("field", "effect", "before", "after", "message"), guards)
    found = ("effect", "field", "before", "file", "sheet", "row", "cell", "sku", "message")
    yield from _spread(HEADER, "finding", found, _found(report))
    fields = ((each.field, each.changed) for each in report.fields if each.changed)
    yield from _spread(HEADER, "fields_changed", ("field", "after"), fields)
    yield from _spread(HEADER, "count", ("field", "after"), tables.plan_facts(report))


def _found(report: DiffReport) -> Iterator[tuple[Cell, ...]]:
    for each in report.findings:
        where = (each.file, each.sheet, each.row or "", each.cell, each.sku)
        yield (str(each.severity), each.column, each.value, *where, f"{each.code}: {message(each.message)}")


def _findings(report: FindingsReport) -> Iterator[tuple[Cell, ...]]:
    yield from (("finding", *row) for row in tables.finding_rows(report))
    yield from _spread(FINDINGS_HEADER, "count", ("code", "value"), tables.findings_facts(report))


def _run(report: RunReport) -> Iterator[tuple[Cell, ...]]:
    yield from _spread(RUN_HEADER, "record", tables.ENDING, tables.ending_rows(report))
    yield from _spread(
        RUN_HEADER, "feed", ("feed", "action", "records", "failed", "status"), tables.feed_rows(report)
    )
    facts = ((name, value) for name, value in tables.run_facts(report))
    yield from _spread(RUN_HEADER, "count", ("outcome", "records"), facts)


def _spread(
    header: tuple[str, ...], kind: str, columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]
) -> Iterator[tuple[Cell, ...]]:
    """Rows of a narrower table under the columns of the whole."""
    places = [columns.index(name) if name in columns else None for name in header[1:]]
    for row in rows:
        yield (kind, *("" if place is None else row[place] for place in places))
