"""Reviewing: approval by spreadsheet, rehearsal, drift, guards and explanations, as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]


def test_approval_by_spreadsheet(make_seller: Make, make_product: Product) -> None:
    """37 rows and one whole column marked "no" give exactly that plan."""
    seller = make_seller([make_product(n) for n in range(60)])
    rows = [make_product(n, Price="12.34", Name=f"New {n}", Status="inactive") for n in range(60)]
    catalog = seller.catalog(rows)
    seller.diff(catalog, "--report", seller.folder / "review.xlsx")
    declined = _decline(seller.folder / "review.xlsx", lines=37, column="Status")
    answer = seller(
        "diff", catalog, "--decisions", seller.folder / "review.xlsx", "--out", seller.folder / "n.jsonl"
    )
    assert seller.push(plan="n.jsonl").exit_code == 0
    held = seller.held()
    for row in rows:
        sku, now = row["SellerSku"], held[row["SellerSku"]]
        assert now["Status"] == "active"
        for name in ("Price", "Name"):
            assert (now[name] == row[name]) == ((sku, name) not in declined), (sku, name)
    assert answer.document["fields_changed"] == {"Name": 60 - 18, "Price": 60 - 19}


def test_a_reviewed_plan_is_used_up_by_what_was_approved(make_seller: Make, make_product: Product) -> None:
    """What was declined can't go out by the plan as it was before the review."""
    seller = make_seller([make_product(n) for n in range(4)])
    catalog = seller.catalog([make_product(n, Price="12.34", Quantity="77") for n in range(4)])
    seller.diff(catalog, "--report", seller.folder / "review.xlsx")
    _decline(seller.folder / "review.xlsx", lines=2, column="Quantity")
    seller("diff", catalog, "--decisions", seller.folder / "review.xlsx", "--out", seller.folder / "n.jsonl")
    assert seller.push(plan="n.jsonl").exit_code == 0
    refused = seller.push()
    assert (refused.exit_code, refused.document["error"]["code"]) == (6, "plan-superseded")


def test_what_was_rolled_back_is_judged_again(make_seller: Make, make_product: Product) -> None:
    """A wrong file that was allowed once and taken back doesn't pass as "back to what it was"."""
    seller = make_seller([make_product(n) for n in range(3)], guards={})
    catalog = seller.catalog([make_product(n, Price=f"{10 + n}00.00") for n in range(3)])
    assert seller.diff(catalog).exit_code == 5
    pushed = seller.push("--allow", "price-up", "--reason", "new list")
    assert pushed.exit_code == 0, pushed
    back = seller("rollback", pushed.document["run"], "--out", seller.folder / "back.jsonl")
    assert back.exit_code == 0, back
    assert seller.push(plan="back.jsonl").exit_code == 0
    again = seller.diff(catalog)
    refused = {guard["rule"] for guard in again.document["guards"] if guard["verdict"] == "refused"}
    assert (again.exit_code, refused) == (5, {"price-up"})


def test_what_a_corrective_import_replaced_is_judged_again(make_seller: Make, make_product: Product) -> None:
    """A wrong file that was allowed once, and corrected by feeding the right one, is no "value before"."""
    seller = make_seller([make_product(n) for n in range(3)], guards={})
    right = seller.catalog([make_product(n) for n in range(3)], "right.csv")
    wrong = seller.catalog([make_product(n, Price=f"{10 + n}00.00") for n in range(3)], "wrong.csv")
    assert seller.diff(wrong).exit_code == 5
    assert seller.push("--allow", "price-up", "--reason", "new list").exit_code == 0
    corrected = seller.diff(right)
    assert corrected.exit_code == 0, corrected
    words = {guard["rule"]: guard["message"] for guard in corrected.document["guards"]}
    assert words["price-down"].startswith("3 prices go back to what the shop held before (last on 2")
    assert seller.push().exit_code == 0
    again = seller.diff(wrong)
    refused = {guard["rule"] for guard in again.document["guards"] if guard["verdict"] == "refused"}
    assert (again.exit_code, refused) == (5, {"price-up"})
    assert seller.push("--allow", "price-up", "--reason", "once more").exit_code == 0
    assert seller.diff(right).exit_code == 0


