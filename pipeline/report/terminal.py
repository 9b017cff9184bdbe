"""Reports on the terminal: what matters on one screen, the rest by file.

All text of files and shops goes through `Text` after `visible`, never through rich's markup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from pipeline.read.finding import Finding
from pipeline.report.model import DiffReport, Ending, FindingsReport, Report, RunReport
from pipeline.report.terminal_diff import diff_parts
from pipeline.report.terminal_tables import (
    STYLE,
    counted,
    finding_codes,
    first_title,
    place_of,
    section,
    table,
)
from pipeline.report.text import message, one_line, visible
from pipeline.report.words import RUN_WORDS, ending_words
from pipeline.values.counted import grouped, plural

SHOWN = 20
#: Findings of one code in one column that are shown where not all fit, and how far others are sought.
OF_A_KIND = 3
LOOKED_AT = 20_000


def show(report: Report, console: Console, *, shown: int = SHOWN) -> None:
    """Print a report; `shown` limits each list of rows."""
    if isinstance(report, DiffReport):
        parts = diff_parts(report, shown)
    elif isinstance(report, FindingsReport):
        parts = _findings(report, shown)
    else:
        parts = _run(report, shown)
    fit = _fitting(console)
    for part in parts:
        console.print(fit(part), highlight=False, markup=False, emoji=False)


def _fitting(console: Console) -> Callable[[RenderableType], RenderableType]:
    """Where the terminal isn't UTF-8, spell out what it can't show rather than fail on it."""
    encoding = (console.encoding or "utf-8").lower()
    if encoding.startswith("utf"):
        return lambda part: part

    def plain(part: RenderableType) -> RenderableType:
        with console.capture() as capture:
            console.print(part, highlight=False, markup=False, emoji=False)
        text = capture.get().replace("→", "->").replace("−", "-").replace("…", "...")
        return Text.from_ansi(text.encode(encoding, "backslashreplace").decode(encoding), end="")

    return plain


def _findings(report: FindingsReport, shown: int) -> Iterator[RenderableType]:
    counts = report.finding_counts
    accepted, rejected = grouped(report.accepted), grouped(report.rejected)
    words = f"{plural(report.rows, 'row')}: {accepted} accepted, {rejected} rejected"
    yield Text(words, style="bold")
    yield Text(
        f"{plural(counts.errors, 'error')}, {plural(counts.warnings, 'warning')}",
        style="red" if counts.errors else "green",
    )
    for notice in report.notices:
        yield Padding(Text(message(notice), style="bold yellow"), (1, 0, 0, 0))
    if counts.total:
        yield section("By code", finding_codes(counts, shown))
        some = list(islice(report.findings if counts.total <= shown else _varied(report.findings), shown))
        yield section(first_title("Findings", counts.total, len(some)), _finding_rows(some))


def _varied(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The first of each kind, a few each, so that the commonest doesn't hide the others."""
    seen: Counter[tuple[str, str]] = Counter()
    for each in islice(findings, LOOKED_AT):
        seen[each.code, each.column] += 1
        if seen[each.code, each.column] <= OF_A_KIND:
            yield each


def _finding_rows(findings: Iterable[Finding]) -> RenderableType:
    """Where a finding stands, beside what it says: code, SKU and value above, then words, then the hint."""
    grid = table(("where", "key"), ("finding", "text"))
    for each in findings:
        words = Text(visible(each.code), style=STYLE[each.severity])
        for name, said in (("", one_line(each.sku, 40)), ("", _quoted(each.value))):
            words.append(f"  {name}{said}" if said else "", style="bold")
        words.append(f"\n{one_line(message(each.message), 300)}", style="not bold default")
        if each.hint:
            words.append(f"\n{one_line(message(each.hint), 200)}", style="dim")
        grid.add_row(Text(place_of(each)), words)
    return grid


def _quoted(value: str) -> str:
    """A cell's value as one knows it again."""
    return f'"{one_line(value, 40)}"' if value else ""


def _run(report: RunReport, shown: int) -> Iterator[RenderableType]:
    title = Text(f"Run {visible(report.run)}", style="bold")
    title.append(f"  {visible(report.shop)}  {visible(report.state)}", style="not bold")
    yield title
    counts = {name: getattr(report.counts, name) for name in report.counts.__slots__}
    yield counted(counts, RUN_WORDS)
    if report.feeds:
        yield section(first_title("Feeds", len(report.feeds), shown), _feeds(report, shown))
    if report.ending_counts:
        total = sum(report.ending_counts.values())
        yield section(first_title("Not as planned", total, shown), _endings(report.endings, shown))
    for note in report.notes:
        yield Text(message(note), style="yellow")
    if report.kit:
        yield Padding(Text(f"Way back: {visible(report.kit)}", style="dim"), (1, 0, 0, 0))


def _feeds(report: RunReport, shown: int) -> RenderableType:
    grid = table(
        ("feed", "key"), ("action", "key"), ("records", "number"), ("failed", "number"), ("status", "key")
    )
    for feed in report.feeds[:shown]:
        grid.add_row(
            Text(one_line(feed.id, 40) or "not sent"),
            Text(visible(feed.action)),
            Text(grouped(feed.records)),
            Text(grouped(feed.failed)),
            Text(one_line(feed.status, 40)),
        )
    return grid


def _endings(endings: Iterable[Ending], shown: int) -> RenderableType:
    grid = table(("", "key"), ("sku", "key"), ("action", "key"), ("", "text"))
    for each in islice(endings, shown):
        grid.add_row(
            Text(RUN_WORDS.get(each.outcome, each.outcome), style=STYLE.get(each.outcome, "")),
            Text(one_line(each.sku, 40)),
            Text(visible(each.action)),
            Text(one_line(ending_words(each), 300)),
        )
    return grid
