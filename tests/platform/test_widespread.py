"""A finding that nearly every row has is said once, with what to do about it."""

from __future__ import annotations

import pytest

from pipeline.read.finding import Finding, Severity
from pipeline.settings import Shop
from pipeline.usecases.widespread import widespread
from pipeline.values.currency import currencies_of

ROWS = 20
SHOP = {"url": "https://shop.example.com/", "user_id": "me@example.com", "api_key": "env:KEY"}


def findings(code: str, rows: int, value: str = "x", column: str = "Price") -> list[Finding]:
    return [
        Finding(
            code=code, severity=Severity.ERROR, message="is wrong", hint="do that", file="a.csv", row=row + 2,
            column=column, value=value,
        )
        for row in range(rows)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "rows", "lines"),
    [
        pytest.param(findings("bad", 18), ROWS, 0, id="90 % are rows"),
        pytest.param(findings("bad", 19), ROWS, 1, id="95 % are a column"),
        pytest.param(
            findings("bad", 10) + findings("bad", 10, column="SalePrice"), ROWS, 0, id="two columns"
        ),
        pytest.param([one for one in findings("bad", 10) for _ in "ab"], ROWS, 0, id="twice a row"),
        pytest.param(findings("bad", 20) + findings("worse", 20), ROWS, 2, id="two kinds"),
        pytest.param(findings("bad", 2), 2, 0, id="a file of two rows"),
        pytest.param([Finding(code="f", severity=Severity.ERROR, message="m")] * 9, 9, 0, id="of no row"),
        pytest.param([], 0, 0, id="nothing"),
    ],
)
def test_only_what_more_than_nine_rows_of_ten_have_is_told(found, rows: int, lines: int) -> None:
    assert len(widespread(found, rows, Shop(**SHOP), "demo")) == lines


def test_the_line_says_where_what_and_what_to_do() -> None:
    (line,) = widespread(findings("bad", 19), ROWS, Shop(**SHOP), "demo")
    assert line.startswith("19 of 20 rows have bad in column Price, such as: is wrong; do that. ")


@pytest.mark.parametrize(
    ("value", "settings", "line"),
    [
        pytest.param(
            "5,90 €", {"currency": "USD"},
            'all 20 rows carry EUR in column Price, settings say USD: set currency = "EUR" in [shops.demo], '
            "or convert the prices", id="a sign of one currency",
        ),
        pytest.param(
            "PEN 5.90", {},
            "all 20 rows carry PEN in column Price, settings name no currency, so USD is assumed: "
            'set currency = "PEN" in [shops.demo], or convert the prices', id="a code, and nobody chose USD",
        ),
        pytest.param(
            "£5.90", {"currency": "USD"},
            "all 20 rows carry prices such as '£5.90' in column Price, settings say USD: "
            'set currency = "…" in [shops.demo] (EGP, GBP), or convert the prices', id="a sign of several",
        ),
    ],
)  # fmt: skip
def test_a_foreign_currency_is_told_by_its_name_and_its_setting(value: str, settings, line: str) -> None:
    found = findings("wrong-currency", ROWS, value)
    assert widespread(found, ROWS, Shop(**SHOP, **settings), "demo") == (line,)


def test_prices_of_two_currencies_name_none() -> None:
    found = [*findings("wrong-currency", 10, "5 €"), *findings("wrong-currency", 20, "£5")[10:]]
    (line,) = widespread(found, ROWS, Shop(**SHOP), "demo")
    assert 'set currency = "…" in [shops.demo], or convert' in line


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("5,90 €", {"EUR"}),
        ("R$ 5", {"BRL"}),
        ("USD 5 $", {"USD"}),
        ("5.90", set()),
        ("", set()),
        ("€", set()),
    ],
)
def test_the_currencies_that_a_price_may_stand_in(text: str, codes: set[str]) -> None:
    assert currencies_of(text) == codes