def _decline(path: Path, *, lines: int, column: str) -> set[tuple[str, str]]:
    """Mark a number of lines and one whole field with "no"; the lines, as (sku, field)."""
    book = openpyxl.load_workbook(path)
    sheet = book["changes"]
    heads = [cell.value for cell in sheet[1]]
    declined: set[tuple[str, str]] = set()
    for cells in sheet.iter_rows(min_row=2):
        row = dict(zip(heads, (cell.value for cell in cells), strict=True))
        wanted = row["field"] == ("Price" if len(declined) % 2 == 0 else "Name")
        if len(declined) < lines and wanted:
            cells[heads.index("approve")].value = "no"
            declined.add((row["sku"], row["field"]))
    fields = book["fields"]
    names = [cell.value for cell in fields[1]]
    for cells in fields.iter_rows(min_row=2):
        if cells[names.index("field")].value == column:
            cells[names.index("approve")].value = "no"
    book.save(path)
    return declined


def test_an_edited_value_is_refused(make_seller: Make, make_product: Product) -> None:
    """A review says yes or no; it can't bring in another price."""
    seller = make_seller([make_product(1)])
    catalog = seller.catalog([make_product(1, Price="12.34")])
    seller.diff(catalog, "--report", seller.folder / "review.xlsx")
    book = openpyxl.load_workbook(seller.folder / "review.xlsx")
    sheet = book["changes"]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(row=2, column=heads.index("after") + 1).value = "1.00"
    book.save(seller.folder / "review.xlsx")
    answer = seller("diff", catalog, "--decisions", seller.folder / "review.xlsx")
    assert (answer.exit_code, answer.document["error"]["code"]) == (6, "plan-refused")
    assert "F2" in answer.document["error"]["message"]


def test_a_rehearsal_that_keeps_the_promise_goes_on(make_seller: Make, make_product: Product) -> None:
    before = [make_product(n) for n in range(6)]
    seller = make_seller(before)
    rows = [make_product(n, Price="12.34", Images="https://cdn.example.test/a.jpg") for n in range(3)]
    seller.diff(seller.catalog([*rows, make_product(50)]))
    pushed = seller.push("--rehearse")
    assert pushed.exit_code == 0, pushed
    assert {sku: p["Price"] for sku, p in seller.held().items()} == {
        **{row["SellerSku"]: row["Price"] for row in before},
        **{row["SellerSku"]: "12.34" for row in rows},
        "TEA-0050": "10.00",
    }


