"""Faults on demand: what the caller sees, what the shop did, and that a seed repeats it."""

from __future__ import annotations

import time
import zlib

import pytest
import requests

from pipeline.sandbox.faults import CALL, NAMES, Faults

RECORD = "<Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product>"
BODY = f"<Request>{RECORD}</Request>"


def outcome(caller, action: str = "ProductUpdate", body: str | None = BODY, timeout: float = 0.5) -> object:
    """Status and the first bytes, or the name of what went wrong."""
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': action})}"
    verb = "POST" if body else "GET"
    try:
        answer = requests.request(verb, url, data=body, timeout=timeout, allow_redirects=False)
    except requests.exceptions.ReadTimeout:
        return "timeout"
    except requests.exceptions.ChunkedEncodingError:
        return "cut"
    except requests.exceptions.ConnectionError as error:
        return "reset" if "reset" in str(error).lower() or "10054" in str(error) else "closed"
    return answer.status_code, answer.text


def fault(caller, name: str, **more: object) -> None:
    caller.control("POST", "faults", {"action": "ProductUpdate", "fault": name, **more})


CUT_OFF = {
    "accept-then-reset": ("reset", True),
    "accept-then-hang": ("timeout", True),
    "late-accept": ("closed", True),
    "drop-before-accept": ("closed", False),
    "reset-mid-body": ("reset", False),
}


@pytest.mark.parametrize(("name", "seen"), CUT_OFF.items(), ids=CUT_OFF.keys())
def test_answers_that_never_come(shop, name, seen):
    caller = shop()
    fault(caller, name, count=1)
    assert outcome(caller) == seen[0]
    entry = caller.log()[0]
    assert (entry["accepted"], entry["fault"]) == (seen[1], name)
    assert (entry["feed"] is not None) == seen[1]
    caller.clock.advance(10)
    assert caller.body("FeedCount")["FeedCount"]["Total"] == str(int(seen[1]))
    assert outcome(caller)[0] == 200


WRONG_ANSWERS = {
    "accept-then-500": (500, "<!DOCTYPE html>", True),
    "accept-then-html": (200, "<!DOCTYPE html>", True),
    "accept-then-truncate": (200, "<?xml", True),
    "e429": (200, "<?xml", False),
    "http-500": (500, "<!DOCTYPE html>", False),
    "http-503": (503, "<!DOCTYPE html>", False),
    "redirect": (307, "", False),
    "empty-body": (200, "", False),
    "html": (200, "<!DOCTYPE html>", False),
    "expired": (200, "<?xml", False),
    "login": (200, "<?xml", False),
    "warning-detail": (200, "<?xml", True),
}


@pytest.mark.parametrize(("name", "seen"), WRONG_ANSWERS.items(), ids=WRONG_ANSWERS.keys())
def test_answers_that_are_no_answers(shop, name, seen):
    caller = shop()
    fault(caller, name, count=1)
    status, text = outcome(caller)
    assert (status, text[: len(seen[1])]) == seen[:2]
    entry = caller.log()[0]
    assert (entry["accepted"], entry["fault"]) == (seen[2], name)
    caller.clock.advance(10)
    assert caller.body("FeedCount")["FeedCount"]["Total"] == str(int(seen[2]))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("e429", "<ErrorMessage>E429: Too many requests</ErrorMessage>"),
        ("expired", "<ErrorCode>3</ErrorCode>"),
        ("login", "<ErrorCode>7</ErrorCode>"),
        ("warning-detail", "<WarningDetail><Field>Name</Field>"),
    ],
)
def test_what_the_envelopes_say(shop, name, part):
    caller = shop()
    fault(caller, name)
    assert part in outcome(caller)[1]


def test_429_with_a_body_that_nobody_can_read(shop):
    caller = shop()
    fault(caller, "http-429", count=1)
    answer = caller.call("ProductUpdate", BODY)
    assert answer.status_code == 429
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_a_truncated_answer_ends_like_a_whole_one(shop):
    caller = shop()
    fault(caller, "accept-then-truncate", count=1)
    text = outcome(caller)[1]
    assert "<RequestId>" in text
    assert not text.endswith("</SuccessResponse>")


