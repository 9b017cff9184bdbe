"""What is suspicious in commerce's terms, and what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.diff.guards import RULES, allow, judge, number
from pipeline.diff.memory import SourceSize
from pipeline.diff.plan import Basis, Effect, Guard, Record
from pipeline.errors import UsageError
from pipeline.market.feeds import Action
from pipeline.settings import Guards

SHOP = Basis(rows=100, listed=100, shop=100, active=100)
UPDATE = (Effect.UPDATE, Action.UPDATE)
OFF = (Effect.DEACTIVATE, Action.UPDATE)
Changes = Mapping[str, tuple[str | None, str]]


def refused(records: Sequence[Record], basis: Basis = SHOP, **limits: Any) -> dict[str, tuple[float, int]]:
    """Rule → (value, how many SKUs it names), of the guards that refuse."""
    guards = judge(records, basis, Guards(**limits))
    assert tuple(guard.rule for guard in guards) == RULES
    assert all(guard.message for guard in guards if guard.verdict == "refused")
    return {guard.rule: (guard.value, len(guard.skus)) for guard in guards if guard.verdict == "refused"}


def test_a_quiet_plan_is_content(record: Any) -> None:
    assert refused([record("A", {"Name": ("Tea", "Green tea")})]) == {}


@pytest.mark.parametrize(
    ("changes", "facts", "expected"),
    [
        pytest.param({"Price": ("10.00", "15.00")}, {}, {}, id="half more is the limit"),
        pytest.param({"Price": ("10.00", "15.01")}, {}, {"price-up": (50.1, 1)}, id="more than half more"),
        pytest.param({"Price": ("10.00", "7.00")}, {}, {}, id="thirty percent less is the limit"),
        pytest.param({"Price": ("10.00", "6.99")}, {}, {"price-down": (30.1, 1)}, id="more than that"),
        pytest.param({"Price": ("12.99", "1299.00")}, {}, {"price-up": (9900.0, 1)}, id="cents for units"),
        pytest.param(
            {"SalePrice": ("", "1.00")},
            {"Price": "100.00"},
            {"price-down": (99.0, 1)},
            id="sale price 1",
        ),
        pytest.param({"SalePrice": ("50.00", "")}, {"Price": "100.00"}, {}, id="the end of a promotion"),
        pytest.param(
            {"SalePrice": ("50.00", "20.00")},
            {"Price": "100.00"},
            {"price-down": (60.0, 1)},
            id="deeper",
        ),
        pytest.param(
            {"Price": ("100.00", "60.00")},
            {"SalePrice": "50.00"},
            {"price-down": (40.0, 1)},
            id="behind a sale price",
        ),
        pytest.param({"Price": ("0.00", "5.00")}, {}, {}, id="from no price"),
        pytest.param({"Price": (None, "5.00")}, {}, {}, id="from a price nobody can read"),
        pytest.param(
            {"BusinessUnits.fape.SpecialPrice": ("", "1.00")},
            {"BusinessUnits.fape.Price": "10.00", "BusinessUnits.facl.Price": "1.00"},
            {"price-down": (90.0, 1)},
            id="each country by itself",
        ),
        pytest.param({"ProductData.Price": ("100", "1")}, {}, {}, id="an attribute that is called so"),
    ],
)
def test_one_price_is_judged_whatever_the_floor(
    record: Any, changes: Changes, facts: dict[str, str], expected: dict[str, Any]
) -> None:
    assert refused([record("A", changes, facts=tuple(facts.items()))]) == expected


def test_a_six_product_shop_is_not_paralysed_by_percentages(record: Any) -> None:
    small = Basis(rows=6, rows_before=12, listed=6, shop=6, active=6)
    records = [
        record(
            f"S{i}",
            {
                "Price": ("10.00", "12.00"),
                "Quantity": ("5", "0"),
                "PrimaryCategory": ("1", "2"),
                "Name": ("A long old name", "Short"),
                "SaleEndDate": ("2025-01-01 00:00:00", ""),
            },
        )
        for i in range(6)
    ]
    gone = [record(f"G{i}", {"Status": ("active", "inactive")}, effect=Effect.DEACTIVATE) for i in range(6)]
    assert refused([*records, *gone], small) == {}


@pytest.mark.parametrize(
    ("changes", "effect", "action", "just", "rule"),
    [
        pytest.param({"Quantity": ("5", "0")}, *UPDATE, 30, "zero-stock", id="stock"),
        pytest.param({"Quantity": (None, "0")}, *UPDATE, 30, "zero-stock", id="unread stock"),
        pytest.param(
            {"BusinessUnits.facl.Stock": ("5", "0")},
            *UPDATE,
            30,
            "zero-stock",
            id="units",
        ),
        pytest.param({"PrimaryCategory": ("1", "2")}, *UPDATE, 30, "category-moved", id="category"),
        pytest.param(
            {"Description": ("<p>one two three four</p>", "<p>one two</p>")},
            *UPDATE,
            20,
            "text-shrunk",
            id="texts",
        ),
        pytest.param(
            {"SaleEndDate": ("2025-01-01 00:00:00", "")},
            *UPDATE,
            11,
            "blanked",
            id="blanked",
        ),
        pytest.param({"Status": ("active", "inactive")}, *OFF, 11, "deactivated", id="gone"),
        pytest.param(
            {"Status": ("active", "inactive")},
            *UPDATE,
            11,
            "deactivated",
            id="by the file",
        ),
        pytest.param({}, Effect.REMOVE, Action.REMOVE, 11, "removed", id="removed"),
        pytest.param({"Status": ("active", "deleted")}, *UPDATE, 11, "removed", id="deleted"),
    ],
)
def test_shares_refuse_above_their_limit_and_name_everyone(
    record: Any, changes: Changes, effect: Effect, action: Action, just: int, rule: str
) -> None:
    """`just` is the last number that passes; for limits below the floor that is the floor."""
    ok = [record(f"S{i}", changes, effect=effect, action=action) for i in range(just)]
    limits = {"blanked_pct": 11, "deactivated_pct": 11, "removed_pct": 11}
    assert refused(ok, **limits) == {}
    one_more = [*ok, record("LAST", changes, effect=effect, action=action)]
    assert refused(one_more, **limits) == {rule: (just + 1.0, just + 1)}


def test_texts_are_measured_as_they_are_read(record: Any) -> None:
    wordy = '<p style="color: #123456; margin: 0 0 0 0">Green tea &amp; more</p>'
    records = [record(f"S{i}", {"Description": (wordy, "<p>Green tea and more</p>")}) for i in range(50)]
    assert refused(records) == {}


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        pytest.param(1.15, {}, id="the limit up"),
        pytest.param(1.16, {"price-median": (16.0, 11)}, id="above it"),
        pytest.param(0.85, {}, id="the limit down"),
        pytest.param(0.84, {"price-median": (16.0, 11)}, id="below it"),
        pytest.param(100.0, {"price-median": (9900.0, 11), "price-up": (9900.0, 11)}, id="cents for units"),
    ],
)
def test_the_median_of_all_price_changes(record: Any, ratio: float, expected: dict[str, Any]) -> None:
    def priced(n: int) -> list[Record]:
        return [record(f"S{i}", {"Price": ("100.00", f"{100 * ratio:.2f}")}) for i in range(n)]

    assert refused(priced(11)) == expected
    few = {rule: value for rule, value in refused(priced(10)).items() if rule == "price-median"}
    assert few == {}


@pytest.mark.parametrize(
    ("rule", "changes", "facts", "effect"),
    [
        pytest.param(
            "below-cost", {"Price": ("10.00", "9.00")}, {"@cost": "9.50"}, Effect.UPDATE, id="price"
        ),
        pytest.param(
            "below-cost",
            {"SalePrice": ("", "9.00")},
            {"@cost": "9.50", "Price": "10.00"},
            Effect.UPDATE,
            id="sale price",
        ),
        pytest.param("below-floor", {"Price": (None, "9.00")}, {"@floor": "9.50"}, Effect.CREATE, id="new"),
        pytest.param(
            "below-cost",
            {"BusinessUnits.facl.Price": ("9000", "8900")},
            {"@cost.facl": "8950", "@cost": "1"},
            Effect.UPDATE,
            id="of one country",
        ),
    ],
)
def test_below_cost_or_floor(
    record: Any, rule: str, changes: Changes, facts: dict[str, str], effect: Effect
) -> None:
    action = Action.CREATE if effect is Effect.CREATE else Action.UPDATE
    one = record("A", changes, facts=tuple(facts.items()), effect=effect, action=action)
    assert refused([one]) == {rule: (1.0, 1)}
    dear = {name: "1" for name in facts if name.startswith("@")}
    one = record("A", changes, facts=tuple({**facts, **dear}.items()), effect=effect, action=action)
    assert refused([one]) == {}


@pytest.mark.parametrize(
    ("basis", "limits", "expected"),
    [
        pytest.param(SHOP, {}, {"created": (1001.0, 1001)}, id="a shop that holds products"),
        pytest.param(Basis(rows=2000, shop=0), {}, {}, id="a migration into an empty shop"),
        pytest.param(SHOP, {"created_max": 2000}, {}, id="a wider limit"),
        pytest.param(
            SHOP, {"created_max": 2000, "created_pct": 500}, {"created": (1001.0, 1001)}, id="as a share"
        ),
    ],
)
def test_new_products(record: Any, basis: Basis, limits: dict[str, Any], expected: dict[str, Any]) -> None:
    records = [
        record(f"N{i}", {"Name": (None, "x")}, effect=Effect.CREATE, action=Action.CREATE)
        for i in range(1001)
    ]
    assert refused(records, basis, **limits) == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({}, {}, id="everything may change"),
        pytest.param({"changed_pct": 40}, {"changed": (50.0, 50)}, id="as a share"),
        pytest.param({"changed_max": 49}, {"changed": (50.0, 50)}, id="as a number"),
        pytest.param({"changed_max": 3, "floor": 1000}, {"changed": (50.0, 50)}, id="a number has no floor"),
        pytest.param({"changed_pct": 40, "floor": 50}, {}, id="a share has"),
    ],
)
def test_products_changed_count_once(record: Any, limits: dict[str, Any], expected: dict[str, Any]) -> None:
    records = [record(f"S{i}", {"Name": ("x", "xy")}) for i in range(50)]
    images = [record(f"S{i}", {"Images": ("x", "y")}, action=Action.IMAGE) for i in range(50)]
    assert refused([*records, *images], **limits) == expected


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        pytest.param(Basis(rows=0), {"source-empty": (1.0, 0)}, id="an empty file"),
        pytest.param(Basis(rows=80, rows_before=100), {}, id="a fifth fewer is the limit"),
        pytest.param(Basis(rows=79, rows_before=100), {"source-shrunk": (21.0, 0)}, id="more than that"),
        pytest.param(Basis(rows=50, rows_before=100, partial=True), {}, id="a partial file"),
        pytest.param(Basis(rows=150, rows_before=100), {}, id="grown"),
        pytest.param(Basis(rows=2, rows_before=12), {}, id="ten rows lost are few"),
        pytest.param(Basis(rows=1, rows_before=12), {"source-shrunk": (91.6667, 0)}, id="eleven aren't"),
        pytest.param(Basis(rows=None, rows_before=100), {}, id="no file: a rollback"),
        pytest.param(
            Basis(rows=9, columns_lost=("Price", "Name")), {"columns-vanished": (2.0, 0)}, id="columns"
        ),
        pytest.param(
            Basis(rows=9, unproven=3, complete=False, doubt="page 2"),
            {"snapshot-incomplete": (3.0, 0)},
            id="conclusions from a snapshot in doubt",
        ),
        pytest.param(Basis(rows=9, complete=False, doubt="x"), {}, id="doubt that doesn't matter"),
        pytest.param(Basis(rows=9, unproven=3), {}, id="missing, and proven so"),
    ],
)
def test_the_inputs_are_judged_too(basis: Basis, expected: dict[str, Any]) -> None:
    assert refused([], basis) == expected


HIDDEN = ("Price", "Stock")


@pytest.mark.parametrize(
    ("untold", "before", "expected"),
    [
        pytest.param(HIDDEN, (None, None), {"fields-untold": (2.0, 2)}, id="nobody knows what to put back"),
        pytest.param(HIDDEN, ("", "3"), {"fields-untold": (1.0, 1)}, id="empty is untold"),
        pytest.param(HIDDEN, ("9.00", "3"), {}, id="told at the last moment"),
        pytest.param(("Name",), (None, None), {}, id="of fields that aren't written"),
        pytest.param((), (None, None), {}, id="others have one"),
    ],
)
def test_what_every_product_has_and_the_shop_does_not_tell(
    record: Any, untold: tuple[str, ...], before: tuple[str | None, str | None], expected: dict[str, Any]
) -> None:
    records = [
        record("A", {"BusinessUnits.facl.Price": (before[0], "9.50")}),
        record("B", {"BusinessUnits.facl.Stock": (before[1], "4")}),
        record("NEW", {"BusinessUnits.facl.Price": (None, "9.50")}, effect=Effect.CREATE),
    ]
    found = refused(records, replace(SHOP, untold=untold))
    assert {rule: found[rule] for rule in found if rule == "fields-untold"} == expected
    assert "fields-untold" not in refused(records, replace(SHOP, untold=untold, shop=10)), (
        "so few prove nothing"
    )


def test_changes_back_to_journaled_values_are_acquitted(record: Any) -> None:
    changes = {"Price": ("100.00", "1.00"), "Quantity": ("5", "0"), "Status": ("active", "inactive")}
    names = tuple(changes)
    assert refused([record(f"S{i}", changes, acquitted=names) for i in range(60)], changed_pct=1) == {}
    partly = [record(f"S{i}", changes, acquitted=("Price", "Status")) for i in range(60)]
    assert refused(partly) == {"zero-stock": (60.0, 60)}


def test_an_override_is_scoped_to_its_rule(record: Any) -> None:
    records = [record("A", {"Price": ("10.00", "1.00")}), record("B", {"Price": ("10.00", "99.00")})]
    guards = judge(records, SHOP, Guards())
    lifted = allow(guards, "price-down", " clearance, says Ana ")
    told = {guard.rule: (guard.verdict, guard.reason) for guard in lifted if guard.verdict != "ok"}
    assert told == {"price-down": ("allowed", "clearance, says Ana"), "price-up": ("refused", "")}
    assert allow(lifted, "zero-stock", "not needed") == lifted


@pytest.mark.parametrize(
    ("rule", "reason", "hint"),
    [
        pytest.param("price-dwn", "x", "did you mean price-down?", id="misspelt"),
        pytest.param("price-down", "  ", '--reason "who decided, and why"', id="no reason"),
    ],
)
def test_an_override_that_cannot_be_meant(rule: str, reason: str, hint: str) -> None:
    guards = (Guard(rule="price-down", verdict="refused", limit=30, value=90),)
    with pytest.raises(UsageError) as caught:
        allow(guards, rule, reason)
    assert caught.value.hint == hint


def test_a_message_speaks_of_commerce(record: Any) -> None:
    (guard,) = [g for g in judge([record("TEA", {"Price": ("10.00", "1.00")})], SHOP, Guards()) if g.skus]
    assert guard.message == "1 product would become cheaper by more than 30 %: TEA falls by 90 %."


def test_the_plan_is_judged_by_the_same_measure_again(diff: Any, remembered: Any, shop: Any) -> None:
    ours = [{"SellerSku": f"S{i}", "Price": "1299.00", "@cost": "10.00"} for i in range(12)]
    theirs = [
        {"SellerSku": f"S{i}", "Name": "Tea", "Price": "12.99", "SalePrice": "11.00", "Quantity": "5",
         "Status": "active"}
        for i in range(20)
    ]  # fmt: skip
    memory = remembered(sizes={"catalog.csv": SourceSize(rows=40, columns=("SellerSku", "Price", "Name"))})
    outcome = diff(ours, theirs, memory=memory, shop=shop(catalog={"mode": "update-only"}))
    assert {guard.rule for guard in outcome.plan.refused} == {
        "source-shrunk",
        "columns-vanished",
        "price-up",
        "price-median",
    }
    assert outcome.plan.basis == Basis(
        rows=12, rows_before=40, columns_lost=("Name",), listed=12, shop=20, active=20
    )
    assert judge(outcome.records, outcome.plan.basis, Guards()) == outcome.plan.guards


def test_an_ok_above_its_limit_says_why(record: Any) -> None:
    """So few products never trip a median or a share; a reader isn't left to wonder."""
    few = [record(f"S{n}", {"Price": ("10.00", "1058.00"), "Quantity": ("5", "0")}) for n in range(7)]
    guards = {guard.rule: guard for guard in judge(few, Basis(listed=8, shop=8), Guards())}
    late = "Not judged, since so few as 10 never trip a share or a median (guards.floor)."
    assert guards["price-median"].verdict == guards["zero-stock"].verdict == "ok"
    assert guards["price-median"].message == (
        "Half of the 7 changed prices become 105.8 times what they were, or more:"
        f" allowed is 15 % up or down. {late}"
    )
    assert guards["zero-stock"].message == (
        f"7 products would go out of stock: 87.5 % of 8, more than 30 %. {late}"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(10480.2, "10 480"), (1e9, "1 000 000 000"), (0.0123, "0.0123"), (100, "100"), (12.5, "12.5"), (0, "0")],
)
def test_numbers_are_plain(value: float, text: str) -> None:
    assert number(value) == text


def test_the_worst_price_is_told_in_plain_digits(record: Any) -> None:
    guards = judge([record("TEA", {"Price": ("1.00", "105.80")})], SHOP, Guards())
    (guard,) = (guard for guard in guards if guard.rule == "price-up")
    assert guard.message == "1 product would become more expensive by more than 50 %: TEA rises by 10 480 %."


def test_prices_that_go_back_are_let_through_and_said(record: Any) -> None:
    back = [
        record(
            f"S{n}",
            {"Price": ("10.00", "1.00")},
            acquitted=("Price",),
            facts=(("@held.Price", "1763856000"),),
        )
        for n in range(7)
    ]
    guards = {guard.rule: guard for guard in judge(back, SHOP, Guards())}
    said = "7 prices go back to what the shop held before (last on 2025-11-23): they were let through."
    assert {(guards[rule].verdict, guards[rule].message) for rule in ("price-up", "price-down")} == {
        ("ok", said)
    }
