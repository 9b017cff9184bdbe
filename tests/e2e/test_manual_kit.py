"""The manual rollback kit: its files, used by hand, do what the rollback does."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.market.feeds import Action
from pipeline.usecases.connection import connected
from pipeline.usecases.workspace import Workspace

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]

FILES = ("rollback.csv", "rollback.xlsx")
IMAGE = "https://cdn.example.test/{}.jpg"
#: What a spreadsheet would run, round, strip or break.
HOSTILE = [
    "=cmd|'/c calc'!A1",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "'x",
    "''y",
    "00123",
    "1e5",
    "a\nb",
    '","=1+1',
    "＝1",
]


def planned(path: Path) -> list[tuple[Any, ...]]:
    """What a plan would send, whatever file it came from."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(
        (
            line["sku"],
            line["action"],
            line["effect"],
            *((c["field"], c["before"], c["after"]) for c in line["changes"]),
        )
        for line in lines
        if line["kind"] == "record"
    )


def manual(path: Path) -> set[tuple[str, str, str]]:
    """(sku, field, place) of what only a person can do."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    held = [line for line in lines if line["kind"] == "held" and line["reason"] == "manual"]
    return {(line["sku"], line["field"], line["place"]) for line in held}


def kit_of(seller: Any, run: str) -> Path:
    return Path(seller.folder / "state" / "runs" / run)


def agree(seller: Any, run: str) -> list[tuple[Any, ...]]:
    """The rollback's plan, once both files of the kit have led to the same one."""
    plan = seller.folder / "back.jsonl"
    assert seller("rollback", run, "--out", plan).exit_code == 0
    for name in FILES:
        by_hand = seller.diff(kit_of(seller, run) / name, "--partial")
        assert by_hand.exit_code == 0, (name, by_hand)
        assert planned(seller.folder / "plan.jsonl") == planned(plan), name
        assert manual(seller.folder / "plan.jsonl") == manual(plan), name
    return planned(plan)


def push(seller: Any, rows: list[Mapping[str, str]], exit_code: int = 0) -> str:
    assert seller.diff(seller.catalog(rows)).exit_code == 0
    pushed = seller.push()
    assert pushed.exit_code == exit_code, pushed.document
    return str(pushed.document["run"])


def test_the_files_of_a_mixed_run_lead_to_the_rollbacks_plan(
    make_seller: Make, make_product: Product
) -> None:
    """Creates, updates, images, promotions begun and ended, empty fields, refusals, a second run."""
    products = [make_product(n, Images=IMAGE.format("a")) for n in range(6)]
    products[4] |= {"SalePrice": "5.00", "SaleStartDate": "2026-01-01", "SaleEndDate": "2027-12-31"}
    seller = make_seller(products)
    rows = [dict(product) for product in products]
    rows[0] |= {"Price": "11.90", "Quantity": "70"}
    rows[1] |= {"Images": IMAGE.format("b"), "TaxClass": "default"}
    rows[2] |= {"SalePrice": "6.00", "SaleStartDate": "2026-01-01", "SaleEndDate": "2027-12-31"}
    rows[3] |= {"Price": "99.00"}
    rows[4] |= {"SalePrice": "__CLEAR__", "SaleStartDate": "__CLEAR__", "SaleEndDate": "__CLEAR__"}
    rows[5] |= {"PrimaryCategory": "102", "Brand": "TeaCo"}
    seller.control("PUT", "products", [*products, make_product(90, PrimaryCategory="102")])
    seller.fault("ProductUpdate", "partial", skus=["TEA-0003"])
    run = push(seller, [*rows, make_product(50)], exit_code=7)
    seller.control("DELETE", "faults")
    plan = agree(seller, run)
    assert {sku for sku, *_ in plan} == {
        "TEA-0000",
        "TEA-0001",
        "TEA-0002",
        "TEA-0004",
        "TEA-0005",
        "TEA-0050",
    }
    assert seller.push(plan="back.jsonl").exit_code == 0
    undone = seller("runs").document["runs"][-1]["run"]
    assert len(agree(seller, undone)) == len(plan)


