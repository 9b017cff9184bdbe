"""Validation: every defect at its cell, in one run; what passes is exactly what was good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import InputRefused
from pipeline.market.lookups import Lookups
from pipeline.read.finding import Finding, Severity
from pipeline.settings import Shop
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Format

Run = Callable[..., Accepted]
Told = Callable[[Accepted], list[tuple[str, str]]]
RowsOf = Callable[[Accepted], list[dict[str, Any]]]

GOOD = {
    "SellerSku": "A-1",
    "Name": "Stone cup",
    "PrimaryCategory": "10",
    "Description": "<p>A cup</p>",
    "Brand": "Acme",
    "Price": "12.50",
    "Quantity": "3",
    "SalePrice": "9",
    "SaleStartDate": "2024-05-01",
    "SaleEndDate": "2024-05-31",
    "ProductId": "4006381333931",
    "Status": "active",
    "Images": "https://cdn.example.test/a.jpg",
}


def test_a_good_row_passes_with_its_values(run: Run, rows_of: RowsOf) -> None:
    accepted = run([GOOD], known=[])
    assert accepted.findings == ()
    assert rows_of(accepted) == [
        {
            **GOOD,
            "SalePrice": "9.00",
            "SaleStartDate": "2024-05-01 00:00:00",
            "SaleEndDate": "2024-05-31 00:00:00",
        }
    ]
    assert (accepted.rows, accepted.total, accepted.rejected, accepted.rejected_skus) == (
        1,
        1,
        0,
        frozenset(),
    )


def test_a_finding_says_everything(run: Run) -> None:
    accepted = run([GOOD, {**GOOD, "SellerSku": "A-2", "Price": "1.234"}], known=[])
    assert accepted.findings == (
        Finding(
            code="ambiguous-number",
            severity=Severity.ERROR,
            message="'1.234' may be 1234 or 1 and 234 thousandths",
            hint='declare decimal = "." or decimal = "," for this column in the mapping',
            file="catalog.csv",
            row=3,
            column="Price",
            cell="F3",
            value="1.234",
            sku="A-2",
        ),
    )
    assert (accepted.rows, accepted.rejected, accepted.rejected_skus) == (1, 1, frozenset({"A-2"}))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"SellerSku": None}, [("blank-sku", "A3")]),
        ({"SellerSku": "A\u200b"}, [("sku-characters", "A3")]),
        ({"SellerSku": "S" * 256}, [("sku-too-long", "A3")]),
        ({"SellerSku": "A\x07"}, [("control-character", "A3")]),
        ({"Name": "x"}, [("too-short", "B3")]),
        ({"Name": "é" * 256}, [("too-long", "B3")]),
        ({"Name": "é" * 255}, []),
        ({"Name": "<b>Cup</b>"}, [("markup-in-text", "B3")]),
        ({"Name": "CafÃ©"}, [("mojibake", "B3")]),
        ({"Name": "Cup \u202egnp"}, [("bidi-control", "B3")]),
        ({"Name": "Caf\ufffd"}, [("replacement-character", "B3")]),
        ({"Name": None}, [("missing-required", "B3")]),
        ({"Description": "<p onclick=x()>long enough</p>"}, [("unsafe-html", "D3")]),
        ({"Description": "<script>alert(1)</script>"}, [("unsafe-html", "D3")]),
        ({"Price": "0"}, [("not-positive", "F3")]),
        ({"Price": "-5"}, [("not-positive", "F3")]),
        ({"Price": "NaN"}, [("not-a-number", "F3")]),
        ({"Price": "1_000"}, [("not-a-number", "F3")]),
        ({"Price": "１２"}, [("not-a-number", "F3")]),
        ({"Price": "12.3456"}, [("too-many-decimals", "F3")]),
        ({"Price": "€12"}, [("wrong-currency", "F3")]),
        ({"Price": None}, [("missing-required", "F3")]),
        ({"Quantity": "-1"}, [("negative-quantity", "G3")]),
        ({"Quantity": "1.5"}, [("not-an-integer", "G3")]),
        ({"SalePrice": "12.50"}, [("sale-not-below-price", "H3")]),
        ({"SalePrice": None}, [("window-without-sale", "I3")]),
        ({"SaleStartDate": None, "SaleEndDate": None}, [("sale-without-window", "H3")]),
        ({"SaleStartDate": "2024-06-01"}, [("window-inverted", "J3")]),
        ({"SaleStartDate": "01/06/2024"}, [("bad-date", "I3")]),
        ({"ProductId": "4006381333932"}, [("bad-ean", "K3")]),
        ({"ProductId": "4.00638E+12"}, [("ean-scientific", "K3")]),
        ({"Status": "actve"}, [("not-an-option", "L3")]),
        ({"Images": "http://cdn.example.test/a.jpg"}, [("image-not-https", "M3")]),
        ({"Images": "https://127.0.0.1/a.jpg"}, [("image-address", "M3")]),
        ({"Images": "https://cdn.example.test/a.gif"}, [("image-type", "M3")]),
        (
            {"Images": "\n".join(f"https://cdn.example.test/{n}.jpg" for n in range(9))},
            [("too-many-images", "M3")],
        ),
    ],
    ids=lambda value: "-".join(map(str, value))[:40] if isinstance(value, dict) else "",
)
def test_each_defect_is_one_finding_at_its_cell(
    run: Run, told: Told, change: dict[str, str | None], expected: list[tuple[str, str]]
) -> None:
    """A new product with one defect; nothing else is said of it."""
    assert told(run([GOOD, {**GOOD, "SellerSku": "A-2", **change}], known=[])) == expected


def test_an_unreadable_cell_hides_no_other_failure(run: Run, told: Told) -> None:
    """The trap of coercing and validating in one step: all of a column's and a row's defects come out."""
    rows = [
        {**GOOD, "SellerSku": f"A-{n}", "Price": price} for n, price in enumerate(["abc", "-1", "0", "1.234"])
    ]
    rows[0] |= {"Status": "x", "ProductId": "1", "Quantity": "-2"}
    assert told(run(rows, known=[])) == [
        ("not-a-number", "F2"),
        ("negative-quantity", "G2"),
        ("bad-ean", "K2"),
        ("not-an-option", "L2"),
        ("not-positive", "F3"),
        ("not-positive", "F4"),
        ("ambiguous-number", "F5"),
    ]


def test_validation_can_not_be_switched_off(run: Run, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    from pandera.config import config_context

    with config_context(validation_enabled=False):
        assert told(run([{**GOOD, "Price": "0"}], known=[]))[0] == ("not-positive", "F2")


class TestBlanksAndClearing:
    def test_blank_leaves_alone_unless_the_column_says_otherwise(self, run: Run, rows_of: RowsOf) -> None:
        row = {"SellerSku": "A", "SalePrice": None, "Name": "  ", "Variation": "__CLEAR__"}
        assert rows_of(run([row], known="A"))[0] == {
            "SellerSku": "A",
            "SalePrice": None,
            "Name": None,
            "Variation": "",
        }
        formats = {"SalePrice": Format(blank="clear"), "Name": Format(blank="clear")}
        assert rows_of(run([row], known="A", formats=formats))[0] == {
            "SellerSku": "A",
            "SalePrice": "",
            "Name": "",
            "Variation": "",
        }

    def test_a_blank_can_be_an_error(self, run: Run, told: Told) -> None:
        rows = [
            {"SellerSku": "A", "Price": None},
            {"SellerSku": "B", "Price": " "},
            {"SellerSku": "C", "Price": "2"},
        ]
        accepted = run(rows, known="ABC", formats={"Price": Format(blank="error")})
        assert told(accepted) == [("blank-cell", "B2"), ("blank-cell", "B3")]
        assert accepted.rejected_skus == {"A", "B"}

    @pytest.mark.parametrize("name", ["Name", "Description", "SalePrice"])
    def test_the_settings_choose_the_word(self, run: Run, rows_of: RowsOf, name: str) -> None:
        rows = [{"SellerSku": "A", name: "(none)"}, {"SellerSku": "B", name: "__CLEAR__"}]
        accepted = run(rows, known="AB", settings={"clear": "(none)"})
        assert [row[name] for row in rows_of(accepted)] == ["", ""]


class TestNewProducts:
    def test_an_update_needs_nothing_but_its_key(self, run: Run) -> None:
        assert run([{"SellerSku": "A", "Quantity": "0", "Name": None}], known="A").findings == ()

    def test_what_a_file_lacks_is_said_once_a_row(self, run: Run, told: Told) -> None:
        accepted = run([{"SellerSku": "A", "Price": "1"}, {"SellerSku": "B", "Price": None}], known=[])
        assert told(accepted) == [
            ("incomplete-product", ""),
            ("missing-required", "B3"),
            ("incomplete-product", ""),
        ]
        assert "Name, PrimaryCategory, Description, Brand" in accepted.findings[0].message

    def test_where_nobody_asked_the_shop_it_is_a_warning(self, run: Run) -> None:
        accepted = run([{"SellerSku": "A", "Price": None}])
        assert [(f.code, f.severity, f.row) for f in accepted.findings] == [
            ("incomplete-product", Severity.WARNING, 0),
            ("missing-required", Severity.WARNING, 2),
        ]
        assert accepted.rows == 1

    def test_update_only_creates_nothing_and_asks_for_nothing(self, run: Run) -> None:
        assert (
            run([{"SellerSku": "A", "Price": None}], known=[], settings={"mode": "update-only"}).findings
            == ()
        )

    def test_a_unit_that_is_offered_needs_its_price(self, run: Run, falabella: Shop, told: Told) -> None:
        row = {
            **{name: GOOD[name] for name in ("SellerSku", "Name", "PrimaryCategory", "Description", "Brand")},
            "BusinessUnits.facl.Price": "8990",
            "BusinessUnits.facl.Stock": "1",
            "BusinessUnits.fape.Price": None,
            "BusinessUnits.fape.Stock": None,
        }
        assert run([row], known=[], shop=falabella).findings == ()
        offered = {**row, "BusinessUnits.fape.Stock": "4"}
        assert told(run([offered], known=[], shop=falabella)) == [("missing-required", "H2")]


class TestTheShopsOwnLists:
    def test_brands_categories_and_options(self, run: Run, lookups: Lookups, told: Told) -> None:
        rows = [
            {
                **GOOD,
                "SellerSku": "ok",
                "ProductData.Color": "red",
                "Brand": "ACME",
                "PrimaryCategory": "Home > Cups",
            },
            {**GOOD, "SellerSku": "a", "ProductData.Color": "Rad"},
            {**GOOD, "SellerSku": "b", "ProductData.Color": "Red", "Brand": "Acne"},
            {**GOOD, "SellerSku": "c", "ProductData.Color": "Red", "PrimaryCategory": "1"},
            {**GOOD, "SellerSku": "d", "ProductData.Color": "Red", "PrimaryCategory": "Cupz"},
            {**GOOD, "SellerSku": "e", "ProductData.Color": None},
            {**GOOD, "SellerSku": "f", "PrimaryCategory": "20", "ProductData.Volume": "3"},
            {**GOOD, "SellerSku": "g", "ProductData.Color": "Red", "ProductData.Volume": "300 ml"},
        ]
        accepted = run(rows, known=[], lookups=lookups)
        assert told(accepted) == [
            ("unknown-option", "N3"),
            ("unknown-brand", "E4"),
            ("not-a-leaf", "C5"),
            ("unknown-category", "C6"),
            ("missing-required", "N7"),
            ("unknown-attribute", "O8"),
            ("too-long", "O9"),
        ]
        assert [finding.hint for finding in accepted.findings[:4:2]] == [
            "did you mean 'Red'?",
            "products stand in the lowest level",
        ]
        assert accepted.findings[1].hint == "did you mean 'Acme'?"

    def test_the_shops_spelling_is_sent(self, run: Run, lookups: Lookups, rows_of: RowsOf) -> None:
        row = {
            "SellerSku": "a",
            "Brand": "STONE & CO",
            "PrimaryCategory": "plates",
            "ProductData.Uses": "oven,TABLE",
        }
        assert rows_of(run([row], known="a", lookups=lookups)) == [
            {
                "SellerSku": "a",
                "Brand": "Stone & Co",
                "PrimaryCategory": "20",
                "ProductData.Uses": "Oven,Table",
            }
        ]

    def test_checks_can_be_switched_off(self, run: Run, lookups: Lookups) -> None:
        row = {**GOOD, "Brand": "Nobody", "PrimaryCategory": "999", "ProductData.Color": "Pink"}
        off = {"check_brands": False, "check_categories": False, "check_attributes": False}
        assert run([row], known=[], lookups=lookups, settings=off).findings == ()


class TestSeverity:
    def test_each_rule_can_be_turned(self, run: Run, rows_of: RowsOf) -> None:
        rows = [{**GOOD, "ProductId": "123"}]
        softer = run(rows, known=[], settings={"severity": {"bad-ean": "warning"}})
        assert [(f.code, f.severity) for f in softer.findings] == [("bad-ean", Severity.WARNING)]
        assert rows_of(softer)[0]["ProductId"] == "123"
        assert run(rows, known=[], settings={"severity": {"bad-ean": "off"}}).findings == ()
        assert run(rows, known=[]).rejected == 1

    def test_an_unreadable_cell_is_left_alone_then(self, run: Run, rows_of: RowsOf) -> None:
        rows = [{"SellerSku": "A", "Price": "abc", "Quantity": "2"}]
        softer = run(rows, known="A", settings={"severity": {"not-a-number": "warning"}})
        assert rows_of(softer) == [{"SellerSku": "A", "Price": None, "Quantity": "2"}]

    def test_duplicates_can_not_be_softened(self, run: Run) -> None:
        rows = [{"SellerSku": "A"}, {"SellerSku": "A"}]
        assert (
            run(rows, known="A", settings={"severity": {"duplicate-sku": "off", "blank-sku": "off"}}).rejected
            == 2
        )


def test_an_inherited_error_refuses_its_row_and_silences_its_cell(run: Run, make_mapped: Any) -> None:
    """Reading found an error cell: the row is refused, and no second finding says that it's empty."""
    found = Finding(
        code="error-cell",
        severity=Severity.ERROR,
        message="#DIV/0!",
        file="catalog.csv",
        row=3,
        column="Price",
        cell="F3",
    )
    mapped = make_mapped(
        [GOOD, {**GOOD, "SellerSku": "B", "Price": None, "SalePrice": None}], findings=[found]
    )
    accepted = run(mapped, known=[])
    assert [f.code for f in accepted.findings] == ["error-cell", "window-without-sale"]
    assert accepted.rejected_skus == {"B"}


def test_without_a_key_nothing_can_be_judged(run: Run) -> None:
    with pytest.raises(InputRefused, match="SellerSku"):
        run([{"Name": "x"}])


def test_a_catalog_without_rows(run: Run) -> None:
    accepted = run([], columns=["SellerSku", "Price"], known=[])
    assert (accepted.rows, accepted.total, accepted.findings, list(accepted.batches())) == (0, 0, (), [])