def test_a_rehearsal_that_fails_sends_nothing(make_seller: Make, make_product: Product) -> None:
    """What the shop would refuse is refused by the rehearsal: a sale price above the price it holds."""
    lenient = {"severity": {"sale-not-below-price": "warning"}}
    seller = make_seller([make_product(n) for n in range(3)], catalog=lenient)
    catalog = seller.catalog(
        [{"SellerSku": "TEA-0001", "SalePrice": "900.00", "SaleStartDate": "2024-01-01"}]
    )
    assert seller.diff(catalog, "--partial").exit_code == 0
    pushed = seller.push("--rehearse")
    assert (pushed.exit_code, pushed.document["error"]["code"]) == (5, "rehearsal-failed"), pushed
    assert seller.feeds() == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            lambda p: [p(n, Price=f"{10 + n % 50}00.00") for n in range(60)], 5, id="prices-in-cents"
        ),
        pytest.param(lambda p: [p(n, Quantity="0") for n in range(60)], 5, id="stock-to-zero"),
        pytest.param(lambda p: [p(n, PrimaryCategory="777") for n in range(60)], 5, id="categories-moved"),
        pytest.param(lambda p: [p(n, Name="Te") for n in range(60)], 5, id="names-shrunk"),
        pytest.param(lambda p: [p(n) for n in range(25)], 5, id="half-length-file"),
        pytest.param(lambda p: [{"A": "1", "B": "2"}], 4, id="header-lost"),
        pytest.param(lambda _: [], 4, id="empty-file"),
    ],
)
def test_suspicious_files_are_stopped(
    rows: Callable[[Product], list[dict[str, str]]], expected: int, make_seller: Make, make_product: Product
) -> None:
    """Each stopped with 4 or 5, with the report written and nothing sent."""
    products = [make_product(n, Quantity="5") for n in range(60)]
    products[0]["PrimaryCategory"] = "777"
    seller = make_seller(products, guards={})
    whole = seller.catalog([make_product(n, Quantity="6") for n in range(60)])
    assert seller("run", whole, "--yes", "--source", "nightly").exit_code == 0
    sent = len(seller.feeds())
    report = seller.folder / "report.html"
    catalog = seller.catalog(rows(make_product), "next.csv")
    answer = seller.diff(catalog, "--source", "nightly", "--report", report)
    assert answer.exit_code == expected, answer
    if "header" not in str(answer.document.get("error", "")) and rows(make_product):
        assert report.exists()
    assert len(seller.feeds()) == sent


def test_a_small_shop_is_not_paralysed(make_seller: Make, make_product: Product) -> None:
    """Six products: every share is large, none trips."""
    seller = make_seller([make_product(n) for n in range(6)], guards={})
    rows = [make_product(n, Quantity="0", Status="inactive", Price=f"{(10 + n) * 1.2:.2f}") for n in range(6)]
    assert seller.diff(seller.catalog(rows)).exit_code == 0


def test_a_thousand_updates_with_drift(make_seller: Make, make_product: Product) -> None:
    """3 planned fields and 40 unrelated products edited by hand: 997 sent, three listed, few GETs."""
    seller = make_seller([make_product(n) for n in range(1100)])
    seller.diff(seller.catalog([make_product(n, Price="77.77") for n in range(1000)]))
    for n in (1, 500, 999):
        seller.edit(f"TEA-{n:04d}", Price="66.66")
    for n in range(1040, 1080):
        seller.edit(f"TEA-{n:04d}", Price="66.66")
    aborted = seller.push("--on-drift", "abort")
    assert (aborted.exit_code, seller.feeds()) == (6, [])
    since = len(seller.requests())
    pushed = seller.push("--on-drift", "skip")
    counts = pushed.document["counts"]
    assert (pushed.exit_code, counts["verified"], counts["skipped"]) == (7, 997, 3)
    shown = seller("show", pushed.document["run"]).document["records"]
    assert {(r["sku"], f["before"], f["theirs"], f["ours"]) for r in shown for f in r["fields"]} == {
        ("TEA-0001", "11.00", "66.66", "77.77"),
        ("TEA-0500", "10.00", "66.66", "77.77"),
        ("TEA-0999", "59.00", "66.66", "77.77"),
    }
    log = seller.requests()[since:]
    post = next(i for i, entry in enumerate(log) if entry["verb"] == "POST")
    reads = [entry for entry in log[:post] if "SkuSellerList" in entry["params"]]
    assert len(reads) <= 21


def test_explain_follows_a_value(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1, Price="12.5")]))
    answer = seller("explain", "TEA-0001", "Price").document
    (field,) = answer["fields"]
    assert (answer["fate"], field["verdict"], field["ours"], field["theirs"]) == (
        "update",
        "change",
        "12.50",
        "11.00",
    )
    assert field["origin"]["cell"] == "F2"


