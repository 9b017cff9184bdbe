"""The control API: what tests ask of the shop behind the protocol's back."""

from __future__ import annotations

import hashlib

import pytest
import requests

BODY = "<Request><Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product></Request>"


def test_state_is_whole_and_in_canonical_names(shop, tea, mug):
    state = shop().control("GET", "state")
    assert state == {
        "products": [
            {**tea, "Price": "4.90"},
            {**mug, "Price": "12.00", "Images": [], "ProductData": {}},
        ],
        "feeds": [],
        "clock": 1_714_996_800.0,
    }


@pytest.mark.parametrize("dialect", ["classic", "falabella"])
def test_putting_back_what_state_gave_restores_it(shop, dialect):
    caller = shop(dialect=dialect, operators="facl,fape")
    before = caller.control("GET", "state")["products"]
    caller.feed("ProductRemove", "<Product><SellerSku>TEA-01</SellerSku></Product>")
    assert caller.control("GET", "state")["products"] != before
    assert caller.control("PUT", "products", before) == {"products": 2}
    assert caller.control("GET", "state")["products"] == before


def test_falabella_state_names_each_business_unit(shop, tea):
    given = {**tea, "SalePrice": "4", "SaleEndDate": "2024-06-01", "BusinessUnits.fape.Price": "18.5"}
    product = shop(products=[given], dialect="falabella", operators="facl,fape").product("TEA-01")
    assert {name: text for name, text in product.items() if name.startswith("BusinessUnits.")} == {
        "BusinessUnits.facl.Price": "4.90",
        "BusinessUnits.facl.SpecialPrice": "4.00",
        "BusinessUnits.facl.SpecialToDate": "2024-06-01 00:00:00",
        "BusinessUnits.facl.Stock": "7",
        "BusinessUnits.facl.Status": "active",
        "BusinessUnits.fape.Price": "18.50",
        "BusinessUnits.fape.SpecialPrice": "4.00",
        "BusinessUnits.fape.SpecialToDate": "2024-06-01 00:00:00",
        "BusinessUnits.fape.Stock": "7",
        "BusinessUnits.fape.Status": "active",
    }
    assert "Price" not in product


GIVEN = {
    "money": ({"Price": "10"}, {"Price": "10.00"}),
    "money as a number": ({"Price": 10.5}, {"Price": "10.50"}),
    "numbers are text": ({"Quantity": 3, "ProductId": 42}, {"Quantity": "3", "ProductId": "42"}),
    "nothing is absent": ({"Name": None, "SalePrice": ""}, {}),
    "flat attributes": ({"ProductData.Color": "red"}, {"ProductData": {"Color": "red"}}),
    "images by bars": ({"Images": "http://a/1|http://a/2"}, {"Images": ["http://a/1", "http://a/2"]}),
    "images by commas": ({"Images": "http://a/1,2,http://a/3"}, {"Images": ["http://a/1,2", "http://a/3"]}),
    "images by blanks": ({"Images": "http://a/1 http://a/2"}, {"Images": ["http://a/1", "http://a/2"]}),
    "main image alone": ({"MainImage": "http://a/1"}, {"Images": ["http://a/1"]}),
    "leading zeros": ({"ProductId": "00123"}, {"ProductId": "00123"}),
}


@pytest.mark.parametrize(("given", "kept"), GIVEN.values(), ids=GIVEN.keys())
def test_how_given_values_are_kept(shop, given, kept):
    plain = {"SellerSku": "A", "Quantity": "0", "Status": "active", "Images": [], "ProductData": {}}
    assert shop(products=[{"SellerSku": "A", **given}]).product("A") == {**plain, **kept}


def test_an_edit_by_a_person_shows_at_once(shop):
    caller = shop()
    caller.clock.advance(5)
    edited = caller.control(
        "PATCH", "products/MUG%2F2", {"Price": "13", "Brand": "", "ProductData": {"Size": "L"}}
    )
    assert (edited["Price"], edited["ProductData"], "Brand" in edited) == ("13.00", {"Size": "L"}, False)
    assert caller.product("MUG/2") == edited
    assert caller.skus(UpdatedAfter="2024-05-06T12:00:05Z") == ["MUG/2"]


def test_an_edit_of_a_plain_field_holds_for_every_operator(shop):
    caller = shop(dialect="falabella", operators="facl,fape")
    edited = caller.control("PATCH", "products/TEA-01", {"Price": "6", "BusinessUnits.fape.Stock": "1"})
    names = ("facl.Price", "facl.Stock", "fape.Price", "fape.Stock")
    assert [edited[f"BusinessUnits.{name}"] for name in names] == ["6.00", "7", "6.00", "1"]


def test_products_that_are_not_there(shop):
    caller = shop()
    url = caller.sandbox.control_url + "products/NOPE"
    assert [requests.request(verb, url, json={}, timeout=5).status_code for verb in ("GET", "PATCH")] == [
        404,
        404,
    ]


def test_a_product_can_vanish(shop):
    caller = shop()
    caller.control("DELETE", "products/TEA-01")
    assert caller.skus() == ["MUG/2"]


