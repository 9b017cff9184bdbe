"""Rows against each other: duplicates, parents, groups; whom a refused row takes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pipeline.settings import CatalogSettings
from pipeline.validate.accepted import Accepted
from pipeline.validate.budget import over_budget

Run = Callable[..., Accepted]
Told = Callable[[Accepted], list[tuple[str, str]]]


def product(
    sku: str, parent: str | None = None, brand: str = "Acme", category: str = "10", price: str = "1"
) -> Any:
    return {
        "SellerSku": sku,
        "ParentSku": parent,
        "Brand": brand,
        "PrimaryCategory": category,
        "Price": price,
    }


@pytest.mark.parametrize(
    ("skus", "expected"),
    [
        (["A", "B", "A"], {"A2": "duplicate-sku", "A4": "duplicate-sku"}),
        (["A", " A "], {"A2": "duplicate-sku", "A3": "duplicate-sku"}),
        (["ab", "AB"], {"A2": "similar-sku", "A3": "similar-sku"}),
        (["a b", "ab"], {"A2": "similar-sku", "A3": "similar-sku"}),
        (["Ａ1", "a1"], {"A2": "similar-sku", "A3": "similar-sku"}),
        (["cafe\u0301", "café"], {"A2": "similar-sku", "A3": "similar-sku"}),
        (["00123", "123"], {}),
        (["A-1", "A1"], {}),
    ],
)
def test_neither_of_two_rows_with_one_sku_is_taken(
    run: Run, skus: list[str], expected: dict[str, str]
) -> None:
    accepted = run([{"SellerSku": sku} for sku in skus], known=skus, size=1)
    assert {finding.cell: finding.code for finding in accepted.findings} == expected
    assert accepted.rows == len(skus) - len(expected)


@pytest.mark.parametrize("known", [None, ["X"]], ids=["nobody-asked", "asked"])
def test_a_parent_is_in_the_file_or_the_shop(run: Run, known: Iterable[str] | None) -> None:
    rows = [product("P"), product("C", "P"), product("D", "X"), product("E", "Nowhere"), product("F", "F")]
    accepted = run(rows, known=None if known is None else [*known, *"PCDEF"])
    found = [(f.code, f.severity.value, f.cell) for f in accepted.findings if f.code == "parent-unknown"]
    if known is None:
        assert found == [("parent-unknown", "warning", "B4"), ("parent-unknown", "warning", "B5")]
    else:
        assert found == [("parent-unknown", "error", "B5")]


def test_nobody_is_his_own_ancestor(run: Run, told: Told) -> None:
    rows = [product("A", "B"), product("B", "C"), product("C", "A"), product("D", "A"), product("E")]
    accepted = run(rows, known="ABCDE")
    assert told(accepted) == [
        ("parent-cycle", "B2"), ("parent-cycle", "B3"), ("parent-cycle", "B4"), ("parent-refused", "B5"),
    ]  # fmt: skip


def test_variants_of_one_product_agree(run: Run, told: Told) -> None:
    """With their parent; where it isn't in the file, with the first of them."""
    rows = [
        product("C1", "P", brand="Other"),
        product("P"),
        product("C2", "P", category="20"),
        product("C3", "P"),
        product("Q1", "Q"),
        product("Q2", "Q", brand="ACME "),
        product("Q3", "Q", brand="Third"),
        product("Z", brand="Zeta"),
    ]
    accepted = run(rows, known=["P", "Q", "Z", "C1", "C2", "C3", "Q1", "Q2", "Q3"])
    assert told(accepted) == [("group-brand", "C2"), ("group-category", "D4"), ("group-brand", "C8")]


def test_a_duplicate_is_no_group(run: Run, told: Told) -> None:
    rows = [product("A"), product("A", brand="Other")]
    assert told(run(rows, known="A")) == [("duplicate-sku", "A2"), ("duplicate-sku", "A3")]


def test_a_refused_parent_holds_its_children(run: Run, told: Told) -> None:
    rows = [product("C", "P"), product("G", "C"), product("P", price="x"), product("Z")]
    accepted = run(rows, known="CGPZ", size=1)
    assert told(accepted) == [("parent-refused", "B2"), ("parent-refused", "B3"), ("not-a-number", "E4")]
    assert accepted.rejected_skus == {"C", "G", "P"}


def test_a_refused_child_leaves_its_parent_alone_unless_told(run: Run, told: Told) -> None:
    rows = [product("P"), product("C", "P", price="x"), product("D", "P"), product("Z")]
    assert told(run(rows, known="PCDZ")) == [("not-a-number", "E3")]
    grouped = run(rows, known="PCDZ", settings={"on_error": "skip-group"})
    assert told(grouped) == [("group-refused", "B2"), ("not-a-number", "E3"), ("group-refused", "B4")]
    assert grouped.rejected_skus == {"P", "C", "D"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"max_errors_pct": 25}, None),
        ({"max_errors_pct": 24}, "1 of 4 rows was refused (25.0 %), more than max_errors_pct = 24"),
        ({"max_errors_pct": 100, "max_errors": 0}, "1 row was refused, more than max_errors = 0"),
        ({"max_errors_pct": 100, "on_error": "stop"}, '1 of 4 rows was refused, and on_error = "stop"'),
        (
            {"max_errors_pct": 100, "max_errors_by_code": {"not-a-number": 0}},
            "1 finding not-a-number, more than max_errors_by_code allows (0)",
        ),
    ],
)
def test_the_error_budget(run: Run, settings: dict[str, Any], says: str | None) -> None:
    rows = [product("A", price="x"), product("B"), product("C"), product("D")]
    accepted = run(rows, known="ABCD", settings=settings)
    assert over_budget(accepted, CatalogSettings.model_validate(settings)) == says


def test_nothing_accepted_is_over_any_budget(run: Run) -> None:
    whole = CatalogSettings(max_errors_pct=100)
    assert over_budget(run([product("A", price="x")], known="A"), whole) == "none of 1 row was accepted"
    assert over_budget(run([], columns=["SellerSku"], known=[]), whole) == "the catalog holds no row"
