"""Approving by spreadsheet: yes, no, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.diff.decisions import narrow
from pipeline.diff.plan import Counts, Plan, Record
from pipeline.diff.planfile import held, open_plan, records
from pipeline.diff.reviewed import Answer, Review, Workbook
from pipeline.errors import PlanRefused
from pipeline.report.files import render
from pipeline.report.model import diff_report
from pipeline.report.tables import cell_text

COLUMNS = ("record", "sku", "effect", "field", "before", "after", "approve")
Lines = list[dict[str, str]]
Edit = Callable[[Lines], object]


class Said:
    """A review as the workbook would tell it, one dict a line."""

    def __init__(self, plan: Plan, made: Iterable[Record], fields: Iterable[str]) -> None:
        self._plan = plan
        self._fields = frozenset(fields)
        self.lines: Lines = [
            {
                "record": str(record.no),
                "sku": record.sku,
                "effect": record.effect.value,
                "field": change.field,
                "before": change.before or "",
                "after": change.after,
                "approve": "yes",
            }
            for record in made
            for change in record.changes
        ]

    def plan(self) -> tuple[str, str]:
        return self._plan.id, self._plan.digest

    def declined_fields(self) -> frozenset[str]:
        return self._fields

    def answers(self, lines: int) -> Iterator[Answer]:
        letters = dict(zip(COLUMNS, "ABCDEFG", strict=True))
        for row, cells in enumerate(self.lines, start=2):
            yield Answer(
                cells=cells, approved=cells["approve"] != "no", where=("changes", row), columns=letters
            )


@pytest.fixture
def review(tmp_path: Path, shop: Any) -> Callable[..., Plan]:
    """(a diff's outcome, edits of its lines) → the narrower plan."""

    def go(outcome: Any, *edits: Edit, fields: Iterable[str] = (), book: Review | None = None) -> Plan:
        said = Said(outcome.plan, outcome.records, fields)
        for edit in edits:
            edit(said.lines)
        return narrow(
            outcome.path,
            book or said,
            shop=shop(),
            plan_id="p2",
            folder=tmp_path,
            scratch=tmp_path,
            forecast=lambda requests, feeds: 1.0,
            shown=cell_text,
        )

    return go


def no(**where: str) -> Edit:
    """Decline every line that has these texts."""

    def edit(lines: Lines) -> None:
        for line in lines:
            if all(line[name] == text for name, text in where.items()):
                line["approve"] = "no"

    return edit


def put(row: int, column: str, text: str) -> Edit:
    return lambda lines: lines[row - 2].__setitem__(column, text)


def left(plan: Plan, folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    path = folder / f"{plan.id}.plan.jsonl"
    assert open_plan(path) == plan
    return [(record.sku, tuple(change.field for change in record.changes)) for record in records(path)]


def shelf(n: int, **values: str) -> list[dict[str, str]]:
    return [{"SellerSku": f"S{i}", **values} for i in range(n)]


OLD = {"Name": "=Old & new", "Price": "10.00", "Quantity": "3"}
NEW = {"Name": "New\nname", "Price": "11.00", "Quantity": "4"}


def test_some_rows_and_one_whole_column(diff: Any, review: Any, tmp_path: Path) -> None:
    outcome = diff(shelf(50, **NEW), shelf(50, **OLD))
    noes = [no(sku=f"S{i}", field="Name") for i in range(37)]
    plan = review(outcome, *noes, fields=["Quantity"])
    assert left(plan, tmp_path) == [(f"S{i}", ("Price",) if i < 37 else ("Name", "Price")) for i in range(50)]
    assert plan.fields_changed == {"Name": 13, "Price": 50}
    assert plan.counts == Counts(update=50)
    assert (plan.created, plan.inputs) == (outcome.plan.created, outcome.plan.inputs)
    declined = [(one.sku, one.field) for one in held(tmp_path / "p2.plan.jsonl") if one.reason == "declined"]
    assert sorted(declined) == sorted(
        [(f"S{i}", "Name") for i in range(37)] + [(f"S{i}", "Quantity") for i in range(50)]
    )


def test_a_product_of_which_nothing_is_left_counts_as_blocked(diff: Any, review: Any, tmp_path: Path) -> None:
    outcome = diff(shelf(2, Price="11.00"), shelf(2, Price="10.00"))
    plan = review(outcome, no(sku="S0"))
    assert left(plan, tmp_path) == [("S1", ("Price",))]
    assert plan.counts == Counts(update=1, blocked=1)


def test_approving_everything_changes_nothing(diff: Any, review: Any, tmp_path: Path) -> None:
    outcome = diff(shelf(2, **NEW), shelf(2, **OLD))
    plan = review(outcome)
    assert list(records(tmp_path / "p2.plan.jsonl")) == outcome.records
    assert plan.counts == outcome.plan.counts


def test_lines_may_be_sorted(diff: Any, review: Any, tmp_path: Path) -> None:
    outcome = diff(shelf(3, Price="11.00"), shelf(3, Price="10.00"))
    plan = review(outcome, lambda lines: lines.reverse(), no(sku="S2"))
    assert left(plan, tmp_path) == [("S0", ("Price",)), ("S1", ("Price",))]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(put(2, "after", "12.00"), "changes!F2 shows '12.00'", id="after"),
        pytest.param(put(3, "before", "9"), "changes!E3 shows '9'", id="before"),
        pytest.param(put(2, "sku", "S9"), "changes!B2 shows 'S9'", id="sku"),
        pytest.param(put(2, "record", "2"), "changes!A2 and changes!A3 are the same line", id="a line twice"),
        pytest.param(lambda lines: lines.pop(), "lacks the line of record 2 (S1)", id="a line less"),
        pytest.param(
            lambda lines: lines.append({**lines[0], "record": "9"}),
            "changes!A4: the plan has no record '9'",
            id="a line more",
        ),
        pytest.param(
            lambda lines: lines.append({**lines[0], "record": "x"}),
            "changes!A4: the plan has no record 'x'",
            id="no number",
        ),
    ],
)
def test_anything_but_an_answer_is_refused(diff: Any, review: Any, edit: Edit, words: str) -> None:
    outcome = diff(shelf(2, Price="11.00"), shelf(2, Price="10.00"))
    with pytest.raises(PlanRefused) as caught:
        review(outcome, edit)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_review_of_another_plan_is_refused(diff: Any, review: Any) -> None:
    outcome = diff(shelf(2, Price="11.00"), shelf(2, Price="10.00"))
    other = Said(replace(outcome.plan, digest="sha256:other"), outcome.records, ())
    with pytest.raises(PlanRefused, match="doesn't review plan p1"):
        review(outcome, book=other)


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Workbook]:
    """(a diff's outcome, an edit of the report's workbook) → the review that stands in it."""

    def make(outcome: Any, edit: Callable[[Any], object]) -> Workbook:
        path = tmp_path / "reviewed.xlsx"
        render(diff_report(outcome.plan, outcome.records, held=outcome.held), path)
        opened = openpyxl.load_workbook(path)
        edit(opened)
        opened.save(path)
        return Workbook(path, tmp_path)

    return make


