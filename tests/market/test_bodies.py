"""Bodies: the same records give the same bytes, and nothing in a value becomes an element."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputRefused
from pipeline.market.bodies import FIRST, body_chunks, body_digest, feed_body, read_body, same_body
from pipeline.market.feeds import Action
from pipeline.market.nodes import Unreadable
from schemas.fields import Dialect

CLASSIC, FALABELLA = Dialect.CLASSIC, Dialect.FALABELLA
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

BODIES = {
    "classic update": (
        Action.UPDATE,
        CLASSIC,
        {
            "Quantity": "0",
            "ProductData.Material": "Té & más",
            "Price": "5.20",
            "ProductData.Color": "",
            "Name": "<b>",
        },
        "<Product><SellerSku>A</SellerSku><Name>&lt;b&gt;</Name><Price>5.20</Price><Quantity>0</Quantity>"
        "<ProductData><Color/><Material>Té &amp; más</Material></ProductData></Product>",
    ),
    "falabella update": (
        Action.UPDATE,
        FALABELLA,
        {
            "BusinessUnits.fape.Stock": "1",
            "ProductData.X": "1",
            "BusinessUnits.facl.Stock": "12",
            "Name": "Mug",
            "BusinessUnits.facl.Price": "8990.00",
            "BusinessUnits.facl.SpecialPrice": "",
        },
        "<Product><SellerSku>A</SellerSku><Name>Mug</Name><BusinessUnits>"
        "<BusinessUnit><OperatorCode>facl</OperatorCode><Price>8990.00</Price><SpecialPrice/><Stock>12</Stock></BusinessUnit>"
        "<BusinessUnit><OperatorCode>fape</OperatorCode><Stock>1</Stock></BusinessUnit>"
        "</BusinessUnits><ProductData><X>1</X></ProductData></Product>",
    ),
    "create": (
        Action.CREATE,
        CLASSIC,
        {"Brand": "B", "ParentSku": "P"},
        "<Product><SellerSku>A</SellerSku><ParentSku>P</ParentSku><Brand>B</Brand></Product>",
    ),
    "remove": (Action.REMOVE, CLASSIC, {"Price": "1"}, "<Product><SellerSku>A</SellerSku></Product>"),
    "images": (
        Action.IMAGE,
        FALABELLA,
        {"Images": "https://x/2.jpg?a=1&b=2\nhttps://x/1.jpg"},
        "<ProductImage><SellerSku>A</SellerSku><Images><Image>https://x/2.jpg?a=1&amp;b=2</Image>"
        "<Image>https://x/1.jpg</Image></Images></ProductImage>",
    ),
    "no image": (
        Action.IMAGE,
        CLASSIC,
        {"Images": ""},
        "<ProductImage><SellerSku>A</SellerSku><Images/></ProductImage>",
    ),
}


@pytest.mark.parametrize(("action", "dialect", "fields", "expected"), BODIES.values(), ids=BODIES)
def test_bodies_of_every_action(
    action: Action, dialect: Dialect, fields: dict[str, str], expected: str
) -> None:
    body = feed_body(action, [("A", fields)], dialect)
    assert body.decode() == f"{HEAD}<Request>{expected}</Request>"
    backwards = dict(reversed(fields.items()))
    assert feed_body(action, [("A", backwards)], dialect) == body


CHARS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
VALUES = st.text(CHARS | st.sampled_from("<>&'\"]\t\r\n"), max_size=30)
SKUS = VALUES.filter(bool)
PRODUCTS = st.lists(
    st.tuples(
        SKUS,
        st.dictionaries(
            st.sampled_from(
                [
                    "Name",
                    "Price",
                    "Description",
                    "ProductData.Material",
                    "ProductData.Color",
                    "SalePrice",
                    "Quantity",
                ]
            ),
            VALUES,
        ),
    ),
    max_size=5,
)
UNITS = st.lists(
    st.tuples(
        SKUS,
        st.dictionaries(
            st.sampled_from(
                ["Name", "BusinessUnits.facl.Price", "BusinessUnits.fape.Stock", "ProductData.X"]
            ),
            VALUES,
        ),
    ),
    max_size=5,
)


@given(PRODUCTS)
def test_a_body_reads_back_as_what_it_was_made_of(records: list[tuple[str, dict[str, str]]]) -> None:
    assert read_body(feed_body(Action.UPDATE, records, CLASSIC), CLASSIC) == records


@given(UNITS)
def test_a_body_with_units_reads_back(records: list[tuple[str, dict[str, str]]]) -> None:
    assert read_body(feed_body(Action.UPDATE, records, FALABELLA), FALABELLA) == records


@pytest.mark.parametrize("value", ["\x00", "a\x0bb", "\ufffe", "\ud800", "\x1f"], ids=ascii)
@pytest.mark.parametrize("field", ["SellerSku", "Name", "ProductData.X"])
def test_a_character_xml_can_t_carry_names_its_cell(field: str, value: str) -> None:
    sku, fields = (value, {}) if field == "SellerSku" else ("TEA-01", {field: value})
    with pytest.raises(InputRefused) as caught:
        feed_body(Action.UPDATE, [(sku, fields)], CLASSIC)
    assert field in caught.value.message
    assert repr(sku) in caught.value.message


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (Action.UPDATE, "Images"),
        (Action.IMAGE, "Name"),
        (Action.UPDATE, "Nonsense"),
        (Action.CREATE, "BusinessUnits.facl.Price"),
    ],
)
def test_a_field_that_can_t_ride_is_refused(action: Action, field: str) -> None:
    with pytest.raises(InputRefused, match=r"^A"):
        feed_body(action, [("A", {field: "1"})], CLASSIC)


def test_a_body_is_streamed() -> None:
    asked = []

    def endless() -> object:
        for number in range(100_000):
            asked.append(number)
            yield f"S{number}", {"Price": "1"}

    chunks = body_chunks(Action.UPDATE, endless(), CLASSIC)
    assert next(chunks) == FIRST
    assert next(chunks).startswith(b"<Product><SellerSku>S0</SellerSku>")
    assert len(asked) < 1000


def test_an_empty_feed_is_an_empty_request() -> None:
    assert feed_body(Action.UPDATE, [], CLASSIC) == f"{HEAD}<Request></Request>".encode()


OURS = feed_body(Action.UPDATE, [("A", {"Name": "Té & <b>", "SalePrice": ""})], CLASSIC)
CDATA = (
    "<Request><Product><SellerSku>A</SellerSku><Name><![CDATA[Té & <b>]]></Name>"
    "<SalePrice/></Product></Request>"
)
THEIRS = {
    "same bytes": (OURS, True),
    "no declaration": (OURS.split(b"\n", 1)[1], True),
    "long empties": (OURS.replace(b"<SalePrice/>", b"<SalePrice></SalePrice>"), True),
    "cdata": (CDATA.encode(), True),
    "latin-1": (
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + OURS.split(b"\n", 1)[1].decode().encode("latin-1"),
        True,
    ),
    "newline at the end": (OURS + b"\n", True),
    "another value": (OURS.replace(b"&lt;b", b"&lt;i"), False),
    "a blank in a value": (OURS.replace(b"&lt;b&gt;", b"&lt;b&gt; "), False),
    "cut": (OURS[:-5], False),
    "doctype": (b"<!DOCTYPE x>" + OURS.split(b"\n", 1)[1], False),
    "nothing": (b"", False),
}


@pytest.mark.parametrize(("theirs", "same"), THEIRS.values(), ids=THEIRS)
def test_only_the_same_body_in_other_dress_is_the_same(theirs: bytes, same: bool) -> None:
    assert same_body(OURS, theirs) is same


@pytest.mark.parametrize("body", [b"", b"<Products/>", b"<Request><Product/></Request>", OURS[:-1]], ids=repr)
def test_what_is_no_request_isn_t_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_body(body, CLASSIC)


def test_a_digest_names_its_kind() -> None:
    assert body_digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
