"""Who may call: the published signature vectors, and every refusal before an action is looked at."""

from __future__ import annotations

import pytest

from pipeline.sandbox.auth import canonical, signature

PUBLISHED_KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
OWN_KEY = "sandbox-key-0001"
VECTORS = {
    "official": (
        PUBLISHED_KEY,
        {
            "Action": "FeedList",
            "Format": "XML",
            "Timestamp": "2015-07-01T11:11:11+00:00",
            "UserID": "look@me.com",
            "Version": "1.0",
        },
        "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041",
    ),
    "mobly": (
        "abc16cfd7e7fa8263b8b83eb3b4467e60ca0638b",
        {
            "Action": "test",
            "Timestamp": "Fri, 20 Jul 2014 23:36:00 GMT",
            "UserID": "admin@sellercenter.net",
            "Version": "1.0",
        },
        "02815c9a18c5c45ee5f6af8fc9ee0a02b65aef1c55003574690f4d80efbefe80",
    ),
    "go": (
        "1234567890",
        {
            "Foo": "bar",
            "Timestamp": "2014-11-12T11:45:26Z",
            "UserID": "abc@sellercenter.net",
            "Whatever": "you want",
        },
        "bb6b9ee192fe31f7e21c2fcc6298feccc777b747beb0a062e7c21072671a5cae",
    ),
    "php": (
        "67c7ef5fa5d408aed1",
        {"param1": "123", "param2": "ab cd"},
        "1dff271f6157edfbfc592966a3b811efee46df45e002c25120e4c65e06990c7a",
    ),
    "php, other key": (
        "67c7ef5fa5d408aed1diff",
        {"param1": "123", "param2": "ab cd"},
        "fa95b6da10e5c6b59569627cc88a8f56d2b8d8a8db6543c3e307d6bf8e9cf1db",
    ),
    "lower case sorts last": (
        PUBLISHED_KEY,
        {
            "version": "1.0",
            "Action": "FeedList",
            "Format": "XML",
            "Timestamp": "2015-07-01T11:11:11+00:00",
            "UserID": "look@me.com",
        },
        "9cbcdf6a7d8f8229ec01f67268a1ed82b47f8f931a2990316fe83835441ebff3",
    ),
    "list of SKUs": (
        OWN_KEY,
        {
            "Action": "GetProducts",
            "Filter": "all",
            "Format": "JSON",
            "SkuSellerList": '["TEA 01","MUG+2"]',
            "Timestamp": "2024-05-06T07:08:09+00:00",
            "UserID": "catalog@example.test",
            "Version": "1.0",
        },
        "824ef5640bb8a3762f0f692cb9e201949eaf5e1c0cf662980ef6578972da13da",
    ),
    "reserved characters": (
        OWN_KEY,
        {
            "Action": "GetProducts",
            "Filter": "live",
            "Format": "XML",
            "Search": "Café (50%) *new* it's ~A/B&C",
            "Timestamp": "2024-05-06T07:08:09+00:00",
            "UserID": "catalog+dev@example.test",
            "Version": "1.0",
        },
        "24bfea5df197787561a0284793d7e134c05d274a806afce1d43447526b44f56e",
    ),
}


@pytest.mark.parametrize(("key", "params", "expected"), VECTORS.values(), ids=VECTORS.keys())
def test_signature_of_published_vectors(key, params, expected):
    assert signature({**params, "Signature": "ignored"}, key) == expected


def test_canonical_form_sorts_by_byte_order_and_keeps_empty_values():
    assert canonical({"b": "2", "B": "", "a": "x y"}) == "B=&a=x%20y&b=2"


REFUSALS = {
    "no action": ({"Action": ""}, {}, ("1", "E001: Parameter Action is mandatory")),
    "no version": ({"Version": ""}, {}, ("1", "E001: Parameter Version is mandatory")),
    "wrong version": ({"Version": "2.0"}, {}, ("2", "E002: Invalid Version")),
    "no timestamp": ({"Timestamp": ""}, {}, ("1", "E001: Parameter Timestamp is mandatory")),
    "bad timestamp": ({"Timestamp": "yesterday"}, {}, ("4", "E004: Invalid Timestamp format")),
    "old timestamp": ({"Timestamp": "2024-05-06T11:44:59Z"}, {}, ("3", "E003: Timestamp has expired")),
    "future timestamp": ({"Timestamp": "2024-05-06T12:15:01Z"}, {}, ("3", "E003: Timestamp has expired")),
    "unknown user": ({"UserID": "no@body"}, {}, ("7", "E007: Login failed. Signature mismatching")),
    "wrong action": ({"Action": "GetFeedStatus"}, {}, ("8", "E008: Invalid Action")),
    "wrong role": ({}, {"role": "order"}, ("9", "E009: Access Denied")),
    "no such raw input": ({"Action": "GetFeedRawInput"}, {"raw_input": "no"}, ("8", "E008: Invalid Action")),
    "action judged first": (
        {"Action": "Nope", "UserID": "no@body"},
        {"auth_order": "action,params,version,timestamp,signature,role"},
        ("8", "E008: Invalid Action"),
    ),
}


@pytest.mark.parametrize(("params", "options", "expected"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals_come_as_errors_under_status_200(shop, params, options, expected):
    caller = shop(**options)
    action = {"Action": "GetProducts", **params}.pop("Action")
    rest = {name: text for name, text in params.items() if name != "Action"}
    answer = caller.call(action, Format="JSON", **rest)
    head = answer.json()["ErrorResponse"]["Head"]
    assert answer.status_code == 200
    assert (head["ErrorCode"], head["ErrorMessage"]) == expected
    assert head["ErrorType"] == "Sender"


def test_a_wrong_key_is_refused_in_xml_too(shop):
    caller = shop()
    query = caller.query({"Action": "GetProducts"}, key="wrong")
    assert caller.session.get(f"{caller.sandbox.base_url}?{query}").text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Head><RequestAction>GetProducts'
        "</RequestAction><ErrorType>Sender</ErrorType><ErrorCode>7</ErrorCode><ErrorMessage>E007: Login"
        " failed. Signature mismatching</ErrorMessage></Head><Body/></ErrorResponse>"
    )


def test_the_error_status_can_be_set(shop):
    assert shop(error_status=400).call("Nope").status_code == 400


def test_further_logins_and_their_roles(shop):
    caller = shop(credential=("second@shop:other-key", "orders@shop:third-key:order"))

    def read(user: str, key: str, action: str) -> str:
        params = {"Action": action, "UserID": user, "CreatedAfter": "2024-01-01"}
        return caller.session.get(f"{caller.sandbox.base_url}?{caller.query(params, key=key)}").text

    assert "<SuccessResponse>" in read("second@shop", "other-key", "GetProducts")
    assert "E007" in read("second@shop", "third-key", "GetProducts")
    assert "E009" in read("orders@shop", "third-key", "GetProducts")
    assert "<SuccessResponse>" in read("orders@shop", "third-key", "GetOrders")


def test_falabellas_user_agent_can_be_made_mandatory(shop):
    caller = shop(user_agent="required")
    assert caller.error("GetProducts")[0] == "9"
    caller.session.headers["User-Agent"] = "ABC123/Python/3.12/PROPIA/FACL"
    assert caller.skus() == ["TEA-01", "MUG/2"]


def test_brands_without_a_signature_where_the_shop_is_so_careless(shop):
    assert "<Brand>" in requests_get(shop(open_brands="yes"), "?Action=GetBrands")
    assert "E001" in requests_get(shop(), "?Action=GetBrands")


def requests_get(caller, tail: str) -> str:
    return caller.session.get(caller.sandbox.base_url + tail).text
