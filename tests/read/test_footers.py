"""Rows below the data: sums and remarks are told and left out in any order, products never are."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from pipeline.read.catalog import ReadOptions
from pipeline.read.finding import Severity

HEAD = "sku;name;price;qty"
BODY = ["A-1;Mug;1.234,50;3", "A-2;Cup;9,50;4", "A-3;Big bowl;7,00;5"]
FOOTERS = {
    "sums above a remark": ["Summe;;1.251,00;12", "* alle Preise netto"],
    "sums below a remark": ["* alle Preise netto", "Summe;;1.251,00;12"],
    "sums with a currency": ["Gesamt:;;1.251,00 EUR;12 Stk", "Stand: gestern"],
    "sums of filtered rows": ["Total;;99,00;1", "End of report"],
    "a word that nobody listed": ["Sammanlagt;;1.251,00;12", "Sida 1"],
    "no word at all": [";;1.251,00;12"],
    "named in the second column": [";Suma końcowa;1.251,00;12"],
    "a label and its value": ["Erstellt am:;12.05.2024", "Bearbeiter:;Ana"],
    "a label with its number": ["Anzahl Artikel:;3"],
    "remark, sums, remark": ["Preise ohne Gewähr", "Sub-Total;;1.251,00;12", "Seite 1"],
    "thai": ["ยอดรวม;;1.251,00;12", "หมายเหตุ ราคา"],
    "arabic": ["الإجمالي;;1.251,00;12"],
    "vietnamese": ["Tổng cộng;;1.251,00;12"],
    "many lines of small print": [f"§ {n} of the terms" for n in range(9)],
}
KEPT = {
    "an article called like sums": ["Total;Toothpaste;1,00;2"],
    "an article number with the word": ["TOTAL-001;;5,00;"],
    "an article without a name": ["A-4;;1.251,00;12"],
    "an article of letters without a name": ["SET;;;12"],
    "a lone SKU": ["A-4;;;"],
    "numbers that are no sums": [";;5,00;12"],
}


def rows_of(lines):
    return [tuple(cell or None for cell in (*line.split(";"), "", "", "")[:4]) for line in lines]


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS.keys())
def test_a_footer_is_told_line_by_line(read, footer):
    seen = read("\n".join([HEAD, *BODY, *footer]).encode())
    assert seen.rows == rows_of(BODY)
    assert [
        (item.code, item.row, item.severity) for item in seen.answer.findings if item.code != "too-few-cells"
    ] == [("footer-skipped", 5 + at, Severity.WARNING) for at in range(len(footer))]


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS.keys())
def test_all_of_it_is_read_where_the_caller_says_so(read, footer):
    seen = read("\n".join([HEAD, *BODY, *footer]).encode(), options=ReadOptions(skip_footer=0))
    assert len(seen.rows) == len(BODY) + len(footer)


@pytest.mark.parametrize("last", KEPT.values(), ids=KEPT.keys())
def test_a_product_is_no_footer(read, last):
    seen = read("\n".join([HEAD, *BODY, *last]).encode())
    assert (seen.rows, seen.codes.count("footer-skipped")) == (rows_of([*BODY, *last]), 0)


def test_articles_of_letters_alone_are_no_labels(read):
    """`SET` could be the label of a sum, were the articles above it not called alike."""
    seen = read(b"sku;name;qty\nMUG;a;1\nCUP;b;2\nBOWL;c;3\nSET;;6\n")
    assert len(seen.rows) == 4


@pytest.mark.parametrize("options", [ReadOptions(), ReadOptions(quick=False)], ids=["quick", "streaming"])
@pytest.mark.parametrize("rows", [4, 2000])
def test_formulas_of_sums_in_a_workbook(read, options, rows):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, money = book.add_worksheet("P"), book.add_format({"num_format": "#,##0.00 €"})
        sheet.write_row(0, 0, ("Artikel", "Name", "VK", "Bestand"))
        for at in range(1, rows + 1):
            sheet.write_row(at, 0, (f"A-{at}", f"Mug {at}", at + 0.25, at))
        whole = rows * (rows + 1) / 2
        sheet.write_formula(rows + 1, 2, f"=SUM(C2:C{rows + 1})", money, whole + rows / 4)
        sheet.write_formula(rows + 1, 3, f"=SUM(D2:D{rows + 1})", None, whole)
        sheet.write(rows + 3, 0, "Preise in EUR")
    seen = read(out.getvalue(), name="a.xlsx", options=options)
    assert (len(seen.rows), seen.rows[-1]) == (rows, (f"A-{rows}", f"Mug {rows}", f"{rows}.25", str(rows)))
    assert [(item.code, item.row) for item in seen.answer.findings] == [
        ("footer-skipped", rows + 2),
        ("footer-skipped", rows + 4),
    ]


def test_a_large_text_has_its_footer_told_too(read):
    body = "".join(f"A-{n:05};Mug {n};{n},50;{n}\n" for n in range(15_000))
    whole = sum(range(15_000))
    footer = f"Sammanlagt;;{whole + 7500},00;{whole}\nSida 1\n"
    seen = read(f"{HEAD}\n{body}{footer}".encode())
    assert (len(seen.rows), seen.rows[-1][0]) == (15_000, "A-14999")
    assert [item.row for item in seen.answer.findings if item.code == "footer-skipped"] == [15_002, 15_003]
