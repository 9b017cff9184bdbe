"""Folding records into each product's way back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diff.plan import Change, Effect, Record
from pipeline.market.feeds import Action
from pipeline.rollback.conflicts import Sorter
from pipeline.rollback.invert import Applied, Reversal, Wanted, fold
from pipeline.rollback.sendable import sendable
from pipeline.values.context import Context
from schemas.fields import Dialect

ACTIONS = {
    Effect.CREATE: Action.CREATE, Effect.UPDATE: Action.UPDATE, Effect.DEACTIVATE: Action.UPDATE,
    Effect.REMOVE: Action.REMOVE,
}  # fmt: skip


def applied(
    *changes: tuple[str, str | None, str], effect: Effect = Effect.UPDATE, sure: bool = True, **stored: str
) -> Applied:
    """One record of product A."""
    made = tuple(Change(field=name, before=before, after=after) for name, before, after in changes)
    record = Record(no=1, batch=1, sku="A", action=ACTIONS[effect], effect=effect, changes=made)
    return Applied(record=record, stored=stored, sure=sure)


def way(*records: Applied, dialect: Dialect = Dialect.CLASSIC, **wanted: Any) -> Reversal | None:
    operators = () if dialect is Dialect.CLASSIC else ("facl", "fape")
    return fold(records, dialect, operators, Wanted(**wanted)).get("A")


def values(back: Reversal | None) -> dict[str, str]:
    return dict(back.values) if back else {}


PRICE = applied(("Price", "10", "11"))
CREATE = applied(("Name", None, "Tea"), ("Price", None, "9"), effect=Effect.CREATE)
REMOVE = applied(("Name", "Tea", ""), ("Price", "11", ""), ("Status", "active", ""), effect=Effect.REMOVE)
REVIVE = applied(("Status", "deleted", "active"))

FOLDED: dict[str, tuple[list[Applied], dict[str, str]]] = {
    "one update": ([PRICE], {"Price": "10"}),
    "the oldest before-value wins": ([PRICE, applied(("Price", "11", "12"))], {"Price": "10"}),
    "even where someone changed it between": ([PRICE, applied(("Price", "50", "12"))], {"Price": "10"}),
    "an update and its own rollback": ([PRICE, applied(("Price", "11", "10"))], {"Price": "10"}),
    "stock stays": ([applied(("Quantity", "5", "9"))], {}),
    "a create goes off sale": ([CREATE], {"Status": "inactive"}),
    "whatever came after it": ([CREATE, PRICE], {"Status": "inactive"}),
    "a removal brings back all": ([REMOVE], {"Name": "Tea", "Price": "11", "Status": "active"}),
    "older values than the removed ones": (
        [PRICE, REMOVE],
        {"Name": "Tea", "Price": "10", "Status": "active"},
    ),
    "created and removed: off sale": ([CREATE, REMOVE], {"Status": "inactive"}),
    "what was empty is cleared": ([applied(("TaxClass", "", "default"))], {"TaxClass": ""}),
}


@pytest.mark.parametrize(("records", "expected"), FOLDED.values(), ids=FOLDED)
def test_the_way_back(records: list[Applied], expected: dict[str, str]) -> None:
    assert values(way(*records)) == expected


def test_removed_until_it_is_listed_again() -> None:
    states = [way(*records) for records in ([REMOVE], [REMOVE, REVIVE], [REMOVE, REVIVE, REMOVE])]
    assert [back.removed for back in states if back] == [True, False, True]


def test_what_nobody_saw_before_is_known_to_be_unknown() -> None:
    back = way(applied(("NameEn", None, "Tea")), dialect=Dialect.FALABELLA)
    assert back is not None
    assert (values(back), back.unknown) == ({}, ("NameEn",))


def test_each_country_goes_off_sale_by_itself() -> None:
    """A create in one country, and a country that an update opened."""
    create = applied(("Name", None, "Tea"), ("BusinessUnits.facl.Price", None, "9"), effect=Effect.CREATE)
    opened = applied(("BusinessUnits.fape.Price", "", "9"), ("Name", "Tea", "Chai"))
    assert values(way(create, dialect=Dialect.FALABELLA)) == {"BusinessUnits.facl.Status": "inactive"}
    assert values(way(opened, dialect=Dialect.FALABELLA)) == {
        "BusinessUnits.fape.Status": "inactive", "Name": "Tea",
    }  # fmt: skip


WANTED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "stock": ({"stock": True}, {"Price": "10", "Quantity": "5"}),
    "a field": ({"fields": frozenset({"Price"})}, {"Price": "10"}),
    "stock by its name": ({"fields": frozenset({"Quantity"})}, {"Quantity": "5"}),
    "another product": ({"skus": frozenset({"B"})}, {}),
}


@pytest.mark.parametrize(("wanted", "expected"), WANTED.values(), ids=WANTED)
def test_only_what_is_wanted(wanted: dict[str, Any], expected: dict[str, str]) -> None:
    assert values(way(applied(("Price", "10", "11"), ("Quantity", "5", "9")), **wanted)) == expected


OURS: dict[str, tuple[list[Applied], str, bool]] = {
    "what we sent": ([PRICE], "11", True),
    "the same by meaning": ([PRICE], "11.00", True),
    "the old value": ([PRICE], "10", True),
    "another": ([PRICE], "12", False),
    "what the shop made of it": ([applied(("Name", "A", "b"), Name="B!")], "B!", True),
    "not seen applied: what was there": ([PRICE, applied(("Price", "11", "12"), sure=False)], "11", True),
    "not seen applied: what came later": ([PRICE, applied(("Price", "11", "12"), sure=False)], "12", True),
    "an older value of ours, since overwritten": ([PRICE, applied(("Price", "11", "12"))], "11", False),
}


@pytest.mark.parametrize(("records", "theirs", "fine"), OURS.values(), ids=OURS)
def test_the_shop_still_holds_what_we_wrote(records: list[Applied], theirs: str, fine: bool) -> None:
    back = way(*records)
    assert back is not None
    (name,) = back.values
    found = Sorter(dialect=Dialect.CLASSIC, context=Context()).sort({"A": back}, {"A": {name: theirs}})
    assert (found.conflicts == ()) == fine


steps = st.lists(st.sampled_from(["10", "11", "12", "13"]), min_size=2, max_size=8)


@given(prices=steps)
def test_any_chain_of_updates_leads_back_to_its_beginning(prices: list[str]) -> None:
    """Whatever stands between, rollbacks included, the way back ends where the chain began."""
    chain = [applied(("Price", one, other)) for one, other in pairwise(prices)]
    back = way(*chain)
    assert back is not None
    found = Sorter(dialect=Dialect.CLASSIC, context=Context()).sort({"A": back}, {"A": {"Price": prices[-1]}})
    assert found.conflicts == ()
    assert found.rows.get("A", {"Price": prices[-1]}) == {"Price": prices[0]}


TREE = Context(
    category_names={"1": "Food", "2": "Tea", "3": "Tea", "4": "Books"},
    category_paths={"1": ("Food",), "2": ("Food", "Tea"), "3": ("Books", "Tea"), "4": ("Books",)},
)
SENDABLE = {
    "an id": ("PrimaryCategory", "77", "77"),
    "a name": ("PrimaryCategory", "Food", "1"),
    "a name of two": ("PrimaryCategory", "Tea", None),
    "a name of none": ("PrimaryCategory", "Shoes", None),
    "several": ("Categories", "Food,Books", "1,4"),
    "one of several unclear": ("Categories", "Food,Tea", None),
    "any other field": ("Name", "Tea", "Tea"),
    "nothing": ("PrimaryCategory", "", ""),
}


@pytest.mark.parametrize(("name", "value", "expected"), SENDABLE.values(), ids=SENDABLE)
def test_categories_go_back_by_their_id(name: str, value: str, expected: str | None) -> None:
    assert sendable(name, value, Dialect.CLASSIC, lambda: TREE) == expected
