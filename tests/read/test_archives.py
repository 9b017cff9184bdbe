"""Archives: every file in them is read, or a finding says which was not; none of them is lost silently."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
import xlsxwriter

from pipeline.read.finding import Severity
from pipeline.read.job import Refusal

A, B = b"sku,name\n1,a\n", b"sku,name\n2,b\n"
PAGE = b"<!DOCTYPE html><html><body><h1>Log in</h1></body></html>"


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("P")
        for at, row in enumerate([("sku", "name"), ("3", "c")]):
            sheet.write_row(at, 0, row)
    return out.getvalue()


def test_what_is_no_table_beside_tables_is_said(read):
    content = {
        "data/a.csv": A,
        "__MACOSX/data/._a.csv": b"\0\5\x16",
        "data/.DS_Store": b"\0",
        "data/b.csv": B,
        "c.xlsx": workbook(),
        "readme.txt": b"Hello there, this is\nthe export, again.\n",
        "img/1.jpg": b"\xff\xd8\xff\xe0",
        "img/2.jpg": b"\xff\xd8\xff\xe1",
        "feed.json": b'{"sku": 1}',
        "pictures.zip": zipped({"1.png": b"\x89PNG"}),
        "empty.log": b"",
    }
    seen = read(zipped(content), name="all.zip")
    assert (seen.headers, seen.rows) == (("sku", "name"), [("1", "a"), ("2", "b"), ("3", "c")])
    assert [part.file for part in seen.answer.parts] == [
        "0-all.zip!data/a.csv",
        "0-all.zip!data/b.csv",
        "0-all.zip!c.xlsx",
    ]
    assert [(item.code, item.severity, item.file, item.message) for item in seen.answer.findings] == [
        ("member-skipped", Severity.WARNING, "0-all.zip", "2 files, is a JPEG image each: img/1.jpg, img/2.jpg"),
        ("member-skipped", Severity.WARNING, "0-all.zip!feed.json", "is JSON, no table"),
        ("member-skipped", Severity.WARNING, "0-all.zip!pictures.zip", "is an archive in an archive"),
        ("member-skipped", Severity.WARNING, "0-all.zip!empty.log", "is empty"),
        ("member-skipped", Severity.WARNING, "0-all.zip!readme.txt", "has no heading that tables of products have"),
    ]  # fmt: skip


def test_a_table_with_a_header_alone_beside_others_is_said(read):
    seen = read(zipped({"a.csv": A, "b.csv": b"sku,name\n"}), name="all.zip")
    assert seen.rows == [("1", "a")]
    assert [(item.code, item.file, item.row) for item in seen.answer.findings] == [
        ("member-skipped", "0-all.zip!b.csv", 1)
    ]
    assert read(zipped({"b.csv": b"sku,name\n"}), name="all.zip").rows == []


REFUSED = {
    "a table that is a page": ({"a.csv": A, "b.csv": PAGE}, "not-a-table", "b.csv is HTML or XML, no table"),
    "a table that is JSON": ({"a.csv": A, "b.csv": b'[{"sku": 1}]'}, "not-a-table", "b.csv is JSON"),
    "a table without a header": ({"a.csv": A, "b.csv": b"7,a,5\n8,b,6\n"}, "no-header", "b.csv: no usable"),
    "an empty table": ({"a.csv": A, "b.CSV": b""}, "empty-file", "b.CSV is empty"),
    "a damaged workbook": ({"a.csv": A, "b.xlsx": workbook()[:400]}, "damaged", "b.xlsx is a damaged"),
    "tables in an inner archive": (
        {"a.csv": A, "b.zip": zipped({"x/c.csv": B})}, "nested-archive", "archive in an archive with x/c.csv",
    ),
    "a packed table": ({"a.csv": A, "b.csv.gz": gzip.compress(B)}, "nested-archive", "b.csv.gz is an archive"),
    "one thing that is none": ({"a.txt": PAGE}, "not-a-table", "holds no table: 0-all.zip!a.txt is HTML"),
    "nothing that is one": (
        {"readme.txt": b"\n", "1.jpg": b"\xff\xd8\xff"}, "not-a-table", "1.jpg is a JPEG image",
    ),
    "nothing": ({"__MACOSX/._a": b"x"}, "empty-file", "holds no file"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_called_a_table_and_is_none_refuses_the_archive(read, members, code, words):
    with pytest.raises(Refusal) as caught:
        read(zipped(members), name="all.zip")
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    assert "all.zip" in caught.value.message


def test_names_in_an_archive_are_shown_harmlessly(read):
    seen = read(zipped({"../\x1b[31mevil.csv": A, "x/../../b.csv": B}), name="all.zip")
    assert [part.file for part in seen.answer.parts] == ["0-all.zip!\ufffd[31mevil.csv", "0-all.zip!x/b.csv"]


def test_several_archives_keep_their_tables_apart(read):
    """What an archive leaves aside shifts nothing: no table is written over another's."""
    odd = {f"{n}.txt": b"Hello\n" for n in range(3)}
    first, second = zipped({**odd, "a.csv": A}), zipped({"b.csv": B, "c.csv": A, "d.csv": B, "e.csv": A})
    assert read(first, second, name="x.zip").rows == [
        ("1", "a"),
        ("2", "b"),
        ("1", "a"),
        ("2", "b"),
        ("1", "a"),
    ]
