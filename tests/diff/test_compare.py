"""What is a change and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diff.plan import Counts, Effect
from pipeline.market.feeds import Action

TEA = {
    "SellerSku": "TEA-01",
    "Name": "Green tea",
    "Brand": "ACME",
    "PrimaryCategory": "12",
    "Description": "<p>Good &amp; green</p>",
    "Price": "5.20",
    "Quantity": "3",
    "Status": "active",
}


def test_a_file_compared_with_itself_plans_nothing(diff: Any) -> None:
    outcome = diff([TEA], [TEA])
    assert (outcome.records, outcome.held) == ([], [])
    assert outcome.plan.counts == Counts(unchanged=1)


def test_one_cent_is_one_change(diff: Any) -> None:
    outcome = diff([{"SellerSku": "A", "Price": "10.01"}], [{"SellerSku": "A", "Price": "10.00"}])
    assert outcome.changes == {("A", "Price"): ("10.00", "10.01")}
    assert outcome.plan.fields_changed == {"Price": 1}
    assert outcome.plan.counts == Counts(update=1)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        pytest.param("Price", "10", "10.00", id="decimals"),
        pytest.param("Price", "1234.50", "1234.5", id="trailing zero"),
        pytest.param("SalePrice", "", "0.00", id="no sale price is zero"),
        pytest.param("Name", "Cafe\u0301", "Caf\u00e9", id="nfd and nfc"),
        pytest.param("Name", "", None, id="empty and missing"),
        pytest.param(
            "Description", '<p class="a" id="b">x y</p>', '<p id="b" class="a">x y</p>', id="attributes"
        ),
        pytest.param("Categories", "2,3", "3,2", id="categories have no order"),
        pytest.param("SaleStartDate", "2025-01-01 00:00:00", "2025-01-01T00:00:00+00:00", id="dates"),
        pytest.param("Name", None, "Tea", id="blank leaves alone"),
    ],
)
def test_what_means_the_same_is_no_change(diff: Any, name: str, ours: str | None, theirs: str | None) -> None:
    outcome = diff([{"SellerSku": "A", name: ours}], [{"SellerSku": "A", "Name": "x", name: theirs}])
    assert outcome.plan.counts == Counts(unchanged=1)
    assert (outcome.records, outcome.held) == ([], [])


def test_a_new_product_is_created_and_gets_its_images_apart(diff: Any) -> None:
    outcome = diff([{**TEA, "Images": "https://x.example/1.jpg", "SalePrice": "", "Brand": "ACME"}], [])
    create, image = outcome.records
    assert (create.action, create.effect, create.no) == (Action.CREATE, Effect.CREATE, 1)
    assert {change.field: change.after for change in create.changes} == {
        name: text for name, text in TEA.items() if name != "SellerSku"
    }
    assert (image.action, image.effect) == (Action.IMAGE, Effect.CREATE)
    assert [batch.after for batch in outcome.plan.batches] == [(), (1,)]
    assert outcome.plan.counts == Counts(create=1)
