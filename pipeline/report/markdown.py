"""Markdown for a pull request or an issue: always under 65 000 characters, and it says what it cut.

All text of files and shops stands in `<code>`, every sign of markup as an entity: it can't become a
link, a mention or a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from pipeline.report import tables
from pipeline.report.model import DiffReport, FindingsReport, Report, RunReport
from pipeline.report.rows import Line
from pipeline.report.text import duration, one_line, percent
from pipeline.report.words import (
    COUNT_WORDS,
    RUN_WORDS,
    by_verdict,
    ending_words,
    guard_words,
    held_words,
    number_text,
    push_command,
    verdict_line,
)
from pipeline.values.counted import grouped, plural

#: GitHub refuses a comment of 65 536 characters.
LIMIT = 64_500
#: Kept free for the last lines.
FOOT = 1_500
_SIGNS = re.compile(r"[\\`*_{}\[\]<>()#+!|~@&:$\"'^=]|www\.|--", re.IGNORECASE)
_ELSEWHERE = "the .html, .xlsx, .csv and .json reports list everything"

Row = tuple[str, ...]


def write(report: Report, out: TextIO) -> None:
    """Write the page of a report."""
    page = _Page()
    if isinstance(report, DiffReport):
        _diff(page, report)
    elif isinstance(report, FindingsReport):
        _findings(page, report)
    else:
        _run(page, report)
    out.write(page.text())


def code(text: str, limit: int = 80) -> str:
    """Foreign text as code that can't break out of it; "" stays empty."""
    short = one_line(text, limit)
    return f"<code>{_SIGNS.sub(_entities, short)}</code>" if short else ""


def _entities(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(sign)};" if not sign.isalnum() else sign for sign in match[0])


class _Page:
    """Pieces of a page that together stay under the limit."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._used = 0

    @property
    def room(self) -> int:
        return LIMIT - FOOT - self._used

    def add(self, piece: str) -> None:
        """A paragraph; what doesn't fit is left out (only ever happens to what a caller made too long)."""
        if len(piece) + 2 <= LIMIT - self._used:
            self._pieces.append(piece)
            self._used += len(piece) + 2

    def table(self, title: str, header: Row, rows: Iterable[Row], total: int, share: float = 1.0) -> None:
        """A table of as many rows as fit in a share of the room that is left, and a word on the rest."""
        if not total:
            return
        head = f"### {title}\n\n{_cells(header)}\n{_cells(tuple(_rule(name) for name in header))}"
        budget = int(self.room * share) - len(head) - 200
        lines: list[str] = []
        for row in rows:
            line = _cells(row)
            budget -= len(line) + 1
            if budget < 0:
                break
            lines.append(line)
        self.add("\n".join((head, *lines)))
        if len(lines) < total:
            self.add(f"_{grouped(len(lines))} of {grouped(total)} shown: {_ELSEWHERE}._")

    def text(self) -> str:
        return "\n\n".join(self._pieces) + "\n"


def _cells(row: Row) -> str:
    return f"| {' | '.join(row)} |"


def _rule(name: str) -> str:
    return "---:" if name in _NUMBERS else "---"


_NUMBERS = ("number", "changes", "new", "measured", "limit", "products", "move", "records", "failed", "row")


def _diff(page: _Page, report: DiffReport) -> None:
    plan = report.plan
    page.add(f"## {code(plan.shop, 60)}: {verdict_line(report)}")
    for notice in plan.notices[:10]:
        page.add(f"> {code(notice, 300)}")
    counts = ((name, grouped(number), COUNT_WORDS[name]) for name, number in report.counts.items())
    page.table("Products", ("count", "number", "meaning"), counts, len(report.counts))
    page.table(
        "Guards",
        ("verdict", "rule", "measured", "limit", "products", ""),
        _guards(report),
        len(plan.guards),
        0.3,
    )
    page.table("Fields that change", ("field", "changes"), _fields(report), _changed(report), 0.2)
    _prices(page, report)
    held = ((code(h.sku, 40), h.reason, code(h.field, 40), code(held_words(h), 160)) for h in report.held)
    page.table("Held back", ("sku", "reason", "field", "why"), held, report.held_total, 0.3)
    codes = (
        (str(severity), code(name), grouped(number)) for name, severity, number in report.finding_counts.codes
    )
    page.table("Findings", ("severity", "code", "number"), codes, len(report.finding_counts.codes), 0.2)
    changes = (_change(line, report) for line in report.rows())
    page.table("Changes", ("effect", "sku", "field", "before", "after"), changes, report.lines)
    _foot(page, report)


