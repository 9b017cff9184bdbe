"""The pandera tables themselves: usable by anyone who has values in a frame."""

from __future__ import annotations

import pandas as pd
import pytest

from schemas.fields import Dialect, fields_of
from schemas.product import NEW, NO, YES, Shop
from schemas.rules import RULES, severity_of
from schemas.tables import field_rules, judge, product_table

FIELDS = fields_of(Dialect.CLASSIC)


def frame(**cells: object) -> pd.DataFrame:
    blank = dict.fromkeys((field.name for field in FIELDS), None)
    return pd.DataFrame([{**blank, "SellerSku": "A", NEW: NO, **cells}], dtype="string[pyarrow]")


def said(table: pd.DataFrame, shop: Shop | None = None) -> list[tuple[int, str, str]]:
    return [(row, v.code, v.field) for row, v in judge(product_table(FIELDS, shop or Shop()), table)]


def test_a_row_may_break_several_rules_and_each_is_said_once() -> None:
    cleared = {"SaleStartDate": "", "SaleEndDate": ""}
    table = frame(
        Price="0.00", Quantity="-1", Status="x", SalePrice="-2.00", Images="http://a.example/x.jpg", **cleared
    )
    assert sorted(said(table)) == [
        (0, "image-not-https", "Images"),
        (0, "negative-quantity", "Quantity"),
        (0, "not-an-option", "Status"),
        (0, "not-positive", "Price"),
        (0, "not-positive", "SalePrice"),
        (0, "sale-without-window", "SalePrice"),
    ]


def test_rows_keep_their_labels() -> None:
    table = pd.concat([frame(Price="1.00"), frame(Price="0.00"), frame(Price="2.00")])
    table.index = pd.Index([7, 42, 99])
    assert said(table) == [(42, "not-positive", "Price")]


def test_nothing_to_say_of_nothing() -> None:
    assert said(frame().iloc[:0]) == []
    assert said(frame()) == []


def test_a_new_product_needs_what_the_shop_needs() -> None:
    required = {"Name", "PrimaryCategory", "Description", "Brand", "Price"}
    assert {(code, field) for _, code, field in said(frame(**{NEW: YES}))} == {
        ("missing-required", n) for n in required
    }


@pytest.mark.parametrize("code", ["blank-sku", "duplicate-sku"])
def test_what_can_not_be_softened(code: str) -> None:
    assert severity_of(code, {code: "off"}) == "error"


def test_a_rule_that_is_off_is_not_judged() -> None:
    assert said(frame(Price="0.00"), Shop(severity={"not-positive": "off"})) == []


def test_every_rule_of_a_field_is_documented() -> None:
    shop = Shop(brands=frozenset("x"), categories={"1": True}, sku_pattern="x")
    assert {rule.code for field in FIELDS for rule in field_rules(field, shop)} <= set(RULES)


def test_a_check_that_fails_itself_is_no_finding_but_a_fault() -> None:
    """Never an acquittal: a column that isn't text can't be judged."""
    table = frame()
    table["Price"] = pd.Series([1.5], dtype="float64")
    with pytest.raises(RuntimeError, match="a check failed itself"):
        judge(product_table(FIELDS, Shop()), table.assign(Name=5))
