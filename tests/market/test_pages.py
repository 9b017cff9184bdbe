"""A page that is read quickly holds what the reader that takes all makes of it."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.market import json_pages, xml_pages
from pipeline.market.answers import Answer, read
from pipeline.market.nodes import Unreadable
from pipeline.market.nodes import document as parsed
from pipeline.market.pages import PageReader
from pipeline.market.products import page_of

WORDS = st.sampled_from(
    [
        "",
        "a",
        "null",
        ": null",
        "Té",
        "\ud7ff",
        "1.50",
        "\\u0000",
        '"',
        "x\ny",
        "&lt;b&gt; &amp;amp; 'q'",
        " ",
    ]
)
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
PLAIN: list[dict[str, Any]] = [
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


def assert_read_alike(reader: PageReader, body: bytes) -> None:
    """As the slow reader reads it, or refuses to."""
    try:
        expected: Any = read(body)
    except Unreadable as error:
        with pytest.raises(Unreadable, match="^" + str(error)[:20]):
            reader.read(body)
        return
    found = reader.read(body)
    same = rows(found) == rows(expected) if isinstance(expected, Answer) else found == expected
    assert same


@settings(deadline=None)
@given(learnt=PAGES, met=PAGES)
@example(learnt=PLAIN, met=PLAIN)
@example(learnt=PLAIN, met=PLAIN[1:])
def test_what_is_read_quickly_is_what_the_slow_reader_reads(learnt: list[Any], met: list[Any]) -> None:
    shape = json_pages.learnt(document(learnt)["SuccessResponse"])
    body = json.dumps(document(met)).encode()
    found = None if shape is None else shape.read(body)
    if found is not None:
        assert rows(found) == rows(read(body))


def test_plain_pages_are_read_quickly() -> None:
    shape = json_pages.learnt(document(PLAIN)["SuccessResponse"])
    assert shape is not None
    found = shape.read(orjson.dumps(document(PLAIN[::-1])))
    assert found is not None
    assert rows(found)[2] == 3


def xml(node: Any, tag: str, *, gap: str = "", short: bool = False) -> str:
    """An element of what JSON would show."""
    if isinstance(node, list):
        return "".join(xml(each, tag, gap=gap, short=short) for each in node)
    if isinstance(node, dict):
        inner = gap + "".join(xml(value, name, gap=gap, short=short) for name, value in node.items())
    else:
        inner = escape("" if node is None else str(node).replace("\x00", ""))
    return f"<{tag}/>{gap}" if short and not inner else f"<{tag}>{inner}</{tag}>{gap}"


def xml_page(products: Any, **form: Any) -> bytes:
    root, content = next(iter(document(products).items()))
    return f'<?xml version="1.0" encoding="UTF-8"?>{xml(content, root, **form)}'.encode()


FORMS = st.fixed_dictionaries({"gap": st.sampled_from(["", "\n  ", "\r\n"]), "short": st.booleans()})
SPOILS: dict[str, Any] = {
    "nothing": lambda text: text,
    "an attribute": lambda text: text.replace(b"<Name>", b'<Name lang="es">'),
    "a comment": lambda text: text.replace(b"</Name>", b"<!-- x --></Name>"),
    "products in a comment": lambda text: text.replace(b"<Products>", b"<Products/><!--<Products>").replace(
        b"</Products>", b"</Products>-->"
    ),
    "CDATA": lambda text: text.replace(b"<Name>", b"<Name><![CDATA[<i>").replace(b"</Name>", b"]]></Name>"),
    "an instruction": lambda text: text.replace(b"<Products>", b"<?x <Products> ?><Products>"),
    "a number for a character": lambda text: text.replace(b"<Name>", b"<Name>&#233;"),
    "an unknown entity": lambda text: text.replace(b"<Name>", b"<Name>&eacute;"),
    "half an entity": lambda text: text.replace(b"<Name>", b"<Name>&am"),
    "the end of CDATA": lambda text: text.replace(b"<Name>", b"<Name>]]>"),
    "a control character": lambda text: text.replace(b"<Name>", b"<Name>\x01"),
    "a carriage return": lambda text: text.replace(b"<Name>", b"<Name>\r"),
    "no character": lambda text: text.replace(b"<Name>", b"<Name>\xef\xbf\xbf"),
    "no UTF-8": lambda text: text.replace(b"<Name>", b"<Name>\xff"),
    "half a character": lambda text: text.replace(b"<Name>", b"<Name>\xed\xa0\x80"),
    "Latin-1": lambda text: text.replace(b"UTF-8", b"ISO-8859-1"),
    "no declaration": lambda text: text.partition(b"?>")[2],
    "a DOCTYPE": lambda text: text.replace(b"?>", b"?><!DOCTYPE x>"),
    "a namespace": lambda text: text.replace(b"<SuccessResponse>", b'<SuccessResponse xmlns="urn:x">'),
    "a prefix": lambda text: text.replace(b"Name>", b"x:Name>"),
    "an element twice": lambda text: text.replace(b"<Name>", b"<Name>x</Name><Name>"),
    "an element in a text": lambda text: text.replace(b"</Name>", b"<b>x</b></Name>"),
    "a text between": lambda text: text.replace(b"<Name>", b"x<Name>"),
    "an empty address": lambda text: text.replace(b"<Image>", b"<Image></Image><Image>"),
    "two lists": lambda text: text.replace(b"</Products>", b"</Products><Products></Products>"),
    "truncated": lambda text: text[:-9],
    "an end too few": lambda text: text.replace(b"</Product>", b"", 1),
    "products in the head": lambda text: text.replace(b"</Head>", b"<Products></Products></Head>"),
    "a list in a product": lambda text: text.replace(b"<Name>", b"<Products></Products><Name>"),
    "products of the head": lambda text: _moved(text, b"</Head>"),
    "products beside the list": lambda text: _moved(text, b"</Body>"),
    "an error": lambda text: text.replace(b"SuccessResponse", b"ErrorResponse"),
}


def _moved(text: bytes, before: bytes) -> bytes:
    """The list of products stands elsewhere, and an empty one in its place."""
    start, end = text.index(b"<Products>"), text.index(b"</Products>") + 11
    listed = text[start:end]
    return (text[:start] + b"<Products/>" + text[end:]).replace(before, b"<X>" + listed + b"</X>" + before)


def test_json_is_not_read_by_the_shape_of_xml() -> None:
    shape = xml_pages.learnt(document(PLAIN)["SuccessResponse"])
    assert shape is not None
    evil = "<Products><Product><SellerSku>evil</SellerSku></Product></Products>"
    body = orjson.dumps({"SuccessResponse": {"Head": {}, "Body": {"Products": "", "X": evil}}})
    assert shape.read(body) is None


def test_what_has_very_many_elements_has_no_shape() -> None:
    """A pattern of them all would be slower than the parser, and learning it would take long."""
    many = dict.fromkeys((f"E{n}" for n in range(20_000)), "")
    for products in ([{"SellerSku": "A", **many}], [{"SellerSku": "A", "ProductData": many}]):
        assert xml_pages.learnt(document(products)["SuccessResponse"]) is None


def test_blanks_before_what_is_unknown_are_passed_once() -> None:
    """Were they tried again for each element that may be missing, this would take minutes."""
    names = dict.fromkeys((f"E{n}" for n in range(300)), "x")
    shape = xml_pages.learnt(document([{"SellerSku": "A", **names, "ProductData": names}])["SuccessResponse"])
    assert shape is not None
    body = xml_page([{"SellerSku": "A"}])
    for gap in (b"<Product>", b"<SellerSku>A</SellerSku>", b"</Product>"):
        assert shape.read(body.replace(gap, gap + b" " * 2_000_000 + b"<Zz/>")) is None


@settings(deadline=None)
@given(learnt=PAGES, met=PAGES, form=FORMS, other=FORMS, spoil=st.sampled_from(list(SPOILS)))
@example(learnt=PLAIN, met=PLAIN, form={}, other={}, spoil="nothing")
@example(learnt=PLAIN, met=PLAIN[1:], form={}, other={"gap": "\n"}, spoil="nothing")
def test_xml_that_is_read_quickly_is_what_the_slow_reader_reads(
    learnt: list[Any], met: list[Any], form: Any, other: Any, spoil: str
) -> None:
    shape = xml_pages.learnt(parsed(xml_page(learnt, **form))[1])
    body = SPOILS[spoil](xml_page(met, **other))
    found = None if shape is None else shape.read(body)
    if found is not None:
        assert rows(found) == rows(read(body))


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_spoilt_xml_is_read_as_the_slow_reader_reads_it(spoil: Any) -> None:
    products = [{**PLAIN[0], "SellerSku": f"S{n}", "Extra": "Cafetera " * 9} for n in range(400)]
    good, reader = xml_page(products), PageReader()
    assert rows(reader.read(good)) == rows(reader.read(good)) == rows(read(good))
    assert_read_alike(reader, spoil(good))


@pytest.mark.parametrize("form", [{}, {"gap": "\n  "}], ids=["plain", "indented"])
def test_plain_xml_is_read_quickly(form: Any) -> None:
    """Without some elements, with one image or none, and with all five entities."""
    learnt = [PLAIN[0], PLAIN[2], {"SellerSku": "D", "ProductData": {"Size": "S", "Color": "y"}}]
    shape = xml_pages.learnt(parsed(xml_page(learnt))[1])
    assert shape is not None
    met = [{"SellerSku": "E", "Name": "<b>&amp;</b>"}, {"SellerSku": "F", "Images": {"Image": "https://x"}}]
    body = xml_page([*met, *learnt[::-1]], **form).replace(b"\xc3\xa9", b"&quot;&apos;")
    found = shape.read(body)
    assert found is not None
    assert rows(found)[2] == 5
    assert rows(found) == rows(read(body))


def test_elements_keep_their_order_wherever_they_are_first_met() -> None:
    products = [
        {"SellerSku": "A", "Z": "1"},
        {"SellerSku": "B", "M": "", "Z": ""},
        {"F": "x", "SellerSku": "C"},
    ]
    shape = xml_pages.learnt(document(products)["SuccessResponse"])
    assert shape is not None
    assert shape.columns == ("F", "SellerSku", "M", "Z")


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
    assert_read_alike(reader, spoil(good))


@pytest.mark.parametrize(
    "write", [xml_page, lambda products: orjson.dumps(document(products))], ids=["XML", "JSON"]
)
def test_what_was_learnt_stays_known(write: Any) -> None:
    """Attributes differ by category: pages that have some of those that were met are read quickly."""

    def page(*attributes: str) -> bytes:
        made = [
            {
                "SellerSku": f"S{n}",
                "Name": "Cafetera " * 9,
                "ProductData": {attributes[n % len(attributes)]: "x"},
            }
            for n in range(400)
        ]
        return bytes(write(made))

    reader = PageReader()
    for met in (page("Color"), page("Size", "Color"), page("Power"), page("Size"), page("Color", "Power")):
        assert rows(reader.read(met)) == rows(read(met))
    shape = reader._shape
    assert shape is not None
    assert shape.read(page("Power", "Size", "Color")) is not None