def test_values_come_back_byte_for_byte(make_seller: Make, make_product: Product) -> None:
    """What was escaped when it was written is itself again when it is read."""
    products = [
        make_product(n, Name=f"{text} as a name", TaxClass=text, Description=f"<p>{text}</p>\nmore")
        for n, text in enumerate(HOSTILE)
    ]
    seller = make_seller(products)
    changed = [
        {**product, "Name": "New", "TaxClass": "new", "Description": "<p>new</p>"} for product in products
    ]
    run = push(seller, changed)
    plan = agree(seller, run)
    back = {sku: {name: after for name, _, after in changes} for sku, _, _, *changes in plan}
    assert back == {
        product["SellerSku"]: {name: product[name] for name in ("Name", "TaxClass", "Description")}
        for product in products
    }
    with (kit_of(seller, run) / "rollback.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in ("=", "@", "＝") or cell in ("+1", "-2+3")] == []


def test_a_shop_of_two_countries(make_seller: Make, make_product: Product) -> None:
    """Falabella: each country's values, a special price, a status, a create."""
    seller = make_seller(
        [make_product(n) for n in range(3)],
        sandbox={"dialect": "falabella", "operators": "facl,fape"},
        shop={"dialect": "falabella", "operators": ["facl", "fape"]},
    )
    facl, fape = "BusinessUnits.facl", "BusinessUnits.fape"
    rows: list[Mapping[str, str]] = [
        {"SellerSku": "TEA-0000", f"{facl}.SpecialPrice": "5", f"{facl}.SpecialFromDate": "2026-01-01"},
        {"SellerSku": "TEA-0001", f"{fape}.Status": "inactive", f"{facl}.Price": "11.90", "Name": "Other"},
        {**{k: v for k, v in make_product(7).items() if k not in ("Price", "Quantity", "Status")},
         f"{facl}.Price": "9", f"{facl}.Status": "active"},
    ]  # fmt: skip
    plan = agree(seller, push(seller, rows))
    assert {sku for sku, *_ in plan} == {"TEA-0000", "TEA-0001", "TEA-0007"}


def test_the_request_bodies_posted_by_hand_undo_the_run(make_seller: Make, make_product: Product) -> None:
    """Without our program: rollback.xml to ProductUpdate, rollback-images.xml to Image."""
    products = [make_product(n, Images=IMAGE.format("a"), PrimaryCategory=str(101 + n % 2)) for n in range(4)]
    products[0] |= {"SalePrice": "5.00", "SaleStartDate": "2026-01-01", "SaleEndDate": "2027-12-31"}
    seller = make_seller(products)
    first = seller.held()
    rows = [{**p, "Price": "11.90", "Images": IMAGE.format("b"), "PrimaryCategory": "101"} for p in products]
    rows[0] |= {"SalePrice": "__CLEAR__", "SaleStartDate": "__CLEAR__", "SaleEndDate": "__CLEAR__"}
    rows[1] |= {"SalePrice": "4.00", "SaleStartDate": "2026-01-01", "SaleEndDate": "2027-12-31"}
    kit = kit_of(seller, push(seller, [*rows, make_product(50)]))
    ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
    with connected(ws) as shop:
        shop.market.post_feed(Action.UPDATE, (kit / "rollback.xml").read_bytes())
        shop.market.post_feed(Action.IMAGE, (kit / "rollback-images.xml").read_bytes())
    now = seller.held()
    assert now.pop("TEA-0050")["Status"] == "inactive"
    assert now == first


def test_falabella_takes_the_request_bodies_as_they_are(make_seller: Make, make_product: Product) -> None:
    """An update without a business unit is refused there: whatever goes back, the body has one."""
    facl, fape = "BusinessUnits.facl", "BusinessUnits.fape"
    sale = {"SpecialPrice": "5.00", "SpecialFromDate": "2026-01-01 00:00:00"}
    more = {"Images": IMAGE.format("a"), "TaxClass": "full", "Variation": "M"}
    products = [make_product(n, PrimaryCategory=str(101 + n % 2), **more) for n in range(12)]
    for n in (5, 6):
        products[n] |= {f"{facl}.{name}": value for name, value in sale.items()}
    for name in ("Price", "Quantity", "Status"):
        del products[7][name]
    products[7] |= {f"{facl}.Price": "20.00", f"{facl}.Stock": "4", f"{facl}.Status": "active"}
    seller = make_seller(
        products,
        sandbox={"dialect": "falabella", "operators": "facl,fape"},
        shop={"dialect": "falabella", "operators": ["facl", "fape"]},
    )
    seller.edit("TEA-0011", **{f"{facl}.Status": "", f"{fape}.Status": ""})
    first = seller.held()
    changes: list[Mapping[str, str]] = [
        {"Name": "Content alone"},
        {"Images": IMAGE.format("b")},
        {"PrimaryCategory": "101", "Description": "<p>Another category</p>"},
        {f"{fape}.Price": "12.00"},
        {f"{facl}.{name}": value for name, value in sale.items()},
        {f"{facl}.SpecialPrice": "__CLEAR__"},
        {f"{facl}.SpecialPrice": "4.00", f"{facl}.SpecialFromDate": "2026-01-01 00:00:00"},
        {f"{fape}.Price": "21.00", "Name": "Now abroad"},
        {f"{facl}.Status": "inactive"},
        {f"{facl}.Price": "19.50", "TaxClass": "reduced"},
        {"Variation": "XL"},
        {"Name": "A unit without a status"},
    ]
    rows = [{"SellerSku": f"TEA-{n:04d}", **change} for n, change in enumerate(changes)]
    new = {k: v for k, v in make_product(50).items() if k not in ("Price", "Quantity", "Status")}
    rows.append({**new, f"{facl}.Price": "9"})
    seller.catalog(rows)
    kit = kit_of(seller, push(seller, rows))
    assert "names no business unit" not in (kit / "HOWTO.md").read_text(encoding="utf-8")
    ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
    with connected(ws) as shop:
        sent = [
            shop.market.post_feed(Action.UPDATE, (kit / "rollback.xml").read_bytes()),
            shop.market.post_feed(Action.IMAGE, (kit / "rollback-images.xml").read_bytes()),
        ]
        feeds = [shop.market.feed_status(receipt.feed) for receipt in sent]
    assert [feed.errors for feed in feeds] == [(), ()]
    now = seller.held()
    created = now.pop("TEA-0050")
    opened = {name: now["TEA-0007"].pop(name) for name in [*now["TEA-0007"]] if name.startswith(fape)}
    assert (created[f"{facl}.Status"], opened[f"{fape}.Status"]) == ("inactive", "inactive")
    differ = {
        (sku, name): (value, first[sku].get(name))
        for sku, one in now.items()
        for name, value in one.items()
        if value != first[sku].get(name)
    }
    assert differ == {}


def test_the_page_tells_this_runs_numbers(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(n) for n in range(5)])
    rows = [make_product(n, Price="11.90", Name=f"N{n}") for n in range(5)]
    seller.fault("ProductUpdate", "partial", skus=["TEA-0003"])
    run = push(seller, [*rows, make_product(50)], exit_code=7)
    text = (kit_of(seller, run) / "HOWTO.md").read_text(encoding="utf-8")
    for said in (
        "The run planned 6 records", "- 5 arrived, and were seen in the shop", "- 1 were refused by the shop",
        "5 products have old values to put back", "- TEA-0050",
    ):  # fmt: skip
        assert said in text, text
    assert "rollback-images.xml" not in text