def test_explain_tells_the_decision(make_seller: Make, make_product: Product) -> None:
    """What a reviewer declined is no change any more, though file and shop still differ."""
    seller = make_seller([make_product(n) for n in range(2)])
    catalog = seller.catalog([make_product(n, Price="12.50", Name=f"New name {n}") for n in range(2)])
    book = seller.folder / "reviewed.xlsx"
    assert seller.diff(catalog, "--report", book).exit_code == 0
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["changes"]
    heads = [cell.value for cell in sheet[1]]
    for cells in sheet.iter_rows(min_row=2):
        row = dict(zip(heads, cells, strict=True))
        if row["sku"].value == "TEA-0000" or row["field"].value == "Name":
            row["approve"].value = "no"
    workbook.save(book)
    assert seller.diff(catalog, "--decisions", book).exit_code == 0
    told = {sku: seller("explain", sku).document for sku in ("TEA-0000", "TEA-0001")}
    verdicts = {
        sku: (one["fate"], {f["field"]: f["verdict"] for f in one["fields"] if f["verdict"] != "equal"})
        for sku, one in told.items()
    }
    assert verdicts == {
        "TEA-0000": ("blocked", {"Name": "held", "Price": "held"}),
        "TEA-0001": ("update", {"Name": "held", "Price": "change"}),
    }
    (name,) = (one for one in told["TEA-0001"]["fields"] if one["field"] == "Name")
    assert (name["why"], name["held"]["reason"]) == ("declined in review", "declined")


def test_map_proposes_what_a_canonical_file_needs(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    rows = [
        {"Código": "A-1", "Precio": "1.234,50", "Stock": "3"},
        {"Código": "A-2", "Precio": "9,50", "Stock": "4"},
    ]
    out = seller.folder / "mapping.toml"
    answer = seller("map", seller.catalog(rows), "--out", out)
    assert answer.exit_code == 0
    found = {column["header"]: column["field"] for column in answer.document["columns"]}
    assert found == {"Código": "SellerSku", "Precio": "Price", "Stock": "Quantity"}
    assert seller("map", seller.catalog(rows), "--out", out).exit_code == 2


def test_half_an_offer_is_judged_beside_the_shops_half(make_seller: Make, make_product: Product) -> None:
    """What the shop would refuse of the merged product is found at its cell, held, and never sent."""
    sale = {"SalePrice": "8.00", "SaleStartDate": "2030-01-01 00:00:00", "SaleEndDate": "2030-02-01 00:00:00"}
    seller = make_seller([make_product(n, **sale) for n in range(40)])
    rows = [{"SellerSku": f"TEA-{n:04d}", "Price": "20.00"} for n in range(40)]
    rows[1]["Price"], rows[2]["Price"] = "8.00", "7.90"
    report = seller.folder / "report.json"
    answer = seller.diff(seller.catalog(rows), "--report", report)
    told = json.loads(report.read_text(encoding="utf-8"))["findings"]
    found = [(one["code"], one["cell"], one["value"], one["sku"]) for one in told]
    assert found == [
        ("sale-not-below-price", "B3", "8.00", "TEA-0001"),
        ("sale-not-below-price", "B4", "7.90", "TEA-0002"),
    ]
    assert answer.exit_code == 7
    assert (answer.document["counts"]["update"], answer.document["counts"]["blocked"]) == (37, 2)
    again = seller.diff(seller.folder / "catalog.csv", "--report", report)
    assert (again.exit_code, json.loads(report.read_text(encoding="utf-8"))["findings"]) == (7, told)
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["verified"]) == (0, 37)
    why = seller("explain", "TEA-0001", "Price").document
    assert (why["fate"], why["fields"][0]["verdict"]) == ("blocked", "held")
    rows = [{**row, "Price": "3.00"} if n > 20 else row for n, row in enumerate(rows)]
    refused = seller.diff(seller.catalog(rows))
    assert (refused.exit_code, refused.document["error"]["message"][:16]) == (4, "21 of 40 rows we")
