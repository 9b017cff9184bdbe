"""What rides along unchanged is sent as the shop holds it now, never as it was when the plan was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diff.plan import Change, Effect, Record
from pipeline.journal.states import Kind
from pipeline.market.bodies import read_body
from pipeline.market.feeds import Action
from pipeline.push.examine import Examiner, Ready, Skip
from pipeline.values.context import Context
from schemas.fields import Dialect

Fields = Mapping[str, str]
START, END, LATER = "2030-01-01 00:00:00", "2030-02-01 00:00:00", "2030-03-01 00:00:00"
HELD = {"Price": "100.00", "SalePrice": "80.00", "SaleStartDate": START, "SaleEndDate": END}
TAGS = {"SalePrice": "SpecialPrice", "SaleStartDate": "SpecialFromDate", "SaleEndDate": "SpecialToDate"}


NONE: Fields = MappingProxyType({})


def update(changes: Mapping[str, tuple[str, str]], context: Fields = NONE, facts: Fields = NONE) -> Record:
    return Record(
        no=1, batch=1, sku="A", action=Action.UPDATE, effect=Effect.UPDATE,
        changes=tuple(Change(field=n, before=before, after=after) for n, (before, after) in changes.items()),
        context=tuple(context.items()), facts=tuple(facts.items()),
    )  # fmt: skip


def unit(fields: Mapping[str, Any], operator: str = "facl") -> dict[str, Any]:
    """The same in a business unit."""
    return {f"BusinessUnits.{operator}.{TAGS.get(name, name)}": value for name, value in fields.items()}


LONGER = {"SaleEndDate": (END, LATER)}
WINDOW = {"SalePrice": "80.00", "SaleStartDate": START}
CUT = {"SalePrice": ("80.00", "70.00")}
DATES = {"SaleStartDate": START, "SaleEndDate": END}


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("changes", "context", "facts", "edits", "expected"),
    [
        pytest.param(
            LONGER, WINDOW, {}, {"SalePrice": "85.00"},
            {"SaleEndDate": LATER, "SalePrice": "85.00", "SaleStartDate": START},
            id="someone corrected the sale price",
        ),
        pytest.param(
            LONGER, WINDOW, {}, {"SaleStartDate": "2029-12-01 00:00:00"},
            {"SaleEndDate": LATER, "SalePrice": "80.00", "SaleStartDate": "2029-12-01 00:00:00"},
            id="someone moved the start",
        ),
        pytest.param(
            LONGER, WINDOW, {}, {"SaleStartDate": ""}, {"SaleEndDate": LATER, "SalePrice": "80.00"},
            id="someone took the start away",
        ),
        pytest.param(
            LONGER, WINDOW, {}, {"SalePrice": "80"},
            {"SaleEndDate": LATER, "SalePrice": "80.00", "SaleStartDate": START},
            id="the same in other words stays as planned",
        ),
        pytest.param(
            CUT, DATES, {"Price": "100.00"}, {"SaleStartDate": None, "SaleEndDate": None},
            {"SalePrice": "70.00", **DATES}, id="a shop that shows no dates",
        ),
        pytest.param(LONGER, WINDOW, {}, {"SalePrice": ""}, None, id="someone ended the promotion"),
        pytest.param(LONGER, WINDOW, {}, {"SalePrice": None}, None, id="and the shop leaves it out"),
        pytest.param(
            LONGER, WINDOW, {}, {"SaleStartDate": "2030-04-01 00:00:00"}, None, id="starts after our end"
        ),
        pytest.param(CUT, DATES, {"Price": "100.00"}, {"Price": "65.00"}, None, id="price below our sale"),
        pytest.param(
            {"Price": ("100.00", "75.00")}, {}, {}, {"SalePrice": "76.00"}, None, id="a promotion begun"
        ),
        pytest.param(
            {"SaleEndDate": (END, "")}, {"SalePrice": ""}, {}, {"SalePrice": "80.00"}, None,
            id="a promotion where an empty window was to be swept",
        ),
        pytest.param(
            CUT, DATES, {"Price": "60.00"}, {"Price": "60.00"}, {"SalePrice": "70.00", **DATES},
            id="what was planned to contradict itself is for the shop to judge",
        ),
        pytest.param(
            {"SaleEndDate": (END, LATER)}, WINDOW, {}, {"Price": "50.00"},
            {"SaleEndDate": LATER, "SalePrice": "80.00", "SaleStartDate": START},
            id="nor is what we don't touch",
        ),
        pytest.param(LONGER, WINDOW, {}, {"SalePrice": "1.00"}, None, id="a far lower price, with our end"),
        pytest.param(CUT, DATES, {}, {"SaleEndDate": LATER}, None, id="our price, for longer than judged"),
        pytest.param(CUT, DATES, {}, {"SaleStartDate": "2020-01-01 00:00:00"}, None, id="from earlier on"),
        pytest.param(CUT, DATES, {}, {"SaleEndDate": ""}, None, id="and without an end"),
        pytest.param(
            CUT, DATES, {}, {"SaleEndDate": "2030-01-15 00:00:00"},
            {"SalePrice": "70.00", "SaleStartDate": START, "SaleEndDate": "2030-01-15 00:00:00"},
            id="for a shorter time is less than was judged",
        ),
    ],
)  # fmt: skip
def test_what_rides_along(
    dialect: Dialect, changes: Any, context: Fields, facts: Fields, edits: Any, expected: Fields | None
) -> None:
    named: Callable[[Any], Any] = unit if dialect is Dialect.FALABELLA else dict
    held = {name: value for name, value in {**HELD, **edits}.items() if value is not None}
    judge = Examiner(dialect=dialect, context=Context())
    found = judge.examine(update(named(changes), named(context), named(facts)), named(held))
    if expected is not None:
        assert found == Ready(body=named(expected))
    else:
        assert isinstance(found, Skip)
        assert (found.code, found.message.split(":")[0]) == (
            "changed-in-shop", "changed in the shop since the plan was made",
        )  # fmt: skip


MONEY = st.sampled_from(["", "50.00", "80.00", "100.00"])
DAY = st.sampled_from(["", START, END, LATER])


@given(held=st.tuples(MONEY, MONEY, DAY, DAY), along=st.sampled_from(sorted(WINDOW)))
def test_no_value_of_the_past_is_ever_sent(held: tuple[str, ...], along: str) -> None:
    """Whatever the shop holds by now: but for the changes, a body says only that."""
    current = dict(zip(HELD, held, strict=True)) | {"SaleEndDate": END}
    judge = Examiner(dialect=Dialect.CLASSIC, context=Context())
    found = judge.examine(update(LONGER, {along: WINDOW[along]}), current)
    if isinstance(found, Ready):
        assert {n: v for n, v in found.body.items() if current[n] != v} == {"SaleEndDate": LATER}


def test_each_country_is_looked_at_by_itself() -> None:
    """A price corrected in one is no reason to leave the other alone."""
    held = {**unit(HELD), **unit(HELD, "fape"), "BusinessUnits.fape.SpecialPrice": "85.00"}
    record = update({**unit(LONGER), **unit(LONGER, "fape")}, {**unit(WINDOW), **unit(WINDOW, "fape")})
    found = Examiner(dialect=Dialect.FALABELLA, context=Context()).examine(record, held)
    assert isinstance(found, Ready)
    assert {n: v for n, v in found.body.items() if n.endswith("Price")} == {
        "BusinessUnits.facl.SpecialPrice": "80.00",
        "BusinessUnits.fape.SpecialPrice": "85.00",
    }


def test_the_journal_holds_what_is_really_sent(make_seller: Callable[..., Any]) -> None:
    """The intent's body says the shop's present price; a price that contradicts the plan is skipped."""
    rows = [
        Record(
            no=no, batch=1, sku=f"SKU-{no:03d}", action=Action.UPDATE, effect=Effect.UPDATE, context=context,
            changes=(Change(field=name, before=before, after=after),), facts=facts,
        )
        for no, name, before, after, context, facts in [
            (1, "SaleEndDate", END, LATER, tuple(WINDOW.items()), ()),
            (2, "SalePrice", "80.00", "70.00", tuple(DATES.items()), (("Price", "100.00"),)),
        ]
    ]  # fmt: skip
    seller = make_seller(products=2, rows=rows)
    seller.shop.held = {
        "SKU-001": {**HELD, "SalePrice": "85.00"},
        "SKU-002": {**HELD, "Price": "65.00"},
    }
    seller.go()
    intent = next(event for event in seller.events() if event.kind is Kind.INTENT)
    with seller.journal() as journal:
        body = read_body(journal.body("run", intent.data["body"]), Dialect.CLASSIC)
    assert body == [("SKU-001", {"SalePrice": "85.00", "SaleStartDate": START, "SaleEndDate": LATER})]
    assert seller.outcomes() == {1: "verified", 2: "skipped"}
    assert seller.shop.held["SKU-001"]["SalePrice"] == "85.00"
