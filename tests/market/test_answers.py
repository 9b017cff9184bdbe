"""Both formats read into the same values; what isn't a whole answer is refused."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.errors import LoginRefused, Refused, Throttled
from pipeline.market.answers import Answer, ErrorAnswer, moment, read, refusal, warnings
from pipeline.market.nodes import Unreadable, as_list, children, document

NAMES = st.sampled_from(["Name", "Price", "Brand", "Feed", "Image", "Status"])
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    max_size=20,
)
TREES: st.SearchStrategy[Any] = st.recursive(
    TEXTS,
    lambda below: st.dictionaries(
        NAMES, below | st.lists(below, min_size=2, max_size=3), min_size=1, max_size=4
    ),
    max_leaves=12,
)


def xml_of(name: str, node: Any) -> etree._Element:
    """The XML that a JSON answer is a projection of."""
    element = etree.Element(name)
    if isinstance(node, dict):
        for child, value in node.items():
            for one in value if isinstance(value, list) else [value]:
                element.append(xml_of(child, one))
    else:
        element.text = node
    return element


@given(TREES)
def test_xml_and_json_of_one_answer_are_the_same(body: Any) -> None:
    said = {
        "Head": {"RequestId": "f-1", "RequestAction": "A", "Timestamp": "2024-05-06T07:08:10+0000"},
        "Body": body,
    }
    from_json = read(orjson.dumps({"SuccessResponse": said}))
    assert read(etree.tostring(xml_of("SuccessResponse", said), encoding="UTF-8")) == from_json
    assert from_json == Answer(action="A", request_id="f-1", timestamp="2024-05-06T07:08:10+0000", body=body)


@given(TREES)
def test_a_cut_answer_is_never_read(body: Any) -> None:
    said = {"Head": {"RequestId": "f-1"}, "Body": body}
    for whole in (
        orjson.dumps({"SuccessResponse": said}),
        etree.tostring(xml_of("SuccessResponse", said), encoding="UTF-8", xml_declaration=True),
    ):
        for length in range(0, len(whole), max(len(whole) // 7, 1)):
            with pytest.raises(Unreadable):
                read(whole[:length])


LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><SuccessResponse><Body>&y;</Body></SuccessResponse>'
)
OUTSIDE = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><SuccessResponse/>'
UNSOUND = {
    "empty": b"",
    "blank": b" \r\n ",
    "text": b"it-is-not-json-data",
    "list": b"[]",
    "number": b"7",
    "trailing comma": b'{"SuccessResponse":{"Head":{},}}',
    "two roots": b'{"SuccessResponse":"","ErrorResponse":""}',
    "no root": b"{}",
    "rest after json": b'{"SuccessResponse":""}{"SuccessResponse":""}',
    "rest after xml": b"<SuccessResponse/><SuccessResponse/>",
    "strange root": b"<Answer/>",
    "html": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "html without doctype": b"<html><body><p>Sign in</body></html>",
    "well-formed html": b"<html><body/></html>",
    "entities": LAUGHS,
    "dtd outside": OUTSIDE,
    "doctype behind a comment": b"<?xml version='1.0'?><!-- --> " + LAUGHS,
    "utf-16": "<?xml version='1.0' encoding='UTF-16'?><SuccessResponse/>".encode("utf-16"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?><SuccessResponse/>',
    "undeclared entity": b"<SuccessResponse><Body>&nbsp;</Body></SuccessResponse>",
    "deep xml": b"<SuccessResponse>" + b"<a>" * 150 + b"</a>" * 150 + b"</SuccessResponse>",
    "deeper xml": b"<SuccessResponse>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</SuccessResponse>",
    "deep json": b'{"SuccessResponse":' + b"[" * 150 + b"]" * 150 + b"}",
    "deeper json": b'{"SuccessResponse":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nan": b'{"SuccessResponse":{"Body":{"Price":NaN}}}',
    "key twice": b'{"SuccessResponse":{"Body":{"Product":{"SellerSku":"a"},"Product":{"SellerSku":"b"}}}}',
    "key twice, spaced": b'{"SuccessResponse" : {"Body" : {"A" : "1", "A" : "2"}}}',
    "wrong bytes": b'{"SuccessResponse":{"Body":"\xff\xfe"}}',
    "half a surrogate": b'{"SuccessResponse":{"Body":"\\ud800"}}',
    "many elements": b"<SuccessResponse>" + b"<a/>" * 3_000_000 + b"</SuccessResponse>",
}


@pytest.mark.parametrize("body", UNSOUND.values(), ids=UNSOUND)
def test_what_is_no_whole_answer_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


SOUND = {
    "bom json": b'\xef\xbb\xbf{"SuccessResponse":{"Body":{"A":"1"}}}',
    "bom xml": b"\xef\xbb\xbf<SuccessResponse><Body><A>1</A></Body></SuccessResponse>",
    "blank before": b"\r\n<SuccessResponse><Body><A>1</A></Body></SuccessResponse>\n",
    "comments": b"<SuccessResponse><!-- x --><Body><A><!-- y -->1</A></Body></SuccessResponse>",
    "cdata": b"<SuccessResponse><Body><A><![CDATA[1]]></A></Body></SuccessResponse>",
    "namespace": b'<SuccessResponse xmlns="urn:x"><Body><A>1</A></Body></SuccessResponse>',
    "pretty": b"<SuccessResponse>\n <Body>\n  <A>1</A>\n </Body>\n</SuccessResponse>",
    "other case": b'{"SuccessResponse":{"body":{"A":"1"}}}',
}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_harmless_dress_is_taken_off(body: bytes) -> None:
    assert read(body) == Answer(body={"A": "1"})


def test_numbers_keep_their_look() -> None:
    body = b'{"SuccessResponse":{"Body":{"Price":10.10,"Big":123456789012345678901234567890,"Id":7}}}'
    assert read(body) == Answer(body={"Price": "10.10", "Big": 123456789012345678901234567890, "Id": 7})


def test_a_quote_and_a_colon_in_a_value_are_no_second_key() -> None:
    said = {"SuccessResponse": {"Body": {"A": '<a title="x":y>":":'}}}
    assert read(orjson.dumps(said)) == Answer(body={"A": '<a title="x":y>":":'})


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (None, []),
        ("", []),
        ({}, []),
        ([], []),
        ({"Brand": ""}, []),
        ({"Brand": {"Name": "a"}}, [{"Name": "a"}]),
        ({"Brand": [{"Name": "a"}, {"Name": "b"}]}, [{"Name": "a"}, {"Name": "b"}]),
        ([{"Brand": {"Name": "a"}}, {"Brand": {"Name": "b"}}], [{"Name": "a"}, {"Name": "b"}]),
        ([{"Name": "a"}], [{"Name": "a"}]),
        ({"Image": "x"}, []),
        ("text", []),
    ],
    ids=repr,
)
def test_one_several_none_and_wrapped_children_are_lists(node: Any, expected: list[Any]) -> None:
    assert children(node, "Brand") == expected


def test_as_list_keeps_what_is_a_list() -> None:
    assert (as_list(["a"]), as_list("a"), as_list("")) == (["a"], ["a"], [])


def error(number: str = "7", kind: str = "Sender", message: str = "E007: Login failed") -> bytes:
    head = {"RequestAction": "ProductUpdate", "ErrorType": kind, "ErrorCode": number, "ErrorMessage": message}
    return orjson.dumps({"ErrorResponse": {"Head": head, "Body": ""}})


ERRORS = {
    "login": (error(), LoginRefused, 7, False),
    "role": (error("9", message="E009: Access Denied"), LoginRefused, 9, False),
    "throttled": (error("429", message="E429: Too many requests"), Throttled, 429, False),
    "prefixed code": (error("E030", message="E030: Empty Request"), Refused, 30, False),
    "code only in the message": (error("", message="E017: bad date"), Refused, 17, False),
    "internal": (error("6", message="E006: Unexpected internal error"), Refused, 6, True),
    "platform": (error("1000", "Platform", "Internal Application Error"), Refused, 1000, True),
    "no type": (error("1000", ""), Refused, 1000, True),
    "nothing": (b'{"ErrorResponse":{"Head":[],"Body":""}}', Refused, 0, True),
    "not even a head": (b"<ErrorResponse/>", Refused, 0, True),
}


@pytest.mark.parametrize(("body", "kind", "number", "platform"), ERRORS.values(), ids=ERRORS)
def test_an_error_response_says_whose_fault_it_is(
    body: bytes, kind: type[Refused], number: int, platform: bool
) -> None:
    answer = read(body)
    assert isinstance(answer, ErrorAnswer)
    raised = refusal(answer, "ProductUpdate")
    assert (type(raised), raised.number, raised.platform) == (kind, number, platform)


DETAIL = {"Field": "Price", "Message": "comma", "Value": "1,5", "SellerSku": "A"}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ({"ErrorDetail": DETAIL}, 1),
        ({"ErrorDetail": [DETAIL] * 60}, 50),
        ({"Errors": {"Error": [DETAIL, DETAIL]}}, 2),
        ("", 0),
    ],
    ids=["one", "fifty at most", "wrapped", "none"],
)
def test_details_of_an_error_are_read(body: Any, count: int) -> None:
    answer = read(orjson.dumps({"ErrorResponse": {"Head": {}, "Body": body}}))
    assert isinstance(answer, ErrorAnswer)
    assert answer.details == (("Price", "comma", "1,5", "A"),) * count


@pytest.mark.parametrize(
    "detail", [{"WarningDetail": DETAIL}, {"WarningDetail": [DETAIL]}], ids=["object", "array"]
)
def test_warnings_of_an_accepted_feed_are_read(detail: Any) -> None:
    assert warnings(detail) == (("Price", "comma", "1,5"),)
    assert warnings("") == ()


def test_an_endless_message_is_cut() -> None:
    answer = read(error(message="x" * 10_000))
    assert isinstance(answer, ErrorAnswer)
    assert len(answer.message) == 2001


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2024-05-06T07:08:10+0000", 1714979290.0),
        ("2024-05-06T09:08:10+02:00", 1714979290.0),
        ("2024-05-06T07:08:10Z", 1714979290.0),
        ("2024-05-06T07:08:10", None),
        ("", None),
        ("soon", None),
    ],
)
def test_the_server_s_time_needs_a_zone(stamp: str, seconds: float | None) -> None:
    assert moment(stamp) == seconds


def test_a_document_has_a_name() -> None:
    assert document(b"<A><B/></A>") == ("A", {"B": ""})
