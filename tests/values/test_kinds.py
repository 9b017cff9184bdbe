"""Texts, dates, lists, categories and html: what is sent, and what two equal values share."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.values.context import Context, Format, spellings
from pipeline.values.kinds import comparable, digest, parse
from schemas.fields import CLEAR, Dialect, field_named


def field(name: str) -> object:
    return field_named(name, Dialect.CLASSIC)


TREE = Context(
    timezone=ZoneInfo("America/Santiago"),
    category_names={
        "1": "Home",
        "10": "Cups",
        "20": "Sale",
        "30": "Sale",
        "40": "Pots, pans",
        "50": "Kitchen",
        "51": "Kitchen",
    },
    category_paths={
        "1": ("Home",),
        "10": ("Home", "Cups"),
        "20": ("Home", "Sale"),
        "30": ("Garden", "Sale"),
        "40": ("Home", "Pots, pans"),
        "50": ("Kitchen",),
        "51": ("Kitchen", "Kitchen"),
    },
    options={"Brand": spellings(["Acme", "ACME Pro", "acme pro"]), "Color": spellings(["Deep Blue", "Red"])},
)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SellerSku", " 00123 ", "00123"),
        ("Name", "NA", "NA"),
        ("Name", "\u00a0Rojo\u3000", "Rojo"),
        ("Name", "two\nlines", "two\nlines"),
        ("Description", " <p>x</p> ", " <p>x</p> "),
        ("Status", "ACTIVE ", "active"),
        ("Brand", "acme", "Acme"),
        ("Brand", "ACME PRO", "ACME PRO"),
        ("Brand", "Nobody", "Nobody"),
        ("ProductData.Color", "deep blue,RED", "Deep Blue,Red"),
        ("ProductData.Color", "deep blue,pink", "deep blue,pink"),
        ("ProductId", "4 006381-333931", "4006381333931"),
        ("ProductId", "0012345678905", "0012345678905"),
        ("SaleStartDate", "2024-07-01", "2024-07-01 00:00:00"),
        ("SaleEndDate", "2024-07-01T12:30Z", "2024-07-01 08:30:00"),
        ("SaleEndDate", "2024-07-01 12:30:15.250", "2024-07-01 12:30:15"),
        ("PrimaryCategory", "10", "10"),
        ("PrimaryCategory", "999", "999"),
        ("PrimaryCategory", "cups", "10"),
        ("PrimaryCategory", "Garden > Sale", "30"),
        ("PrimaryCategory", "home/SALE", "20"),
        ("PrimaryCategory", "Kitchen", "51"),
        ("PrimaryCategory", "Nothing", "Nothing"),
        ("Categories", "cups,Pots, pans", "10,40"),
        ("Categories", "10, 20", "10,20"),
        ("BrowseNodes", "7|8;9", "7,8,9"),
        ("Images", "https://a/1.jpg, https://a/2.jpg", "https://a/1.jpg\nhttps://a/2.jpg"),
        ("Images", "https://a/1,2.jpg|https://a/3.jpg;", "https://a/1,2.jpg\nhttps://a/3.jpg"),
        (
            "Images",
            "https://a/1.jpg https://a/2.jpg\n\nhttps://a/3.jpg",
            "https://a/1.jpg\nhttps://a/2.jpg\nhttps://a/3.jpg",
        ),
        ("Images", "a.jpg|b.jpg", "a.jpg\nb.jpg"),
        ("Name", CLEAR, ""),
        ("Price", f" {CLEAR} ", ""),
        ("Name", " \t", None),
        ("Price", "", None),
    ],
)
def test_what_would_be_sent(name: str, text: str, value: str | None) -> None:
    assert parse(field(name), text, Format(), TREE) == (value, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("Status", "actve", "not-an-option"),
        ("PrimaryCategory", "Sale", "ambiguous-category"),
        ("Categories", "Cups;Sale", "ambiguous-category"),
        ("BrowseNodes", "7,x", "not-an-id"),
        ("ProductId", "7,5E+12", "ean-scientific"),
        ("Name", "a\x00b", "control-character"),
        ("Description", "a\ufffeb", "control-character"),
        ("Images", "https://a/\x07", "control-character"),
        ("SellerSku", "a\x92", "control-character"),
        *(
            ("SaleStartDate", text, "bad-date")
            for text in (
                "2024-02-30",
                "2024-13-01",
                "24:00",
                "2024-01-01 24:00:00",
                "01/02/2024",
                "1.2.2024",
                "today",
                "45292",
                "0001-01-01",
                "2024-01-01 10:00:00+25:00",
                "20240101",
                "２０２４-01-01",
            )
        ),
    ],
)
def test_what_has_no_value(name: str, text: str, code: str) -> None:
    value, problem = parse(field(name), text, Format(), TREE)  # type: ignore[arg-type]
    assert (value, problem and problem.code) == (None, code)


def test_dates_of_declared_patterns() -> None:
    fmt = Format(dates=("%d/%m/%Y", "%d.%m.%Y %H:%M"))
    start = field_named("SaleStartDate", Dialect.CLASSIC)
    assert parse(start, "01/02/2024", fmt, TREE) == ("2024-02-01 00:00:00", None)
    assert parse(start, "1.2.2024 08:15", fmt, TREE) == ("2024-02-01 08:15:00", None)


@pytest.mark.parametrize(
    ("blank", "value", "code"), [("keep", None, None), ("clear", "", None), ("error", None, "blank-cell")]
)
def test_what_a_blank_means(blank: str, value: str | None, code: str | None) -> None:
    found, problem = parse(field("Name"), "  ", Format(blank=blank), TREE)  # type: ignore[arg-type]
    assert (found, problem and problem.code) == (value, code)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("Name", "Cafe\u0301  crème", "Café crème "),
        ("Brand", "ACME", "Acme"),
        ("Status", "active", "Active"),
        ("PrimaryCategory", "10", "CUPS"),
        ("PrimaryCategory", "20", "Sale"),
        ("PrimaryCategory", "999", "999"),
        ("Categories", "40,10", "Cups,Pots, pans"),
        ("BrowseNodes", "9,7", "7, 9"),
        ("SaleStartDate", "2024-07-01 00:00:00", "2024-07-01T04:00:00+00:00"),
        ("SaleEndDate", "", "0000-00-00 00:00:00"),
        ("ProductData.Color", "Red,Deep Blue", "Red, Deep Blue"),
        ("Images", "https://a/1\nhttps://a/2", "https://a/1\nhttps://a/2\n"),
    ],
)
def test_equal_whichever_side_they_come_from(name: str, ours: str, theirs: str) -> None:
    one = field_named(name, Dialect.CLASSIC)
    assert comparable(one, ours, TREE) == comparable(one, theirs, TREE)
    assert digest(one, ours, TREE) == digest(one, theirs, TREE)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("Name", "Cup", "cup"),
        ("SellerSku", "00123", "123"),
        ("ProductId", "0123", "123"),
        ("Name", "Red, Blue", "Red,Blue"),
        ("PrimaryCategory", "10", "20"),
        ("Images", "https://a/1\nhttps://a/2", "https://a/2\nhttps://a/1"),
        ("SaleStartDate", "2024-07-01 00:00:00", "2024-07-01 00:00:01"),
        ("Name", "", "x"),
    ],
)
def test_different(name: str, ours: str, theirs: str) -> None:
    one = field_named(name, Dialect.CLASSIC)
    assert comparable(one, ours, TREE) != comparable(one, theirs, TREE)


HTML = field_named("Description", Dialect.CLASSIC)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            '<p class="a b" id=x>Tea &amp; milk</p>',
            "<P id='x' class=' b  a'>Tea &#38; milk</P>".replace("b  a", "a  b"),
        ),
        ("<p>a</p> <p>b</p>", "<p>a</p>\r\n<p>b</p>"),
        ("a<br/>b", "a <br> b"),
        ("<p>a", "<p>a</p>"),
        ("é &nbsp;x", "&eacute; \u00a0x"),
        ('<b style="color: red;">x</b>', '<b style="color:red">x</b>'),
        ("<ul><li>x</li></ul>", "<ul>\n  <li> x </li>\n</ul>"),
        ("<p>a<!-- c --></p>", "<p>a</p>"),
        ("plain text", " plain  text\n"),
    ],
)
def test_html_of_one_meaning(ours: str, theirs: str) -> None:
    assert comparable(HTML, ours, TREE) == comparable(HTML, theirs, TREE)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("<b>a</b> <i>b</i>", "<b>a</b><i>b</i>"),
        ("<p>a</p>", "<div>a</div>"),
        ("<p>a</p><p>b</p>", "<p>a b</p>"),
        ('<a href="https://a">x</a>', '<a href="https://b">x</a>'),
        ("<pre>a  b</pre>", "<pre>a b</pre>"),
        ("<pre>a\nb</pre>", "<pre>a\tb</pre>"),
        ("<p>a</p><a", "<p>a</p>"),
        ("<p>a</p>", "&lt;p&gt;a&lt;/p&gt;"),
        ("<br>b", "<brb>"),
        ("<div>" * 300 + "a", "<div>" * 300 + "b"),
    ],
)
def test_html_of_two_meanings(ours: str, theirs: str) -> None:
    """The last two are deeper than the parser goes: compared as text, never cut and called equal."""
    assert comparable(HTML, ours, TREE) != comparable(HTML, theirs, TREE)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab <>/=&;#'\"pi\n", max_size=20))
def test_html_never_fails_and_white_space_around_it_is_form(text: str) -> None:
    assert comparable(HTML, f" {text}\n", TREE) == comparable(HTML, text, TREE)


NAMES = (
    "Name",
    "SellerSku",
    "Price",
    "Quantity",
    "SaleStartDate",
    "Brand",
    "Status",
    "ProductId",
    "Images",
    "BrowseNodes",
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.text(max_size=12))
def test_a_value_is_its_own_source(name: str, text: str) -> None:
    """Reading what would be sent gives the same value, and comparing it with itself no difference."""
    one = field_named(name, Dialect.CLASSIC)
    value, _ = parse(one, text, Format(), TREE)
    if value:
        again, problem = parse(one, value, Format(decimal="."), TREE)
        assert problem is None
        assert comparable(one, again or "", TREE) == comparable(one, value, TREE)