def test_the_reports_own_workbook_is_understood(diff: Any, review: Any, book: Any, tmp_path: Path) -> None:
    words = ["no", "No ", "N", "0", "false", "nein", "non", "", "YES", "si"]

    def edit(opened: Any) -> None:
        page = opened["changes"]
        assert page["D2"].value == "Price"
        for row, word in enumerate(words, start=3):
            page.cell(row, 7).value = word
        fields = opened["fields"]
        titles = [cell.value for cell in fields[1]]
        for row in range(2, fields.max_row + 1):
            if fields.cell(row, 1).value == "Price":
                fields.cell(row, titles.index("approve") + 1).value = "no"

    tricky = [{"SellerSku": f"S{i}", "Name": f"=1+{i}\n\u202e & \u00f1 {i} "} for i in range(len(words))]
    ours, theirs = (
        [*tricky, *shelf(11, Price="11.00")[10:]],
        [*shelf(10, Name=""), *shelf(11, Price="10.00")[10:]],
    )
    outcome = diff(ours, theirs)
    plan = review(outcome, book=book(outcome, edit))
    assert left(plan, tmp_path) == [(f"S{i}", ("Name",)) for i in (7, 8, 9)]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(
            lambda b: b["changes"].__setitem__("G3", "maybe"),
            "changes!G3 says 'maybe': neither yes nor no",
            id="neither yes nor no",
        ),
        pytest.param(lambda b: b["changes"].delete_cols(7), "column 'approve' is missing", id="no answers"),
        pytest.param(lambda b: b.remove(b["plan"]), "reviewed.xlsx", id="no plan"),
    ],
)
def test_a_workbook_that_is_none_of_ours_is_refused(
    diff: Any, review: Any, book: Any, edit: Any, words: str
) -> None:
    outcome = diff(shelf(2, Price="11.00"), shelf(2, Price="10.00"))
    with pytest.raises(PlanRefused) as caught:
        review(outcome, book=book(outcome, edit))
    assert words in caught.value.message


