"""A feed's life, worked out from the clock, and everything that tells about it."""

from __future__ import annotations

import base64
import json

import pytest

CHEAPER = "<Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product>"
UNKNOWN = "<Product><SellerSku>X</SellerSku></Product>"


def test_a_feed_is_queued_processed_and_finished_as_time_goes_on(shop):
    caller = shop(feed_delay=10)
    feed_id = caller.post("ProductUpdate", CHEAPER)
    seen = []
    for _ in range(3):
        found = caller.status(feed_id)
        seen.append(
            (
                found["Status"],
                found["ProcessedRecords"],
                found["UpdatedDate"],
                caller.product("TEA-01")["Price"],
            )
        )
        caller.clock.advance(5)
    assert seen == [
        ("Queued", "0", "2024-05-06 12:00:00", "4.90"),
        ("Processing", "0", "2024-05-06 12:00:05", "4.90"),
        ("Finished", "1", "2024-05-06 12:00:10", "4.00"),
    ]


def test_without_delay_a_feed_is_finished_at_the_next_look(shop):
    caller = shop(feed_delay=0)
    assert caller.status(caller.post("ProductUpdate", CHEAPER))["Status"] == "Finished"


def test_feed_status_in_full(shop):
    caller = shop()
    feed_id = caller.post("ProductUpdate", CHEAPER, UNKNOWN)
    caller.clock.advance(1)
    answer = caller.call("FeedStatus", FeedID=feed_id, Format="JSON").json()["SuccessResponse"]
    assert answer["Head"]["RequestParameters"] == {"FeedID": feed_id}
    assert answer["Body"] == {
        "FeedDetail": {
            "Feed": feed_id,
            "Status": "Finished",
            "Action": "ProductUpdate",
            "CreationDate": "2024-05-06 12:00:00",
            "UpdatedDate": "2024-05-06 12:00:01",
            "Source": "api",
            "TotalRecords": "2",
            "ProcessedRecords": "2",
            "FailedRecords": "1",
            "FeedErrors": {"Error": {"Code": "0", "Message": "Seller SKU 'X' not found", "SellerSku": "X"}},
            "FeedWarnings": "",
        }
    }
    assert caller.error("FeedStatus", FeedID="no-such-feed") == ("12", "E012: Invalid Feed ID")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("Finished", "2")),
        ({"processed": "successful"}, ("Finished", "1")),
        ({"partial_status": "Error"}, ("Error", "2")),
    ],
    ids=["as proposed", "without refused ones", "status Error"],
)
def test_open_questions_about_partial_failure(shop, options, expected):
    found = shop(**options).feed("ProductUpdate", CHEAPER, UNKNOWN)
    assert (found["Status"], found["ProcessedRecords"]) == expected


def test_lists_show_the_newest_first_and_the_failure_report(shop):
    caller = shop()
    first = caller.post("ProductUpdate", UNKNOWN)
    caller.clock.advance(60)
    second = caller.post("ProductUpdate", CHEAPER)
    feeds = caller.body("FeedList")["Feed"]
    assert [(feed["Feed"], feed["Status"]) for feed in feeds] == [(second, "Queued"), (first, "Finished")]
    assert feeds[0]["FailureReports"] == ""
    report = base64.b64decode(feeds[1]["FailureReports"]["File"]).decode()
    assert report == '"Error";"Warning";"SellerSku"\n"Seller SKU \'X\' not found";"";"X"\n'
    assert caller.body("FeedCount")["FeedCount"] == {
        "Total": "2",
        "Queued": "1",
        "Processing": "0",
        "Finished": "1",
        "Canceled": "0",
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [2, 1, 0]),
        ({"PageSize": "2"}, [2, 1]),
        ({"PageSize": "2", "Offset": "2"}, [0]),
        ({"Offset": "3"}, []),
        ({"Status": "Queued"}, [2]),
        ({"Status": "Finished"}, [1, 0]),
        ({"CreationDate": "2024-05-06T12:01:00"}, [2, 1]),
        ({"CreationDate": "2024-05-06T12:01:01"}, [2]),
        ({"UpdatedDate": "2024-05-06T12:01:01"}, [2, 1]),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_feed_offset_list(shop, params, expected):
    caller = shop()
    ids = []
    for _ in range(3):
        ids.append(caller.post("ProductUpdate", CHEAPER))
        caller.clock.advance(60)
    caller.clock.advance(-60)
    found = caller.body("FeedOffsetList", **params)
    rows = found["Feed"] if found else []
    rows = rows if isinstance(rows, list) else [rows]
    assert [row["Feed"] for row in rows] == [ids[place] for place in expected]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Status": "Done"}, "13"),
        ({"Offset": "x"}, "14"),
        ({"PageSize": "0"}, "15"),
        ({"CreationDate": "x"}, "46"),
        ({"UpdatedDate": "x"}, "47"),
    ],
    ids=["status", "offset", "page size", "created", "updated"],
)
def test_wrong_parameters_of_feed_offset_list(shop, params, code):
    assert shop().error("FeedOffsetList", **params)[0] == code


