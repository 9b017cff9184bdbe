"""Numbers: exact, never guessed, never rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.values.context import Context, Format
from pipeline.values.kinds import comparable, parse
from schemas.fields import Dialect, Field, Kind, field_named

PRICE = field_named("Price", Dialect.CLASSIC)
STOCK = field_named("Quantity", Dialect.CLASSIC)
WEIGHT = Field(name="Weight", kind=Kind.NUMBER)
USD = Context(currencies={"": "USD"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12.00"),
        ("12.5", "12.50"),
        ("12,5", "12.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234", "1234.00"),
        ("1'234.50", "1234.50"),
        ("1.234.567", "1234567.00"),
        ("0012.50", "12.50"),
        (".5", "0.50"),
        (" 7 ", "7.00"),
        ("-5", "-5.00"),
        ("1234.5000", "1234.50"),
        ("$12.50", "12.50"),
        ("12.50 USD", "12.50"),
        ("US$ 1,234.50", "1234.50"),
        ("0", "0.00"),
    ],
)
def test_what_has_one_meaning_is_read(text: str, value: str) -> None:
    assert parse(PRICE, text, Format(), USD) == (value, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.234", "ambiguous-number"),
        ("1,234", "ambiguous-number"),
        ("12.500", "ambiguous-number"),
        ("0.234", "too-many-decimals"),
        ("1234.567", "too-many-decimals"),
        ("12,345678", "too-many-decimals"),
        ("9999999999999", "number-out-of-range"),
        ("€5", "wrong-currency"),
        ("5 EUR", "wrong-currency"),
        *(
            (text, "not-a-number")
            for text in (
                "NaN",
                "Infinity",
                "-inf",
                "1_000",
                "1e3",
                "1E+3",
                "٣",
                "１２",
                "twelve",
                "+5",
                "=1+1",
                "1.2.3",
                "5.",
                "--5",
                "5-",
                "(5)",
                "1,23,456",
                "1.234,5.6",
                "12 34",
                "0x10",
                "½",
                "²",
                "1\u200b2",
                "10%",
                ",",
                ".",
                "-",
                "$",
            )
        ),
    ],
)
def test_what_has_none_or_two_is_refused(text: str, code: str) -> None:
    value, problem = parse(PRICE, text, Format(), USD)
    assert (value, problem and problem.code) == (None, code)


@pytest.mark.parametrize(
    ("text", "fmt", "expected"),
    [
        ("1.234", Format(decimal=",", thousands="."), "1234.00"),
        ("1.234", Format(decimal=","), "ambiguous-number"),
        ("1.234,5", Format(decimal=","), "1234.50"),
        ("1,234", Format(decimal="."), "ambiguous-number"),
        ("1,234", Format(decimal=".", thousands=","), "1234.00"),
        ("12.5", Format(decimal=","), "not-a-number"),
        ("12,5", Format(decimal="."), "not-a-number"),
        ("1.23,50", Format(decimal=",", thousands="."), "not-a-number"),
        ("1 234,5", Format(decimal=",", thousands=" "), "1234.50"),
        ("1\u202f234,5", Format(decimal=",", thousands=" "), "1234.50"),
        ("1.234,5", Format(decimal=",", thousands=" "), "ambiguous-number"),
    ],
)
def test_a_declared_format_is_kept_to(text: str, fmt: Format, expected: str) -> None:
    value, problem = parse(PRICE, text, fmt, USD)
    assert (value or (problem and problem.code)) == expected


@pytest.mark.parametrize(
    ("decimals", "text", "expected"),
    [
        (0, "8990", "8990.00"),
        (0, "8990.00", "8990.00"),
        (0, "8990.50", "too-many-decimals"),
        (3, "12.3456", "too-many-decimals"),
        (3, "1234.567", "1234.567"),
        (3, "5", "5.000"),
    ],
)
def test_the_currency_decides_the_decimals(decimals: int, text: str, expected: str) -> None:
    value, problem = parse(PRICE, text, Format(), Context(decimals={"": decimals}))
    assert (value or (problem and problem.code)) == expected


def test_stock_is_whole_pieces() -> None:
    texts = ["12", "12.0", "12,0", "-3", "2.5", "1.000", "1 000"]
    results = [parse(STOCK, text, Format(), USD) for text in texts]
    assert [value or (problem and problem.code) for value, problem in results] == [
        "12",
        "12",
        "12",
        "-3",
        "not-an-integer",
        "ambiguous-number",
        "1000",
    ]


def test_a_weight_has_a_decimal_dot() -> None:
    texts = ["1.234", "0,500", "1,234", "12.345678"]
    results = [parse(WEIGHT, text, Format(), USD) for text in texts]
    assert [value or (problem and problem.code) for value, problem in results] == [
        "1.234",
        "0.500",
        "ambiguous-number",
        "12.345678",
    ]


@given(
    st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([(".", ","), (",", "."), (",", " ")])
)
def test_any_price_survives_any_notation(price: Decimal, marks: tuple[str, str]) -> None:
    """Written with grouping under a declared format, it's read as the same number."""
    decimal, thousands = marks
    text = f"{price:,.2f}".replace(",", "G").replace(".", decimal).replace("G", thousands)
    value, problem = parse(PRICE, text, Format(decimal=decimal, thousands=thousands), USD)
    assert problem is None
    assert Decimal(value or "") == price


@given(st.text(max_size=8))
def test_a_value_is_always_plain(text: str) -> None:
    """Whatever is read, what would be sent is digits, a dot, two decimals."""
    value, problem = parse(PRICE, text, Format(), USD)
    if value:
        assert problem is None
        assert Decimal(value).is_finite()
        assert value.lstrip("-").replace(".", "", 1).isascii()
        assert parse(PRICE, value, Format(decimal="."), USD) == (value, None)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("10", "10.00", True),
        ("010.50", "10.5", True),
        ("0", "0.00", True),
        ("-0.0", "0", True),
        ("10", "10.01", False),
        ("1e1", "10", False),
        ("abc", "abc ", True),
    ],
)
def test_prices_are_compared_as_numbers(left: str, right: str, equal: bool) -> None:
    assert (comparable(PRICE, left, USD) == comparable(PRICE, right, USD)) is equal


def test_a_sale_price_of_zero_is_none() -> None:
    sale = field_named("SalePrice", Dialect.CLASSIC)
    assert [comparable(sale, text, USD) for text in ("0.00", "", "5.00")] == ["", "", "5"]
    assert comparable(PRICE, "0.00", USD) == "0"