def test_following_a_redirect_is_seen_in_the_log(shop):
    caller = shop()
    fault(caller, "redirect", count=1)
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': 'ProductUpdate'})}"
    assert requests.post(url, data=BODY, timeout=5).status_code == 200
    assert [entry["accepted"] for entry in caller.log()] == [False, True]


def test_reads_lose_their_answers_too(shop):
    caller = shop()
    for name, seen in (("reset-mid-body", "cut"), ("accept-then-hang", "timeout"), ("late-accept", "closed")):
        caller.control("POST", "faults", {"action": "GetProducts", "fault": name, "count": 1})
        got = outcome(caller, "GetProducts", None)
        assert got in ((seen, "reset") if seen == "cut" else (seen,))


def test_a_dripping_answer_outlasts_a_socket_timeout(shop):
    caller = shop()
    caller.control("POST", "faults", {"action": "GetProducts", "fault": "drip", "seconds": 0.05})
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': 'GetProducts'})}"
    start = time.monotonic()
    with requests.get(url, timeout=0.5, stream=True) as answer:
        first = answer.raw.read(5)
    assert first == b"<?xml"
    assert time.monotonic() - start < 5


def test_a_gzip_bomb_is_a_gigabyte_in_a_megabyte(shop):
    caller = shop()
    caller.control("POST", "faults", {"action": "GetProducts", "fault": "gzip-bomb"})
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': 'GetProducts'})}"
    with requests.get(url, timeout=5, stream=True) as answer:
        packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 2 * 1024 * 1024
    member = zlib.decompressobj(wbits=31)
    size = len(member.decompress(packed))
    assert size * (len(packed) // (len(packed) - len(member.unused_data))) == 1024 * 1024 * 1024


def test_a_slow_answer_comes_whole(shop):
    caller = shop()
    fault(caller, "slow", seconds=0.05)
    assert outcome(caller)[0] == 200


def test_a_late_feed_appears_when_its_time_has_come(shop):
    caller = shop()
    fault(caller, "late-accept", seconds=60)
    outcome(caller)
    caller.clock.advance(59)
    assert caller.body("FeedList") == ""
    caller.clock.advance(1)
    found = caller.body("FeedList")["Feed"]
    assert (found["Feed"], found["CreationDate"]) == (caller.log()[0]["feed"], "2024-05-06 12:01:00")
    caller.clock.advance(1)
    caller.call("FeedList")
    assert caller.product("TEA-01")["Price"] == "4.00"


def test_a_call_that_is_refused_anyway_leaves_the_fault_for_the_next(shop):
    caller = shop()
    fault(caller, "accept-then-reset", count=1)
    assert caller.error("ProductUpdate", "<Request>")[0] == "5"
    assert [outcome(caller), outcome(caller)[0]] == ["reset", 200]


def test_stuck_feeds_wait_by_turns_queued_and_processing(shop):
    caller = shop()
    fault(caller, "stuck", count=2)
    ids = [caller.post("ProductUpdate", RECORD) for _ in range(3)]
    caller.clock.advance(100_000)
    assert [caller.status(feed_id)["Status"] for feed_id in ids] == ["Queued", "Processing", "Finished"]


def test_a_stuck_feed_can_come_loose(shop):
    caller = shop()
    fault(caller, "stuck", count=1, seconds=300, status="Processing")
    feed_id = caller.post("ProductUpdate", RECORD)
    caller.clock.advance(299)
    assert (caller.status(feed_id)["Status"], caller.product("TEA-01")["Price"]) == ("Processing", "4.90")
    caller.clock.advance(1)
    assert (caller.status(feed_id)["Status"], caller.product("TEA-01")["Price"]) == ("Finished", "4.00")


def test_a_canceled_feed_changes_nothing(shop):
    caller = shop()
    fault(caller, "canceled")
    assert caller.feed("ProductUpdate", RECORD)["Status"] == "Canceled"
    assert caller.product("TEA-01")["Price"] == "4.90"


def test_an_unknown_status_for_a_while(shop):
    caller = shop()
    fault(caller, "unknown-status", seconds=60)
    feed_id = caller.post("ProductUpdate", RECORD)
    seen = []
    for _ in range(2):
        seen.append(caller.status(feed_id)["Status"])
        caller.clock.advance(60)
    seen.append(caller.status(feed_id)["Status"])
    assert seen == ["Suspended", "Finished", "Finished"]


def test_a_feed_that_the_lists_do_not_show_yet(shop):
    caller = shop()
    fault(caller, "list-lag", seconds=30)
    feed_id = caller.post("ProductUpdate", RECORD)
    caller.clock.advance(29)
    assert caller.body("FeedList") == ""
    assert caller.error("FeedStatus", FeedID=feed_id)[0] == "12"
    assert caller.product("TEA-01")["Price"] == "4.00"
    caller.clock.advance(1)
    assert caller.status(feed_id)["Status"] == "Finished"


def records(count: int) -> list[str]:
    return [f"<Product><SellerSku>S{n:03d}</SellerSku><Quantity>5</Quantity></Product>" for n in range(count)]


def rows(count: int) -> list[dict[str, str]]:
    return [{"SellerSku": f"S{n:03d}", "Name": f"Thing {n}", "Price": "1"} for n in range(count)]


def changed(caller) -> set[str]:
    products = caller.control("GET", "state")["products"]
    return {product["SellerSku"] for product in products if product["Quantity"] == "5"}


def test_some_records_are_refused_ignored_or_warned_about(shop):
    caller = shop(products=rows(100))
    fault(caller, "not-applied", count=5)
    fault(caller, "warn", count=3)
    fault(caller, "partial", count=2)
    found = caller.feed("ProductUpdate", *records(100))
    assert (found["Status"], found["FailedRecords"]) == ("Finished", "2")
    assert len(found["FeedWarnings"]["Warning"]) == 3
    assert found["FeedErrors"]["Error"][0] == {
        "Code": "0",
        "Message": "Could not save product: S008",
        "SellerSku": "S008",
    }
    assert changed(caller) == {f"S{n:03d}" for n in range(100) if n not in (0, 1, 2, 3, 4, 8, 9)}


def test_a_rate_draws_the_same_records_however_they_are_batched(shop):
    drawn = []
    for size in (100, 7):
        caller = shop(products=rows(100), requests=0, feed_reset="off")
        fault(caller, "not-applied", rate=0.2, seed=3)
        every = records(100)
        for start in range(0, 100, size):
            caller.feed("ProductUpdate", *every[start : start + size])
        drawn.append(changed(caller))
    assert drawn[0] == drawn[1]
    assert 10 <= 100 - len(drawn[0]) <= 30


def test_rates_are_drawn_per_action_from_the_seed():
    def draw(seed: int, noise: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"action": "*", "fault": "http-500", "rate": 0.3})
        result = []
        for _ in range(40):
            result.append(faults.call("GetProducts") is not None)
            for _ in range(noise):
                faults.call("FeedList")
        return result

    assert draw(1, 0) == draw(1, 3)
    assert draw(1, 0) != draw(2, 0)


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("page-repeat", [["S0", "S1", "S2"], ["S2", "S3", "S4", "S5"]]),
        ("page-miss", [["S0", "S1", "S2"], ["S4", "S5", "S6"]]),
        ("page-shift", [["S0", "S1", "S2"], ["S2", "S3", "S4"]]),
        ("page-reorder", [["S0", "S1", "S2"], ["S5", "S4", "S3"]]),
    ],
)
def test_pages_that_repeat_miss_shift_or_reorder(shop, name, pages):
    caller = shop(products=[{"SellerSku": f"S{n}", "Price": "1"} for n in range(9)])
    first = caller.skus(Limit="3")
    caller.control("POST", "faults", {"action": "GetProducts", "fault": name, "count": 1})
    assert [first, caller.skus(Limit="3", Offset="3")] == pages
    assert caller.skus(Limit="3", Offset="3") == ["S3", "S4", "S5"]
    assert caller.skus(SkuSellerList='["S8"]') == ["S8"]


