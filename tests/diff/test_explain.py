"""Why a field is a change, or is none."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diff.explain import explain
from pipeline.diff.memory import Written
from pipeline.diff.plan import Change, Origin
from pipeline.diff.rules import Rules
from schemas.fields import Dialect

OURS = {
    "SellerSku": "A",
    "Price": "10",
    "Name": "Tea",
    "Brand": None,
    "Description": "",
    "Variation": "XL",
    "BrowseNodes": "7",
    "Quantity": "5",
}
THEIRS = {
    "SellerSku": "A",
    "Price": "10.00",
    "Name": "TEA",
    "Brand": "ACME",
    "Description": "x",
    "Variation": "extra large",
    "Quantity": "5",
}


@pytest.fixture
def told(accepted: Any, snapshot: Any, remembered: Any) -> Any:
    def ask(sku: str, field: str | None = None, *, mode: Any = "upsert", rejected: Any = ()) -> Any:
        memory = remembered(
            fields={
                ("A", "Name"): Written(sent="Tee", stored="Tee", before="x", run="r"),
                ("A", "Variation"): Written(sent="XL", stored="extra large", before="", run="r"),
                ("A", "BrowseNodes"): Written(sent="7", stored=None, before=None, run="r"),
            }
        )
        return explain(
            sku,
            field,
            accepted=accepted([OURS, {"SellerSku": "N", "Name": "New"}], rejected_skus=rejected),
            snapshot=snapshot([THEIRS, {"SellerSku": "S"}]),
            memory=memory,
            rules=Rules(dialect=Dialect.CLASSIC, mode=mode),
        )

    return ask


def test_every_field_of_a_product(told: Any) -> None:
    found = told("A")
    assert (found.fate, [(field.field, field.verdict) for field in found.fields]) == (
        "update",
        [
            ("Price", "equal"),
            ("Name", "change"),
            ("Brand", "left-alone"),
            ("Description", "held"),
            ("Variation", "echo"),
            ("BrowseNodes", "as-sent"),
            ("Quantity", "equal"),
        ],
    )


def test_the_way_from_cell_to_meaning(told: Any) -> None:
    (price,) = told("A", "Price").fields
    assert (price.source, price.origin, price.ours, price.theirs, price.ours_means, price.theirs_means) == (
        {"Price": "10"},
        Origin(file="catalog.csv", row=2, cell="B2"),
        "10",
        "10.00",
        "10",
        "10",
    )
    assert price.why == "file and shop are equal in meaning"


def test_drift_is_named(told: Any) -> None:
    (name,) = told("A", "Name").fields
    assert name.change == Change(
        field="Name",
        before="TEA",
        after="Tea",
        origin=Origin(file="catalog.csv", row=2, cell="C2"),
        drift="Tee",
    )
    assert name.why == "file and shop differ; someone edited it in the shop since we wrote 'Tee'"


@pytest.mark.parametrize(
    ("sku", "more", "fate", "why"),
    [
        pytest.param("S", {}, "absent", "the shop holds it and the file doesn't mention it", id="absent"),
        pytest.param("X", {}, "unknown", "neither the file nor the shop knows it", id="unknown"),
        pytest.param(
            "R",
            {"rejected": ["R"]},
            "rejected",
            "its row was refused; what the shop holds is left alone",
            id="no",
        ),
        pytest.param(
            "N",
            {},
            "blocked",
            "a new product needs PrimaryCategory, Description, Brand, Price as well;"
            " the file doesn't give it",
            id="incomplete",
        ),
        pytest.param(
            "N",
            {"mode": "update-only"},
            "not_listed",
            "the shop doesn't hold it, and mode update-only creates nothing",
            id="not listed",
        ),
        pytest.param(
            "A",
            {"mode": "create-only"},
            "unchanged",
            "the shop holds it already, and mode create-only changes nothing that exists",
            id="create-only",
        ),
    ],
)
def test_fates(told: Any, sku: str, more: dict[str, Any], fate: str, why: str) -> None:
    found = told(sku, **more)
    assert (found.fate, found.why) == (fate, why)


def test_a_field_that_no_column_gives(told: Any) -> None:
    (field,) = told("A", "TaxClass").fields
    assert (field.verdict, field.source) == ("not-owned", {})
