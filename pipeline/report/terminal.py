"""Reports on the terminal: what matters on one screen, the rest by file.

All text of files and shops goes through `Text` after `visible`, never through rich's markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.diff.plan import Effect, Guard, Held, Record
from pipeline.read.finding import Finding
from pipeline.report.model import (
    DiffReport,
    Ending,
    FindingCounts,
    FindingsReport,
    Line,
    Report,
    RunReport,
    lines_of,
    name_of,
)
from pipeline.report.text import duration, grouped, message, one_line, percent, plural, visible
from pipeline.report.words import (
    COUNT_WORDS,
    RUN_WORDS,
    VERDICT_WORDS,
    by_verdict,
    ending_words,
    held_words,
    number_text,
    verdict_line,
)

SHOWN = 20
_STYLE = {
    "create": "green",
    "update": "cyan",
    "deactivate": "yellow",
    "remove": "red",
    "blocked": "yellow",
    "rejected": "red",
    "ok": "green",
    "refused": "bold red",
    "allowed": "yellow",
    "error": "red",
    "warning": "yellow",
    "verified": "green",
    "not_applied": "red",
    "skipped": "yellow",
    "unknown": "bold red",
    "pending": "yellow",
}


def show(report: Report, console: Console, *, shown: int = SHOWN) -> None:
    """Print a report; `shown` limits each list of rows."""
    if isinstance(report, DiffReport):
        parts = _diff(report, shown)
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


def _diff(report: DiffReport, shown: int) -> Iterator[RenderableType]:
    plan = report.plan
    title = Text(f"Plan {visible(plan.id)}", style="bold")
    title.append(f"  {visible(plan.shop)}", style="default not bold")
    title.append(f"  from {one_line(plan.source, 60)}", style="dim not bold")
    yield title
    yield verdict_line_text(report)
    for notice in plan.notices:
        yield Text(message(notice), style="yellow")
    yield _counts(report.counts, COUNT_WORDS)
    if report.fields:
        yield _section("Fields that change", _fields(report, shown))
    if plan.guards:
        yield _section("Guards", _guards(plan.guards, shown))
    if report.prices.movers:
        yield _section(_price_title(report), _movers(report))
    if report.lines:
        sample = report.sample(shown)
        yield _section(_first_title("Records", report.plan.records, len(sample)), _changes(report, sample))
    if report.held_total:
        yield _section(_first_title("Held back", report.held_total, shown), _held(report.held, shown))
    if report.finding_counts.total:
        yield _section("Findings", _finding_codes(report.finding_counts, shown))
    yield _forecast(report)


def verdict_line_text(report: DiffReport) -> Text:
    """The one line that says whether this plan may be pushed."""
    style = "bold red" if report.refused else "green"
    return Text(verdict_line(report), style=style)


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2)))


def _first_title(title: str, total: int, shown: int) -> str:
    return f"{title}, {shown} of {grouped(total)}" if total > shown else f"{title}, {grouped(total)}"


def _table(*columns: tuple[str, str], header: bool = True) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=header,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for title, kind in columns:
        if kind == "number":
            table.add_column(title, justify="right", no_wrap=True)
        elif kind == "key":
            table.add_column(title, no_wrap=True, overflow="ellipsis")
        else:
            table.add_column(title, overflow="fold")
    return table


def _counts(counts: dict[str, int], words: dict[str, str]) -> RenderableType:
    table = _table(("", "number"), ("", "key"), header=False)
    for name, number in counts.items():
        style = _STYLE.get(name, "") if number else "dim"
        table.add_row(Text(grouped(number), style=style), Text(words[name], style="" if number else "dim"))
    return Padding(table, (1, 0, 0, 2))


def _fields(report: DiffReport, shown: int) -> RenderableType:
    table = _table(("field", "key"), ("changes", "number"), *((str(effect), "number") for effect in Effect))
    for each in report.fields[:shown]:
        numbers = (each.effects.get(effect, 0) for effect in Effect)
        cells = [
            Text(grouped(number) if number else "·", style="" if number else "dim") for number in numbers
        ]
        table.add_row(Text(visible(each.field)), Text(grouped(each.changed)), *cells)
    return _with_rest(table, len(report.fields) - shown, "fields")


def _guards(guards: tuple[Guard, ...], shown: int) -> RenderableType:
    table = _table(("", "key"), ("rule", "key"), ("measured", "number"), ("limit", "number"), ("", "text"))
    for guard in by_verdict(guards):
        verdict = Text(VERDICT_WORDS[guard.verdict], style=_STYLE[guard.verdict])
        table.add_row(
            verdict,
            Text(guard.rule),
            number_text(guard.value),
            number_text(guard.limit),
            _guard_words(guard, shown),
        )
    return table


def _guard_words(guard: Guard, shown: int) -> Text:
    words = Text(message(guard.message))
    if guard.verdict != "ok" and guard.skus:
        named = ", ".join(one_line(sku, 40) for sku in guard.skus[: min(shown, 5)])
        rest = len(guard.skus) - min(shown, 5)
        words.append(f" ({named}{f' and {grouped(rest)} more' if rest > 0 else ''})", style="dim")
    return words


def _price_title(report: DiffReport) -> str:
    prices = report.prices
    return (
        f"Prices: {grouped(prices.up)} up, {grouped(prices.down)} down, "
        f"median {percent(prices.median)}; biggest moves"
    )


def _movers(report: DiffReport) -> RenderableType:
    table = _table(
        ("", "number"), ("sku", "key"), ("field", "key"), ("before", "number"), ("after", "number")
    )
    table.add_column("", overflow="ellipsis", no_wrap=True)
    for move in report.prices.movers:
        style = "red" if move.percent < 0 else "green"
        table.add_row(
            Text(percent(move.percent), style=style),
            Text(one_line(move.sku, 40)),
            Text(visible(move.field)),
            Text(one_line(move.before, 20)),
            Text(one_line(move.after, 20)),
            Text(one_line(move.name, 60), style="dim"),
        )
    return table


def _changes(report: DiffReport, records: list[Record]) -> RenderableType:
    table = _table(("", "key"), ("sku", "key"), ("field", "key"), ("before", "text"), ("after", "text"))
    for record in records:
        name = name_of(record, report.names)
        sku = Text(one_line(record.sku, 40))
        effect = Text(str(record.effect), style=_STYLE[record.effect])
        if record.effect is Effect.UPDATE:
            for line in lines_of(record, name):
                table.add_row(effect, sku, *_cells(line))
        else:
            told = plural(len(record.changes), "field") if record.effect is Effect.CREATE else ""
            table.add_row(effect, sku, Text(told, style="dim"), Text(), Text(one_line(name, 60)))
    return table


def _cells(line: Line) -> tuple[Text, Text, Text]:
    change = line.change
    if change is None:
        return Text(), Text(), Text()
    before = _value(change.before) if change.before is not None else Text("unknown", style="dim")
    return Text(visible(change.field)), before, _value(change.after)


def _value(value: str) -> Text:
    return Text(one_line(value, 60)) if value else Text("empty", style="dim italic")


def _held(held: Iterable[Held], shown: int) -> RenderableType:
    table = _table(("why", "key"), ("sku", "key"), ("field", "key"), ("", "text"))
    for each in islice(held, shown):
        table.add_row(
            Text(each.reason, style="yellow"),
            Text(one_line(each.sku, 40)),
            Text(visible(each.field)),
            Text(one_line(held_words(each), 160)),
        )
    return table


def _finding_codes(counts: FindingCounts, shown: int) -> RenderableType:
    table = _table(("", "number"), ("severity", "key"), ("code", "key"))
    for code, severity, number in counts.codes[:shown]:
        table.add_row(Text(grouped(number)), Text(str(severity), style=_STYLE[severity]), Text(visible(code)))
    return _with_rest(table, len(counts.codes) - shown, "codes")


def _forecast(report: DiffReport) -> RenderableType:
    cost = report.plan.forecast
    words = (
        f"Pushing it takes {plural(cost.feeds, 'feed')}, {plural(cost.requests, 'request')} "
        f"and about {duration(cost.seconds)}."
    )
    return Padding(Text(words), (1, 0, 0, 0))


def _with_rest(table: Table, rest: int, what: str) -> RenderableType:
    return Group(table, Text(f"and {grouped(rest)} more {what}", style="dim")) if rest > 0 else table


def _findings(report: FindingsReport, shown: int) -> Iterator[RenderableType]:
    counts = report.finding_counts
    accepted, rejected = grouped(report.accepted), grouped(report.rejected)
    words = f"{plural(report.rows, 'row')}: {accepted} accepted, {rejected} rejected"
    yield Text(words, style="bold")
    yield Text(
        f"{plural(counts.errors, 'error')}, {plural(counts.warnings, 'warning')}",
        style="red" if counts.errors else "green",
    )
    if counts.total:
        yield _section("By code", _finding_codes(counts, shown))
        yield _section(_first_title("Findings", counts.total, shown), _finding_rows(report.findings, shown))


def _finding_rows(findings: Iterable[Finding], shown: int) -> RenderableType:
    table = _table(("where", "text"), ("code", "key"), ("sku", "key"), ("", "text"))
    for each in islice(findings, shown):
        words = Text(one_line(message(each.message), 300))
        if each.hint:
            words.append(f"\n{one_line(message(each.hint), 200)}", style="dim")
        style = _STYLE[each.severity]
        table.add_row(
            Text(place_of(each)), Text(visible(each.code), style=style), Text(one_line(each.sku, 40)), words
        )
    return table


def place_of(found: Finding) -> str:
    """Where a finding stands: "prices.xlsx Prices!F214", "stock.csv:12", "stock.csv"."""
    cell = found.cell or (str(found.row) if found.row else "")
    sheet = f" {one_line(found.sheet, 40)}" if found.sheet else ""
    mark = "!" if sheet else ":"
    return f"{one_line(found.file, 60)}{sheet}{mark + cell if cell else ''}"


def _run(report: RunReport, shown: int) -> Iterator[RenderableType]:
    title = Text(f"Run {visible(report.run)}", style="bold")
    title.append(f"  {visible(report.shop)}  {visible(report.state)}", style="not bold")
    yield title
    counts = {name: getattr(report.counts, name) for name in report.counts.__slots__}
    yield _counts(counts, RUN_WORDS)
    if report.feeds:
        yield _section(_first_title("Feeds", len(report.feeds), shown), _feeds(report, shown))
    if report.ending_counts:
        total = sum(report.ending_counts.values())
        yield _section(_first_title("Not as planned", total, shown), _endings(report.endings, shown))
    for note in report.notes:
        yield Text(message(note), style="yellow")
    if report.kit:
        yield Padding(Text(f"Way back: {visible(report.kit)}", style="dim"), (1, 0, 0, 0))


def _feeds(report: RunReport, shown: int) -> RenderableType:
    table = _table(
        ("feed", "key"), ("action", "key"), ("records", "number"), ("failed", "number"), ("status", "key")
    )
    for feed in report.feeds[:shown]:
        table.add_row(
            Text(one_line(feed.id, 40) or "not sent"),
            Text(visible(feed.action)),
            Text(grouped(feed.records)),
            Text(grouped(feed.failed)),
            Text(one_line(feed.status, 40)),
        )
    return table


def _endings(endings: Iterable[Ending], shown: int) -> RenderableType:
    table = _table(("", "key"), ("sku", "key"), ("action", "key"), ("", "text"))
    for each in islice(endings, shown):
        table.add_row(
            Text(RUN_WORDS.get(each.outcome, each.outcome), style=_STYLE.get(each.outcome, "")),
            Text(one_line(each.sku, 40)),
            Text(visible(each.action)),
            Text(one_line(ending_words(each), 300)),
        )
    return table
