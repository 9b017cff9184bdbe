"""Clients written by others, in other languages, talk to it unchanged: their oddities on a raw socket."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import socket
from collections.abc import Mapping
from urllib.parse import quote, quote_plus, urlsplit

import pytest

EMPTIES = "<SalePrice/><SaleStartDate/><SaleEndDate/>"
RECORD = f"<Product><SellerSku>TEA-01</SellerSku><Price>4</Price>{EMPTIES}</Product>"
BODY = f'<?xml version="1.0"?>\n<Request>{RECORD}</Request>'.encode()


def signed(caller, params: Mapping[str, str], plus: bool = False) -> str:
    code = quote_plus if plus else quote
    text = "&".join(f"{code(k, safe='-_.~')}={code(v, safe='-_.~')}" for k, v in sorted(params.items()))
    return hmac.new(caller.sandbox.api_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def common(action: str, stamp: str = "2024-05-06T12:00:00+00:00", **more: str) -> dict[str, str]:
    return {
        "Action": action,
        "Timestamp": stamp,
        "UserID": "seller@sandbox.example",
        "Version": "1.0",
        **more,
    }


def raw(caller, request: bytes, count: int = 1) -> str:
    """Send bytes, read until the shop hangs up or so many answers have come."""
    target = urlsplit(caller.sandbox.base_url)
    with socket.create_connection((target.hostname, target.port), timeout=5) as sock:
        sock.sendall(request)
        data = b""
        while data.count(b"HTTP/1.1 ") < count or not data.endswith((b"Response>", b"}")):
            part = sock.recv(65_536)
            if not part:
                break
            data += part
    return data.decode()


def test_parameters_in_any_order_with_the_signature_in_the_middle_and_raw_characters(shop):
    """Go and Java clients: ``Signature`` stands between, ``@`` ``:`` and ``,`` are not encoded."""
    caller = shop()
    params = common("GetProducts", "2024-05-06T12:00:00Z", Search="Tea", Filter="all")
    query = (
        f"Action=GetProducts&Filter=all&Search=Tea&Signature={signed(caller, params)}"
        "&Timestamp=2024-05-06T12:00:00Z&UserID=seller@sandbox.example&Version=1.0"
    )
    request = f"GET /?{query} HTTP/1.1\r\nHost: shop\r\nUser-Agent: Go-http-client/1.1\r\n\r\n"
    assert "<SellerSku>TEA-01</SellerSku>" in raw(caller, request.encode())


STAMPS = (
    "2024-05-06T12:00:00Z",
    "2024-05-06T12:00:00.601Z",
    "2024-05-06T12:00:00+00:00",
    "2024-05-06T12:00:00+0000",
    "2024-05-06T14:00:00+0200",
    "2024-05-06T12:00Z",
    "2024-05-06T12:00+0000",
    "2024-05-06T12:00:00.123456",
)


@pytest.mark.parametrize("stamp", STAMPS)
def test_every_timestamp_form_that_clients_send(shop, stamp):
    caller = shop()
    assert caller.skus(Timestamp=stamp) == ["TEA-01", "MUG/2"]


@pytest.mark.parametrize("signs_plus", [False, True], ids=["signed as %20", "signed as +"])
def test_blanks_as_plus_on_the_wire(shop, signs_plus):
    caller = shop()
    params = common("GetProducts", Search="Green Tea")
    query = "&".join(f"{k}={quote_plus(v)}" for k, v in params.items())
    url = f"{caller.sandbox.base_url}?{query}&Signature={signed(caller, params, plus=signs_plus)}"
    assert "Green+Tea" in url
    assert "TEA-01" in caller.session.get(url).text


def test_two_equal_calls_are_not_taken_for_a_replay(shop):
    caller = shop()
    query = caller.query({"Action": "GetProducts"})
    answers = {caller.session.get(f"{caller.sandbox.base_url}?{query}").status_code for _ in range(3)}
    assert answers == {200}


def test_empty_parameters_are_signed_and_mean_nothing(shop):
    assert shop().skus(Search="", CreatedAfter="", Limit="100", Offset="0") == ["TEA-01", "MUG/2"]


BODIES = {
    "json type": ({"Content-Type": "application/json"}, BODY),
    "form type": ({"Content-Type": "application/x-www-form-urlencoded"}, BODY),
    "html type, gzip": ({"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(BODY)),
    "charset": ({"Content-Type": "text/xml; charset=UTF8"}, BODY),
    "no type": ({}, BODY),
    "misspelt root": ({}, BODY.replace(b"Request>", b"Resquest>")),
    "byte order mark": ({}, b"\xef\xbb\xbf<Request>" + RECORD.encode() + b"</Request>"),
}


@pytest.mark.parametrize(("headers", "body"), BODIES.values(), ids=BODIES.keys())
def test_the_body_is_read_whatever_its_type_says(shop, headers, body):
    caller = shop()
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': 'ProductUpdate'})}"
    assert "<RequestId>" in caller.session.post(url, data=body, headers=headers).text
    caller.clock.advance(10)
    assert caller.body("FeedList")["Feed"]["FailedRecords"] == "0"
    assert caller.product("TEA-01")["Price"] == "4.00"


def test_broken_gzip_is_no_request(shop):
    caller = shop()
    url = f"{caller.sandbox.base_url}?{caller.query({'Action': 'ProductUpdate'})}"
    answer = caller.session.post(url, data=b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"})
    assert "E005" in answer.text


def test_strange_headers_are_taken(shop):
    """A header that is literally named ``0`` (a PHP client), a body length on a GET (Java)."""
    caller = shop()
    query = caller.query({"Action": "GetProducts"})
    head = (
        f"GET /?{query} HTTP/1.1\r\nHost: shop\r\n0: Accept: application/json\r\nX-Source: SDK\r\n"
        "User-Agent: /PHP/8.2.36///FalabellaSDKPHP\r\nAuthorization: Basic eDp5\r\nContent-Length: 0\r\n\r\n"
    )
    assert "<SuccessResponse>" in raw(caller, head.encode())


def test_any_path_is_the_api(shop):
    caller = shop()
    query = caller.query({"Action": "GetProducts"})
    for path in ("", "/", "/some/prefix", "/some/prefix/"):
        url = caller.sandbox.base_url.rstrip("/") + path
        assert "TEA-01" in caller.session.get(f"{url}?{query}").text


def test_keep_alive_and_pipelined_calls(shop):
    caller = shop()
    line = f"GET /?{caller.query({'Action': 'FeedCount', 'Format': 'JSON'})} HTTP/1.1\r\nHost: s\r\n\r\n"
    text = raw(caller, line.encode() * 3, count=3)
    assert (text.count("HTTP/1.1 200 OK"), text.count("Connection: keep-alive")) == (3, 3)


def test_http_1_0_is_closed_after_the_answer(shop):
    caller = shop()
    line = f"GET /?{caller.query({'Action': 'FeedCount'})} HTTP/1.0\r\n\r\n"
    text = raw(caller, line.encode(), count=2)
    assert "Connection: close" in text


def test_a_chunked_body_and_a_caller_that_waits_to_be_asked(shop):
    caller = shop()
    start = f"POST /?{caller.query({'Action': 'ProductUpdate'})} HTTP/1.1\r\nHost: s\r\n"
    chunks = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
    head = start + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    text = raw(caller, head.encode() + chunks, count=2)
    assert text.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert "<RequestId>" in text


def test_a_body_above_the_cap_is_not_even_read(shop):
    caller = shop()
    start = f"POST /?{caller.query({'Action': 'ProductUpdate'})} HTTP/1.1\r\nHost: s\r\n"
    text = raw(caller, f"{start}Content-Length: {129 * 1024 * 1024}\r\n\r\n".encode())
    assert "E011: Request too Big" in text


def test_a_body_that_breaks_off_makes_no_feed(shop):
    caller = shop()
    start = f"POST /?{caller.query({'Action': 'ProductUpdate'})} HTTP/1.1\r\nHost: s\r\n"
    target = urlsplit(caller.sandbox.base_url)
    with socket.create_connection((target.hostname, target.port), timeout=5) as sock:
        sock.sendall(f"{start}Content-Length: {len(BODY) + 1}\r\n\r\n".encode() + BODY)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    assert [(entry["accepted"], entry["answered"]) for entry in caller.log()] == [(False, "cut-off")]


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"HELLO\r\n\r\n", b"\r\n"])
def test_what_is_no_http_is_hung_up_on(shop, junk):
    caller = shop()
    target = urlsplit(caller.sandbox.base_url)
    with socket.create_connection((target.hostname, target.port), timeout=5) as sock:
        sock.sendall(junk)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    assert caller.skus() == ["TEA-01", "MUG/2"]


def test_the_answer_carries_the_shops_date(shop):
    assert shop().call("GetProducts").headers["Date"] == "Mon, 06 May 2024 12:00:00 GMT"
