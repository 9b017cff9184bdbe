"""Columns and cells agree: what Polars decides is what the scalar functions would have said."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.values import kinds
from pipeline.values.columns import Odd, comparable_column, parse_column
from pipeline.values.context import Context, Format, spellings
from schemas.fields import CLEAR, Dialect, Field, Kind, Place, field_named

CTX = Context(
    category_names={"1": "Shoes", "2": "Bags, small", "77": "Shoes", "8": "77"},
    category_paths={"1": ("Root", "Shoes"), "2": ("Root", "Bags, small"), "77": ("Other", "Shoes")},
    options={"Brand": spellings(["Acme", "L'Oré", "acme tools"]), "Color": spellings(["Red", "Deep Blue"])},
    currencies={"": "USD"},
)
KINDS = [Field(name=kind.value, tag=kind.value, kind=kind) for kind in Kind if kind is not Kind.ENUM]
FIELDS = [
    *KINDS,
    field_named("Status", Dialect.CLASSIC),
    field_named("SalePrice", Dialect.CLASSIC),
    field_named("Brand", Dialect.CLASSIC),
    field_named("ProductData.Color", Dialect.CLASSIC),
    Field(name="ProductData.X", tag="X", kind=Kind.TEXT, place=Place.PRODUCT_DATA),
]
FORMATS = [
    Format(),
    Format(decimal=","),
    Format(decimal=".", thousands=","),
    Format(decimal=",", thousands=","),
    Format(decimal=",", thousands="."),
    Format(separator=";", blank="clear"),
]
PIECES = st.sampled_from(
    [
        "0",
        "00",
        "1",
        "12",
        "123",
        "1234",
        ".5",
        ",",
        ".",
        "-",
        "12.5",
        "12.50",
        "12,50",
        "\ufffe",
        "1.234",
        "1,234",
        "1.234,50",
        "0.00",
        "2024-05-31",
        "2024-02-30",
        "23:59:59",
        "24:00:00",
        "0000-00-00",
        "Z",
        "+02:00",
        "T",
        "active",
        "ACTIVE",
        "https://a.example/b.jpg",
        "http://c.example/d",
        "|",
        ";",
        "<p>",
        "</p>",
        "<b>x</b>",
        "&amp;",
        "&",
        "a",
        "é",
        "é",
        "ñ",
        "Å",
        "ｱ",
        "กุ้",
        "한",
        "하",
        "Acme",
        "ACME",
        "red",
        "Red,blue",
        "1,2",
        "77",
        "Shoes",
        "4006381333931",
        "7.5E+12",
        "NaN",
        ";",
        "Å",
        "�",
        "\u202e",
        "\x07",
        "\x85",
        "\u2028",
        "\ufeff",
        "😀",
        "𑎃",
        "İ",
        "ß",
        "__CLEAR__",
        "USD",
        "$",
        "€",
    ]
)
CELL = st.one_of(
    st.lists(PIECES, max_size=4).map("".join),
    st.lists(PIECES, max_size=4).map(" ".join),
    st.text(max_size=12),
    st.text(alphabet="0123456789.,- ", max_size=9),
    st.just(CLEAR),
)
COLUMN = st.lists(st.none() | CELL, max_size=8)


def scalar_parse(cells: list[str | None], field: Field, fmt: Format) -> tuple[list[str | None], list[Odd]]:
    values, odd = [], []
    for row, text in enumerate(cells):
        value, problem = (None, None) if text is None else kinds.parse(field, text, fmt, CTX)
        values.append(value)
        if problem:
            odd.append(Odd(row=row, field=field.name, text=text, problem=problem))
    return values, odd


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@settings(max_examples=150, deadline=None)
@given(cells=COLUMN, fmt=st.sampled_from(FORMATS))
def test_parsing_a_column_is_parsing_each_cell(field: Field, cells: list[str | None], fmt: Format) -> None:
    """Whatever the text: same values, same problems, same rows."""
    values, odd = parse_column(pl.Series(field.name, cells, dtype=pl.String), field, fmt, CTX)
    assert (values.to_list(), odd) == scalar_parse(cells, field, fmt)


@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
@settings(max_examples=200, deadline=None)
@given(cells=st.lists(st.from_regex(r"\A[0-9]{1,11}(\.[0-9]{1,4})?\Z"), max_size=8))
def test_money_of_every_currency(decimals: int, cells: list[str]) -> None:
    field, ctx = field_named("Price", Dialect.CLASSIC), Context(decimals={"": decimals})
    values, _ = parse_column(pl.Series("Price", cells, dtype=pl.String), field, Format(), ctx)
    assert values.to_list() == [kinds.parse(field, text, Format(), ctx)[0] for text in cells]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@settings(max_examples=150, deadline=None)
@given(cells=COLUMN)
def test_comparing_a_column_is_comparing_each_value(field: Field, cells: list[str | None]) -> None:
    column = comparable_column(pl.Series(field.name, cells, dtype=pl.String), field, CTX)
    assert column.to_list() == [
        None if text is None else kinds.comparable(field, text, CTX) for text in cells
    ]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@settings(max_examples=30, deadline=None)
@given(cells=st.lists(st.none() | CELL, min_size=1, max_size=8), fmt=st.sampled_from(FORMATS))
def test_a_long_column_of_few_texts_is_many_short_ones(
    field: Field, cells: list[str | None], fmt: Format
) -> None:
    """Its texts are looked at once each."""
    times = 2_001 // len(cells) + 1
    short, long = (pl.Series(field.name, cells * n, dtype=pl.String) for n in (1, times))
    (one, odd), (many, all_odd) = (parse_column(column, field, fmt, CTX) for column in (short, long))
    assert many.to_list() == one.to_list() * times
    assert [(cell.row % len(cells), cell.problem) for cell in all_odd] == [
        (cell.row, cell.problem) for cell in odd
    ] * times
    alike = comparable_column(short, field, CTX).to_list()
    assert comparable_column(long, field, CTX).to_list() == alike * times
