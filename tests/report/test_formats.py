"""Every format is parsed back, and all of them must say the same numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from pipeline.diff.plan import Counts, Held
from pipeline.errors import UsageError
from pipeline.journal.states import RunCounts
from pipeline.report.files import SUFFIXES, render
from pipeline.report.json import document
from pipeline.report.model import (
    DiffReport,
    Ending,
    FeedLine,
    Moved,
    RunReport,
    diff_report,
    findings_report,
    run_report,
)
from pipeline.report.terminal import show
from pipeline.report.words import COUNT_WORDS

COUNTS = tuple(Counts.__slots__)


@dataclass(kw_only=True)
class Said:
    """What one format says of a plan."""

    counts: dict[str, int]
    fields: dict[str, int]
    guards: dict[str, str]
    lines: int
    effects: dict[str, int] = field(default_factory=dict)


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def from_json(path: Path) -> Said:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Said(
        counts=told["counts"],
        fields=told["fields_changed"],
        guards={guard["rule"]: guard["verdict"] for guard in told["guards"]},
        lines=len(told["changes"]),
        effects=by_effect((row["effect"], row["sku"]) for row in told["changes"]),
    )


def from_csv(path: Path) -> Said:
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    changes = [row for row in rows if row["kind"] == "change"]
    facts = {row["field"]: row["after"] for row in rows if row["kind"] == "count"}
    return Said(
        counts={name: int(facts[name]) for name in COUNTS},
        fields={row["field"]: int(row["after"]) for row in rows if row["kind"] == "fields_changed"},
        guards={row["field"]: row["effect"] for row in rows if row["kind"] == "guard"},
        lines=len(changes),
        effects=by_effect((row["effect"], row["sku"]) for row in changes),
    )


def sheet_rows(book: openpyxl.Workbook, name: str) -> list[dict[str, Any]]:
    rows = list(book[name].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def from_xlsx(path: Path) -> Said:
    book = openpyxl.load_workbook(path)
    facts = dict(book["plan"].iter_rows(max_col=2, values_only=True))
    changes = sheet_rows(book, "changes")
    fields = sheet_rows(book, "fields")
    assert sum(row["changes"] for row in fields) == len([row for row in changes if row["field"]])
    return Said(
        counts={name: facts[name] for name in COUNTS},
        fields={row["field"]: row["existing products"] for row in fields if row["existing products"]},
        guards={row["rule"]: row["verdict"] for row in sheet_rows(book, "guards")},
        lines=len(changes),
        effects=by_effect((row["effect"], row["sku"]) for row in changes),
    )


def from_markdown(path: Path) -> Said:
    text = path.read_text(encoding="utf-8")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tables = {}
    for heading in lxml.html.fromstring(html).iter("h3"):
        body = heading.getnext()
        tables[heading.text_content().split(":")[0]] = [
            [cell.text_content() for cell in row.iter("td")] for row in body.iter("tr")
        ][1:]
    cut = re.search(r"of ([\d ]+) shown", text.split("### Changes")[1])
    counts = {row[0]: number(row[1]) for row in tables["Products"]}
    return Said(
        counts=counts,
        fields={row[0]: number(row[1]) for row in tables["Fields that change"]},
        guards={row[1]: row[0] for row in tables["Guards"]},
        lines=number(cut[1]) if cut else len(tables["Changes"]),
        effects={name: counts[name] for name in ("create", "update", "deactivate", "remove")},
    )


def from_html(path: Path) -> Said:
    page = lxml.html.fromstring(path.read_bytes())
    data = json.loads(page.get_element_by_id("changes-data").text)
    shown = page.xpath("//figure[.//h2[text()='Fields that change']]//button")
    return Said(
        counts={
            name: number(page.xpath(f"//*[@data-count='{name}']")[0].get("data-number")) for name in COUNTS
        },
        fields={row.get("data-value"): number(row.xpath("span")[-1].text) for row in shown},
        guards={row.get("data-guard"): row.get("data-verdict") for row in page.xpath("//*[@data-guard]")},
        lines=sum(max(1, len(product[4])) for product in data["products"]),
        effects=by_effect((data["effects"][product[2]], product[0]) for product in data["products"]),
    )


def from_terminal(report: DiffReport) -> Said:
    console = Console(width=160, file=io.StringIO(), record=True)
    show(report, console)
    text = console.export_text()
    words = {said: name for name, said in COUNT_WORDS.items()}
    found = re.findall(r"^\s*([\d ]+?)\s{2,}(\S.*?)\s*$", text.split("Fields that change")[0], re.MULTILINE)
    fields = text.split("Fields that change")[1].split("Guards")[0]
    return Said(
        counts={words[said]: number(count) for count, said in found if said in words},
        fields={
            name: int(count)
            for name, count in re.findall(r"^\s+(\w+)\s{2,}(\d+)\s", fields, re.MULTILINE)
            if count != "0"
        },
        guards={
            rule: word.lower()
            for word, rule in re.findall(r"^\s+(ok|REFUSED|allowed)\s+([\w-]+)", text, re.MULTILINE)
        },
        lines=report.lines,
        effects=by_effect((record.effect.value, record.sku) for record in report.records),
    )


def by_effect(pairs: Any) -> dict[str, int]:
    return dict(Counter(effect for effect, _ in set(pairs)))


READERS: dict[str, Callable[[Path], Said]] = {
    ".json": from_json,
    ".csv": from_csv,
    ".xlsx": from_xlsx,
    ".md": from_markdown,
    ".html": from_html,
}


@pytest.fixture
def told(shop: Any) -> Said:
    """What the plan itself says."""
    plan = shop.plan
    return Said(
        counts={name: getattr(plan.counts, name) for name in COUNTS},
        fields=plan.fields_changed,
        guards={guard.rule: guard.verdict for guard in plan.guards},
        lines=sum(max(1, len(record.changes)) for record in shop.records),
        effects=by_effect((record.effect.value, record.sku) for record in shop.records),
    )


def test_a_reader_for_every_format() -> None:
    assert set(READERS) == set(SUFFIXES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_says_the_same_numbers(suffix: str, shop: Any, told: Said, tmp_path: Path) -> None:
    path = tmp_path / f"report{suffix}"
    render(shop.report(), path)
    assert READERS[suffix](path) == told


def test_the_terminal_says_the_same_numbers(shop: Any, told: Said) -> None:
    assert from_terminal(shop.report()) == told


def test_the_document_has_the_keys_of_the_contract_first(shop: Any) -> None:
    said = document(shop.report())
    assert list(said) == ["schema", "plan", "digest", "counts", "fields_changed", "guards", "forecast", "id"]
    assert said["schema"] == "sellercenter/diff/1"
    assert list(said["counts"]) == list(COUNTS)
    assert set(said["forecast"]) == {"requests", "feeds", "seconds"}
    assert {"rule", "verdict", "limit", "value", "skus"} <= set(said["guards"][0])


def test_findings_in_every_format(shop: Any, tmp_path: Path) -> None:
    report = findings_report(shop.findings, rows=300, accepted=297, rejected=3)
    for suffix in SUFFIXES:
        render(report, tmp_path / f"r{suffix}")
    said = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert {key: said[key] for key in ("schema", "rows", "accepted", "rejected")} == {
        "schema": "sellercenter/validate/1",
        "rows": 300,
        "accepted": 297,
        "rejected": 3,
    }
    assert said == document(report)
    listed = [(each.code, each.cell, each.value) for each in shop.findings]
    assert [(each["code"], each["cell"], each["value"]) for each in said["findings"]] == listed
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert [(r["code"], r["cell"], r["value"]) for r in sheet_rows(book, "findings")] == listed
    rows = csv.DictReader(io.StringIO((tmp_path / "r.csv").read_bytes().decode("utf-8-sig"), newline=""))
    assert [(r["code"], r["cell"], r["value"]) for r in rows if r["kind"] == "finding"] == listed
    page = lxml.html.fromstring((tmp_path / "r.html").read_bytes())
    assert page.xpath("//*[@data-count='rejected']/@data-number") == ["3"]
    assert len(json.loads(page.get_element_by_id("findings-data").text)["rows"]) == 4
    assert "| accepted | 297 |" in (tmp_path / "r.md").read_text(encoding="utf-8")


UPDATE = "ProductUpdate"


def moved(before: str, ours: str, theirs: str) -> Moved:
    return Moved(field="Price", before=before, ours=ours, theirs=theirs)


@pytest.fixture
def run() -> RunReport:
    return run_report(
        command="push",
        run="20261124-7",
        shop="andina-hogar",
        state="finished",
        counts=RunCounts(
            planned=120, sent=119, accepted=119, verified=116, not_applied=1, refused=2, skipped=1
        ),
        feeds=[FeedLine(id="f-1", action=UPDATE, records=119, status="Finished", failed=2)],
        endings=[
            Ending(
                sku="A", action=UPDATE, outcome="refused", message="Brand not exist", code="unknown-brand"
            ),
            Ending(sku="B", action=UPDATE, outcome="refused", message="<b>Brand</b> 'Nordheim' not exist"),
            Ending(sku="C", action=UPDATE, outcome="not_applied", fields=(moved("9.90", "8.90", "9.90"),)),
            Ending(sku="D", action=UPDATE, outcome="skipped", fields=(moved("5.00", "4.00", "5.50"),)),
        ],
        exit_code=7,
        kit=".sellercenter/runs/20261124-7",
    )


def test_a_run_in_every_format(run: RunReport, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        render(run, tmp_path / f"r{suffix}")
    said = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert list(document(run))[:6] == ["schema", "run", "state", "counts", "feeds", "exit_code"]
    assert said["schema"] == "sellercenter/push/1"
    assert said["feeds"] == [{"id": "f-1", "action": "ProductUpdate", "records": 119, "status": "Finished"}]
    counts = said["counts"]
    ends = ("verified", "not_applied", "refused", "skipped", "unknown", "pending")
    assert counts["planned"] == sum(counts[name] for name in ends)
    facts = dict(
        openpyxl.load_workbook(tmp_path / "r.xlsx")["summary"].iter_rows(max_col=2, values_only=True)
    )
    assert {name: facts[name] for name in counts} == counts
    page = lxml.html.fromstring((tmp_path / "r.html").read_bytes())
    assert {n: int(page.xpath(f"//*[@data-count='{n}']/@data-number")[0]) for n in counts} == counts
    markdown = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert {name: number(re.search(rf"\| {name} \| ([\d ]+) \|", markdown)[1]) for name in counts} == counts
    rows = list(
        csv.DictReader(io.StringIO((tmp_path / "r.csv").read_bytes().decode("utf-8-sig"), newline=""))
    )
    told = {row["outcome"]: row["records"] for row in rows if row["kind"] == "count"}
    assert {name: int(told[name]) for name in counts} == counts
    assert [row["sku"] for row in rows if row["kind"] == "record"] == ["A", "B", "C", "D"]
    console = Console(width=160, file=io.StringIO(), record=True)
    show(run, console)
    assert "the shop holds 9.90" in console.export_text()


def test_an_empty_plan_in_every_format(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop(0, creates=0, deactivates=0, removes=0)
    report = diff_report(replace(shop.plan, guards=()), ())
    for suffix in SUFFIXES:
        render(report, tmp_path / f"r{suffix}")
    assert "Nothing to change" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_an_unknown_suffix_is_a_usage_error_that_names_the_others(shop: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        render(shop.report(), tmp_path / "report.pdf")
    assert all(suffix in caught.value.hint for suffix in SUFFIXES)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(shop: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")

    class Broken:
        def __iter__(self) -> Any:
            raise OSError("disk")

    report = diff_report(shop.plan, shop.records)
    object.__setattr__(report, "records", Broken())
    with pytest.raises(UsageError):
        render(report, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_rows_that_can_be_read_once_only_are_refused(shop: Any) -> None:
    with pytest.raises(TypeError, match="several times"):
        diff_report(shop.plan, iter(shop.records))


def test_a_rollback_names_its_conflicts(shop: Any) -> None:
    conflict = Held(sku="A", reason="conflict", field="Price", before="1", after="2", theirs="3")
    plan = replace(shop.plan, kind="rollback", undoes=("r1",))
    said = document(diff_report(plan, (), held=(conflict, *shop.held)))
    assert said["schema"] == "sellercenter/rollback/1"
    assert [each["theirs"] for each in said["conflicts"]] == ["3"]
