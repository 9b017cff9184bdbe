"""The client against a live shop, and against answers that a shop must never give."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipeline.errors import (
    AnswerLost,
    LoginRefused,
    PipelineError,
    Refused,
    Throttled,
    Unreachable,
)
from pipeline.market.bodies import feed_body
from pipeline.market.client import sku_lists
from pipeline.market.feed_answers import FeedCount
from pipeline.market.feeds import Action, FeedState
from pipeline.market.signing import encoded
from schemas.fields import Dialect

BOTH = pytest.mark.parametrize("read_format", ["JSON", "XML"])
DIALECTS = pytest.mark.parametrize("dialect", ["classic", "falabella"])


def update(dialect: str, price: str = "5.20", sku: str = "TEA-01") -> bytes:
    field = "Price" if dialect == "classic" else "BusinessUnits.facl.Price"
    return feed_body(Action.UPDATE, [(sku, {field: price})], Dialect(dialect))


@BOTH
@DIALECTS
def test_a_feed_from_post_to_read_back(live: Any, dialect: str, read_format: str) -> None:
    shop = live(dialect, read_format)
    body = update(dialect)
    receipt = shop.client.post_feed(Action.UPDATE, body)
    feed = shop.client.feed_status(receipt.feed)
    assert (feed.state, feed.total, feed.failed, feed.source) == (FeedState.FINISHED, 1, 0, "api")
    assert [one.id for one in shop.client.feed_list()] == [receipt.feed]
    assert [one.id for one in shop.client.feed_offset_list(created_after=shop.rig.clock.now() - 60)] == [
        receipt.feed
    ]
    assert shop.client.feed_offset_list(created_after=shop.rig.clock.now() + 3600) == ()
    assert shop.client.feed_count() == FeedCount(total=1, finished=1)
    assert shop.client.feed_raw_input([receipt.feed]) == {receipt.feed: body}
    field = "Price" if dialect == "classic" else "BusinessUnits.facl.Price"
    assert shop.client.products(["TEA-01"])["TEA-01"][field] == "5.20"


@BOTH
@DIALECTS
def test_products_by_name(live: Any, dialect: str, read_format: str) -> None:
    shop = live(dialect, read_format)
    found = shop.client.products(["TEA-02", "nope", "TEA-03", "TEA-02"])
    assert sorted(found) == ["TEA-02", "TEA-03"]
    product = found["TEA-02"]
    assert (product["Name"], product["Description"]) == ("Té 2 & más", "<p>Green, 50&nbsp;g</p>")
    assert product["Images"] == "https://cdn.example.test/1.jpg\nhttps://cdn.example.test/2.jpg"
    assert product["ProductData.Material"] == "Hoja"


@BOTH
def test_look_ups(live: Any, read_format: str) -> None:
    shop = live("classic", read_format)
    assert "Harbour & Sons" in shop.client.brands()
    tree = shop.client.category_tree()
    leaf = next(category for category in tree.values() if category.leaf)
    assert all(tree[category].id == category for category in tree)
    names = {attribute.feed_name: attribute for attribute in shop.client.category_attributes(leaf.id)}
    assert names["Name"].system
    assert names["Name"].mandatory
    assert shop.client.category_attributes("no-such-category") == ()
    assert shop.client.qc_status(["TEA-01"])["TEA-01"].sku == "TEA-01"


def test_a_probe_checks_the_key_and_measures_the_skew(live: Any, make_rig: Any) -> None:
    shop = live()
    assert shop.client.probe() == 1
    assert abs(shop.client.skew) < 5
    wrong = make_rig(shop.sandbox.base_url, key="wrong")
    with pytest.raises(LoginRefused, match="E007"):
        wrong.client.probe()
    assert wrong.throttle.asked == 1, "a wrong key is never tried twice"


def test_a_clock_that_is_wrong_is_corrected_once(live: Any) -> None:
    shop = live()
    shop.rig.clock.at -= 7200
    assert shop.client.probe() == 1
    assert shop.rig.throttle.asked == 2
    assert shop.client.skew == pytest.approx(7200, abs=5)
    shop.client.probe()
    assert shop.rig.throttle.asked == 3


@pytest.mark.parametrize(
    "fault",
    [
        "http-500",
        "http-503",
        "html",
        "empty-body",
        "reset-mid-body",
        "drop-before-accept",
        "redirect",
        "expired",
    ],
)
def test_a_read_outlives_a_fault(live: Any, fault: str) -> None:
    shop = live()
    shop.fault(fault, count=1)
    assert shop.client.probe() == 1
    assert shop.rig.throttle.asked == 2


@pytest.mark.parametrize("fault", ["e429", "http-429"])
def test_a_throttled_read_waits(live: Any, fault: str) -> None:
    shop = live()
    shop.fault(fault, count=2)
    assert shop.client.probe() == 1
    assert sum(shop.rig.clock.slept) == pytest.approx(2.25 + 4.5)


@pytest.mark.parametrize("fault", ["accept-then-hang", "drip", "gzip-bomb"])
def test_a_read_that_hangs_is_given_up_and_tried_again(live: Any, fault: str) -> None:
    shop = live(deadline=1.5, answer_max_bytes=1_000_000)
    shop.fault(fault, count=1)
    assert shop.client.probe() == 1


def test_a_dead_shop_is_known_after_a_few_tries(make_rig: Any) -> None:
    rig = make_rig("http://127.0.0.1:1/")
    with pytest.raises(Unreachable):
        rig.client.probe()
    assert rig.throttle.asked == 5
    assert sum(rig.clock.slept) < 10


def test_a_shop_that_stays_mad_is_given_up_at_the_deadline(
    scripted: Any, whole_answer: Any, make_rig: Any
) -> None:
    rig = make_rig(scripted(whole_answer(b"<html>")).url)
    with pytest.raises(AnswerLost, match="HTML"):
        rig.client.probe()
    assert 60 < sum(rig.clock.slept) <= 90


@DIALECTS
@pytest.mark.parametrize(
    ("fault", "kind", "accepted"),
    [
        ("accept-then-reset", AnswerLost, 1),
        ("accept-then-500", AnswerLost, 1),
        ("accept-then-html", AnswerLost, 1),
        ("accept-then-truncate", AnswerLost, 1),
        ("accept-then-hang", AnswerLost, 1),
        ("drop-before-accept", AnswerLost, 0),
        ("reset-mid-body", AnswerLost, 0),
        ("http-500", AnswerLost, 0),
        ("http-503", AnswerLost, 0),
        ("redirect", AnswerLost, 0),
        ("empty-body", AnswerLost, 0),
        ("html", AnswerLost, 0),
        ("e429", Throttled, 0),
        ("http-429", Throttled, 0),
        ("expired", Refused, 0),
        ("login", LoginRefused, 0),
    ],
)
def test_a_post_is_made_once_and_its_failure_told_apart(
    live: Any, dialect: str, fault: str, kind: type[PipelineError], accepted: int
) -> None:
    shop = live(dialect, deadline=1)
    shop.fault(fault, count=1)
    with pytest.raises(kind) as caught:
        shop.client.post_feed(Action.UPDATE, update(dialect))
    assert type(caught.value) is kind
    assert (shop.rig.throttle.asked, shop.rig.clock.slept) == (1, [])
    assert len(shop.client.feed_list()) == accepted


def success(**head: str) -> bytes:
    return orjson.dumps({"SuccessResponse": {"Head": head, "Body": ""}})


@pytest.mark.parametrize(
    "body",
    [
        success(RequestAction="ProductUpdate"),
        success(RequestId="f", RequestAction="ProductCreate"),
        b"<SuccessResponse/>",
    ],
    ids=["no id", "another action", "nothing"],
)
def test_a_success_without_its_feed_is_ambiguous(
    scripted: Any, whole_answer: Any, make_rig: Any, body: bytes
) -> None:
    rig = make_rig(scripted(whole_answer(body)).url)
    with pytest.raises(AnswerLost):
        rig.client.post_feed(Action.UPDATE, b"<Request/>")


def test_an_answer_cut_in_its_headers_is_ambiguous(scripted: Any, make_rig: Any) -> None:
    rig = make_rig(scripted(b"HTTP/1.1 200 OK\r\nContent-").url)
    with pytest.raises(AnswerLost):
        rig.client.post_feed(Action.UPDATE, b"<Request/>")


def test_an_xml_answer_that_ends_with_its_connection_must_be_whole(scripted: Any, make_rig: Any) -> None:
    whole = b"<SuccessResponse><Head><RequestId>f-1</RequestId></Head><Body/></SuccessResponse>"
    close = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert make_rig(scripted(close + whole).url).client.post_feed(Action.UPDATE, b"<Request/>").feed == "f-1"
    with pytest.raises(AnswerLost):
        make_rig(scripted(close + whole[:-5]).url).client.post_feed(Action.UPDATE, b"<Request/>")


def test_a_platform_error_is_told_as_one(scripted: Any, whole_answer: Any, make_rig: Any) -> None:
    head = {"ErrorType": "Platform", "ErrorCode": "1000", "ErrorMessage": "Internal Application Error"}
    server = scripted(
        whole_answer(orjson.dumps({"ErrorResponse": {"Head": head, "Body": ""}}), status="500 Oh")
    )
    rig = make_rig(server.url)
    with pytest.raises(Refused) as caught:
        rig.client.post_feed(Action.UPDATE, b"<Request/>")
    assert caught.value.platform


def test_warnings_don_t_make_a_feed_a_failure(live: Any) -> None:
    shop = live()
    shop.fault("warning-detail", count=1)
    receipt = shop.client.post_feed(Action.UPDATE, update("classic"))
    assert receipt.feed
    assert receipt.warnings


def test_a_stranger_in_the_answer_makes_absence_meaningless(
    scripted: Any, whole_answer: Any, make_rig: Any
) -> None:
    said = {"SuccessResponse": {"Head": {}, "Body": {"Products": {"Product": {"SellerSku": "X"}}}}}
    rig = make_rig(scripted(whole_answer(orjson.dumps(said))).url)
    with pytest.raises(AnswerLost, match="wasn't asked for"):
        rig.client.products(["A"])


def test_a_post_carries_the_body_and_a_fresh_signature_each_time(
    scripted: Any, whole_answer: Any, make_rig: Any
) -> None:
    server = scripted(whole_answer(success(RequestId="f-1", RequestAction="ProductUpdate")))
    rig = make_rig(server.url)
    for _ in range(2):
        rig.client.post_feed(Action.UPDATE, "<Request>é</Request>".encode())
        rig.clock.at += 60
    assert all(request.endswith("\r\n\r\n<Request>é</Request>".encode()) for request in server.requests)
    assert all(b"Content-Type: text/xml; charset=UTF-8\r\n" in request for request in server.requests)
    first, second = (query.rpartition("Signature=")[2] for query in server.queries)
    assert first != second


@pytest.mark.parametrize(
    ("settings", "agent"),
    [
        ({}, "sellercenter-pipeline/"),
        ({"dialect": "falabella", "operators": ("facl",), "seller_id": "SC1"}, "SC1/Python/3."),
        ({"dialect": "falabella", "operators": ("fape",)}, "seller@sandbox.example/Python/3."),
    ],
    ids=["classic", "seller", "fallback"],
)
def test_the_user_agent_says_who_we_are(
    scripted: Any, whole_answer: Any, make_rig: Any, settings: dict[str, Any], agent: str
) -> None:
    server = scripted(whole_answer(success()))
    make_rig(server.url, **settings).client.probe()
    said = next(line for line in server.requests[0].decode().split("\r\n") if line.startswith("User-Agent: "))
    assert said.removeprefix("User-Agent: ").startswith(agent)
    if settings:
        assert said.endswith(f"/PROPIA/{settings['operators'][0].upper()}")


def test_every_call_is_observed_without_its_secrets(live: Any) -> None:
    shop = live()
    shop.fault("http-500", count=1)
    shop.client.probe()
    receipt = shop.client.post_feed(Action.UPDATE, update("classic"))
    lost, found, posted = shop.rig.calls
    assert (lost.outcome, lost.status, lost.verb) == ("answer-lost", 500, "GET")
    assert (found.outcome, found.params) == ("ok", {"Filter": "all", "Limit": "1", "Offset": "0"})
    assert (posted.outcome, posted.feed, posted.sent) == ("ok", receipt.feed, len(update("classic")))
    shown = repr(shop.rig.calls)
    assert "Signature" not in shown
    assert shop.sandbox.api_key not in shown
    assert shop.sandbox.user_id not in shown


def test_a_throttle_that_learns_is_told_of_a_429(live: Any) -> None:
    shop = live()
    told: list[float | None] = []
    shop.rig.throttle.throttled_request = lambda retry_after=None: told.append(retry_after) or 0.0
    shop.fault("http-429", count=1)
    assert shop.client.probe() == 1
    assert (told, shop.rig.clock.slept) == ([None], [])


@pytest.mark.parametrize("most", [1, 3, 50])
@pytest.mark.parametrize("room", [10, 100, 4000])
def test_lists_hold_every_sku_once_and_fit(most: int, room: int) -> None:
    skus = [f"Té/{number:03}" + "x" * (number % 40) for number in range(120)]
    lists = list(sku_lists(skus, most=most, room=room))
    assert [sku for listed in lists for sku in listed] == skus
    for listed in lists:
        length = len(encoded(orjson.dumps(listed).decode()))
        assert len(listed) <= most
        assert len(listed) == 1 or length <= room + len(encoded("[]"))


def test_addresses_stay_below_their_limit(live: Any) -> None:
    shop = live(url_max=700)
    shop.client.products([f"SKU-{number:05}" for number in range(60)])
    assert len(shop.rig.calls) > 1
    assert all(len(str(call.params)) < 700 for call in shop.rig.calls)


def test_cancelling_is_done_once(live: Any) -> None:
    shop = live()
    receipt = shop.client.post_feed(Action.UPDATE, update("classic"))
    shop.client.feed_status(receipt.feed)
    with pytest.raises(Refused, match="E013"):
        shop.client.feed_cancel(receipt.feed)
    assert [call.action for call in shop.rig.calls].count("FeedCancel") == 1