NEWBORN = {
    "SellerSku": "NEW",
    "Name": "Tea",
    "Brand": "ACME",
    "PrimaryCategory": "12",
    "Description": "Good tea",
    "Price": "5.00",
    "Images": "https://x.example/1.jpg",
}
CHILD = {**NEWBORN, "SellerSku": "KID", "ParentSku": "NEW"}


def test_what_is_not_born_gets_no_images_and_no_children(diff: Any, review: Any, tmp_path: Path) -> None:
    outcome = diff([NEWBORN, CHILD, *shelf(1, Price="2.00")], shelf(1, Price="2.10"))
    plan = review(outcome, no(sku="NEW", field="Brand"))
    assert left(plan, tmp_path) == [("S0", ("Price",))]
    assert plan.counts == Counts(update=1, blocked=2)


def test_a_new_product_may_lack_what_the_shop_does_not_demand(diff: Any, review: Any, tmp_path: Path) -> None:
    plan = review(diff([NEWBORN], []), no(field="Name"))
    assert left(plan, tmp_path) == [
        ("NEW", ("Brand", "PrimaryCategory", "Description", "Price")),
        ("NEW", ("Images",)),
    ]


ON_SALE = {"Price": "10.00", "SalePrice": "8.00", "SaleEndDate": "2030-01-01 00:00:00"}


@pytest.mark.parametrize(
    ("ours", "theirs", "declined", "expected"),
    [
        pytest.param(
            {**ON_SALE, "Price": "11.00"},
            {"Price": "10.00", "SalePrice": "", "SaleEndDate": ""},
            "SalePrice",
            [("Price",)],
            id="a window without its price",
        ),
        pytest.param({"SalePrice": ""}, ON_SALE, "SaleEndDate", [], id="the end of a promotion is one thing"),
        pytest.param(
            {"SalePrice": "7.00", "SaleEndDate": "2031-01-01 00:00:00"},
            ON_SALE,
            "SalePrice",
            [("SaleEndDate",)],
            id="the old price stands",
        ),
        pytest.param(
            {"Price": "7.00", "SalePrice": "6.00"},
            ON_SALE,
            "SalePrice",
            [],
            id="a price that would be below the shop's sale price",
        ),
        pytest.param(
            {"Price": "12.00", "SalePrice": "11.00"},
            ON_SALE,
            "Price",
            [],
            id="a sale price that would be above the shop's price",
        ),
    ],
)
def test_a_promotion_is_approved_as_far_as_it_stands(
    diff: Any, review: Any, tmp_path: Path, ours: Any, theirs: Any, declined: str, expected: Any
) -> None:
    outcome = diff(shelf(1, **ours), shelf(1, **theirs))
    plan = review(outcome, no(field=declined))
    assert [fields for _, fields in left(plan, tmp_path)] == expected


def test_guards_judge_what_is_left(diff: Any, review: Any) -> None:
    ours = [{"SellerSku": "A", "Price": "1.00"}, {"SellerSku": "B", "Price": "9.00"}]
    outcome = diff(ours, [{"SellerSku": "A", "Price": "10.00"}, {"SellerSku": "B", "Price": "10.00"}])
    assert [guard.rule for guard in outcome.plan.refused] == ["price-down"]
    assert review(outcome, no(sku="A")).refused == ()
