"""Price changes that are too much alike to be meant, though each of them is within its limits."""

from __future__ import annotations

from typing import Any

import pytest


def table(prices: list[float]) -> list[dict[str, str]]:
    return [{"SellerSku": f"S{n}", "Price": f"{price:.2f}"} for n, price in enumerate(prices)]


OLD = [16 + n / 4 for n in range(40)]
PRICE = "BusinessUnits.{}.Price"


def raised(factor: float, every: int) -> list[float]:
    """Each so manieth price by a factor, the others by a hundredth."""
    return [price * (factor if n % every == 0 else 1.01) for n, price in enumerate(OLD)]


@pytest.mark.parametrize(
    ("old", "new", "filled", "factor"),
    [
        pytest.param(OLD, [20.0] * 40, True, False, id="a column filled down"),
        pytest.param(OLD[:10], [20.0] * 10, False, False, id="so few as the floor"),
        pytest.param(OLD[17:28], [20.0] * 11, True, False, id="one more"),
        pytest.param([18.0] * 40, [20.0] * 40, False, False, id="one price that was one"),
        pytest.param(OLD, [20.0] * 20 + [p + 1 for p in OLD[20:]], False, False, id="half of them"),
        pytest.param(OLD, raised(1.21, 3), False, True, id="a tax on a third"),
        pytest.param(OLD, raised(1.1, 3), False, False, id="within the limit"),
        pytest.param(OLD, raised(1.21, 8), False, False, id="on a few"),
    ],
)  # fmt: skip
def test_one_price_or_one_factor(
    diff: Any, old: list[float], new: list[float], filled: bool, factor: bool
) -> None:
    plan = diff(table(new), table(old)).plan
    told = (
        "14 prices of 40 that change become 1.21 times what they were: a tax, a currency, another price list?"
    )
    assert plan.notices[len(plan.notices) - factor :] == ((told,) if factor else ())
    assert [note.endswith("was a column filled down?") for note in plan.notices] == [True] * filled + [
        False
    ] * factor


def test_each_country_by_itself(diff: Any, shop: Any) -> None:
    def rows(chile: list[float], peru: list[float]) -> list[dict[str, str]]:
        both = zip(chile, peru, strict=True)
        return [
            {"SellerSku": f"S{n}", PRICE.format("facl"): f"{one:.0f}", PRICE.format("fape"): f"{two:.2f}"}
            for n, (one, two) in enumerate(both)
        ]  # fmt: skip

    two = shop(dialect="falabella", operators=["facl", "fape"])
    old = rows([1000 + 10 * n for n in range(40)], OLD)
    outcome = diff(rows([1001 + 10 * n for n in range(40)], [20.0] * 40), old, shop=two)
    assert outcome.plan.notices == (
        "39 products of different prices would all cost 20 in fape, of 39 prices that change:"
        " was a column filled down?",
    )


@pytest.mark.parametrize(("ended", "verdict"), [(11, "refused"), (10, "ok")])
def test_promotions_that_end_by_their_dates_count_as_blanked(diff: Any, ended: int, verdict: str) -> None:
    window = {"SaleStartDate": "2026-01-01 00:00:00", "SaleEndDate": "2027-01-01 00:00:00"}
    held = [{"SellerSku": f"S{n}", "Price": "10.00", "SalePrice": "9.00", **window} for n in range(40)]
    rows = [{"SellerSku": f"S{n}", "SaleEndDate": "2026-02-01 00:00:00"} for n in range(ended)]
    outcome = diff(rows, held, now=1_795_000_000.0)
    assert outcome.guard("blanked")[0] == verdict