def test_a_list_of_feeds_misses_rows_only_when_asked_by_name(shop):
    caller = shop()
    caller.post("ProductUpdate", RECORD)
    caller.control("POST", "faults", {"action": "*", "fault": "page-miss", "rate": 1})
    assert caller.body("FeedOffsetList") != ""
    caller.control("POST", "faults", {"action": "FeedOffsetList", "fault": "page-miss", "rate": 1})
    assert caller.body("FeedOffsetList") == ""


SENT = {"SellerSku": "A", "Name": " Tea  two ", "Description": "<b>x</b><br>", "ProductData": {"W": "10"}}


def test_values_that_the_shop_rewrites_when_it_is_read(shop):
    caller = shop(products=[SENT, {**SENT, "SellerSku": "B"}])
    caller.control("POST", "faults", {"action": "GetProducts", "fault": "rewrite", "skus": ["A"]})
    found = [(row["Name"], row["Description"], row["ProductData"]["W"]) for row in caller.products()]
    assert found == [
        ("Tea two", "<strong>x</strong><br />", "10.00"),
        (" Tea  two ", "<b>x</b><br>", "10"),
    ]
    assert caller.product("A")["Name"] == " Tea  two "


def test_values_that_the_shop_rewrites_when_it_stores_them(shop):
    caller = shop()
    fault(caller, "rewrite", kinds=["trim", "case"])
    caller.feed("ProductUpdate", "<Product><SellerSku>TEA-01</SellerSku><Name> tea  two</Name></Product>")
    assert caller.product("TEA-01")["Name"] == "Tea Two"


