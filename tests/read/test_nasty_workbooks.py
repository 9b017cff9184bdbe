"""Workbooks as people make them, each with the table that it shows."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from pipeline.read.catalog import ReadOptions
from pipeline.read.formats import look_of
from pipeline.read.grid import Line
from pipeline.read.looks import shown
from pipeline.read.notes import Notes

SLOW = ReadOptions(quick=False)


def written(fill, **options) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        fill(book)
    return out.getvalue()


def sheet_of(rows, formats=None, top=0, left=0, name="Products"):
    """A workbook with one sheet; `formats` are number formats by column."""

    def fill(book):
        sheet = book.add_worksheet(name)
        known = {column: book.add_format({"num_format": code}) for column, code in (formats or {}).items()}
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(top + at, left + column, value, known.get(column) if at else None)

    return written(fill)


def edited(content: bytes, part: str, change) -> bytes:
    """The workbook with one part's XML changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item.filename, change(data.decode()).encode() if item.filename == part else data)
    return out.getvalue()


SHOWN = [
    (7, "0000000", "0000007"), (12345678, "0000000", "12345678"), (7501234567890, "General", "7501234567890"),
    (7501234567890, "0", "7501234567890"), (7501234567890, "0.00E+00", "7501234567890"), (1e21, "General", "1000000000000000000000"),
    (0.1 + 0.2, "General", "0.3"), (19.989999999999998, "General", "19.99"), (12.5, "0.00", "12.50"), (1234567.891, "#,##0.00", "1234567.89"),
    (1234.5, '#,##0.00 "€"', "1234.50"), (1234.5, "[$R$-416] #,##0.00", "1234.50"), (1234.5, "_-* #,##0.00_-", "1234.50"),
    (-3, "0;(0)", "-3"), (0.19, "0%", "19%"), (0.1234, "0.00%", "12.34%"), (123456789, "000-000-000", "123-456-789"), (42, '"SKU-"0000', "SKU-0042"),
    (45443, "yyyy-mm-dd", "2024-05-31"), (45443, "dd/mm/yy", "2024-05-31"), (45443.75, "d/m/yyyy h:mm", "2024-05-31 18:00:00"),
    (0.5, "h:mm", "12:00:00"), (1.5, "[h]:mm", "36:00:00"), (59, "yyyy-mm-dd", "1900-02-28"), (61, "yyyy-mm-dd", "1900-03-01"),
    (1234567, "0,", "1234567"), (2.5, "# ?/?", "2.5"), (0, "00000", "00000"), (5, "@", "5"), (3, "[Red]0;[Blue]-0", "3"), (1.005, "0.00", "1.01"), (2.0, "General", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "text"), SHOWN, ids=[f"{v}-{c}" for v, c, _ in SHOWN])
def test_a_number_arrives_as_it_is_shown(value, code, text):
    assert shown(repr(value), look_of(code)) == text


@pytest.mark.parametrize("options", [ReadOptions(), SLOW], ids=["quick", "streaming"])
def test_formats_make_the_text(read, options):
    rows = [
        ("sku", "ean", "price", "tax", "until"),
        (7, 7501234567890, 12.5, 0.19, 45443),
        (123, 1234567890123, 1299.9, 0.05, 45444),
    ]
    content = sheet_of(rows, {0: "0000000", 2: "#,##0.00", 3: "0%", 4: "dd.mm.yyyy"})
    seen = read(content, name="a.xlsx", options=options)
    assert seen.rows == [
        ("0000007", "7501234567890", "12.50", "19%", "2024-05-31"),
        (
            "0000123",
            "1234567890123",
            "1299.90",
            "5%",
            "2024-05-31".replace("31", "01").replace("-05-", "-06-"),
        ),
    ]
    assert seen.codes == []


def hidden(book):
    sheet = book.add_worksheet("Products")
    for at, row in enumerate([("sku", "name"), ("1", "a"), ("2", "b"), ("3", "c")]):
        sheet.write_row(at, 0, row)
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_column(1, 1, None, None, {"hidden": True})
    book.add_worksheet("secret").write_row(0, 0, ("sku", "name"))
    book.get_worksheet_by_name("secret").hide()


def merged(book):
    sheet = book.add_worksheet("Products")
    sheet.merge_range(0, 0, 1, 0, "SKU")
    sheet.merge_range(0, 1, 0, 2, "Precio")
    sheet.write_row(1, 1, ("normal", "oferta"))
    sheet.write_row(2, 0, ("1", 10, 8))
    sheet.merge_range(3, 0, 4, 0, "2")
    sheet.write_row(3, 1, (20, 18))
    sheet.write_row(4, 1, (21, 19))


