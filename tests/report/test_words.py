"""What a merchant reads: whole prices, categories by name, and only guards that have something to say."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.diff.plan import Change, Effect, Guard, Record
from pipeline.market.feeds import Action
from pipeline.report.files import render
from pipeline.report.model import DiffReport, diff_report
from pipeline.report.terminal import show

LONG = "ST-0001-0001-OF-A-LONG-FAMILY"


def update(sku: str, *changes: tuple[str, str, str]) -> Record:
    listed = tuple(Change(field=name, before=before, after=after) for name, before, after in changes)
    return Record(no=1, batch=1, sku=sku, action=Action.UPDATE, effect=Effect.UPDATE, changes=listed)


def screen(report: DiffReport, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    show(report, console)
    return console.export_text()


@pytest.fixture
def report(make_shop: Any) -> DiffReport:
    plan = make_shop(0, creates=0, deactivates=0, removes=0).plan
    guards = (
        Guard(rule="created", verdict="ok", limit=1000, value=0),
        Guard(rule="price-down", verdict="refused", limit=30, value=90, skus=("A",), message="It falls."),
        Guard(rule="zero-stock", verdict="ok", limit=30, value=87.5, message="Not judged."),
        Guard(rule="category-moved", verdict="ok", limit=5, value=0),
    )
    records = [
        update(LONG, ("Price", "13390.94", "14249.99"), ("PrimaryCategory", "Cups", "9")),
        update("B", ("PrimaryCategory", "Cups", "77")),
    ]
    names = {LONG: "A name that is far too long to stand beside all the rest of them", "B": "Bee"}
    return diff_report(
        replace(plan, guards=guards, records=2), records, names=names, categories={"9": "Home > Plates"}
    )  # fmt: skip


def test_where_room_is_short_a_name_gives_way_never_a_price(report: DiffReport) -> None:
    said = screen(report)
    assert [text for text in ("13390.94", "14249.99", "…") if text not in said] == []


def test_only_guards_that_have_something_to_say(report: DiffReport) -> None:
    said = screen(report, 200)
    rules = ("price-down", "zero-stock", "created", "category-moved")
    assert [rule for rule in rules if rule in said] == ["price-down", "zero-stock"]
    assert "2 other guards passed." in said
    quiet = diff_report(replace(report.plan, guards=report.plan.guards[:1] * 17), report.records)
    assert "All 17 passed." in screen(quiet)


def test_a_category_by_its_names_and_its_id(report: DiffReport, tmp_path: Path) -> None:
    assert "Home > Plates (9)" in screen(report, 200)
    for suffix in (".html", ".md"):
        render(report, tmp_path / f"r{suffix}")
    assert "Home \\u003e Plates (9)" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Home &#62; Plates &#40;9&#41;" in (tmp_path / "r.md").read_text(encoding="utf-8")
    spelled = [report.spelled(change) for record in report.records for change in record.changes]
    assert spelled == ["14249.99", "Home > Plates (9)", "77"]
