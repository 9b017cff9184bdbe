"""A plan on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pipeline.diff.plan import Effect, Guard, Held, Record
from pipeline.report.model import DiffReport
from pipeline.report.rows import Line, lines_of, name_of
from pipeline.report.terminal_tables import (
    STYLE,
    counted,
    finding_codes,
    first_title,
    section,
    table,
    with_rest,
)
from pipeline.report.text import duration, message, one_line, percent, visible
from pipeline.report.words import (
    COUNT_WORDS,
    VERDICT_WORDS,
    guard_words,
    held_words,
    number_text,
    telling,
    verdict_line,
)
from pipeline.values.counted import grouped, plural


def diff_parts(report: DiffReport, shown: int) -> Iterator[RenderableType]:
    """What is printed of a plan, from top to bottom."""
    plan = report.plan
    title = Text(f"Plan {visible(plan.id)}", style="bold")
    title.append(f"  {visible(plan.shop)}", style="default not bold")
    title.append(f"  from {one_line(plan.source, 60)}", style="dim not bold")
    yield title
    yield verdict_line_text(report)
    for notice in plan.notices:
        yield Text(message(notice), style="yellow")
    yield counted(report.counts, COUNT_WORDS)
    if report.fields:
        yield section("Fields that change", _fields(report, shown))
    if plan.guards:
        yield section("Guards", _guards(plan.guards, shown))
    if report.prices.movers:
        yield section(_price_title(report), _movers(report))
    if report.lines:
        sample = report.sample(shown)
        yield section(first_title("Records", report.plan.records, len(sample)), _changes(report, sample))
    if report.held_total:
        yield section(first_title("Held back", report.held_total, shown), _held(report.held, shown))
    if report.finding_counts.total:
        yield section("Findings", finding_codes(report.finding_counts, shown))
    yield _forecast(report)


def verdict_line_text(report: DiffReport) -> Text:
    """The one line that says whether this plan may be pushed."""
    style = "bold red" if report.refused else "green"
    return Text(verdict_line(report), style=style)


def _fields(report: DiffReport, shown: int) -> RenderableType:
    grid = table(("field", "key"), ("changes", "number"), *((str(effect), "number") for effect in Effect))
    for each in report.fields[:shown]:
        numbers = (each.effects.get(effect, 0) for effect in Effect)
        cells = [
            Text(grouped(number) if number else "·", style="" if number else "dim") for number in numbers
        ]
        grid.add_row(Text(visible(each.field)), Text(grouped(each.changed)), *cells)
    return with_rest(grid, len(report.fields) - shown, "fields")


def _guards(guards: tuple[Guard, ...], shown: int) -> RenderableType:
    """Those that have something to say; of the others how many there are."""
    said = telling(guards)
    passed = len(guards) - len(said)
    if not said:
        return Text(f"All {passed} passed.", style="green")
    grid = table(("", "key"), ("rule", "key"), ("measured", "number"), ("limit", "number"), ("", "text"))
    for guard in said:
        verdict = Text(VERDICT_WORDS[guard.verdict], style=STYLE[guard.verdict])
        grid.add_row(
            verdict,
            Text(guard.rule),
            number_text(guard.value),
            number_text(guard.limit),
            _told(guard, shown),
        )
    rest = Text(f"{plural(passed, 'other guard')} passed.", style="dim")
    return Group(grid, rest) if passed else grid


def _told(guard: Guard, shown: int) -> Text:
    words = Text(message(guard_words(guard)))
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
    grid = table(("", "number"), ("sku", "key"), ("field", "key"), ("before", "number"), ("after", "number"))
    grid.add_column("", overflow="ellipsis")  # where room is short, the name gives way, never a price
    for move in report.prices.movers:
        grid.add_row(
            Text(percent(move.percent)),
            Text(one_line(move.sku, 40)),
            Text(visible(move.field)),
            Text(one_line(move.before, 20)),
            Text(one_line(move.after, 20)),
            Text(one_line(move.name, 60), style="dim", no_wrap=True, overflow="ellipsis"),
        )
    return grid


def _changes(report: DiffReport, records: list[Record]) -> RenderableType:
    grid = table(("", "key"), ("sku", "key"), ("field", "key"), ("before", "text"), ("after", "text"))
    for record in records:
        name = name_of(record, report.names)
        sku = Text(one_line(record.sku, 40))
        effect = Text(str(record.effect), style=STYLE[record.effect])
        if record.effect is Effect.UPDATE:
            for line in lines_of(record, name):
                grid.add_row(effect, sku, *_cells(line, report))
        else:
            told = plural(len(record.changes), "field") if record.effect is Effect.CREATE else ""
            grid.add_row(effect, sku, Text(told, style="dim"), Text(), Text(one_line(name, 60)))
    return grid


def _cells(line: Line, report: DiffReport) -> tuple[Text, Text, Text]:
    change = line.change
    if change is None:
        return Text(), Text(), Text()
    before = _value(change.before) if change.before is not None else Text("unknown", style="dim")
    return Text(visible(change.field)), before, _value(report.spelled(change))


def _value(value: str) -> Text:
    return Text(one_line(value, 60)) if value else Text("empty", style="dim italic")


def _held(held: Iterable[Held], shown: int) -> RenderableType:
    grid = table(("why", "key"), ("sku", "key"), ("field", "key"), ("", "text"))
    for each in islice(held, shown):
        grid.add_row(
            Text(each.reason, style="yellow"),
            Text(one_line(each.sku, 40)),
            Text(visible(each.field)),
            Text(one_line(held_words(each), 160)),
        )
    return grid


def _forecast(report: DiffReport) -> RenderableType:
    cost = report.plan.forecast
    words = (
        f"Pushing it takes {plural(cost.feeds, 'feed')}, {plural(cost.requests, 'request')} "
        f"and about {duration(cost.seconds)}."
    )
    return Padding(Text(words), (1, 0, 0, 0))