def _foot(page: _Page, report: DiffReport) -> None:
    plan, cost = report.plan, report.plan.forecast
    feeds, requests = plural(cost.feeds, "feed"), plural(cost.requests, "request")
    page.add(
        f"Forecast: {feeds}, {requests}, about {duration(cost.seconds)}. "
        f"Plan {code(plan.id, 60)}, digest {code(plan.digest, 80)}."
    )
    command = push_command(report)
    if command:
        page.add(f"Next: {code(command, 200)}")


def _changed(report: DiffReport) -> int:
    return sum(1 for each in report.fields if each.changed)


def _fields(report: DiffReport) -> Iterator[Row]:
    return ((code(each.field), grouped(each.changed)) for each in report.fields if each.changed)


def _guards(report: DiffReport) -> Iterator[Row]:
    words = {"ok": "ok", "refused": "**refused**", "allowed": "allowed"}
    for guard in by_verdict(report.plan.guards):
        named = ", ".join(code(sku, 40) for sku in guard.skus[:5] if guard.verdict != "ok")
        more = f" {named}{' …' if len(guard.skus) > 5 else ''}" if named else ""
        measured, limit = number_text(guard.value), number_text(guard.limit)
        told = code(guard_words(guard), 240) + more
        yield words[guard.verdict], code(guard.rule, 40), measured, limit, grouped(len(guard.skus)), told


def _prices(page: _Page, report: DiffReport) -> None:
    prices = report.prices
    title = f"Prices: {grouped(prices.up)} up, {grouped(prices.down)} down, median {percent(prices.median)}"
    rows = (
        (percent(m.percent), code(m.sku, 40), code(m.name, 60), code(m.before, 20), code(m.after, 20))
        for m in prices.movers
    )
    page.table(title, ("move", "sku", "name", "before", "after"), rows, len(prices.movers), 0.2)


def _change(line: Line, report: DiffReport) -> Row:
    change = line.change
    values = (
        (code(change.field, 60), code(change.before or "", 100), code(report.spelled(change), 100))
        if change
        else ("",) * 3
    )
    return str(line.record.effect), code(line.record.sku, 40), *values


def _findings(page: _Page, report: FindingsReport) -> None:
    verdict = f"{plural(report.rejected, 'row')} refused" if report.rejected else "every row accepted"
    page.add(f"## Catalog check: {verdict}")
    for notice in report.notices[:10]:
        page.add(f"> {code(notice, 500)}")
    facts = (
        (name, grouped(int(number))) for name, number in tables.findings_facts(report) if name != "notice"
    )
    page.table("Rows and findings", ("count", "number"), facts, 5)
    counts = report.finding_counts
    codes = ((str(severity), code(name), grouped(number)) for name, severity, number in counts.codes)
    page.table("By code", ("severity", "code", "number"), codes, len(counts.codes), 0.3)
    rows = (
        (
            str(each.severity), code(each.code, 40), code(each.file, 60),
            code(f"{each.sheet} {each.cell or each.row or ''}".strip(), 60), code(each.sku, 40),
            code(each.message, 300), code(each.hint, 200),
        )
        for each in report.findings
    )  # fmt: skip
    page.table(
        "Findings", ("severity", "code", "file", "place", "sku", "what", "what to do"), rows, counts.total
    )


def _run(page: _Page, report: RunReport) -> None:
    page.add(f"## Run {code(report.run, 60)}: {code(report.state, 40)}")
    for note in report.notes[:10]:
        page.add(f"> {code(note, 300)}")
    counts = [
        (name, grouped(getattr(report.counts, name)), RUN_WORDS[name]) for name in report.counts.__slots__
    ]
    page.table("Records", ("count", "number", "meaning"), counts, len(counts))
    endings = (
        (code(each.outcome), code(each.sku, 40), code(each.action), code(ending_words(each), 300))
        for each in report.endings
    )
    page.table(
        "Not as planned",
        ("outcome", "sku", "action", "what"),
        endings,
        sum(report.ending_counts.values()),
        0.6,
    )
    feeds = (
        (
            code(feed.id, 60),
            code(feed.action),
            grouped(feed.records),
            grouped(feed.failed),
            code(feed.status, 40),
        )
        for feed in report.feeds
    )
    page.table("Feeds", ("feed", "action", "records", "failed", "status"), feeds, len(report.feeds))
