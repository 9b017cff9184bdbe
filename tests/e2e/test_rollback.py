"""The way back over real HTTP: a run goes back, and forth again, and people's edits stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]

IMAGE = "https://cdn.example.test/{}.jpg"
VOLATILE = ("Quantity", "Stock", "UpdatedAt")


def owned(held: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Products without what sales change."""
    return {
        sku: {name: value for name, value in product.items() if name.rpartition(".")[2] not in VOLATILE}
        for sku, product in held.items()
    }


def planned(path: Path | str) -> dict[tuple[str, str], dict[str, tuple[str | None, str]]]:
    """What a plan would send: (sku, action) → field → (before, after)."""
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return {
        (line["sku"], line["action"]): {c["field"]: (c.get("before"), c["after"]) for c in line["changes"]}
        for line in lines
        if line["kind"] == "record"
    }


def held_back(path: Path | str, reason: str) -> list[tuple[str, str]]:
    """(sku, field) of what a plan holds back for this reason."""
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [
        (line["sku"], line.get("field", ""))
        for line in lines
        if line["kind"] == "held" and line["reason"] == reason
    ]


def back(seller: Any, run: str, *words: object, exit_code: int = 0) -> Any:
    """Plan a way back and send it."""
    answer = seller("rollback", run, "--out", seller.folder / "back.jsonl", *words)
    assert answer.exit_code == 0, answer
    sent = seller.push(plan="back.jsonl")
    assert sent.exit_code == exit_code, seller("show", sent.document["run"]).document["records"]
    return sent


def mixed(make_product: Product, number: int) -> dict[str, str]:
    """One change of each sort in turn, stock moving along."""
    stock = str(number % 90 + 3)
    match number % 5:
        case 0:
            return {**make_product(number, Price="11.90"), "Quantity": stock}
        case 1:
            return {**make_product(number, Name=f"Better tea {number}"), "Quantity": stock}
        case 2:
            return {**make_product(number), "Images": IMAGE.format("b")}
        case 3:
            sale = {"SalePrice": "5.00", "SaleStartDate": "2026-01-01", "SaleEndDate": "2026-12-31"}
            return make_product(number, **sale)
        case _:
            status = "inactive" if number < 470 else "active"
            return make_product(number, Status=status, Description=f"<p>Another text {number}</p>")


def test_500_mixed_changes_go_back_and_forth(make_seller: Make, make_product: Product) -> None:
    """30 refused, 10 edited since: 460 reversals, 10 conflicts, no stock; then the second state again."""
    before = [make_product(n, Images=IMAGE.format("a")) for n in range(470)]
    guards = {"price_up_pct": 1e9, "price_down_pct": 100, "price_median_pct": 1e9, "deactivated_pct": 100}
    limits = {"feed_max_products": 100, "verify_timeout": 4}
    seller = make_seller(before, limits=limits, guards=guards)
    first = seller.held()
    refused = [f"TEA-{n:04d}" for n in (*range(0, 250, 10), *range(470, 475))]
    seller.fault("writes", "partial", skus=refused)
    assert seller.diff(seller.catalog([mixed(make_product, n) for n in range(500)])).exit_code == 0
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["refused"]) == (7, 30)
    assert len(pushed.document["feeds"]) > 5
    seller.control("DELETE", "faults")
    second = seller.held()
    edited = {f"TEA-{n:04d}": field for n, field in EDITED.items()}
    for sku, (name, value) in edited.items():
        seller.edit(sku, **{name: value})

    run = pushed.document["run"]
    answer = seller("rollback", run, "--out", seller.folder / "back.jsonl")
    counts = answer.document["counts"]
    assert (counts["update"], counts["blocked"], counts["create"], counts["remove"]) == (460, 10, 0, 0)
    assert {one["sku"]: (one["field"], one["theirs"]) for one in answer.document["conflicts"]} == edited
    assert "Quantity" not in answer.document["fields_changed"]
    undone = seller.push(plan="back.jsonl")
    assert undone.exit_code == 0, undone
    now = owned(seller.held())
    alone = {*edited, *refused}
    created = {f"TEA-{n:04d}" for n in range(470, 500)} - alone
    assert {sku: now[sku]["Status"] for sku in created} == dict.fromkeys(created, "inactive")
    was = owned(first)
    assert {sku: now[sku] for sku in was if sku not in edited} == {
        sku: product for sku, product in was.items() if sku not in edited
    }

    back(seller, undone.document["run"])
    again = owned(seller.held())
    wanted = owned(second)
    assert {sku: again[sku] for sku in wanted if sku not in edited} == {
        sku: product for sku, product in wanted.items() if sku not in edited
    }