def test_the_log_tells_what_really_arrived(shop):
    caller = shop()
    caller.call("ProductUpdate", BODY)
    caller.clock.advance(1)
    caller.call("GetProducts", Limit="0")
    first, second = caller.log()
    common = {"UserID": "seller@sandbox.example", "Version": "1.0"}
    agent = caller.session.headers["User-Agent"]
    feed_id = caller.control("GET", "feeds")["feeds"][0]["id"]
    assert first == {
        "n": 1,
        "time": 1_714_996_800.0,
        "verb": "POST",
        "action": "ProductUpdate",
        "params": {"Action": "ProductUpdate", "Timestamp": "2024-05-06T12:00:00+00:00", **common},
        "agent": agent,
        "body_sha256": hashlib.sha256(BODY.encode()).hexdigest(),
        "answered": 200,
        "error": None,
        "accepted": True,
        "feed": feed_id,
        "skus": ["TEA-01"],
        "fault": None,
    }
    assert (second["n"], second["time"], second["error"], second["accepted"]) == (
        2,
        1_714_996_801.0,
        19,
        False,
    )
    assert caller.control("GET", "requests?since=1")["requests"] == [second]


def test_refused_calls_are_in_the_log_too(shop):
    caller = shop(requests=1)
    caller.call("GetProducts")
    caller.call("GetProducts")
    assert [(entry["answered"], entry["error"]) for entry in caller.log()] == [(200, None), (429, 429)]


def test_the_clock_moves_by_hand_and_with_it_the_feeds(shop):
    caller = shop()
    caller.call("ProductUpdate", BODY)
    assert caller.control("POST", "clock", {"advance": 30}) == {"clock": 1_714_996_830.0}
    assert caller.control("GET", "feeds")["feeds"][0]["status"] == "Finished"


def test_reset_restores_the_first_products_and_keeps_the_log(shop):
    caller = shop(feed_burst=1)
    before = caller.control("GET", "state")["products"]
    caller.control("POST", "faults", {"fault": "stuck", "rate": 1})
    caller.control("POST", "settings", {"feed_delay": 0})
    caller.call("ProductUpdate", BODY)
    caller.control("PUT", "products", [])
    assert caller.control("POST", "reset") == {"products": 2}
    assert caller.control("GET", "state") == {"products": before, "feeds": [], "clock": caller.clock.now()}
    assert caller.control("GET", "faults") == {"faults": []}
    assert caller.control("GET", "settings")["feed_delay"] == 1.0
    assert caller.call("ProductUpdate", BODY).status_code == 200
    assert [entry["n"] for entry in caller.log()] == [1, 2]


def test_settings_can_be_turned_while_running(shop):
    caller = shop()
    caller.control("POST", "settings", {"error_status": 400, "requests": 2})
    assert [caller.call("Nope").status_code for _ in range(3)] == [400, 400, 429]
    assert "key" not in caller.control("GET", "settings")


WRONG = {
    "unknown resource": ("GET", "nothing", None, 404),
    "products are no list": ("PUT", "products", {"a": 1}, 400),
    "no SKU": ("PUT", "products", [{"Name": "x"}], 400),
    "SKU twice": ("PUT", "products", [{"SellerSku": "A"}, {"SellerSku": "A"}], 400),
    "no element name": ("PUT", "products", [{"SellerSku": "A", "Cost price": "1"}], 400),
    "units in a classic shop": (
        "PUT",
        "products",
        [{"SellerSku": "A", "BusinessUnits.facl.Price": "1"}],
        400,
    ),
    "no number": ("POST", "clock", {"advance": "x"}, 400),
    "no advance": ("POST", "clock", {}, 400),
    "unknown setting": ("POST", "settings", {"colour": "x"}, 400),
    "wrong choice": ("POST", "settings", {"over_limit": "x"}, 400),
    "fixed setting": ("POST", "settings", {"dialect": "falabella"}, 400),
    "since is no number": ("GET", "requests?since=x", None, 400),
}


@pytest.mark.parametrize(("verb", "resource", "value", "status"), WRONG.values(), ids=WRONG.keys())
def test_wrong_control_requests(shop, verb, resource, value, status):
    caller = shop()
    answer = requests.request(verb, caller.sandbox.control_url + resource, json=value, timeout=5)
    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert caller.skus() == ["TEA-01", "MUG/2"]


def test_control_paths_with_a_doubled_slash_are_understood(shop):
    caller = shop()
    assert caller.control("GET", "/lookups") == caller.control("GET", "lookups")


def test_given_options_join_a_dropdown(shop):
    caller = shop(
        products=[
            {"SellerSku": "A", "Price": "1", "PrimaryCategory": "5", "ProductData.ConditionType": "Roto"}
        ]
    )
    data = "<ProductData><ConditionType>Roto</ConditionType></ProductData>"
    record = f"<Product><SellerSku>A</SellerSku>{data}</Product>"
    assert caller.errors("ProductUpdate", record) == []
