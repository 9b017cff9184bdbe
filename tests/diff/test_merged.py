"""A row is judged beside what the shop holds: a half offer that contradicts the other half is never sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.memory import Written
from pipeline.diff.offers import faults, offer_of
from pipeline.diff.plan import Counts
from pipeline.read.finding import Finding, Severity
from schemas.fields import Dialect, field_named
from schemas.product import NEW, NO, Shop
from schemas.rowrules import row_rules

START, ISO_END = "2030-01-01 00:00:00", "2030-02-01T00:00:00+00:00"
HINT = "give the whole offer in the file, or end the shop's promotion (`__CLEAR__` as its sale price)"
SOLD = {
    "SellerSku": "A",
    "Price": "100.00",
    "SalePrice": "80.00",
    "SaleStartDate": START,
    "SaleEndDate": "2030-02-01 00:00:00",
    "Name": "Tea",
}
PLAIN = {"SellerSku": "A", "Price": "10.00", "SalePrice": "", "SaleStartDate": "", "SaleEndDate": ""}
WINDOW = {"SaleEndDate": "2030-06-01 00:00:00"}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(
            {"SalePrice": "100.00"},
            SOLD,
            ("sale-not-below-price", "SalePrice", "SalePrice isn't below Price, which is 100.00"),
            id="a sale price as high as the shop's price",
        ),
        pytest.param(
            {"Price": "79.00"},
            SOLD,
            ("sale-not-below-price", "Price", "Price isn't above SalePrice, which is 80.00"),
            id="a price below the shop's sale price",
        ),
        pytest.param(
            {"SaleEndDate": "2029-12-01 00:00:00"},
            SOLD,
            ("window-inverted", "SaleEndDate", f"SaleEndDate is before SaleStartDate, which is {START}"),
            id="an end before the shop's start",
        ),
        pytest.param(
            {"SaleStartDate": "2030-03-01 00:00:00"},
            {**SOLD, "SaleEndDate": ISO_END},
            ("window-inverted", "SaleStartDate", f"SaleStartDate is after SaleEndDate, which is {ISO_END}"),
            id="a start after the shop's end, in the shop's own form",
        ),
        pytest.param(
            {"SalePrice": "8.00"},
            PLAIN,
            (
                "sale-without-window",
                "SalePrice",
                "SalePrice needs a start or an end date, and the shop has none",
            ),
            id="a sale price, and no window anywhere",
        ),
        pytest.param(
            WINDOW,
            PLAIN,
            ("window-without-sale", "SaleEndDate", "SaleEndDate needs a sale price, and the shop has none"),
            id="a window, and no sale price anywhere",
        ),
    ],
)
def test_half_an_offer_that_contradicts_the_shop_is_found_at_its_cell(
    diff: Any, ours: dict[str, str], theirs: dict[str, str], expected: tuple[str, str, str]
) -> None:
    outcome = diff([{"SellerSku": "A", **ours, "Name": "Green tea"}], [theirs])
    code, column, message = expected
    assert outcome.records == []
    assert outcome.findings == (
        Finding(
            code=code,
            severity=Severity.ERROR,
            message=f"beside what the shop holds: {message}",
            hint=HINT,
            file="catalog.csv",
            row=2,
            column=column,
            cell="B2",
            value=ours[column],
            sku="A",
        ),
    )
    assert {(one.reason, one.field) for one in outcome.held} == {
        ("contradiction", column),
        ("contradiction", "Name"),
    }
    assert outcome.plan.counts == Counts(blocked=1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param({"Price": "90.00"}, SOLD, id="still above the sale price"),
        pytest.param({"Price": "70.00", "SalePrice": "60.00"}, SOLD, id="both come down together"),
        pytest.param({"Price": "70.00", "SalePrice": ""}, SOLD, id="the promotion ends with it"),
        pytest.param(
            {"Name": "Green tea"}, {**SOLD, "SalePrice": "120"}, id="only what is touched is judged"
        ),
        pytest.param(
            {"SaleEndDate": "2030-03-01 00:00:00"},
            {**SOLD, "SalePrice": "120.00"},
            id="nor is the other rule",
        ),
        pytest.param({"Price": "12.00"}, {**PLAIN, "SalePrice": "0.00"}, id="a sale price of zero is none"),
        pytest.param(
            WINDOW | {"SalePrice": "8.00"},
            {**PLAIN, "SaleStartDate": "0000-00-00 00:00:00"},
            id="the zero date is none",
        ),
    ],
)
def test_an_offer_that_holds_together_goes(diff: Any, ours: dict[str, str], theirs: dict[str, str]) -> None:
    outcome = diff([{"SellerSku": "A", **ours}], [theirs])
    assert (outcome.findings, outcome.held) == ((), [])
    assert outcome.plan.counts == Counts(update=1)


def test_each_country_is_an_offer_of_its_own(diff: Any, shop: Any) -> None:
    theirs = {
        "SellerSku": "A",
        "BusinessUnits.facl.Price": "9990",
        "BusinessUnits.facl.SpecialPrice": "7990",
        "BusinessUnits.facl.SpecialToDate": "2030-01-01 00:00:00",
        "BusinessUnits.fape.Price": "9990",
        "BusinessUnits.fape.SpecialPrice": "",
    }
    ours = {"SellerSku": "A", "BusinessUnits.facl.Price": "7000", "BusinessUnits.fape.Price": "7000"}
    outcome = diff([ours], [theirs], shop=shop(dialect="falabella", operators=["facl", "fape"]))
    assert outcome.records == []
    assert [(one.code, one.column, one.cell) for one in outcome.findings] == [
        ("sale-not-below-price", "BusinessUnits.facl.Price", "B2")
    ]


@pytest.mark.parametrize(("word", "told", "sent"), [("warning", 1, 1), ("off", 0, 1), ("error", 1, 0)])
def test_the_settings_decide_how_grave_it_is(diff: Any, shop: Any, word: str, told: int, sent: int) -> None:
    lenient = shop(catalog={"severity": {"sale-not-below-price": word}})
    outcome = diff([{"SellerSku": "A", "Price": "70.00"}], [SOLD], shop=lenient)
    assert (len(outcome.findings), len(outcome.records)) == (told, sent)


def test_the_way_back_to_what_the_shop_held_is_never_barred(diff: Any, remembered: Any) -> None:
    wrote = Written(sent="100.00", stored="100.00", before="70.00", run="r")
    memory = remembered(earlier={("A", "Price"): frozenset({"70.00"})}, fields={("A", "Price"): wrote})
    outcome = diff([{"SellerSku": "A", "Price": "70.00"}], [SOLD], memory=memory)
    assert (outcome.findings, outcome.changes) == ((), {("A", "Price"): ("100.00", "70.00")})


def test_what_validation_said_of_the_row_alone_is_not_said_twice(diff: Any, shop: Any) -> None:
    said = Finding(code="sale-not-below-price", severity=Severity.WARNING, message="m", sku="A")
    lenient = shop(catalog={"severity": {"sale-not-below-price": "warning"}})
    row = {"SellerSku": "A", "Price": "70.00", "SalePrice": "75.00"}
    assert diff([row], [SOLD], shop=lenient, findings=[said]).findings == ()


MONEY = st.sampled_from(["", "5.00", "8.00", "10.00"])
DATE = st.sampled_from(["", "2030-01-01 00:00:00", "2030-02-01 00:00:00"])
NAMES = ("Price", "SalePrice", "SaleStartDate", "SaleEndDate")


@settings(deadline=None)  # pandas is imported by the first example
@given(values=st.tuples(MONEY, MONEY, DATE, DATE))
def test_offers_and_rows_are_judged_by_the_same_rules(values: tuple[str, ...]) -> None:
    """What an offer is found guilty of is what validation finds where one row holds all of it."""
    row = dict(zip(NAMES, values, strict=True))
    fields = tuple(field_named(name, Dialect.CLASSIC) for name in ("SellerSku", *NAMES))
    frame = pd.DataFrame([{"SellerSku": "A", NEW: NO, **row}])  # "" = cleared: the row says all
    by_rows = {rule.code for rule in row_rules(fields, Shop()) if not bool(rule.keeps(frame).iloc[0])}
    offer = offer_of("Price")
    assert offer is not None
    value: Callable[[str], str] = row.__getitem__
    assert {fault.code for fault in faults(offer, value, value)} == by_rows
