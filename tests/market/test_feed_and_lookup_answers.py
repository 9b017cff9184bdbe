"""Feeds, brands, categories and attributes as values, quirks included."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pipeline.market.feed_answers import FeedCount, feed, feed_count, feed_detail, feed_list, raw_inputs
from pipeline.market.feeds import Feed, FeedState, RecordError
from pipeline.market.lookup_answers import QcState, brands, category_attributes, category_tree, qc_states
from pipeline.market.lookups import Attribute, Category
from pipeline.market.nodes import Unreadable

FEED = {
    "Feed": "f-1",
    "Status": "Finished",
    "Action": "ProductUpdate",
    "CreationDate": "2024-05-06 07:08:10",
    "UpdatedDate": "",
    "Source": "api",
    "TotalRecords": "3",
    "ProcessedRecords": "2",
    "FailedRecords": "1",
}
READ = Feed(
    id="f-1",
    action="ProductUpdate",
    status="Finished",
    state=FeedState.FINISHED,
    created="2024-05-06 07:08:10",
    source="api",
    total=3,
    processed=2,
    failed=1,
)
REPORT = base64.b64encode(b'"Error";"SellerSku"\n"bad";"A"\n"bad";"B"\n').decode()


def test_a_feed_without_errors() -> None:
    assert feed(FEED) == READ


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Queued", FeedState.QUEUED),
        ("PROCESSING", FeedState.PROCESSING),
        ("Canceled", FeedState.CANCELED),
        ("Cancelled", FeedState.CANCELED),
        ("Error", FeedState.ERROR),
        ("Paused", FeedState.OTHER),
        ("other", FeedState.OTHER),
        ("", FeedState.OTHER),
    ],
)
def test_status_words(word: str, state: FeedState) -> None:
    assert feed({**FEED, "Status": word}).state is state


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"Code": "1", "Message": "no", "SellerSku": "A"}, RecordError(sku="A", message="no", code="1")),
        (
            {"Message": "SellerSku cannot be empty", "SellerSku": ""},
            RecordError(sku="", message="SellerSku cannot be empty"),
        ),
        (
            {"Message": "Seller SKU 'MUG-X' not found"},
            RecordError(sku="MUG-X", message="Seller SKU 'MUG-X' not found"),
        ),
        (
            {"Code": "0", "Message": "Field A, B (for Seller SKU: T 1) with value 'x' has a problem"},
            RecordError(
                sku="T 1", message="Field A, B (for Seller SKU: T 1) with value 'x' has a problem", code="0"
            ),
        ),
        (
            {"Message": "bad (for Seller SKU: A(1))"},
            RecordError(sku="A(1)", message="bad (for Seller SKU: A(1))"),
        ),
    ],
    ids=["plain", "empty sku", "not found", "sku in the message", "brackets in the sku"],
)
def test_errors_find_their_sku(row: dict[str, str], expected: RecordError) -> None:
    for shape in (row, [row]):
        assert feed({**FEED, "FeedErrors": {"Error": shape}}).errors == (expected,)
        assert feed({**FEED, "FeedWarnings": {"Warning": shape}}).warnings == (expected,)


@pytest.mark.parametrize("empty", ["", None, {}, {"Error": ""}], ids=repr)
def test_no_errors_in_every_dress(empty: Any) -> None:
    assert feed({**FEED, "FeedErrors": empty}).errors == ()


def test_a_failure_report_stands_in_either_place() -> None:
    packed = {"MimeType": "text/csv", "File": REPORT}
    here = feed({**FEED, "FailureReports": packed})
    there = feed({**FEED, "FailedRecords": packed})
    assert here.failure_report == there.failure_report == ("text/csv", base64.b64decode(REPORT))
    assert (here.failed, there.failed) == (1, 2)


def test_a_report_that_isn_t_base64_is_refused() -> None:
    with pytest.raises(Unreadable):
        feed({**FEED, "FailureReports": {"MimeType": "text/csv", "File": "%%%"}})


def test_lists_and_details_of_feeds() -> None:
    assert feed_list({"Feed": FEED}) == feed_list({"Feed": [FEED]}) == (READ,)
    assert feed_list("") == feed_list({"Feed": ""}) == ()
    assert feed_detail({"FeedDetail": FEED}) == READ
    with pytest.raises(Unreadable):
        feed_detail("")


def test_counts_and_raw_inputs() -> None:
    assert feed_count({"FeedCount": {"Total": "4", "Queued": "1", "Finished": "3"}}) == FeedCount(
        total=4, queued=1, finished=3
    )
    packed = {"MimeType": "text/xml", "File": base64.b64encode(b"<Request/>").decode()}
    given = {"FeedRawInput": [{"Feed": "a", "RawInputFile": packed}, {"Feed": "b", "RawInputFile": ""}]}
    assert raw_inputs(given) == {"a": b"<Request/>"}


def test_brands_in_every_dress() -> None:
    a, b = {"Name": "L'Oré", "BrandId": 1}, {"Name": "Ñandú "}
    assert brands({"Brands": {"Brand": [a, b]}}) == ("L'Oré", "Ñandú ")
    assert brands({"Brands": {"Brand": a}}) == brands({"Brands": [{"Brand": a}]}) == ("L'Oré",)
    assert brands({"Brands": ""}) == brands("") == ()


def test_a_tree_knows_its_leaves_and_paths() -> None:
    leaf = {"Name": "Tea", "CategoryId": "3", "Children": ""}
    root = {"Name": "Food", "CategoryId": 1, "Children": {"Category": leaf}}
    assert category_tree({"Categories": {"Category": root}}) == {
        "1": Category(id="1", name="Food", leaf=False, path=("Food",)),
        "3": Category(id="3", name="Tea", leaf=True, path=("Food", "Tea")),
    }


def test_attributes_of_old_and_new_instances() -> None:
    new = {
        "Label": "Material",
        "Name": "material",
        "FeedName": "Material",
        "isMandatory": "1",
        "InputType": "multiselect",
        "AttributeType": "option",
        "MaxLength": "80",
        "Options": {"Option": [{"Name": "Wood"}, {"Name": "Iron"}]},
    }
    old = {"Label": "CPU", "Name": "cpu_brand", "IsMandatory": 0, "AttributeType": "system", "Options": ""}
    assert category_attributes({"Attribute": [new, old]}) == (
        Attribute(
            feed_name="Material",
            label="Material",
            mandatory=True,
            system=False,
            multiple=True,
            options=("Wood", "Iron"),
            max_length=80,
            name="material",
        ),
        Attribute(
            feed_name="cpu_brand",
            label="CPU",
            mandatory=False,
            system=True,
            multiple=False,
            options=(),
            max_length=None,
            name="cpu_brand",
        ),
    )


def test_quality_control_spells_its_sku_otherwise() -> None:
    state = {"SellerSKU": "A", "Status": "rejected", "DataChanged": "1", "Reason": "blurred; too small"}
    assert qc_states({"Status": {"State": state}}) == (
        QcState(sku="A", status="rejected", reason="blurred; too small", data_changed=True),
    )
