"""The pieces that every report on the terminal is made of."""

from __future__ import annotations

import re

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.read.finding import Finding
from pipeline.report.counting import FindingCounts
from pipeline.report.text import one_line, visible
from pipeline.values.counted import grouped

STYLE = {
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


def section(title: str, body: RenderableType) -> RenderableType:
    """A heading and what stands below it, apart from what stands above."""
    return Group(Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2)))


def first_title(title: str, total: int, shown: int) -> str:
    """A heading that says how many rows there are, and how many are shown."""
    return f"{title}, {shown} of {grouped(total)}" if total > shown else f"{title}, {grouped(total)}"


def table(*columns: tuple[str, str], header: bool = True) -> Table:
    """An empty table; columns as (title, kind): number (right), key (never wrapped) or text."""
    grid = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=header,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for title, kind in columns:
        if kind == "number":
            grid.add_column(title, justify="right", no_wrap=True)
        elif kind == "key":
            grid.add_column(title, no_wrap=True, overflow="ellipsis")
        else:
            grid.add_column(title, overflow="fold")
    return grid


def with_rest(table: Table, rest: int, what: str) -> RenderableType:
    """A table, and how much it leaves out."""
    return Group(table, Text(f"and {grouped(rest)} more {what}", style="dim")) if rest > 0 else table


def counted(counts: dict[str, int], words: dict[str, str]) -> RenderableType:
    """Numbers with their meanings; zeros are dim."""
    grid = table(("", "number"), ("", "key"), header=False)
    for name, number in counts.items():
        style = STYLE.get(name, "") if number else "dim"
        grid.add_row(Text(grouped(number), style=style), Text(words[name], style="" if number else "dim"))
    return Padding(grid, (1, 0, 0, 2))


def finding_codes(counts: FindingCounts, shown: int) -> RenderableType:
    """Findings by code, commonest first."""
    grid = table(("", "number"), ("severity", "key"), ("code", "key"))
    for code, severity, number in counts.codes[:shown]:
        grid.add_row(Text(grouped(number)), Text(str(severity), style=STYLE[severity]), Text(visible(code)))
    return with_rest(grid, len(counts.codes) - shown, "codes")


def place_of(found: Finding) -> str:
    """Where a finding stands: "prices.xlsx Prices!F214", "stock.csv:12", "stock.csv"."""
    cell = found.cell or (str(found.row) if found.row else "")
    sheet = f" {one_line(found.sheet, 40)}" if found.sheet else ""
    mark = "!" if sheet else ":"
    file = one_line(re.split(r"[/\\\\]", found.file)[-1], 40)
    return f"{file}{sheet}{mark + cell if cell else ''}"
