"""Calls in a window and feeds in a day, counted at the shop."""

from __future__ import annotations

RECORD = "<Product><SellerSku>TEA-01</SellerSku><Quantity>1</Quantity></Product>"


def statuses(caller, count: int, action: str = "GetProducts", body: str | None = None) -> list[int]:
    return [caller.call(action, body).status_code for _ in range(count)]


def test_the_thirty_first_call_in_three_seconds_is_refused(shop):
    caller = shop()
    assert statuses(caller, 31) == [200] * 30 + [429]
    head = caller.call("GetProducts", Format="JSON").json()["ErrorResponse"]["Head"]
    assert (head["ErrorCode"], head["ErrorMessage"]) == ("429", "E429: Too many requests")
    caller.clock.advance(2.999)
    assert statuses(caller, 1) == [429]
    caller.clock.advance(0.001)
    assert statuses(caller, 31) == [200] * 30 + [429]


def test_refused_calls_count_only_where_the_shop_is_set_so(shop):
    caller = shop(requests=2, count_refused="yes")
    assert statuses(caller, 3) == [200, 200, 429]
    caller.clock.advance(2)
    assert statuses(caller, 1) == [429]
    caller.clock.advance(1)
    assert statuses(caller, 2) == [200, 429]


def test_all_logins_share_the_window_and_control_calls_are_free(shop):
    caller = shop(requests=2, credential=("second@shop:other-key",))
    query = caller.query({"Action": "GetProducts", "UserID": "second@shop"}, key="other-key")
    url = f"{caller.sandbox.base_url}?{query}"
    for _ in range(5):
        caller.control("GET", "lookups")
    assert [caller.session.get(url).status_code, *statuses(caller, 2)] == [200, 200, 429]


def test_zero_is_without_limit(shop):
    assert set(statuses(shop(requests=0), 50)) == {200}


def feeds(caller, count: int) -> list[int]:
    return statuses(caller, count, "ProductUpdate", f"<Request>{RECORD}</Request>")


def test_feeds_are_free_up_to_the_burst_then_one_per_interval(shop):
    caller = shop(feed_burst=3, feed_interval=120)
    assert feeds(caller, 4) == [200, 200, 200, 429]
    caller.clock.advance(119)
    assert feeds(caller, 1) == [429]
    caller.clock.advance(1)
    assert feeds(caller, 2) == [200, 429]
    assert [entry["accepted"] for entry in caller.log()] == [True, True, True, False, False, True, False]


def test_the_burst_is_new_with_the_utc_day_or_after_a_day(shop):
    calendar, rolling = (shop(feed_burst=2, feed_reset=word) for word in ("utc-day", "rolling"))
    for caller in (calendar, rolling):
        caller.clock.advance(11.5 * 3600)
        feeds(caller, 2)
        caller.clock.advance(0.5 * 3600)
    assert feeds(calendar, 3) == [200, 200, 429]
    assert feeds(rolling, 2) == [200, 429]
    rolling.clock.advance(23.5 * 3600)
    assert feeds(rolling, 2) == [200, 429]  # one of the day before still counts


def test_refused_attempts_and_bad_bodies_are_free(shop):
    caller = shop(feed_burst=1)
    assert caller.error("ProductUpdate", "<Request>")[0] == "5"
    assert feeds(caller, 1) == [200]
    assert caller.error("ProductUpdate", f"<Request>{RECORD}</Request>") == (
        "429",
        "E429: Too many attempts to create feeds",
    )


def test_the_throttle_can_answer_otherwise(shop):
    caller = shop(requests=1, throttle_status=200, retry_after=7)
    caller.call("GetProducts")
    answer = caller.call("GetProducts")
    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "7")
    assert "E429" in answer.text