def test_feeds_are_listed_for_thirty_days(shop):
    caller = shop()
    feed_id = caller.post("ProductUpdate", CHEAPER)
    caller.clock.advance(31 * 86_400)
    assert caller.body("FeedList") == ""
    assert caller.status(feed_id)["Status"] == "Finished"


def test_only_a_queued_feed_can_be_canceled(shop):
    caller = shop(feed_delay=10)
    feed_id = caller.post("ProductUpdate", CHEAPER)
    answer = caller.call("FeedCancel", "", FeedID=feed_id, Format="JSON").json()["SuccessResponse"]
    assert (answer["Head"]["RequestParameters"], answer["Body"]) == ({"FeedID": feed_id}, "")
    caller.clock.advance(20)
    assert caller.status(feed_id)["Status"] == "Canceled"
    assert caller.product("TEA-01")["Price"] == "4.90"
    late = caller.post("ProductUpdate", CHEAPER)
    caller.clock.advance(6)
    assert caller.error("FeedCancel", FeedID=late)[0] == "13"


def test_the_raw_input_is_the_posted_body_byte_for_byte(shop):
    caller = shop()
    body = f"<?xml version='1.0'?>\r\n<Request> {CHEAPER}\n</Request>"
    caller.call("ProductUpdate", body)
    feed_id = caller.log()[0]["feed"]
    found = caller.body("GetFeedRawInput", FeedIdList=json.dumps([feed_id]))["FeedRawInput"]
    assert found["Feed"] == feed_id
    assert found["RawInputFile"]["MimeType"] == "text/xml"
    assert base64.b64decode(found["RawInputFile"]["File"]) == body.encode()
    assert caller.error("GetFeedRawInput", FeedIdList=feed_id)[0] == "53"
    assert caller.error("GetFeedRawInput", FeedIdList="[]")[0] == "54"


@pytest.mark.parametrize(("order", "price"), [("fifo", "3.00"), ("lifo", "4.00")])
def test_the_order_of_feeds_that_wait_together(shop, order, price):
    caller = shop(feed_order=order)
    caller.post("ProductUpdate", CHEAPER)
    caller.post("ProductUpdate", CHEAPER.replace("4<", "3<"))
    caller.clock.advance(10)
    caller.call("FeedList")
    assert caller.product("TEA-01")["Price"] == price


def test_reading_can_lag_behind_the_feed(shop):
    caller = shop(lag=30)
    new = (
        "<Product><SellerSku>NEW</SellerSku><Name>New</Name><Brand>GENERIC</Brand><Price>1</Price>"
        "<PrimaryCategory>504</PrimaryCategory><Description>Quite new</Description></Product>"
    )
    caller.feed("ProductUpdate", CHEAPER)
    caller.feed("ProductCreate", new)

    def shown() -> list[tuple[str, str]]:
        return [(row["SellerSku"], row["Price"]) for row in caller.products()]

    assert shown() == [("TEA-01", "4.90"), ("MUG/2", "12.00")]
    assert caller.product("TEA-01")["Price"] == "4.00"
    caller.clock.advance(30)
    assert shown() == [("TEA-01", "4.00"), ("MUG/2", "12.00"), ("NEW", "1.00")]


def test_updated_after_finds_what_a_feed_changed(shop):
    caller = shop()
    caller.feed("ProductUpdate", CHEAPER)
    assert caller.skus(UpdatedAfter="2024-05-06T12:00:01Z") == ["TEA-01"]
