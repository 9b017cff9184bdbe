"""Laws that hold for any file and any shop."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.diff.plan import Effect, Record
from pipeline.market.feeds import Action
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, field_named

POOLS: dict[str, list[str]] = {
    "Name": ["Tea", "Te\u0301", "T\u00e9", " Tea", "Coffee & milk"],
    "Brand": ["ACME", "acme", "Other"],
    "PrimaryCategory": ["12", "Tea", "13"],
    "Categories": ["12,13", "13,12", "13"],
    "Description": ["<p>One</p>", "<p>One</p> ", '<b a="1" b="2">x</b>', '<b b="2" a="1">x</b>', "plain"],
    "Price": ["10", "10.00", "10.01", "9.5", "9.50"],
    "Quantity": ["0", "00", "7", "7.0"],
    "Status": ["active", "inactive", "Active"],
    "SalePrice": ["8", "8.00", "0.00"],
    "SaleStartDate": ["2025-01-01 00:00:00", "2025-01-01T00:00:00+00:00"],
    "ProductData.Color": ["red", "Red", "blue"],
    "Images": ["https://x.example/1.jpg", "https://x.example/1.jpg\nhttps://x.example/2.jpg"],
}
Row = Mapping[str, str | None]
SKUS = ["A", "a", "00", "0", "\u00e9", "e\u0301", "B 1"]
TREE = Context(category_names={"12": "Tea", "13": "Coffee"})


def products(*, blanks: bool) -> st.SearchStrategy[list[dict[str, str | None]]]:
    values = {
        name: st.one_of(st.sampled_from(pool), st.none(), *([st.just("")] if blanks else []))
        for name, pool in POOLS.items()
    }
    row = st.fixed_dictionaries({}, optional=values)
    return st.dictionaries(st.sampled_from(SKUS), row, max_size=6).map(
        lambda rows: [{"SellerSku": sku, **row} for sku, row in rows.items()]
    )


quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def meaning(name: str, value: str | None) -> str:
    return comparable(field_named(name, Dialect.CLASSIC), value or "", TREE)


def applied(
    shop: Iterable[Mapping[str, str | None]], records: Iterable[Record]
) -> list[dict[str, str | None]]:
    """What the shop holds once it has done what the records ask for."""
    after = {str(row["SellerSku"]): dict(row) for row in shop}
    for record in records:
        product = after.setdefault(record.sku, {"SellerSku": record.sku})
        if record.action is Action.REMOVE:
            product["Status"] = "deleted"
            continue
        product.update({change.field: change.after for change in record.changes})
    return list(after.values())


@quick
@given(ours=products(blanks=True), theirs=products(blanks=True))
def test_what_was_pushed_is_no_change_any_more(run_in: Any, ours: Any, theirs: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = run_in(Path(folder), ours, theirs, ctx=TREE)
        again = run_in(Path(folder), ours, applied(theirs, first.records), ctx=TREE)
    assert again.records == []


@quick
@given(rows=products(blanks=False))
def test_a_shop_compared_with_itself_plans_nothing(run_in: Any, rows: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_in(Path(folder), rows, rows, ctx=TREE)
    assert (outcome.records, outcome.held) == ([], [])


@quick
@given(
    ours=products(blanks=True), theirs=products(blanks=True), mode=st.sampled_from(["upsert", "update-only"])
)
def test_every_difference_of_meaning_is_found_and_nothing_else(
    run_in: Any, make_settings: Any, ours: Any, theirs: Any, mode: str
) -> None:
    """The digests, the batches, the stretches: none of them may change the answer."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_in(Path(folder), ours, theirs, ctx=TREE, shop=make_settings(catalog={"mode": mode}))
    shop = {row["SellerSku"]: row for row in theirs}
    readable = {name for row in theirs for name in row}
    differing = {
        (row["SellerSku"], name)
        for row in ours
        for name, value in row.items()
        if name in readable - {"SellerSku"} and row["SellerSku"] in shop and value is not None
        if meaning(name, value) != meaning(name, shop[row["SellerSku"]].get(name))
    }
    told = {
        (record.sku, change.field): change.origin
        for record in outcome.records
        if record.effect is Effect.UPDATE
        for change in record.changes
        if change.field in readable
    }
    told |= {(held.sku, held.field): held for held in outcome.held if held.field in readable}
    follow = {key for key, origin in told.items() if origin is None}  # a window that falls with its price
    assert set(told) - follow == differing - follow
    assert all(name.startswith("Sale") for _, name in follow)


@quick
@given(
    ours=products(blanks=True),
    theirs=products(blanks=True),
    mode=st.sampled_from(["upsert", "update-only", "create-only"]),
    absent=st.sampled_from(["ignore", "deactivate", "remove"]),
    rejected=st.sets(st.sampled_from(["X", "Y"])),
)
def test_every_row_ends_in_exactly_one_outcome(
    run_in: Any, make_settings: Any, ours: Any, theirs: Any, mode: str, absent: str, rejected: set[str]
) -> None:
    catalog = {"mode": mode, "absent": absent}
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_in(
            Path(folder), ours, theirs, ctx=TREE, shop=make_settings(catalog=catalog), rejected_skus=rejected
        )
    counts = outcome.plan.counts
    fates = (
        counts.create,
        counts.update,
        counts.unchanged,
        counts.blocked,
        counts.rejected,
        counts.not_listed,
    )
    assert sum(fates) == len(ours) + len(rejected)
    effects = {effect: {r.sku for r in outcome.records if r.effect is effect} for effect in Effect}
    assert {effect.value: len(skus) for effect, skus in effects.items()} == {
        effect.value: getattr(counts, effect.value) for effect in Effect
    }
    assert [record.no for record in outcome.records] == list(range(1, outcome.plan.records + 1))
