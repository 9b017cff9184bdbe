"""A page that Arrow reads holds what the reader that takes all makes of it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.market.answers import Answer, read
from pipeline.market.nodes import Unreadable
from pipeline.market.pages import PageReader, quick_answer, shape_of
from pipeline.market.products import page_of

WORDS = st.sampled_from(["", "a", "null", ": null", "Té", "\ud7ff", "1.50", "\\u0000", '"', "x\ny"])
ADDRESSES = st.sampled_from(["https://x/1.jpg", "https://x/2.jpg", ""])
ODD = st.one_of(WORDS, WORDS, WORDS, st.none(), st.integers(), st.just(1.5), st.just({}), st.just(True))
IMAGES = st.one_of(
    st.lists(ADDRESSES, max_size=3).map(lambda found: {"Image": found}),
    ADDRESSES.map(lambda found: {"Image": found}),
    st.sampled_from(["", {}, {"image": ["a"]}]),
)
PRODUCTS = st.fixed_dictionaries(
    {"SellerSku": st.sampled_from(["A", "B", "C", ""])},
    optional={
        "Name": ODD,
        "name": WORDS,
        "Price": WORDS,
        "MainImage": ADDRESSES,
        "Images": IMAGES,
        "ProductData": st.one_of(
            st.dictionaries(st.sampled_from(["Color", "color"]), ODD, max_size=2), st.just("")
        ),
        "BusinessUnits": st.just({"BusinessUnit": [{"OperatorCode": "facl", "Price": "1"}]}),
        "Extra": st.just({"deep": "1"}),
    },
)
PAGES = st.lists(PRODUCTS, min_size=1, max_size=4)
PLAIN = [
    {
        "SellerSku": "A",
        "Name": "Té",
        "Price": "",
        "MainImage": "https://x/1.jpg",
        "Images": {"Image": ["https://x/1.jpg", "https://x/2.jpg"]},
        "ProductData": {"Color": "x"},
    },
    {"SellerSku": "B", "Images": {"Image": []}, "MainImage": "https://x/1.jpg", "ProductData": {}},
    {"SellerSku": "C", "Name": "\ud7ff"},
]


def document(products: Any, **head: Any) -> dict[str, Any]:
    said = {"RequestAction": "GetProducts", "Timestamp": "2026-01-01T00:00:00+0000", **head}
    return {"SuccessResponse": {"Head": said, "Body": {"Products": {"Product": products}}}}


def rows(answer: Any) -> tuple[Any, ...]:
    assert isinstance(answer, Answer)
    page = page_of(answer.body)
    found = [
        {key: value for key, value in row.items() if value is not None} for row in page.table.to_pylist()
    ]
    assert all(page.table.column(name).null_count < max(page.rows, 1) for name in page.table.column_names)
    return answer.action, answer.timestamp, page.rows, page.nameless, found


@settings(deadline=None)
@given(learnt=PAGES, met=PAGES)
@example(learnt=PLAIN, met=PLAIN)
@example(learnt=PLAIN, met=PLAIN[1:])
def test_what_is_read_quickly_is_what_the_slow_reader_reads(learnt: list[Any], met: list[Any]) -> None:
    shape = shape_of("SuccessResponse", document(learnt)["SuccessResponse"])
    body = json.dumps(document(met)).encode()
    found = None if shape is None else quick_answer(body, shape)
    if found is not None:
        assert rows(found) == rows(read(body))


def test_plain_pages_are_read_quickly() -> None:
    shape = shape_of("SuccessResponse", document(PLAIN)["SuccessResponse"])
    assert shape is not None
    found = quick_answer(orjson.dumps(document(PLAIN[::-1])), shape)
    assert rows(found)[2] == 3


ENVELOPES = {
    "no head": {"Body": {}},
    "another head": {"head": {"RequestAction": "GetProducts"}, "Body": {}},
    "a head that is a text": {"Head": "", "Body": {}},
    "the body first": {"Body": {}, "Head": {"RequestAction": "GetProducts"}},
    "more in both": {"Head": {"Total": 400, "Deep": {"x": "1"}}, "Body": {"Total": "400"}, "Foot": "x"},
}


@pytest.mark.parametrize("said", ENVELOPES.values(), ids=ENVELOPES)
def test_an_envelope_of_another_make_is_read_as_the_slow_reader_reads_it(said: dict[str, Any]) -> None:
    products = [{"SellerSku": f"S{n}", "Name": "Cafetera " * 9} for n in range(400)]
    whole = {"SuccessResponse": {**said, "Body": {**said["Body"], "Products": {"Product": products}}}}
    body, reader = orjson.dumps(whole), PageReader()
    assert rows(reader.read(body)) == rows(reader.read(body)) == rows(read(body))


BROKEN = {
    "a key twice": lambda text: text.replace(b'"Price":"', b'"Price":"1","Price":"', 1),
    "truncated": lambda text: text[:-1],
    "more behind it": lambda text: text + b"{}",
    "twice": lambda text: text + text,
    "no text": lambda text: text.replace(b'"Price":"', b'"Price":1,"x":"', 1),
    "no UTF-8": lambda text: text.replace(b"Caf", b"Caf\xff", 1),
    "half a character": lambda text: text.replace(b"Caf", b"Caf\\ud800", 1),
    "null": lambda text: text.replace(b'"Brand":"x"', b'"Brand" : null', 1),
    "an error": lambda _: orjson.dumps({"ErrorResponse": {"Head": {"ErrorCode": "5", "ErrorMessage": "no"}}}),
    "no products": lambda _: orjson.dumps(document("")),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_what_is_otherwise_is_left_to_the_slow_reader(spoil: Any) -> None:
    """Large pages, the first of which is learnt from."""
    products = [
        {"SellerSku": f"S{n}", "Name": "Cafetera " * 9, "Price": "1.00", "Brand": "x"} for n in range(400)
    ]
    good = orjson.dumps(document(products))
    reader = PageReader()
    assert rows(reader.read(good)) == rows(reader.read(good)) == rows(read(good))
    body = spoil(good)
    try:
        expected: Any = read(body)
    except Unreadable as error:
        with pytest.raises(Unreadable, match="^" + str(error)[:20]):
            reader.read(body)
        return
    found = reader.read(body)
    same = rows(found) == rows(expected) if isinstance(expected, Answer) else found == expected
    assert same