#: Ten products of those that were applied, and what a person changed in each.
EDITED: dict[int, tuple[str, str]] = {
    5: ("Price", "99.00"), 15: ("Price", "98.00"), 25: ("Price", "97.00"), 1: ("Name", "My own name"),
    11: ("Name", "Mine too"), 13: ("SalePrice", "4.00"), 23: ("SalePrice", "3.00"),
    4: ("Description", "<p>Edited by hand</p>"), 14: ("Description", "<p>By hand</p>"),
    480: ("Price", "77.00"),
}  # fmt: skip


def test_what_someone_changed_is_shown_with_three_values_and_left_alone_whole(
    make_seller: Make, make_product: Product
) -> None:
    """A conflict in one field keeps the whole product; an edit of a field that we didn't write is none."""
    seller = make_seller([make_product(n) for n in range(3)])
    rows = [make_product(n, Price="11.90", Name=f"N{n}") for n in range(3)]
    seller.diff(seller.catalog(rows))
    run = seller.push().document["run"]
    seller.edit("TEA-0000", Price="50.00")
    seller.edit("TEA-0001", Description="<p>Mine</p>")
    plan, page = seller.folder / "back.jsonl", seller.folder / "r.md"
    answer = seller("rollback", run, "--out", plan, "--report", page)
    (conflict,) = answer.document["conflicts"]
    names = ("sku", "field", "before", "after", "theirs")
    assert [conflict[name] for name in names] == ["TEA-0000", "Price", "10.00", "11.90", "50.00"]
    assert {sku for sku, _ in planned(plan)} == {"TEA-0001", "TEA-0002"}
    report = page.read_text(encoding="utf-8")
    assert "TEA-0000" in report
    assert "50.00" in report


def test_a_later_run_has_to_be_taken_back_first(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    runs = []
    for price in ("11.90", "12.90"):
        seller.diff(seller.catalog([make_product(1, Price=price)]))
        runs.append(seller.push().document["run"])
    (conflict,) = seller("rollback", runs[0]).document["conflicts"]
    assert runs[1] in conflict["message"]
    back(seller, runs[1])
    back(seller, runs[0])
    assert seller.held()["TEA-0001"]["Price"] == "11.00"


def test_fields_that_were_empty_are_manual_steps(make_seller: Make, make_product: Product) -> None:
    """The API can't empty them: the plan names the place in Seller Center, and says so in the kit."""
    seller = make_seller([make_product(1), make_product(2)])
    rows = [{**make_product(n), "TaxClass": "default", "Images": IMAGE.format("x")} for n in (1, 2)]
    rows[1]["Price"] = "11.90"
    seller.diff(seller.catalog(rows))
    run = seller.push().document["run"]
    plan = seller.folder / "back.jsonl"
    answer = seller("rollback", run, "--out", plan)
    assert sorted(held_back(plan, "manual")) == [
        (f"TEA-000{n}", name) for n in (1, 2) for name in ("Images", "TaxClass")
    ]
    assert planned(plan) == {("TEA-0002", "ProductUpdate"): {"Price": ("11.90", "12.00")}}
    assert answer.document["counts"]["update"] == 1
    held = [json.loads(line) for line in plan.read_text(encoding="utf-8").splitlines()]
    places = {one["place"] for one in held if one["kind"] == "held" and one["sku"] == "TEA-0001"}
    assert all("Manage Products > search TEA-0001" in place for place in places)
    howto = (seller.folder / "state" / "runs" / run / "HOWTO.md").read_text(encoding="utf-8")
    assert "search TEA-0001 > Edit > Product information > TaxClass: empty it" in howto


def test_created_products_can_be_removed_and_brought_back(make_seller: Make, make_product: Product) -> None:
    """--remove takes them out; taking that back lists them again by an update, since the shop keeps them."""
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1), make_product(50), make_product(51)]))
    run = seller.push().document["run"]
    active = owned(seller.held())
    answer = seller("rollback", run, "--remove", "--out", seller.folder / "back.jsonl")
    assert answer.document["counts"]["remove"] == 2
    undone = seller.push(plan="back.jsonl")
    assert (undone.exit_code, undone.document["feeds"][0]["action"]) == (0, "ProductRemove")
    assert {seller.held()[sku]["Status"] for sku in ("TEA-0050", "TEA-0051")} == {"deleted"}
    assert planned_of(seller, "rollback", run) == {}
    back(seller, undone.document["run"])
    assert owned(seller.held()) == active