def several(book):
    for name, sku in (("North", "1"), ("South", "2")):
        book.add_worksheet(name).add_table(
            0, 0, 1, 1, {"data": [[sku, name]], "columns": [{"header": "sku"}, {"header": "name"}]}
        )
    sheet = book.add_worksheet("Readme")
    sheet.write(0, 0, "Dear buyer, this is our list.")
    book.add_worksheet("Empty")


def odd_cells(book):
    sheet = book.add_worksheet("Products")
    sheet.write_row(0, 0, ("sku", "price", "active"))
    sheet.write_row(1, 0, ("1",))
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    sheet.write_boolean(1, 2, True)
    sheet.write_row(2, 0, ("2",))
    sheet.write_formula(2, 1, "=2*3", None, 6)
    sheet.write_boolean(2, 2, False)
    sheet.write_row(3, 0, ("3",))
    sheet.write_formula(3, 1, "=A1", None, "")
    sheet.write_number(4, 0, 12345678901234567890)


BOTH = pytest.mark.parametrize("options", [ReadOptions(), SLOW], ids=["quick", "streaming"])


@BOTH
def test_hidden_rows_are_read_and_said_hidden_sheets_are_not(read, options):
    seen = read(written(hidden), name="a.xlsx", options=options)
    assert seen.rows == [("1", "a"), ("2", "b"), ("3", "c")]
    assert seen.chose("1 hidden rows read")
    assert seen.chose("hidden column 'name' read")
    assert seen.chose("sheet 'secret' skipped")


@BOTH
def test_a_header_over_two_rows_is_put_together_and_merged_data_said(read, options):
    seen = read(written(merged), name="a.xlsx", options=options)
    assert seen.headers == ("SKU", "Precio normal", "Precio oferta")
    assert seen.rows == [("1", "10", "8"), ("2", "20", "18"), (None, "21", "19")]
    assert seen.places == [("merged-cells", 4, "A4")]


@BOTH
def test_sheets_with_the_same_headers_are_one_catalog(read, options):
    seen = read(written(several), name="a.xlsx", options=options)
    assert seen.rows == [("1", "North"), ("2", "South")]
    assert [part.sheet for part in seen.answer.parts] == ["North", "South"]


def two_lists(book):
    for name, rows in {
        "Products": [("sku", "name", "price"), ("1", "a", 5), ("2", "b", 6)],
        "Stock": [("sku", "warehouse", "qty"), ("1", "north", 7), ("2", "north", 8)],
        "Groups": [("group", "text"), ("g1", "Shoes")],
    }.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)


@BOTH
def test_a_sheet_with_products_that_is_not_read_is_a_finding(read, options):
    seen = read(written(two_lists), name="a.xlsx", options=options)
    assert seen.rows == [("1", "a", "5"), ("2", "b", "6")]
    assert [(item.code, item.sheet, item.row) for item in seen.answer.findings] == [
        ("sheet-skipped", "Stock", 1)
    ]
    assert "2 rows were not read" in seen.answer.findings[0].message
    assert seen.chose("sheet 'Groups' skipped")


@BOTH
def test_cells_that_show_no_value_are_findings_at_their_address(read, options):
    seen = read(written(odd_cells), name="a.xlsx", options=options)
    assert seen.rows == [
        ("1", "#DIV/0!", "TRUE"),
        ("2", "6", "FALSE"),
        ("3", None, None),
        ("12345678901234600000", None, None),
    ] or (seen.rows[:3] == [("1", "#DIV/0!", "TRUE"), ("2", "6", "FALSE"), ("3", None, None)])
    assert seen.places == [
        ("error-cell", 2, "B2"),
        ("formula-without-value", 4, "B4"),
        ("number-too-long", 5, "A5"),
    ]
    assert len(seen.errors) == 3


@BOTH
def test_a_table_need_not_start_at_a1(read, options):
    rows = [("sku", "name", None, "price"), ("001", "a", None, 5), ("002", "b", None, 6)]
    seen = read(sheet_of(rows, top=6, left=3), name="a.xlsx", options=options)
    assert (seen.headers, seen.rows, seen.lines) == (
        ("sku", "name", "price"),
        [("001", "a", "5"), ("002", "b", "6")],
        [8, 9],
    )
    assert seen.answer.parts[0].columns == {"sku": 3, "name": 4, "price": 6}


