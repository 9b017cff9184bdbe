"""A page of products becomes columns in canonical names, whatever its dress."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.market.answers import Answer, read
from pipeline.market.products import Page, _alike, _one_by_one, _table, page_from, page_of

CLASSIC = {
    "SellerSku": "TEA-01",
    "ShopSku": "",
    "Price": "4.90",
    "SalePrice": "",
    "MainImage": "https://x/1.jpg",
    "Images": {"Image": ["https://x/1.jpg", "https://x/2.jpg"]},
    "ProductData": {"Material": "Hoja", "Weight": ""},
}
UNIT = {
    "BusinessUnit": "Falabella",
    "OperatorCode": "FACL",
    "Price": "8990.00",
    "SpecialPrice": "",
    "Stock": "12",
}


def rows(*products: Any) -> list[dict[str, Any]]:
    page = page_from(products)
    return [{key: value for key, value in row.items() if value is not None} for row in page.table.to_pylist()]


def test_a_classic_product() -> None:
    assert rows(CLASSIC) == [
        {
            "SellerSku": "TEA-01",
            "ShopSku": "",
            "Price": "4.90",
            "SalePrice": "",
            "MainImage": "https://x/1.jpg",
            "Images": "https://x/1.jpg\nhttps://x/2.jpg",
            "ProductData.Material": "Hoja",
            "ProductData.Weight": "",
        }
    ]


@pytest.mark.parametrize(
    "units", [UNIT, [UNIT], [UNIT, {**UNIT, "OperatorCode": "fape", "Stock": "0"}]], ids=len
)
def test_a_falabella_product(units: Any) -> None:
    given = units if isinstance(units, list) else [units]
    expected = {"SellerSku": "MUG"}
    for unit in given:
        code = unit["OperatorCode"].lower()
        expected |= {
            f"BusinessUnits.{code}.BusinessUnit": "Falabella",
            f"BusinessUnits.{code}.Price": "8990.00",
            f"BusinessUnits.{code}.SpecialPrice": "",
            f"BusinessUnits.{code}.Stock": unit["Stock"],
        }
    assert rows({"SellerSku": "MUG", "BusinessUnits": {"BusinessUnit": units}}) == [expected]


def test_products_of_which_each_lacks_another_element() -> None:
    assert rows(
        {"SellerSku": "A", "ProductData": {"C": "x"}}, {"SellerSku": "B", "Images": {"Image": ["u"]}}
    ) == [{"SellerSku": "A", "ProductData.C": "x"}, {"SellerSku": "B", "Images": "u"}]


ODD = {
    "sku in other letters": ({"SellerSKU": "A"}, {"SellerSku": "A"}),
    "newest unit names": (
        {
            "SellerSku": "A",
            "BusinessUnits": {"BusinessUnit": {"OperatorCode": "facl", "SalePrice": "1", "isPublished": "1"}},
        },
        {"SellerSku": "A", "BusinessUnits.facl.SpecialPrice": "1", "BusinessUnits.facl.IsPublished": "1"},
    ),
    "unit without a code": (
        {"SellerSku": "A", "BusinessUnits": {"BusinessUnit": {"Price": "1"}}},
        {"SellerSku": "A"},
    ),
    "no units": ({"SellerSku": "A", "BusinessUnits": ""}, {"SellerSku": "A"}),
    "one image": ({"SellerSku": "A", "Images": {"Image": "x"}}, {"SellerSku": "A", "Images": "x"}),
    "no image": ({"SellerSku": "A", "Images": ""}, {"SellerSku": "A", "Images": ""}),
    "empty image list": ({"SellerSku": "A", "Images": {"Image": []}}, {"SellerSku": "A", "Images": ""}),
    "main image only": (
        {"SellerSku": "A", "Images": "", "MainImage": "m"},
        {"SellerSku": "A", "Images": "m", "MainImage": "m"},
    ),
    "main image without a list": (
        {"SellerSku": "A", "MainImage": "m"},
        {"SellerSku": "A", "Images": "m", "MainImage": "m"},
    ),
    "attributes empty": ({"SellerSku": "A", "ProductData": ""}, {"SellerSku": "A"}),
    "attributes as object": ({"SellerSku": "A", "ProductData": {}}, {"SellerSku": "A"}),
    "numbers": (
        {"SellerSku": "A", "Quantity": 7, "isPublished": True},
        {"SellerSku": "A", "Quantity": "7", "isPublished": "1"},
    ),
    "numeric sku": ({"SellerSku": 123}, {"SellerSku": "123"}),
    "unknown nest": (
        {"SellerSku": "A", "Extra": {"b": "2", "a": "1"}},
        {"SellerSku": "A", "Extra": '{"a":"1","b":"2"}'},
    ),
}


@pytest.mark.parametrize(("product", "expected"), ODD.values(), ids=ODD)
def test_quirks_of_shops(product: Any, expected: dict[str, str]) -> None:
    assert rows(product) == [expected]


def test_missing_is_null_and_empty_is_empty() -> None:
    table = page_from(
        [{"SellerSku": "A", "Name": ""}, {"SellerSku": "B", "Color": "red"}, {"SellerSku": "C"}]
    ).table
    assert table.to_pydict() == {
        "SellerSku": ["A", "B", "C"],
        "Name": ["", None, None],
        "Color": [None, "red", None],
    }


def test_a_product_without_a_sku_is_counted_and_left_out() -> None:
    page = page_from([{"Name": "x"}, {"SellerSku": "", "Name": "y"}, "junk", {"SellerSku": "A"}])
    assert (page.rows, page.nameless, page.skus()) == (1, 3, ["A"])


@pytest.mark.parametrize(
    "body",
    ["", {}, [], {"Products": ""}, {"Products": {}}, {"Products": {"Product": ""}}, {"Products": []}],
    ids=repr,
)
def test_an_empty_shop(body: Any) -> None:
    page = page_of(body)
    assert (page.rows, page.nameless, page.table.to_pydict()) == (0, 0, {"SellerSku": []})


@pytest.mark.parametrize(
    "body",
    [
        {"Products": {"Product": CLASSIC}},
        {"Products": {"Product": [CLASSIC]}},
        {"Products": [CLASSIC]},
        {"Products": [{"Product": CLASSIC}]},
        {"products": {"product": CLASSIC}},
    ],
    ids=["object", "array", "bare array", "wrapped array", "other letters"],
)
def test_every_way_to_list_products(body: Any) -> None:
    assert page_of(body).records() == page_of({"Products": {"Product": CLASSIC}}).records()
    assert page_of(body).skus() == ["TEA-01"]


def test_both_formats_give_one_page() -> None:
    many = [{**CLASSIC, "SellerSku": f"S{number}"} for number in range(3)]
    json = {"SuccessResponse": {"Head": {}, "Body": {"Products": {"Product": many}}}}
    products = "".join(
        f"<Product><SellerSku>{one['SellerSku']}</SellerSku><ShopSku/><Price>4.90</Price><SalePrice></SalePrice>"
        "<MainImage>https://x/1.jpg</MainImage><Images><Image>https://x/1.jpg</Image><Image>https://x/2.jpg</Image>"
        "</Images><ProductData><Material>Hoja</Material><Weight/></ProductData></Product>"
        for one in many
    )
    xml = f"<SuccessResponse><Head/><Body><Products>{products}</Products></Body></SuccessResponse>"
    assert page_in(xml.encode()).table.equals(page_in(orjson.dumps(json)).table)


def page_in(body: bytes) -> Page:
    answer = read(body)
    assert isinstance(answer, Answer)
    return page_of(answer.body)


def test_products_that_are_alike_and_those_that_are_not_become_the_same_rows() -> None:
    alike = [{**CLASSIC, "SellerSku": f"TEA-{number}", "Price": f"{number}.00"} for number in range(3)]
    alike[1]["ProductData"] = {"Leaf": "whole"}
    alike[2] = {**alike[2], "Images": "", "SalePrice": "1.00"}
    other = {"SellerSku": "X"}
    assert rows(*alike, other)[:3] == rows(*alike)


def test_a_tag_in_two_spellings_is_one_column_the_last_of_which_counts() -> None:
    assert rows({"SellerSku": "A", "name": "one", "Name": "two"}) == [{"SellerSku": "A", "Name": "two"}]


def nests(inner: Any) -> dict[str, Any]:
    """What may stand at an element, by its tag."""
    words = st.sampled_from(["", "a", "ü\n", "茶"])
    image = st.one_of(words, st.lists(words, max_size=3), inner)
    unit = st.fixed_dictionaries({"OperatorCode": st.sampled_from(["FACL", "fape", ""]), "Stock": words})
    return {
        "SellerSku": st.sampled_from(["A", "B"]),
        "Name": words,
        "name": words,
        "MainImage": words,
        "Quantity": st.one_of(words, inner),
        "Images": st.one_of(st.just(""), st.fixed_dictionaries({"Image": image})),
        "ProductData": st.one_of(
            st.just(""), st.fixed_dictionaries({"Color": words}, optional={"Size": st.one_of(words, inner)})
        ),
        "BusinessUnits": st.fixed_dictionaries({"BusinessUnit": st.one_of(unit, st.lists(unit, max_size=2))}),
        "ProductData.Color": words,
    }


ODDITIES = st.sampled_from([None, 7, 0, 1.5, True, [], {}, {"b": "1"}, [None, "x"], "7"])
PLAIN, STRANGE = nests(st.just("7")), nests(ODDITIES)


@st.composite
def alike(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Products that have all the same elements, some of them odd in one of them."""
    tags = ["SellerSku", *draw(st.lists(st.sampled_from(list(PLAIN)[1:]), unique=True))]
    shape = st.fixed_dictionaries({tag: PLAIN[tag] for tag in tags})
    products = draw(st.lists(shape, min_size=1, max_size=4))
    for tag in draw(st.lists(st.sampled_from(tags[1:]), max_size=2)) if tags[1:] else ():
        draw(st.sampled_from(products))[tag] = draw(STRANGE[tag])
    if draw(st.booleans()) and tags[1:]:
        draw(st.sampled_from(products)).pop(tags[1])
    return products


@given(alike())
def test_arrow_reads_alike_products_as_one_by_one_would(products: list[dict[str, Any]]) -> None:
    quick, careful = _alike(products), _table(_one_by_one(products), len(products))
    if quick is not None:
        assert _table(quick, len(products)).to_pydict() == careful.to_pydict()
    assert page_from(products).table.to_pydict() == careful.to_pydict()
    if all(isinstance(value, str) for product in products for value in product.values()):
        tags = [sorted(map(str.casefold, product)) for product in products]
        assert (quick is not None) is all(one == tags[0] and len(set(one)) == len(one) for one in tags)
