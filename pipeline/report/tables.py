"""Rows as text for the formats that are tables: the same columns in spreadsheets and CSV."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.diff.plan import Origin
from pipeline.report.json import finding
from pipeline.report.model import DiffReport, FindingsReport, RunReport
from pipeline.report.rows import Line
from pipeline.report.text import message, visible
from pipeline.report.words import ending_words, guard_words, held_words

#: What a change is; the review workbook is read back by these.
CHANGE = ("record", "sku", "effect", "field", "before", "after")
#: What else is known of it.
ABOUT = ("name", "file", "sheet", "row", "cell", "expression", "drift", "acquitted")
HELD = ("sku", "reason", "field", "before", "after", "theirs", "message")
GUARD = ("rule", "verdict", "value", "limit", "products", "message", "skus")
FINDING = ("severity", "code", "file", "sheet", "row", "column", "cell", "value", "sku", "message", "hint")
ENDING = ("sku", "action", "outcome", "code", "message")
FEED = ("id", "action", "records", "failed", "status")

#: Excel's limit for a cell, in UTF-16 units.
CELL_MAX = 32_767
GUARD_SKUS = 500

Cell = str | int | float


def cell_text(value: str) -> str:
    """A value as a spreadsheet can hold it and gives it back: what it can't hold is spelled out or cut.

    Whoever reads a reviewed workbook compares its cells with this, not with the value itself.
    """
    text = visible(value, keep="\n\t")
    if len(text) <= CELL_MAX // 2 or len(text.encode("utf-16-le")) // 2 <= CELL_MAX:
        return text
    kept = text[: CELL_MAX // 2 - 64] if not text.isascii() else text[: CELL_MAX - 64]
    return f"{kept} … [{len(text) - len(kept)} characters cut]"


def change_cells(line: Line) -> tuple[Cell, ...]:
    """One change under CHANGE; a record without changes has an empty field."""
    record, change = line.record, line.change
    values = (change.field, change.before or "", change.after) if change else ("", "", "")
    return (record.no, record.sku, str(record.effect), *values)


def about_cells(line: Line) -> tuple[Cell, ...]:
    """What else is known of a change, under ABOUT."""
    origin = (line.change.origin if line.change else None) or Origin()
    drift = line.change.drift if line.change else None
    where = (origin.file, origin.sheet, origin.row or "", origin.cell, origin.expression)
    return (line.name, *where, drift or "", "yes" if line.acquitted else "")


def held_rows(report: DiffReport) -> Iterator[tuple[Cell, ...]]:
    for each in report.held:
        values = (each.before or "", each.after or "", each.theirs or "")
        yield (each.sku, each.reason, each.field, *values, message(held_words(each)))


def guard_rows(report: DiffReport) -> Iterator[tuple[Cell, ...]]:
    for guard in report.plan.guards:
        rest = len(guard.skus) - GUARD_SKUS
        skus = "\n".join(guard.skus[:GUARD_SKUS]) + (f"\nand {rest} more" if rest > 0 else "")
        yield (
            guard.rule,
            guard.verdict,
            guard.value,
            guard.limit,
            len(guard.skus),
            message(guard_words(guard)),
            skus,
        )


def finding_rows(report: DiffReport | FindingsReport) -> Iterator[tuple[Cell, ...]]:
    for found in report.findings:
        cells = finding(found)
        yield tuple(cells[name] or "" for name in FINDING)


def ending_rows(report: RunReport) -> Iterator[tuple[Cell, ...]]:
    for each in report.endings:
        yield (each.sku, each.action, each.outcome, each.code, message(ending_words(each)))


def feed_rows(report: RunReport) -> Iterator[tuple[Cell, ...]]:
    for feed in report.feeds:
        yield (feed.id, feed.action, feed.records, feed.failed, feed.status)


def plan_facts(report: DiffReport) -> Iterator[tuple[str, Cell]]:
    """Everything about a plan that is one number or one word."""
    plan = report.plan
    yield from (("plan", plan.id), ("digest", plan.digest), ("kind", plan.kind), ("shop", plan.shop))
    yield from (("created", plan.created), ("source", plan.source), ("source_rows", plan.source_rows))
    yield from report.counts.items()
    yield from (("records", plan.records), ("lines", report.lines), ("held", report.held_total))
    yield from (("errors", report.finding_counts.errors), ("warnings", report.finding_counts.warnings))
    cost = plan.forecast
    yield from (("requests", cost.requests), ("feeds", cost.feeds), ("seconds", cost.seconds))
    yield from (("notice", message(notice)) for notice in plan.notices)


def findings_facts(report: FindingsReport) -> Iterator[tuple[str, Cell]]:
    """The counts of a validation."""
    yield from (("rows", report.rows), ("accepted", report.accepted), ("rejected", report.rejected))
    yield from (("errors", report.finding_counts.errors), ("warnings", report.finding_counts.warnings))
    yield from (("notice", message(notice)) for notice in report.notices)


def run_facts(report: RunReport) -> Iterator[tuple[str, Cell]]:
    """The counts and words of a run."""
    yield from (("run", report.run), ("shop", report.shop), ("state", report.state), ("plan", report.plan))
    yield from ((name, getattr(report.counts, name)) for name in report.counts.__slots__)
    yield ("exit_code", report.exit_code)
    yield from (("note", message(note)) for note in report.notes)