@BOTH
def test_texts_arrive_as_they_are(read, options):
    texts = [" edge ", "a\nb", "<b>&amp;</b>", "007", "ñ🎉", "=1+1", "tab\there", "NA"]
    rows = [("sku", "name"), *((f"S{n}", text) for n, text in enumerate(texts))]

    def fill(book):
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(at, column, text)

    seen = read(written(fill), name="a.xlsx", options=options)
    assert seen.rows == rows[1:]


@pytest.mark.parametrize("dimension", ["A1:A1", "A1:ZZZ9999999", "A1:XFD1048576"])
def test_a_lying_dimension_loses_nothing(read, dimension):
    content = sheet_of([("sku", "name"), ("1", "a"), ("2", "b")])
    lying = edited(
        content, "xl/worksheets/sheet1.xml", lambda xml: xml.replace('ref="A1:B3"', f'ref="{dimension}"')
    )
    assert read(lying, name="a.xlsx").rows == [("1", "a"), ("2", "b")]


STRANGE = {
    "prefix": lambda xml: (
        xml.replace('xmlns="', 'xmlns:x="').replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    ),
    "comment": lambda xml: xml.replace("<sheetData>", "<sheetData><!-- hi -->"),
    "no addresses": lambda xml: __import__("re").sub(r'(<c) r="[A-Z]+\d+"|(<row) r="\d+"', r"\1\2", xml),
    "pretty": lambda xml: xml.replace("<c ", "\n  <c ").replace("<v>", "\n    <v>"),
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE.keys())
def test_unusual_xml_is_read_alike(read, change):
    content = sheet_of([("sku", "name", "price"), ("1", "a", 5), ("2", "b", 6.5)])
    strange = edited(content, "xl/worksheets/sheet1.xml", change)
    assert read(strange, name="a.xlsx").rows == [("1", "a", "5"), ("2", "b", "6.5")]


def test_openpyxl_workbooks_with_comments_and_dates(read):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ("sku", "when", "price"),
        ("001", dt.date(2024, 5, 31), 5),
        ("002", dt.datetime(2024, 5, 31, 18, 30), 6),  # noqa: DTZ001
    ):
        sheet.append(row)
    sheet["A2"].comment = Comment("hi", "me")
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue(), name="a.xlsx").rows == [
        ("001", "2024-05-31", "5"),
        ("002", "2024-05-31 18:30:00", "6"),
    ]


def test_hidden_decimals_are_said_once_a_column(read):
    content = sheet_of([("sku", "price"), ("1", 19.987), ("2", 5.0)], {1: "0.00"})
    seen = read(content, name="a.xlsx")
    assert seen.rows == [("1", "19.99"), ("2", "5.00")]
    assert seen.codes == ["shown-rounded"]


CELLS = st.one_of(
    st.none(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e12, 1e12, allow_subnormal=False).map(lambda number: float(f"{number:.12g}")),
    st.booleans(),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=12,
    ),
)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 99999), CELLS, CELLS, CELLS), min_size=1, max_size=6),
    code=st.sampled_from(["General", "0000", "0.00", "#,##0.0", "0%", "yyyy-mm-dd"]),
)
def test_both_readers_of_workbooks_agree(tmp_path_factory, rows, code):
    """The quick reader sees what the streaming one sees: texts, numbers, looks."""
    from pipeline.read.catalog import Limits
    from pipeline.read.quicksheet import QuickLines
    from pipeline.read.sheetxml import NotPlain
    from pipeline.read.xlsx import Lines, Workbook

    def fill(book):
        sheet, form = book.add_worksheet(), book.add_format({"num_format": code})
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(at, column, value)
                elif value is not None:
                    sheet.write(at, column, value, form if column == 2 else None)

    path = tmp_path_factory.mktemp("both") / "a.xlsx"
    path.write_bytes(written(fill))
    book = Workbook(path, "a.xlsx", Limits())
    try:
        quick = list(QuickLines(book, book.sheets[0], Lines(book, Notes(file="a"), Limits())))
    except NotPlain:
        return
    slow = list(Lines(book, Notes(file="a"), Limits()).of(book.rows(book.sheets[0])))
    filled = [line for line in quick if line.cells]
    assert [_plain(line) for line in filled] == [_plain(line) for line in slow if line.cells]
    book.close()


def _plain(line: Line):
    return line.number, line.cells, line.numbers, line.hidden


@BOTH
def test_rows_of_blanks_hold_no_product(read, options):
    seen = read(
        sheet_of([("sku", "name"), ("1", "a"), (" ", None), ("2", "b")]), name="a.xlsx", options=options
    )
    assert (seen.rows, seen.lines) == ([("1", "a"), ("2", "b")], [2, 4])
    assert seen.chose("1 blank rows skipped")
