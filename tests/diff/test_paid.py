"""What a buyer pays at any moment from now on is what the price guards judge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.values.context import Context

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO, LAST_WEEK, TODAY = "2025-11-01 00:00:00", "2026-11-16 00:00:00", "2026-11-23 00:00:00"
SOON, LATER, NEXT_YEAR = "2026-12-01 00:00:00", "2026-12-24 00:00:00", "2027-12-01 00:00:00"
EXPIRED = {"Price": "10.00", "SalePrice": "5.00", "SaleStartDate": LONG_AGO, "SaleEndDate": LAST_WEEK}
OPEN = {**EXPIRED, "SaleEndDate": SOON}
PRICE_GUARDS = ("price-up", "price-down", "below-cost", "below-floor")
Fields = Mapping[str, str]


def refused(outcome: Any) -> dict[str, float]:
    """Rule → measured, of the guards on single prices that refuse."""
    found = {guard.rule: guard for guard in outcome.plan.refused}
    return {rule: found[rule].value for rule in PRICE_GUARDS if rule in found}


@pytest.mark.parametrize(
    ("held", "row", "expected"),
    [
        pytest.param(EXPIRED, {"SaleEndDate": SOON}, {"price-down": 50.0}, id="an expired price revives"),
        pytest.param(EXPIRED, {"SaleEndDate": TODAY}, {"price-down": 50.0}, id="our midnight isn't theirs"),
        pytest.param(EXPIRED, {"SaleEndDate": "2026-11-20 00:00:00"}, {}, id="moved, and expired still"),
        pytest.param(EXPIRED, {"SaleEndDate": SOON, "@cost": "6"}, {"price-down": 50.0, "below-cost": 1.0},
                     id="alive and below cost"),
        pytest.param({**EXPIRED, "SalePrice": "9.00"}, {"SaleEndDate": SOON}, {}, id="alive within limits"),
        pytest.param({**EXPIRED, "SalePrice": "9.00"}, {"SaleEndDate": SOON, "@floor": "9.5"},
                     {"below-floor": 1.0}, id="alive within the limit, below its floor"),
        pytest.param(OPEN, {"SaleEndDate": LATER}, {"price-down": 50.0}, id="longer than was agreed"),
        pytest.param(OPEN, {"SaleEndDate": "2026-11-25 00:00:00"}, {}, id="shorter"),
        pytest.param(OPEN, {"SaleEndDate": LAST_WEEK}, {}, id="ended by its date"),
        pytest.param({**OPEN, "SaleStartDate": SOON, "SaleEndDate": LATER}, {"SaleStartDate": TODAY},
                     {"price-down": 50.0}, id="begins early"),
        pytest.param({**OPEN, "SaleStartDate": "", "SaleEndDate": SOON}, {"SaleEndDate": LATER},
                     {"price-down": 50.0}, id="a window without a start"),
        pytest.param({**OPEN, "SaleEndDate": ""}, {"SaleEndDate": LATER}, {}, id="without an end, gets one"),
        pytest.param({**OPEN, "SaleStartDate": "", "SaleEndDate": ""}, {"SaleEndDate": LATER},
                     {"price-down": 50.0}, id="a window that the shop doesn't tell"),
        pytest.param(EXPIRED, {"SalePrice": "4.00"}, {}, id="an expired price moves"),
        pytest.param(EXPIRED, {"Price": "11.00", "@cost": "8"}, {}, id="beside an expired price below cost"),
        pytest.param(EXPIRED, {"Price": "6.00"}, {"price-down": 40.0}, id="falls beside an expired one"),
        pytest.param(OPEN, {"SalePrice": "4.00"}, {}, id="a fifth deeper"),
        pytest.param(OPEN, {"SalePrice": "3.00"}, {"price-down": 40.0}, id="two fifths deeper"),
        pytest.param({"Price": "10.00"},
                     {"SalePrice": "1.00", "SaleStartDate": SOON, "SaleEndDate": LATER},
                     {"price-down": 90.0}, id="a promotion that hasn't begun"),
        pytest.param({"Price": "10.00"},
                     {"SalePrice": "1.00", "SaleStartDate": LONG_AGO, "SaleEndDate": LAST_WEEK}, {},
                     id="a promotion that is over"),
        pytest.param({**OPEN, "SaleEndDate": "2026-11-16T00:00:00-05:00"}, {"SaleEndDate": SOON},
                     {"price-down": 50.0}, id="expired, in another zone's words"),
    ],
)  # fmt: skip
def test_the_worst_moment_counts(diff: Any, shop: Any, held: Fields, row: Fields, expected: Any) -> None:
    outcome = diff(
        [{"SellerSku": "A", **row}], [{"SellerSku": "A", **held}], now=NOON.timestamp(), shop=shop()
    )  # fmt: skip
    assert refused(outcome) == expected


def test_each_country_has_its_own_window(diff: Any, shop: Any) -> None:
    def unit(operator: str) -> dict[str, str]:
        return {
            f"BusinessUnits.{operator}.Price": "1000", f"BusinessUnits.{operator}.SpecialPrice": "500",
            f"BusinessUnits.{operator}.SpecialFromDate": LONG_AGO,
            f"BusinessUnits.{operator}.SpecialToDate": LAST_WEEK,
        }  # fmt: skip

    held = {"SellerSku": "A", **unit("facl"), **unit("fape")}
    row = {"SellerSku": "A", "BusinessUnits.fape.SpecialToDate": SOON}
    two = shop(dialect="falabella", operators=["facl", "fape"])
    outcome = diff([row], [held], now=NOON.timestamp(), shop=two)
    assert refused(outcome) == {"price-down": 50.0}


SAME = {"facl": "CLP", "fape": "CLP"}
FIRST = {"BusinessUnits.facl.Price": "1000", "BusinessUnits.fape.Price": ""}


@pytest.mark.parametrize(
    ("row", "currencies", "expected", "said"),
    [
        pytest.param({"Price": "1400"}, SAME, {}, False, id="near the others"),
        pytest.param({"Price": "10"}, SAME, {"price-down": 99.0}, False, id="far below"),
        pytest.param({"Price": "1600"}, SAME, {"price-up": 60.0}, False, id="far above"),
        pytest.param({"Price": "10"}, {"facl": "CLP", "fape": "PEN"}, {}, True, id="another currency"),
        pytest.param({"Price": "10"}, {"": "USD"}, {}, True, id="a currency that nobody told"),
        pytest.param({"Price": "10", "@cost": "11"}, {}, {"below-cost": 1.0}, True, id="cost holds anyway"),
        pytest.param(
            {"Price": "50", "SpecialPrice": "20", "SpecialFromDate": TODAY, "SpecialToDate": SOON}, {},
            {"price-down": 60.0}, True, id="with a promotion far under it",
        ),
    ],
)  # fmt: skip
def test_a_first_price_in_a_country(
    diff: Any, shop: Any, row: Fields, currencies: Fields, expected: Any, said: bool
) -> None:
    """It is held against the other countries of its currency; where there is none, the report says so."""
    two = shop(dialect="falabella", operators=["facl", "fape"])
    ours = {name if name[0] == "@" else f"BusinessUnits.fape.{name}": value for name, value in row.items()}
    outcome = diff(
        [{"SellerSku": "A", **ours}], [{"SellerSku": "A", **FIRST}], now=NOON.timestamp(), shop=two,
        ctx=Context(currencies=currencies),
    )  # fmt: skip
    assert refused(outcome) == expected
    notice = (
        "1 product gets its first price somewhere (A), with no price in the same currency to compare it with:"
        " only cost and floor judge it."
    )
    assert outcome.plan.notices == ((notice,) if said else ())


DAYS = st.none() | st.integers(-40, 40)


@st.composite
def offers(draw: st.DrawFn) -> dict[str, str]:
    """A price, and a promotion below it with at least one date, or none."""
    price = draw(st.integers(20, 200))
    if draw(st.booleans()):
        return {"Price": str(price), "SalePrice": "", "SaleStartDate": "", "SaleEndDate": ""}
    days = draw(st.tuples(DAYS, DAYS).filter(any))
    start, end = sorted(days) if None not in days else days  # type: ignore[type-var]
    return {
        "Price": str(price), "SalePrice": str(draw(st.integers(1, price - 1))),
        "SaleStartDate": day(start), "SaleEndDate": day(end),
    }  # fmt: skip


def day(number: int | None) -> str:
    return "" if number is None else (NOON + timedelta(days=number)).strftime("%Y-%m-%d %H:%M:%S")


def paid(offer: Fields, at: str) -> Decimal:
    """What a buyer pays at a moment, told afresh."""
    begun, over = at >= offer["SaleStartDate"], bool(offer["SaleEndDate"]) and at > offer["SaleEndDate"]
    return Decimal(offer["SalePrice"] if offer["SalePrice"] and begun and not over else offer["Price"])


@settings(deadline=None, max_examples=150)
@given(
    held=offers(), wanted=offers(), cost=st.integers(1, 100),
    only=st.sets(st.sampled_from(["Price", "SalePrice", "SaleStartDate", "SaleEndDate"]), min_size=1),
)  # fmt: skip
def test_no_plan_passes_that_is_too_cheap_at_any_moment(
    run_in: Any, make_settings: Any, held: dict[str, str], wanted: dict[str, str], cost: int, only: set[str]
) -> None:
    """Whatever part of an offer a row names: at no half day from now on a buyer pays too little unnoticed."""
    row = {name: value for name, value in wanted.items() if name in only and value}
    with TemporaryDirectory() as folder:
        outcome = run_in(
            Path(folder), [{"SellerSku": "A", **row, "@cost": str(cost)}], [{"SellerSku": "A", **held}],
            shop=make_settings(), now=NOON.timestamp(),
        )  # fmt: skip
    after = {**held, **{change.field: change.after for r in outcome.records for change in r.changes}}
    moments = [day(0), *((NOON + timedelta(hours=12 * n)).strftime("%Y-%m-%d %H:%M:%S") for n in range(100))]
    found = refused(outcome)
    if any(paid(after, at) * 10 < paid(held, at) * 7 for at in moments):
        assert "price-down" in found
    touched = {change.field for r in outcome.records for change in r.changes}
    if touched and any(paid(after, at) < cost for at in moments):
        assert "below-cost" in found