def test_a_run_without_anything_to_undo_says_so(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    seller.fault("ProductUpdate", "partial", skus=["TEA-0001"])
    run = push(seller, [make_product(1, Price="11.90")], exit_code=7)
    assert "Nothing of it has to be put back." in (kit_of(seller, run) / "HOWTO.md").read_text(
        encoding="utf-8"
    )
    assert agree_nothing(seller, run)


def agree_nothing(seller: Any, run: str) -> bool:
    """The rollback has nothing to do either."""
    answer = seller("rollback", run, "--out", seller.folder / "back.jsonl")
    return bool(answer.exit_code == 0 and planned(seller.folder / "back.jsonl") == [])


@pytest.mark.parametrize("mapping", ["shopify", "woocommerce"])
def test_the_files_mean_the_same_under_any_mapping(
    mapping: str, make_seller: Make, make_product: Product
) -> None:
    """A shop whose catalogs need a mapping reads the kit's files as they are."""
    seller = make_seller([make_product(1)])
    run = push(seller, [make_product(1, Price="11.90")])
    plan = seller.folder / "back.jsonl"
    seller.options = {**seller.options, "catalog": {"mapping": mapping}}
    seller.write_settings()
    assert seller("rollback", run, "--out", plan).exit_code == 0
    answer = seller.diff(kit_of(seller, run) / "rollback.csv", "--partial")
    assert answer.exit_code == 0, answer
    assert planned(seller.folder / "plan.jsonl") == planned(plan)


@pytest.mark.parametrize("dialect", ["classic", "falabella"])
def test_a_category_name_that_two_have_is_told_with_ids_and_paths(
    dialect: str, make_seller: Make, make_product: Product
) -> None:
    """In a file it is a finding at its cell; on the way back a step by hand that says what to choose from."""
    places = ["Home > Cups", "Office > Cups", "Home > Plates", "Home > Plates"]
    sizes = {"sandbox": {"dialect": "falabella", "operators": "facl"},
             "shop": {"dialect": "falabella", "operators": ["facl"]}}  # fmt: skip
    seller = make_seller(
        [make_product(n, PrimaryCategory=place) for n, place in enumerate(places)],
        **(sizes if dialect == "falabella" else {}), catalog={"max_errors_pct": 100},
    )  # fmt: skip
    ids = {one["name"]: one["id"] for one in seller.control("GET", "lookups")["categories"] if one["leaf"]}
    cups = [one["id"] for one in seller.control("GET", "lookups")["categories"] if one["name"] == "Cups"]
    rows = [{"SellerSku": "TEA-0000", "PrimaryCategory": ids["Plates"]},
            {"SellerSku": "TEA-0002", "PrimaryCategory": "Cups"},
            {"SellerSku": "TEA-0003", "PrimaryCategory": "Office > Cups"}]  # fmt: skip
    report = seller.folder / "report.json"
    assert seller.diff(seller.catalog(rows), "--report", report).exit_code == 7
    (finding,) = json.loads(report.read_text(encoding="utf-8"))["findings"]
    where = [f"{cups[0]} (Home > Cups)", f"{cups[1]} (Office > Cups)"]
    assert (finding["code"], finding["cell"], finding["sku"]) == ("ambiguous-category", "B3", "TEA-0002")
    assert all(one in finding["hint"] for one in where)
    pushed = seller.push()
    assert pushed.exit_code == 0, pushed
    run = pushed.document["run"]
    assert all(one in (kit_of(seller, run) / "HOWTO.md").read_text(encoding="utf-8") for one in where)
    assert seller("rollback", run, "--out", seller.folder / "back.jsonl").exit_code == 0
    lines = [json.loads(line) for line in (seller.folder / "back.jsonl").read_text("utf-8").splitlines()]
    (step,) = [line for line in lines if line["kind"] == "held"]
    assert (step["sku"], step["reason"]) == ("TEA-0000", "manual")
    assert all(one in step["message"] for one in where)
