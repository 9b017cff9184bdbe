"""Where the settings keep variants together, one that contradicts the shop holds its whole group."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diff.plan import Counts

SOLD = {"Price": "100.00", "SalePrice": "80.00", "SaleEndDate": "2030-02-01 00:00:00"}
GROUPED = {"on_error": "skip-group"}


def ours(sku: str, price: str, parent: str | None = None) -> dict[str, str | None]:
    return {"SellerSku": sku, "ParentSku": parent, "Price": price}


def theirs(sku: str, parent: str = "") -> dict[str, str]:
    return {"SellerSku": sku, "ParentSku": parent, **SOLD}


FILE = [
    ours("A", "110.00", "P"),  # before the row that takes it along
    ours("P", "120.00"),
    ours("B", "70.00", "P"),  # below the shop's sale price
    ours("C", "100.00", "P"),  # unchanged
    ours("X", "130.00"),
    ours("Y", "140.00", "X"),
]
SHOP = [theirs("P"), *(theirs(sku, "P") for sku in "ABC"), theirs("X"), theirs("Y", "X")]


def test_the_whole_group_is_held_and_each_row_says_so(diff: Any, shop: Any) -> None:
    outcome = diff(FILE, SHOP, shop=shop(catalog=GROUPED))
    assert outcome.changes == {("X", "Price"): ("100.00", "130.00"), ("Y", "Price"): ("100.00", "140.00")}
    assert {(one.sku, one.reason) for one in outcome.held} == {(sku, "contradiction") for sku in "APB"}
    assert outcome.plan.counts == Counts(update=2, unchanged=1, blocked=3)
    assert sorted((one.code, one.sku, one.cell) for one in outcome.findings) == [
        ("group-refused", "A", "B2"),
        ("group-refused", "P", "B3"),
        ("sale-not-below-price", "B", "C4"),
    ]


def test_row_by_row_the_others_go(diff: Any) -> None:
    outcome = diff(FILE, SHOP)
    assert {sku for sku, _ in outcome.changes} == {"A", "P", "X", "Y"}
    assert [one.code for one in outcome.findings] == ["sale-not-below-price"]


def test_a_price_file_without_parents_goes_by_the_shops_groups(diff: Any, shop: Any) -> None:
    rows = [{name: value for name, value in row.items() if name != "ParentSku"} for row in FILE]
    outcome = diff(rows, SHOP, shop=shop(catalog=GROUPED))
    assert {sku for sku, _ in outcome.changes} == {"X", "Y"}
    assert {one.sku for one in outcome.findings} == {"A", "B", "P"}


def test_a_new_variant_waits_with_its_group(diff: Any, shop: Any) -> None:
    new = {"Name": "Tea", "PrimaryCategory": "1", "Description": "A tea", "Brand": "T"}
    rows = [ours("B", "70.00", "P"), {**ours("N", "90.00", "P"), **new}]
    outcome = diff(rows, [theirs("P"), theirs("B", "P")], shop=shop(catalog=GROUPED))
    assert (outcome.records, outcome.plan.counts) == ([], Counts(blocked=2))


@pytest.mark.parametrize("word", ["warning", "off"])
def test_a_softened_rule_holds_nobody(diff: Any, shop: Any, word: str) -> None:
    soft = shop(catalog={**GROUPED, "severity": {"sale-not-below-price": word}})
    outcome = diff(FILE, SHOP, shop=soft)
    assert {sku for sku, _ in outcome.changes} == {"A", "P", "B", "X", "Y"}
