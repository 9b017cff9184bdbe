"""What validation hands back: the bad rows alone, and the user's own workbook with marks on it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from pipeline.read.applying import apply
from pipeline.read.mapping import IDENTITY, load_mapping
from pipeline.read.reading import read_catalog
from pipeline.validate.accepted import Accepted
from pipeline.validate.annotate import annotate
from pipeline.validate.rejected import write_rejected
from schemas.fields import Dialect

Run = Callable[..., Accepted]
Told = Callable[[Accepted], list[tuple[str, str]]]


@pytest.fixture
def feed(run: Run, tmp_path: Path) -> Run:
    """Read, map and validate a file."""

    def fed(path: Path, mapping: str | Path | None = None, **more: Any) -> Accepted:
        folder = tmp_path / f"read-{path.name}"
        folder.mkdir()
        catalog = read_catalog([str(path)], folder=folder)
        known = IDENTITY if mapping is None else load_mapping(mapping)
        return run(apply(catalog, known, dialect=Dialect.CLASSIC, folder=folder), **more)

    return fed


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_rejected_rows_corrected_complete_the_import(
    feed: Run, tmp_path: Path, suffix: str, rows_of: Callable[[Accepted], list[dict[str, Any]]]
) -> None:
    source = tmp_path / "prices.csv"
    source.write_text(
        "SellerSku;Price;Note\n001;1,50;\n002;abc;=1+1\n003;2,50;\n004;-1;x\n", encoding="utf-8"
    )
    first = feed(source, known=["001", "002", "003", "004"])
    assert [row["SellerSku"] for row in rows_of(first)] == ["001", "003"]
    rejected = tmp_path / f"rejected{suffix}"
    write_rejected(rejected, first)
    again = feed(rejected, known=["001", "002", "003", "004"])
    assert [(f.code, f.row, f.sku) for f in again.findings if f.severity == "error"] == [
        ("not-a-number", 2, "002"), ("not-positive", 3, "004"),
    ]  # fmt: skip
    mended = tmp_path / "mended.csv"
    mended.write_text("SellerSku;Price;Note\n002;7,10;=1+1\n004;1,00;x\n", encoding="utf-8")
    assert [(row["SellerSku"], row["Price"]) for row in rows_of(feed(mended, known=["002", "004"]))] == [
        ("002", "7.10"), ("004", "1.00"),
    ]  # fmt: skip


def test_number_cells_come_back_as_the_mapping_reads_text(feed: Run, tmp_path: Path) -> None:
    """12.5 as a number and "12,50" as text mean the same under a decimal comma, also the second time."""
    source, mapping = tmp_path / "list.xlsx", tmp_path / "list.toml"
    with xlsxwriter.Workbook(source) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Art", "Preis", "Menge"])
        for number, (price, stock) in enumerate([(12.5, "x"), ("13,90", "y"), (14, 1)], start=1):
            sheet.write_row(number, 0, [f"A{number}", price, stock])
    mapping.write_text(
        '[format]\ndecimal = ","\n[columns]\nSellerSku = "Art"\nPrice = "Preis"\nQuantity = "Menge"\n',
        encoding="utf-8",
    )
    for name in ("rejected.csv", "rejected.xlsx"):
        write_rejected(tmp_path / name, feed(source, mapping, known=["A1", "A2", "A3"]))
        found = feed(tmp_path / name, mapping, known=["A1", "A2"]).findings
        assert [(f.code, f.column) for f in found] == [("not-a-number", "Menge")] * 2
        source = source.rename(source.with_name(f"{name}.source.xlsx"))


def test_rows_of_one_product_stay_together(feed: Run, tmp_path: Path) -> None:
    """A Shopify variant can't be read without the first row of its product."""
    source = tmp_path / "shopify.csv"
    source.write_text(
        "Handle,Title,Body (HTML),Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n"
        "cup,Stone cup,<p>A cup for tea</p>,Acme,Color,Red,C-1,5.00,https://a.example/1.jpg\n"
        "cup,,,,,Blue,C-2,abc,\n"
        "cup,,,,,,,,https://a.example/2.jpg\n"
        "plate,Plate,<p>A plate for tea</p>,Acme,Color,Red,P-1,6.00,\n",
        encoding="utf-8",
    )
    accepted = feed(source, "shopify", known=["C-1", "C-2", "P-1"])
    assert accepted.rejected_skus == {"C-2"}
    write_rejected(tmp_path / "bad.csv", accepted)
    assert [row[0] for row in rows(tmp_path / "bad.csv")] == ["Handle", "cup", "cup", "cup"]


def test_nothing_rejected_leaves_a_header(feed: Run, tmp_path: Path) -> None:
    source = tmp_path / "good.csv"
    source.write_text("SellerSku,Price\nA,1.00\n", encoding="utf-8")
    write_rejected(tmp_path / "none.csv", feed(source, known=["A"]))
    assert [row[:2] for row in rows(tmp_path / "none.csv")] == [["SellerSku", "Price"]]


