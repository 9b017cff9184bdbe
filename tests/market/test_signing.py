"""What is signed is what is sent, and signatures equal the published ones."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.market.secret import Secret
from pipeline.market.signing import canonical, encoded, signature, signed_query, timestamp

K1 = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
K4 = "67c7ef5fa5d408aed1"
OURS = "sandbox-key-0001"
FEED_LIST = {
    "UserID": "look@me.com",
    "Action": "FeedList",
    "Timestamp": "2015-07-01T11:11:11+00:00",
    "Format": "XML",
}
ASKED = {
    "Action": "GetProducts",
    "Filter": "all",
    "Format": "JSON",
    "SkuSellerList": '["TEA 01","MUG+2"]',
    "Timestamp": "2024-05-06T07:08:09+00:00",
    "UserID": "catalog@example.test",
    "Version": "1.0",
}
SEARCHED = {
    "Action": "GetProducts",
    "Filter": "live",
    "Format": "XML",
    "Search": "Café (50%) *new* it's ~A/B&C",
    "Timestamp": "2024-05-06T07:08:09+00:00",
    "UserID": "catalog+dev@example.test",
    "Version": "1.0",
}
UPDATED = {
    "Action": "ProductUpdate",
    "Format": "JSON",
    "Timestamp": "2024-05-06T09:08:09+02:00",
    "UserID": "catalog@example.test",
    "Version": "1.0",
}
MOBLY = {
    "Action": "test",
    "Timestamp": "Fri, 20 Jul 2014 23:36:00 GMT",
    "UserID": "admin@sellercenter.net",
    "Version": "1.0",
}
GO = {
    "Foo": "bar",
    "Timestamp": "2014-11-12T11:45:26Z",
    "UserID": "abc@sellercenter.net",
    "Whatever": "you want",
}
PHP = {"param2": "ab cd", "param1": "123"}

VECTORS = {
    "V1": (
        K1,
        {**FEED_LIST, "Version": "1.0"},
        "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041",
    ),
    "V2": (
        "abc16cfd7e7fa8263b8b83eb3b4467e60ca0638b",
        MOBLY,
        "02815c9a18c5c45ee5f6af8fc9ee0a02b65aef1c55003574690f4d80efbefe80",
    ),
    "V3": ("1234567890", GO, "bb6b9ee192fe31f7e21c2fcc6298feccc777b747beb0a062e7c21072671a5cae"),
    "V4": (K4, PHP, "1dff271f6157edfbfc592966a3b811efee46df45e002c25120e4c65e06990c7a"),
    "V5": (f"{K4}diff", PHP, "fa95b6da10e5c6b59569627cc88a8f56d2b8d8a8db6543c3e307d6bf8e9cf1db"),
    "V6": (
        K1,
        {**FEED_LIST, "version": "1.0"},
        "9cbcdf6a7d8f8229ec01f67268a1ed82b47f8f931a2990316fe83835441ebff3",
    ),
    "V7": (
        K4,
        {**PHP, "someother": None},
        "7e6782cabcc903dc9e03b10fcd61deafd42a72bbcc750db01819611ec11255b7",
    ),
    "list": (OURS, ASKED, "824ef5640bb8a3762f0f692cb9e201949eaf5e1c0cf662980ef6578972da13da"),
    "search": (OURS, SEARCHED, "24bfea5df197787561a0284793d7e134c05d274a806afce1d43447526b44f56e"),
    "offset": (OURS, UPDATED, "286347d9ba3c430008a8b9c36479b60537491916f2be2eeac57a464bad7610d3"),
}


@pytest.mark.parametrize(("key", "params", "expected"), VECTORS.values(), ids=VECTORS)
def test_signatures_equal_the_published_ones(key: str, params: dict[str, str | None], expected: str) -> None:
    assert signature(params, Secret(key)) == expected


def test_names_are_sorted_by_their_bytes() -> None:
    assert canonical({"b": "1", "Z": "2", "a": "3"}) == "Z=2&a=3&b=1"


@given(st.text())
def test_encoding_leaves_only_unreserved_characters_bare(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    left = set(encoded(text)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")
    assert left == set()


def test_a_timestamp_says_seconds_and_utc() -> None:
    assert timestamp(1714979289.9) == "2024-05-06T07:08:09+00:00"


@given(st.dictionaries(st.text("abcXYZ", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_signed_is_what_is_sent(params: dict[str, str]) -> None:
    """The query begins with the very string that was signed, and the HTTP library leaves it alone."""
    import requests

    query = signed_query(params, Secret("k"))
    assert query.rpartition("&Signature=")[0] == canonical(params)
    prepared = requests.Request("GET", f"http://127.0.0.1:9/?{query}").prepare()
    assert prepared.path_url == f"/?{query}"


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(" key \n")
    assert (secret.reveal(), repr(secret), str(secret), f"{secret}") == ("key", "***", "***", "***")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
