"""Large plans: bounded output, and it says what it left out."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rich.console import Console

from pipeline.diff.plan import Change, Effect, Record
from pipeline.market.feeds import Action
from pipeline.report import html_data, json, xlsx
from pipeline.report.files import render
from pipeline.report.model import Stream, diff_report
from pipeline.report.terminal import show


@pytest.fixture(scope="module")
def large(make_shop: Any) -> Any:
    return make_shop(13_500, creates=120, deactivates=40, removes=20, seed=3)


def test_the_plan_has_20_000_changes(large: Any) -> None:
    assert large.report().lines > 20_000


def test_markdown_stays_under_65_000_characters_and_says_what_it_cut(large: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.md"
    render(large.report(), path)
    text = path.read_text(encoding="utf-8")
    assert 40_000 < len(text) < 65_000
    total = f"{large.report().lines:,}".replace(",", " ")
    assert f"of {total} shown" in text


@pytest.mark.parametrize("sign", ["|", "@", "<", "ä", "x"])
def test_markdown_stays_under_65_000_whatever_the_text(sign: str, hostile: Any, tmp_path: Path) -> None:
    shop = hostile(sign * 3000)
    shop = replace(shop, records=shop.records * 2000, held=shop.held * 2000, findings=shop.findings * 2000)
    render(shop.report(), tmp_path / "r.md")
    assert len((tmp_path / "r.md").read_text(encoding="utf-8")) < 65_000


def test_the_terminal_prints_one_screen_not_twenty_thousand_lines(large: Any) -> None:
    out = io.StringIO()
    show(large.report(), Console(file=out, width=120))
    assert len(out.getvalue().splitlines()) < 160


def endless(count: int) -> Stream[Record]:
    def records() -> Iterator[Record]:
        for no in range(1, count + 1):
            change = Change(field="Price", before="10.00", after="11.00")
            yield Record(
                no=no, batch=1, sku=f"S{no:07}", action=Action.UPDATE, effect=Effect.UPDATE, changes=(change,)
            )

    return Stream(records)


def test_counting_and_streaming_hold_no_rows(shop: Any) -> None:
    class Sink(io.StringIO):
        def write(self, text: str) -> int:
            return len(text)

    tracemalloc.start()
    report = diff_report(shop.plan, endless(30_000))
    json.write(report, Sink())
    show(report, Console(file=Sink()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.prices.changed == 30_000
    assert peak < 4_000_000


def test_a_sheet_that_is_full_goes_on_in_the_next(shop: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with path.open("wb") as out:
        xlsx.write(diff_report(shop.plan, endless(250)), out, sheet_rows=101)
    book = openpyxl.load_workbook(path)
    sheets = [name for name in book.sheetnames if name.startswith("changes")]
    assert sheets == ["changes", "changes 2", "changes 3"]
    assert [book[name].max_row - 1 for name in sheets] == [100, 100, 50]
    records = [row[0] for name in sheets for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert records == list(range(1, 251))


def test_the_page_says_how_much_it_lists(shop: Any) -> None:
    payload = html_data.change_payload(diff_report(shop.plan, endless(30)), max_rows=20)
    assert (payload.shown, payload.total) == (20, 30)