def planned_of(seller: Any, *words: object) -> Any:
    """What a command's plan would send."""
    answer = seller(*words, "--out", seller.folder / "x.jsonl")
    assert answer.exit_code == 0, answer
    return planned(seller.folder / "x.jsonl")


def test_a_removed_product_that_the_shop_lost_is_created_again_and_marked(
    make_seller: Make, make_product: Product
) -> None:
    """Where the shop doesn't know it any more, all that the journal holds of it is created anew: lossy."""
    products = [make_product(n, Images=IMAGE.format("a")) for n in range(3)]
    seller = make_seller(products, catalog={"absent": "remove"}, guards={"removed_pct": 100})
    seller.diff(seller.catalog(products[:1]))
    pushed = seller.push()
    assert pushed.document["counts"]["verified"] == 2
    seller.control("PUT", "products", products[:2])
    seller.edit("TEA-0001", Status="deleted")
    plan = seller.folder / "back.jsonl"
    answer = seller("rollback", pushed.document["run"], "--out", plan)
    assert held_back(plan, "lossy") == [("TEA-0002", "")]
    assert planned(plan)["TEA-0001", "ProductUpdate"] == {"Status": ("deleted", "active")}
    assert (answer.document["counts"]["create"], answer.document["counts"]["update"]) == (1, 1)
    assert seller.push(plan="back.jsonl").exit_code == 0
    now = seller.held()
    assert (now["TEA-0001"]["Status"], now["TEA-0002"]["Status"]) == ("active", "active")
    assert {k: now["TEA-0002"][k] for k in ("Name", "Price", "Images")} == {
        "Name": "Tea number 2", "Price": "12.00", "Images": [IMAGE.format("a")],
    }  # fmt: skip


@pytest.fixture
def falabella(make_seller: Make, make_product: Product) -> Any:
    """A shop of two countries; product 2 is sold in one of them only."""
    products: list[dict[str, str]] = [make_product(0), make_product(1), make_product(2)]
    del products[2]["Price"], products[2]["Quantity"], products[2]["Status"]
    products[2] |= {
        "BusinessUnits.facl.Price": "20.00", "BusinessUnits.facl.Stock": "4",
        "BusinessUnits.facl.Status": "active",
    }  # fmt: skip
    return make_seller(
        products,
        sandbox={"dialect": "falabella", "operators": "facl,fape"},
        shop={"dialect": "falabella", "operators": ["facl", "fape"]},
    )