class TestAnnotated:
    @pytest.fixture
    def workbook(self, tmp_path: Path) -> Path:
        path = tmp_path / "mine.xlsx"
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Prices"
        for row in (
            ["My list"],
            [],
            ["SellerSku", "Price", "Double"],
            ["A", "abc", "=B4*2"],
            ["B", 2, "=B5*2"],
        ):
            sheet.append(row)
        sheet["B4"].comment = openpyxl.comments.Comment("ask Ana", "me")
        sheet.column_dimensions["A"].width = 33
        sheet.merge_cells("A1:C1")
        book.save(path)
        return path

    def test_it_is_the_users_own(self, feed: Run, workbook: Path, tmp_path: Path) -> None:
        out = tmp_path / "answer.xlsx"
        annotate(out, feed(workbook, known=["A", "B"]))
        book = openpyxl.load_workbook(out)
        assert book.sheetnames == ["Findings", "Prices"]
        sheet = book["Prices"]
        assert (sheet["C4"].value, sheet["B5"].value, sheet["A1"].value) == ("=B4*2", 2, "My list")
        assert (sheet.column_dimensions["A"].width, [str(area) for area in sheet.merged_cells.ranges]) == (
            33,
            ["A1:C1"],
        )
        note = sheet["B4"].comment
        assert note is not None
        assert note.text.startswith("ask Ana\n'abc' is no number")
        assert sheet["B4"].fill.start_color.rgb == "00FFC7CE"
        assert sheet["B5"].comment is None

    def test_all_findings_are_listed_and_none_is_live(
        self, feed: Run, workbook: Path, tmp_path: Path
    ) -> None:
        book = openpyxl.load_workbook(workbook)
        book["Prices"]["B4"].value = "'=cmd|x"
        book["Prices"]["B4"].value = "@SUM(1)"
        book.save(workbook)
        out = tmp_path / "answer.xlsx"
        annotate(out, feed(workbook, known=["A", "B"]))
        cells = [
            cell for row in openpyxl.load_workbook(out)["Findings"].iter_rows() for cell in row if cell.value
        ]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert "@SUM(1)" in [cell.value for cell in cells]
        assert next(c.hyperlink.location for c in cells if c.hyperlink and c.value == "B4") == "'Prices'!B4"

    def test_a_csv_gets_a_new_workbook_with_its_own_addresses(self, feed: Run, tmp_path: Path) -> None:
        source = tmp_path / "prices.csv"
        source.write_text("SellerSku,Price\nA,1.00\nB,=1+1\n", encoding="utf-8")
        out = tmp_path / "answer.xlsx"
        annotate(out, feed(source, known=["A", "B"]))
        book = openpyxl.load_workbook(out)
        assert book.sheetnames == ["Findings", "prices.csv"]
        sheet = book["prices.csv"]
        assert (sheet["A2"].value, sheet["B3"].value, sheet["B3"].data_type) == ("A", "=1+1", "s")
        assert sheet["B3"].comment is not None
        assert sheet["B2"].comment is None


def test_two_hundred_defects_over_three_sheets(feed: Run, tmp_path: Path) -> None:
    """Preamble, blank lines, merged cells, several defects a row: exactly these, at exactly these cells."""
    source = tmp_path / "seeded.xlsx"
    expected: list[tuple[str, str, str]] = []
    bad = {
        "Price": ("not-a-number", "twelve"),
        "Quantity": ("negative-quantity", "-3"),
        "Status": ("not-an-option", "on"),
        "ProductId": ("bad-ean", "4006381333932"),
        "Name": ("too-short", "x"),
    }
    columns = ("SellerSku", "Name", "Price", "Quantity", "Status", "ProductId")
    with xlsxwriter.Workbook(source) as book:
        for number, name in enumerate(("Cups", "Plates", "Lamps")):
            sheet, line = book.add_worksheet(name), 4 + number
            sheet.merge_range(0, 0, 0, 4, f"Our {name}, winter")
            sheet.write(1, 0, "prices in dollars")
            sheet.write_row(line - 1, 0, columns)
            for item in range(40):
                line += 2 if item % 9 == 8 else 1  # a blank line now and then
                good = {
                    "SellerSku": f"{name}-{item}",
                    "Name": f"One of {name}",
                    "Price": "3.50",
                    "Quantity": "4",
                }
                row = {**good, "Status": "active", "ProductId": "4006381333931"}
                for place, (column, (code, value)) in enumerate(bad.items()):
                    if len(expected) < 200 and (item + place + number) % 3 == 0:
                        row[column] = value
                        expected.append((code, name, f"{'ABCDEF'[columns.index(column)]}{line}"))
                sheet.write_row(line - 1, 0, [row[column] for column in columns])
    known = [f"{name}-{n}" for name in ("Cups", "Plates", "Lamps") for n in range(40)]
    accepted = feed(source, known=known)
    assert len(expected) == 200
    found = [(f.code, f.sheet, f.cell) for f in accepted.findings]
    assert sorted(found) == sorted(expected)
    assert accepted.rows == 120 - accepted.rejected
    rest = tmp_path / "rest.csv"
    write_rejected(rest, accepted)
    right = {column: value for column, (_, value) in bad.items()}
    mends = {
        "Price": "3.50",
        "Quantity": "4",
        "Status": "active",
        "ProductId": "4006381333931",
        "Name": "One more",
    }
    with rest.open(encoding="utf-8-sig", newline="") as file:
        head, *refused = csv.reader(file)
    mended = [
        [mends[name] if right.get(name) == cell else cell for name, cell in zip(head, row, strict=False)]
        for row in refused
    ]
    with rest.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *mended])
    again = feed(rest, known=known)
    assert [finding.code for finding in again.findings] == []
    assert (again.rejected, accepted.rows + again.rows) == (0, 120)
