"""Rows of a workbook read by columns are the rows read one by one."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter

from pipeline.read.catalog import Limits, ReadOptions
from pipeline.read.grid import to_table
from pipeline.read.notes import Notes
from pipeline.read.quicksheet import QuickLines
from pipeline.read.xlsx import Lines, Workbook

HEADERS = ("SellerSku", "Name", "Price", "ProductId", "Quantity", "Color", "Status")
ODD = ("blank", "header", "error", "aside", "spaces", "footer", "hidden", "empty", "huge", "date", "true")


def _write(path: Path, rows: int, seed: int, odd: tuple[str, ...]) -> None:
    dice = random.Random(seed)
    book = xlsxwriter.Workbook(str(path))
    looks = [
        book.add_format({"num_format": code}) for code in ("0000000000000", "0.00", "0.0%", "yyyy-mm-dd")
    ]
    sheet = book.add_worksheet("Products")
    sheet.write_row(0, 0, HEADERS)
    for row in range(1, rows + 1):
        kind = dice.choice(odd) if odd and dice.random() < 0.002 else ""
        if kind == "blank":
            continue
        if kind == "header":
            sheet.write_row(row, 0, HEADERS)
            continue
        sheet.write_string(row, 0, "  " if kind == "spaces" else f"S-{row}")
        if kind == "spaces":
            continue
        sheet.write_string(row, 1, dice.choice(("Tea", "مرحبا", "a\nb", " x ")))
        sheet.write_number(
            row, 2, dice.choice((1, 2.5, 0.1 + 0.2, 1e-7, -3, 19.999)), dice.choice((*looks[1:3], None))
        )
        sheet.write_number(row, 3, 12345678 + row, looks[0])
        if dice.random() < 0.7:
            sheet.write_number(row, 4, row % 50)
        if dice.random() < 0.5:
            sheet.write(row, 5, dice.choice(("red", 7, "7")))
        _spoil(sheet, row, kind, looks)
    if "footer" in odd:
        sheet.write_string(rows + 1, 0, "Total")
        sheet.write_number(rows + 1, 2, 99.5)
    book.close()


def _spoil(sheet: xlsxwriter.worksheet.Worksheet, row: int, kind: str, looks: list[object]) -> None:
    if kind == "error":
        sheet.write_formula(row, 6, "=1/0", None, "#DIV/0!")
    elif kind == "aside":
        sheet.write_string(row, 9, "a remark")
    elif kind == "hidden":
        sheet.set_row(row, None, None, {"hidden": True})
    elif kind == "empty":
        sheet.write_formula(row, 6, "=A1", None, "")
    elif kind == "huge":
        sheet.write_number(row, 6, 1234567890123456789)
    elif kind == "date":
        sheet.write_number(row, 6, 45000, looks[3])
    elif kind == "true":
        sheet.write_boolean(row, 6, True)


def _read(path: Path, out: Path, *, size: int, slabs: bool) -> tuple[object, ...]:
    book, notes = Workbook(path, "a.xlsx", Limits()), Notes(file="a.xlsx", sheet="Products")
    shown = Lines(book, notes, Limits(), with_texts=False)
    lines = QuickLines(book, book.sheets[0], shown, size=size)
    table = to_table(lines if slabs else (line for line in lines), notes, out, ReadOptions())
    book.close()
    assert table is not None
    with pa.OSFile(str(out)) as source:
        rows = pa.ipc.open_file(source).read_all()
    return table.headers, table.part, rows.to_pylist(), notes.choices, notes.done()


@pytest.mark.parametrize("odd", [(), ODD, *((one,) for one in ODD)], ids=lambda odd: "-".join(odd) or "none")
@pytest.mark.parametrize("size", [3_000, 40_000])
def test_by_columns_is_as_one_by_one(tmp_path: Path, odd: tuple[str, ...], size: int) -> None:
    path = tmp_path / "a.xlsx"
    _write(path, 1_500, len(odd) + size, odd)
    by_columns = _read(path, tmp_path / "one.arrow", size=size, slabs=True)
    assert by_columns == _read(path, tmp_path / "two.arrow", size=size, slabs=False)
    assert len(by_columns[2]) > 1_400