def test_every_country_goes_back_by_itself(falabella: Any, make_product: Product) -> None:
    """Special prices, a status in one country, a country that the run opened, a product that it created."""
    seller = falabella
    first = owned(seller.held())
    sale = {"SpecialPrice": "5.00", "SpecialFromDate": "2026-01-01", "SpecialToDate": "2026-12-31"}
    rows = [
        {"SellerSku": "TEA-0000", **{f"BusinessUnits.facl.{k}": v for k, v in sale.items()}},
        {
            "SellerSku": "TEA-0001",
            "BusinessUnits.fape.Status": "inactive",
            "BusinessUnits.fape.Price": "11.90",
        },
        {"SellerSku": "TEA-0002", "BusinessUnits.fape.Price": "21.00", "Name": "Now abroad"},
        {**make_product(7), "BusinessUnits.facl.Price": "9.00"},
    ]
    for name in ("Price", "Quantity", "Status"):
        del rows[3][name]
    assert seller.diff(seller.catalog(rows)).exit_code == 0
    pushed = seller.push()
    assert pushed.exit_code == 0, pushed
    second = owned(seller.held())
    undone = back(seller, pushed.document["run"])
    now = owned(seller.held())
    created = now.pop("TEA-0007")
    states = {name: value for name, value in created.items() if name.endswith("Status")}
    assert states == {"BusinessUnits.facl.Status": "inactive"}
    opened = {k: now["TEA-0002"].pop(k) for k in list(now["TEA-0002"]) if ".fape." in k}
    assert opened["BusinessUnits.fape.Status"] == "inactive"
    assert now == first
    back(seller, undone.document["run"])
    assert owned(seller.held()) == second


def test_the_original_file_is_planned_again_after_a_rollback(
    make_seller: Make, make_product: Product
) -> None:
    """Also where the shop stores its own form of everything: no echo hides what has to be done again."""
    products = [make_product(n) for n in range(4)]
    seller = make_seller(products)
    seller.fault("reads", "rewrite", kinds=["html", "case", "trim"])
    rows = [
        make_product(n, Price="11.90", Name=f"new name {n}", Description=f"<b>new</b> text {n}")
        for n in range(4)
    ]
    catalog = seller.catalog(rows)
    seller.diff(catalog)
    pushed = seller.push()
    assert pushed.exit_code == 0, pushed
    assert seller.diff(catalog).document["counts"]["unchanged"] == 4
    changes = planned(seller.folder / "plan.jsonl")
    undone = back(seller, pushed.document["run"])
    assert seller.held()["TEA-0002"]["Price"] == "12.00"
    again = seller.diff(catalog)
    assert again.document["counts"]["update"] == 4
    assert changes == {}
    forth = back(seller, undone.document["run"])
    assert forth.document["counts"]["verified"] == 4
    assert seller.diff(catalog).document["counts"]["unchanged"] == 4


def test_values_that_arrive_after_we_gave_up_go_back_too(make_seller: Make, make_product: Product) -> None:
    """A record that wasn't seen applied is taken back if its value came later; else nothing is done."""
    seller = make_seller([make_product(n) for n in range(2)], limits={"verify_timeout": 0.5})
    seller.diff(seller.catalog([make_product(n, Price="11.90") for n in range(2)]))
    seller.fault("ProductUpdate", "not-applied")
    pushed = seller.push()
    assert pushed.document["counts"]["not_applied"] == 2
    seller.edit("TEA-0001", Price="11.90")
    assert planned_of(seller, "rollback", pushed.document["run"]) == {
        ("TEA-0001", "ProductUpdate"): {"Price": ("11.90", "11.00")}
    }


SELECTIONS = {
    "sku": (["--sku", "TEA-0001"], {"TEA-0001"}),
    "skus": (["--sku", "TEA-0001", "--sku", "TEA-0003"], {"TEA-0001", "TEA-0003"}),
    "field": (["--field", "Name"], {"TEA-0001", "TEA-0003"}),
    "field and sku": (["--field", "Name", "--sku", "TEA-0003"], {"TEA-0003"}),
    "written value": (["--where", "Price=11.90"], {"TEA-0000", "TEA-0002"}),
    "value that the run didn't write": (["--where", "Brand!=TeaCo"], {"TEA-0003"}),
    "number": (["--where", "Price>=12"], {"TEA-0003"}),
    "two conditions": (["--where", "Price<12", "--where", "Name=N1"], {"TEA-0001"}),
    "nothing since": (["--since", "2100-01-01"], set()),
    "all since": (["--since", "1h"], {f"TEA-000{n}" for n in range(4)}),
    "stock": (["--field", "Quantity"], {"TEA-0000"}),
}


