"""A wrong price doesn't go live past the limits on one product, however few there are, wherever it stands."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.memory import Written

OPERATORS = ("facl", "fape")
PRICES = ("Price", "SpecialPrice")
FAR_FLOOR = {"floor": 10**6, "price_up_pct": 50, "price_down_pct": 30, "price_median_pct": 1e9}
START, END = "2030-01-01 00:00:00", "2030-02-01 00:00:00"


def unit(operator: str, price: str, sale: str) -> dict[str, str]:
    window = {"SpecialFromDate": START, "SpecialToDate": END} if sale else {}
    fields = {"Price": price, "SpecialPrice": sale, **window}
    return {f"BusinessUnits.{operator}.{name}": value for name, value in fields.items()}


@st.composite
def offers(draw: st.DrawFn) -> dict[str, str]:
    """What one product costs in each country; a promotion is below its price."""
    found: dict[str, str] = {}
    for operator in OPERATORS:
        price = draw(st.integers(20, 2000))
        sale = draw(st.none() | st.integers(1, price - 1))
        found |= unit(operator, str(price), str(sale) if sale else "")
    return found


def wrong(old: dict[str, str], new: dict[str, str]) -> set[str]:
    """Told afresh: the regular price beyond its limits, or a customer paying too little, or far above it."""
    found: set[str] = set()
    for operator in OPERATORS:
        (was, was_sale), (price, sale) = (
            [float(side[f"BusinessUnits.{operator}.{name}"] or 0) for name in PRICES] for side in (old, new)
        )
        paid, pays = was_sale or was, sale or price
        if price > 1.5 * was or pays > 1.5 * was:
            found.add("price-up")
        if price < 0.7 * was or pays < 0.7 * paid:
            found.add("price-down")
    return found


@settings(deadline=None, max_examples=60)
@given(old=offers(), new=offers(), only=st.sampled_from([*OPERATORS, ""]))
def test_every_country_has_its_limits_whatever_the_floor(
    run_in: Any, make_settings: Any, old: dict[str, str], new: dict[str, str], only: str
) -> None:
    """One country's price ten times too high trips, though the file says nothing of the others."""
    row = {name: value for name, value in new.items() if only in name}
    shop = make_settings(dialect="falabella", operators=list(OPERATORS), guards=FAR_FLOOR)
    with TemporaryDirectory() as folder:
        outcome = run_in(
            Path(folder), [{"SellerSku": "A", **row}], [{"SellerSku": "A", **old}], shop=shop
        )  # fmt: skip
    refused = {guard.rule for guard in outcome.plan.guards if guard.verdict == "refused"}
    assert refused == (wrong(old, {**old, **row}) if outcome.records else set())


@pytest.mark.parametrize("price", ["1000.00", "1.00"])
@pytest.mark.parametrize("products", [1, 10, 11])
def test_no_number_of_products_is_too_few_for_a_limit_on_one(
    diff: Any, shop: Any, price: str, products: int
) -> None:
    rows = [{"SellerSku": f"S{n}", "Price": price} for n in range(products)]
    outcome = diff(rows, [{**row, "Price": "10.00"} for row in rows], shop=shop(guards=FAR_FLOOR))
    rule = "price-up" if price == "1000.00" else "price-down"
    assert outcome.guard(rule)[0] == "refused"
    assert len(outcome.guard(rule)[2]) == products


def test_what_is_held_back_never_rides_along_in_our_words(diff: Any, shop: Any, remembered: Any) -> None:
    """A person moved the end of a promotion, and drift is held: with a new sale price goes their date."""
    ours = {"SellerSku": "A", "SalePrice": "80.00", "SaleEndDate": END}
    theirs = {"SellerSku": "A", "Price": "100.00", "SalePrice": "85.00", "SaleEndDate": "2030-01-15 00:00:00"}
    memory = remembered(fields={("A", "SaleEndDate"): Written(sent=END, stored=END, before=None, run="r")})
    policy = shop(catalog={"drift_by_field": {"SaleEndDate": "hold"}})
    outcome = diff([ours], [theirs], memory=memory, shop=policy)
    assert [one.field for one in outcome.held] == ["SaleEndDate"]
    assert outcome.records[0].context == (("SaleEndDate", "2030-01-15 00:00:00"),)
