"""The workbook a reviewer answers in: its header, its answers, its question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.report.files import render
from pipeline.report.tables import cell_text


@pytest.fixture
def book(shop: Any, tmp_path: Path) -> Any:
    render(shop.report(), tmp_path / "review.xlsx")
    return openpyxl.load_workbook(tmp_path / "review.xlsx")


def test_the_sheets_and_what_the_changes_begin_with(book: Any) -> None:
    assert book.sheetnames == ["changes", "fields", "plan", "held", "guards", "findings"]
    head = [cell.value for cell in book["changes"][1]]
    assert head[:7] == ["record", "sku", "effect", "field", "before", "after", "approve"]


def test_every_change_is_a_row_of_its_text_with_a_yes(book: Any, shop: Any) -> None:
    rows = [
        tuple(cell or "" for cell in row[:7])
        for row in book["changes"].iter_rows(min_row=2, values_only=True)
    ]
    assert rows == [
        (
            record.no,
            record.sku,
            str(record.effect),
            each.field,
            cell_text(each.before or ""),
            cell_text(each.after),
            "yes",
        )
        for record in shop.records
        for each in record.changes
    ]


def test_answers_are_asked_as_yes_or_no(book: Any) -> None:
    for name, column in (("changes", "G"), ("fields", "E")):
        (question,) = book[name].data_validations.dataValidation
        assert question.formula1 == '"yes,no"'
        assert str(question.sqref).startswith(f"{column}2:")


def test_text_that_looks_like_a_number_stays_text(book: Any) -> None:
    price = next(
        row for row in book["changes"].iter_rows(min_row=2) if row[3].value == "Price" and row[4].value
    )
    assert price[4].data_type == price[5].data_type == "s"
    assert price[5].number_format == "@"


def test_the_header_stays_and_filters(book: Any) -> None:
    sheet = book["changes"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref.startswith("A1:")


def test_the_plan_sheet_names_the_plan(book: Any, shop: Any) -> None:
    facts = dict(book["plan"].iter_rows(max_col=2, values_only=True))
    assert (facts["plan"], facts["digest"], facts["shop"]) == (shop.plan.id, shop.plan.digest, shop.plan.shop)