def test_parts_of_a_run_can_be_chosen(make_seller: Make, make_product: Product) -> None:
    products = [make_product(n) for n in range(4)]
    products[3]["Brand"] = "Other"
    seller = make_seller(products, limits={"feed_max_products": 2})
    rows = [dict(product) for product in products]
    rows[0] |= {"Price": "11.90", "Quantity": "77"}
    rows[1] |= {"Name": "N1"}
    rows[2] |= {"Price": "11.90"}
    rows[3] |= {"Name": "N3"}
    seller.diff(seller.catalog(rows))
    pushed = seller.push().document
    chosen = {
        name: {sku for sku, _ in planned_of(seller, "rollback", pushed["run"], *words)}
        for name, (words, _) in SELECTIONS.items()
    }
    assert chosen == {name: skus for name, (_, skus) in SELECTIONS.items()}
    by_feed = [
        {sku for sku, _ in planned_of(seller, "rollback", pushed["run"], "--feed", feed["id"])}
        for feed in pushed["feeds"]
    ]
    assert sorted(map(len, by_feed)) == [2, 2]
    stock = planned_of(seller, "rollback", pushed["run"], "--stock", "--sku", "TEA-0000")
    assert stock["TEA-0000", "ProductUpdate"]["Quantity"] == ("77", "1")


@pytest.mark.parametrize(
    "words",
    [
        ["--field", "Prize"],
        ["--where", "Price"],
        ["--where", "Name<3"],
        ["--since", "noon"],
        ["--report", "r.x"],
    ],
    ids=lambda words: " ".join(words),
)
def test_a_selection_that_means_nothing_is_a_usage_error(
    words: list[str], make_seller: Make, make_product: Product
) -> None:
    seller = make_seller([make_product(1)])
    assert seller("rollback", "x", *words).exit_code == 2


def test_what_never_left_is_not_sent_by_its_rollback(make_seller: Make, make_product: Product) -> None:
    """A canary stopped the run: taking it back sends none of the rest, and says that it is there."""
    seller = make_seller([make_product(n) for n in range(6)])
    seller.diff(seller.catalog([make_product(n, Price="11.90") for n in range(6)]))
    seller.fault("ProductUpdate", "partial", count=1)
    pushed = seller.push("--canary", "2").document
    assert (pushed["counts"]["verified"], pushed["counts"]["pending"]) == (1, 4)
    sent = len(seller.feeds())
    plan = seller.folder / "back.jsonl"
    answer = seller("rollback", pushed["run"], "--out", plan)
    assert (answer.exit_code, len(planned(plan)), len(seller.feeds())) == (0, 1, sent)
    head = json.loads(plan.read_text(encoding="utf-8").splitlines()[0])
    assert any("4 records" in notice and "never left" in notice for notice in head["notices"])


def test_a_run_that_is_unknown_in_part_is_settled_first(make_seller: Make, make_product: Product) -> None:
    """Still unknown: exit 8, nothing planned; known by now: it is settled and taken back."""
    seller = make_seller([make_product(1)], limits={"feed_timeout": 1, "verify_timeout": 1})
    seller.diff(seller.catalog([make_product(1, Price="11.90")]))
    seller.fault("ProductUpdate", "stuck", count=1, seconds=4)
    pushed = seller.push()
    assert pushed.exit_code == 8
    run = pushed.document["run"]
    assert seller("rollback", run).exit_code == 8
    seller.options = {**seller.options, "limits": {"feed_timeout": 30}}
    seller.write_settings()
    answer = seller("rollback", run, "--out", seller.folder / "back.jsonl")
    assert (answer.exit_code, answer.document["counts"]["update"]) == (0, 1)
    assert len(seller.feeds()) == 1
