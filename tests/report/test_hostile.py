"""Text of files and servers is somebody else's: it is shown, and does nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from pipeline.report.files import SUFFIXES, render
from pipeline.report.html_data import embedded
from pipeline.report.markdown import code
from pipeline.report.tables import CELL_MAX, cell_text
from pipeline.report.terminal import show
from pipeline.report.text import MESSAGE_BYTES, message, one_line, visible

FORMULAS = (
    "=1+1",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM(1)",
)
NASTY = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "javascript&colon;alert(1)",
    "[link=https://evil.example]here[/link]",
    "\x1b[31mred\x1b[0m",
    "user\u202egpj.exe",
    "line\u2028separator",
    "| a | b |",
    "@everyone #12 <https://evil.example> `x`",
    "'; DROP TABLE runs; --",
    "{{ 7 * 7 }}",
    "\ufffe\uffff\x00",
    "lone \ud800 surrogate",
)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.mark.parametrize("text", NASTY, ids=ascii)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_takes_every_text(text: str, suffix: str, hostile: Any, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    render(hostile(text).report(), path)
    assert path.stat().st_size > 0
    if suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif suffix == ".xlsx":
        openpyxl.load_workbook(path)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_nothing_steers_the_terminal(text: str, hostile: Any) -> None:
    out = io.StringIO()
    show(hostile(text).report(), Console(file=out, width=200, force_terminal=False))
    assert not STEERING.search(out.getvalue().replace("\n", ""))


def test_markup_of_rich_is_text(hostile: Any) -> None:
    console = Console(file=io.StringIO(), width=200, record=True)
    show(hostile("[bold]x[/bold]").report(), console)
    assert "[bold]x[/bold]" in console.export_text()


def test_a_terminal_that_is_not_utf8_gets_what_it_can_show(hostile: Any) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="cp1252", newline="\n")
    show(hostile("日本 €").report(), Console(file=out, width=120))
    out.flush()
    assert "\\u65e5\\u672c €" in raw.getvalue().decode("cp1252")


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_the_page_has_our_two_scripts_and_no_other_element(text: str, hostile: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    render(hostile(text).report(), path)
    page = lxml.html.fromstring(path.read_bytes())
    scripts = page.xpath("//script[not(@type)]")
    assert len(scripts) == 2
    assert all(script.get("src") is None for script in scripts)
    assert len(page.xpath("//script[@type='application/json']")) == 3
    assert page.xpath("//img | //iframe | //link | //object | //@onerror | //@onclick | //@style") == []


def test_the_page_names_no_address_to_load(shop: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    render(shop.report(), path)
    page = lxml.html.fromstring(path.read_bytes())
    assert page.xpath("//@src | //@href[not(starts-with(., '#'))]") == []
    assert "url(" not in page.xpath("//style")[0].text


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_cell_of_a_csv_is_live(text: str, hostile: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    render(hostile(text).report(), path)
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    cells = [cell for row in rows for cell in row]
    assert f"'{text}" in cells
    assert not [
        cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    ]


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_cell_of_a_workbook_is_a_formula(text: str, hostile: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    render(hostile(text).report(), path)
    with zipfile.ZipFile(path) as file:
        sheets = [
            file.read(name).decode() for name in file.namelist() if name.startswith("xl/worksheets/sheet")
        ]
        assert not any("hyperlink" in name.lower() for name in file.namelist())
    assert not any("<f>" in sheet for sheet in sheets)
    changes = openpyxl.load_workbook(path)["changes"]
    assert changes["E2"].value == visible(text, keep="\n\t")
    assert changes["E2"].data_type == "s"


@given(st.text(max_size=200))
def test_what_is_visible_steers_nothing_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert not STEERING.search(shown)
    assert visible(shown) == shown


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_one_line_is_one_line_and_no_longer(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(st.recursive(st.text(max_size=40), st.lists, max_leaves=6))
def test_embedded_json_can_not_end_its_element_and_says_the_same(data: Any) -> None:
    text = embedded(data)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == data


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_code_in_markdown_shows_the_text_and_is_nothing_else(text: str) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| a |\n| --- |\n| {code(text)} |\n")
    )
    cells = lxml.html.fromstring(html).xpath("//td")
    assert len(cells) == 1
    assert cells[0].text_content() == one_line(text, 80)
    assert [element.tag for element in cells[0].iterdescendants()] == (["code"] if one_line(text, 80) else [])


def test_a_long_message_is_cut_at_two_kilobytes() -> None:
    told = message("ä" * 5_000_000)
    assert len(told.encode()) <= MESSAGE_BYTES
    assert "characters cut" in told


@given(st.integers(min_value=CELL_MAX - 3, max_value=CELL_MAX + 3), st.sampled_from("aä😀"))
@settings(max_examples=20)
def test_a_cell_never_holds_more_than_excel_takes(length: int, sign: str) -> None:
    assert len(cell_text(sign * length).encode("utf-16-le")) // 2 <= CELL_MAX