def test_rewriting_is_stable_between_reads(shop):
    caller = shop(products=[{**SENT, "SellerSku": f"S{n}"} for n in range(50)])
    caller.control("POST", "faults", {"action": "*", "fault": "rewrite", "rate": 0.5, "seed": 7})
    first = [row["Name"] for row in caller.products()]
    assert [row["Name"] for row in caller.products()] == first
    assert set(first) == {"Tea two", " Tea  two "}


def test_faults_from_the_start(shop):
    caller = shop(fault=("action=GetProducts,fault=html,count=1", '{"action": "*", "fault": "http-503"}'))
    found = caller.control("GET", "faults")["faults"]
    assert [(rule["action"], rule["fault"], rule["count"]) for rule in found] == [
        ("GetProducts", "html", 1),
        ("*", "http-503", 1),
    ]
    assert [caller.call("GetProducts").status_code for _ in range(3)] == [200, 503, 200]


def test_cleared_faults_are_gone(shop):
    caller = shop()
    caller.control("POST", "faults", [{"fault": "http-500"}, {"fault": "login"}])
    assert caller.control("DELETE", "faults") == {"faults": []}
    assert caller.skus() == ["TEA-01", "MUG/2"]


def test_faults_can_be_kept_to_reads_or_writes(shop):
    caller = shop()
    caller.control("POST", "faults", {"action": "reads", "fault": "http-500", "rate": 1})
    assert (caller.call("GetProducts").status_code, caller.call("ProductUpdate", BODY).status_code) == (
        500,
        200,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"fault": "nonsense"},
        {"fault": "html", "rate": 2},
        {"fault": "html", "often": 1},
        {"fault": "html", "count": "x"},
    ],
    ids=["name", "rate", "key", "number"],
)
def test_wrong_faults_are_refused(shop, given):
    assert "error" in shop().control("POST", "faults", given)


CONTRACT = """
accept-then-reset accept-then-hang accept-then-500 accept-then-html accept-then-truncate late-accept
drop-before-accept reset-mid-body e429 http-429 http-500 http-503 redirect empty-body html drip gzip-bomb
expired login stuck canceled partial not-applied unknown-status list-lag page-repeat page-miss page-shift
rewrite
"""


def test_every_name_of_the_contract_is_known():
    contract = set(CONTRACT.split())
    assert contract <= NAMES
    assert NAMES - contract == {"slow", "warn", "warning-detail", "page-reorder", "field-gone"}


def test_all_call_faults_at_once_lose_no_feed_and_invent_none(shop):
    """The log agrees with the shop's own list of feeds, whatever was thrown in between."""
    caller = shop(requests=0, feed_reset="off")
    quick = sorted(CALL - {"drip", "gzip-bomb", "slow", "accept-then-hang"})
    for name in quick:
        caller.control("POST", "faults", {"action": "*", "fault": name, "rate": 0.05, "seed": 5})
    for _ in range(60):
        outcome(caller)
    caller.control("DELETE", "faults")
    caller.clock.advance(60)
    caller.call("FeedList")
    accepted = [entry["feed"] for entry in caller.log() if entry["accepted"]]
    assert sorted(accepted) == sorted(feed["id"] for feed in caller.control("GET", "state")["feeds"])
    assert 0 < len(accepted) < 60
