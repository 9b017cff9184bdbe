"""The screen may only acquit: whatever pandera refuses, it has doubted."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.market.lookups import Lookups
from pipeline.settings import CatalogSettings
from pipeline.validate.rules import rules_of
from pipeline.validate.screen import Screen
from schemas.calmhtml import is_calm
from schemas.fields import KEY, Dialect, field_named, fields_of
from schemas.markup import has_active_content
from schemas.product import NEW, NO, UNKNOWN, YES
from schemas.tables import judge, product_table
from schemas.webaddress import image_fault

CLASSIC = (
    *fields_of(Dialect.CLASSIC),
    field_named("ProductData.Color", Dialect.CLASSIC),
    field_named("ProductData.Volume", Dialect.CLASSIC),
    field_named("ProductData.Uses", Dialect.CLASSIC),
)
FALABELLA = fields_of(Dialect.FALABELLA, ("facl", "fape"))
MOSTLY_GOOD: dict[str, tuple[str, ...]] = {
    KEY: ("A-1", "B 2", "é", "x" * 300, "A\u200b"),
    "Name": ("Cup", "C", "Cup <b>x</b>", "a&amp;b", "CafÃ©", "x" * 256, "ß" * 255, "\ufffd ok", "Cup \u202e"),
    "Description": (
        "<p>A cup</p>",
        "short",
        "<p onclick=x>yes</p>",
        "<script>x</script>",
        '<p style="color: red">long</p>',
        "<a href='javascript:x'>long</a>",
        '<a href="https://a.example">long</a>',
        "a < b is fine",
    ),
    "Brand": ("Acme", "Acne", "Stone & Co"),
    "PrimaryCategory": ("10", "20", "1", "999", "Cups"),
    "Categories": ("10", "10,20", "10,1,20,30", "999"),
    "Price": ("12.50", "0.00", "-1.00", "9.00", "100000000000.00"),
    "SalePrice": ("9.00", "12.50", "0.00", "9.01"),
    "SaleStartDate": ("2024-05-01 00:00:00", "2024-06-01 00:00:00", "soon"),
    "SaleEndDate": ("2024-05-31 23:59:59", "2024-05-01 00:00:00"),
    "Quantity": ("0", "-1", "-0", "7"),
    "Status": ("active", "deleted", "actve"),
    "ProductId": (
        "4006381333931",
        "4006381333932",
        "96385074",
        "036000291452",
        "12AB",
        "0306406152",
        "0",
        "00000000",
    ),
    "Images": (
        "https://cdn.example.test/a.jpg",
        "http://cdn.example.test/a.jpg",
        "https://127.0.0.1/a",
        "https://a.example/x.gif",
        "\n".join(["https://a.example/x.jpg"] * 9),
        "https://a.local/x",
        "https://u@a.example/",
        "https://a-.example/x?v=1",
    ),
    "ProductData.Color": ("Red", "White", "Deep Blue", "red"),
    "ProductData.Volume": ("3", "300 ml"),
    "ProductData.Uses": ("Oven,Table", "Oven,Pan", "Oven, Table"),
}


def cells(name: str) -> st.SearchStrategy[str | None]:
    tag = name.rpartition(".")[2] if name.startswith("BusinessUnits") else name
    plain = {"SpecialPrice": "SalePrice", "SpecialFromDate": "SaleStartDate", "SpecialToDate": "SaleEndDate"}
    known = MOSTLY_GOOD.get(plain.get(tag, "Quantity" if tag == "Stock" else tag), ("x", "10"))
    return st.one_of(
        st.none(),
        st.just(""),
        st.sampled_from(known),
        st.sampled_from(known),
        st.text(min_size=1, max_size=6),
    )


def rows(fields: tuple[Any, ...]) -> st.SearchStrategy[list[dict[str, str | None]]]:
    row = {field.name: cells(field.name) for field in fields}
    return st.lists(
        st.fixed_dictionaries({**row, NEW: st.sampled_from([YES, NO, UNKNOWN])}), min_size=1, max_size=3
    )


def agree(
    frame: list[dict[str, str | None]], fields: tuple[Any, ...], lookups: Lookups, *, new_known: bool
) -> None:
    rules = rules_of(CatalogSettings(), lookups, new_known=new_known)
    table = pl.DataFrame(frame, schema=dict.fromkeys(frame[0], pl.String))
    doubted = Screen(fields, rules).suspicious(table).to_list()
    many = pl.concat([table] * (2_001 // table.height + 1))  # few distinct texts are looked at once
    assert Screen(fields, rules).suspicious(many).to_list() == doubted * (many.height // table.height)
    refused = {
        row
        for row, _ in judge(product_table(fields, rules), table.to_pandas(use_pyarrow_extension_array=True))
    }
    assert {row for row in refused if not doubted[row]} == set()


LAW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAW
@given(frame=rows(CLASSIC), new_known=st.booleans())
def test_classic_rows(frame: list[dict[str, str | None]], new_known: bool, lookups: Lookups) -> None:
    agree(frame, CLASSIC, lookups, new_known=new_known)


@LAW
@given(frame=rows(FALABELLA), new_known=st.booleans())
def test_falabella_rows(frame: list[dict[str, str | None]], new_known: bool, lookups: Lookups) -> None:
    agree(frame, FALABELLA, lookups, new_known=new_known)


GOOD = {
    KEY: "A-1",
    "Name": "Stone cup",
    "PrimaryCategory": "10",
    "Description": "<p>A <b>cup</b></p>",
    "Brand": "Acme",
    "Price": "12.50",
    "Quantity": "3",
    "ProductId": "4006381333931",
    "Status": "active",
    "Images": "https://cdn.example.test/a/b-1.jpg?v=3",
    "ProductData.Color": "Red",
}


@LAW
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_a_good_row_with_one_cell_changed(name: str, data: st.DataObject, lookups: Lookups) -> None:
    """Where everything else is acquitted, one bad cell is still doubted."""
    fields = tuple(field for field in CLASSIC if field.name in GOOD)
    changed = {**GOOD, name: data.draw(cells(name)), NEW: YES}
    agree([changed], fields, lookups, new_known=True)


def test_a_good_row_is_acquitted(lookups: Lookups) -> None:
    """Else the screen would be worth nothing."""
    fields = tuple(field for field in CLASSIC if field.name in GOOD)
    rules = rules_of(CatalogSettings(), lookups, new_known=True)
    assert Screen(fields, rules).suspicious(pl.DataFrame([{**GOOD, NEW: YES}])).to_list() == [False]


TAGS = st.sampled_from(
    [
        "<p>",
        "</p>",
        '<p class="a b">',
        '<p style="color: red; width:1px">',
        "<br/>",
        '<a href="https://a.example/x?y=1">',
        "<script>",
        "</script>",
        "<p onclick=x>",
        "<img src=x onerror=y>",
        '<a href="javascript:x">',
        '<p style="a:url(x)">',
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<",
        ">",
        '"',
        "'",
        "&lt;",
        "text ",
        "<svg>",
        "<style>",
        "<p\tclass=x>",
        "/",
        '<a href="https://a&colon;x">',
        "<textarea>",
        "<table><tr><td>",
        "\n",
        "<P>",
        "<a\x00b>",
        '<p title="<">',
        '<p data-x="a">',
        '<p data-="x">',
        "<P CLASS='a b'>",
        '<td width=100 bgcolor="#fff">',
        "<p title='a\"onclick=x'>",
        "<p class=a onclick=b>",
        "<br clear=all/>",
        "<a target=\"_blank\" href='https://a.example/?a=1&amp;b=2'>",
        "<p style=\"font-family: 'Arial', serif; color: rgb(1, 2, 3)\">",
        "<p style='a:url(x)'>",
        "<p style=\"a:'url(x)'\">",
        '<p style="width: calc(1px)">',
        '<a href="mailto:a@b.example">',
        '<a href="javascript:x" data-a="b">',
        '<a href="JavaScript&colon;x">',
        '<p title="onclick=x">',
        '<p alt="é" onclick="x">',
        '<img src="//a.example/b.png" alt="é">',
        '<p\nclass="x"\tid=y >',
        '<p class="x"onclick="y">',
        "<p title=`onclick=x`>",
        "<p title=a'onclick=x'>",
        "<figure><figcaption>",
        '<p style="scroll-behavior: smooth">',
        '<p style="-moz-binding: none">',
        '<p style="color: expression">',
        '<p style="width: expression(x)">',
        "<p style=\"font-family: 'javascript'\">",
        "<p style='behavior:url(x)'>",
        "<b>" * 3_000,
        "<SCRIPT>",
        "=",
        "x=",
        "<p ",
        'class="',
    ]
)


@settings(max_examples=1500, deadline=None)
@given(text=st.lists(TAGS, max_size=8).map("".join) | st.text("<>/=\"'` &:-aphrefonstyl", max_size=30))
def test_calm_html_has_nothing_active(text: str) -> None:
    if pl.select(is_calm(pl.lit(text))).item():
        assert not has_active_content(text)


@pytest.mark.parametrize(
    "text",
    [
        "<P CLASS='a'>Old</P>",
        '<td width=100 bgcolor="#fff">',
        "<p style=\"font-family: 'Open Sans', Arial; color: rgb(1, 2, 3); margin: 0 !important\">x</p>",
        '<a target="_blank" rel="noopener" href="https://a.example/?a=1&amp;b=2#c">',
        '<div data-id="x" data-testid="y"><img src="https://a.example/b.jpg" alt="Tasse à café, 2"/></div>',
        "<figure\n  class='x'><figcaption>A cup</figcaption></figure>",
    ],
)
def test_everyday_descriptions_are_calm(text: str) -> None:
    """Parsing each of them takes a hundred times as long."""
    assert pl.select(is_calm(pl.lit(text))).item()
    assert not has_active_content(text)


HOSTS = st.sampled_from(
    [
        "a.example",
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "a.local",
        "[::1]",
        "u@a.example",
        "a..b",
        "-a.example",
        "a-.example",
        "A.example",
        "xn--a.example",
        "a.example:443",
        "a.example.",
        "a_b.example",
        "8.8.8.8",
        "a.home",
        "é.example",
        "a.example:0",
        ".example",
    ]
)
PATHS = st.sampled_from(
    ["", "/", "/x.jpg", "/x.gif", "/x.JPG?v=1", "/a b", "/x.webp#f", "/é", '/"', "/x.gif?y", "/@x", "/[x]"]
)


@settings(max_examples=600, deadline=None)
@given(
    scheme=st.sampled_from(["https://", "http://", "HTTPS://", "ftp://", "//", ""]), host=HOSTS, path=PATHS
)
def test_an_address_that_is_acquitted_keeps_every_rule(scheme: str, host: str, path: str) -> None:
    address = scheme + host + path
    field = field_named("Images", Dialect.CLASSIC)
    rules = rules_of(CatalogSettings(), Lookups(), new_known=True)
    frame = pl.DataFrame({KEY: ["A"], "Images": [address], NEW: [NO]})
    doubted = Screen((field_named(KEY, Dialect.CLASSIC), field), rules).suspicious(frame)[0]
    assert doubted or image_fault(address) is None
