"""Hostile files end in a clear refusal, in bounded time and memory, whoever sent them."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import gzip
import io
import os
import struct
import time
import zipfile
from pathlib import Path

import psutil
import pytest
import xlsxwriter

from pipeline.errors import InputRefused, PipelineError, UsageError
from pipeline.read.catalog import Limits, ReadOptions
from pipeline.read.reading import read_catalog

SMALL = ReadOptions(limits=Limits(memory_mb=700, seconds=20, max_bytes=300_000_000))
NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(rows: str = "", *, sheet: str | None = None, extra: dict[str, bytes] | None = None) -> bytes:
    """A minimal workbook around the XML of its rows."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_row(0, 0, ("sku", "name"))
    packed = io.BytesIO()
    xml = sheet or f'<worksheet xmlns="{NS}"><sheetData>{rows}</sheetData></worksheet>'
    with (
        zipfile.ZipFile(io.BytesIO(out.getvalue())) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            new.writestr(
                item.filename, xml if item.filename == "xl/worksheets/sheet1.xml" else old.read(item)
            )
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    return packed.getvalue()


def inline(text: str, ref: str = "A1") -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def overlapping() -> bytes:
    """Two entries of the directory that share the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"sku,name\n" * 100)
        archive.filelist.append(archive.filelist[0].__class__("b.csv"))
        twin = archive.filelist[1]
        for key in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
            setattr(twin, key, getattr(archive.filelist[0], key))
        archive.NameToInfo["b.csv"] = twin
    return out.getvalue()


def encrypted() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", b"sku,name\n1,a\n")
    data = bytearray(out.getvalue())
    at = data.index(b"PK\x01\x02")
    data[at + 8 : at + 10] = struct.pack("<H", 1)
    return bytes(data)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


DOCTYPE = (
    f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet xmlns="{NS}"><sheetData/></worksheet>'
)
ATTACKS = {
    "blanks that inflate a thousandfold": ("a.xlsx", lambda: workbook(f'<row r="1">{inline("sku")}{" " * 120_000_000}</row>')),
    "one enormous cell": ("a.xlsx", lambda: workbook(f'<row r="1">{inline("x" * 30_000_000)}</row>')),
    "external entity": ("a.xlsx", lambda: workbook(sheet=DOCTYPE)),
    "deep nesting": ("a.xlsx", lambda: workbook(f'<row r="1"><!-- -->{"<a>" * 5000}{"</a>" * 5000}</row>')),
    "overlapping entries": ("a.zip", overlapping),
    "encrypted archive": ("a.zip", encrypted),
    "archive in an archive": ("a.zip", lambda: zipped(("b.zip", zipped(("c.csv", b"sku\n1\n"))))),
    "gzip in a gzip": ("a.csv.gz", lambda: gzip.compress(gzip.compress(b"sku,name\n1,a\n"))),
    "gzip bomb": ("a.csv.gz", lambda: gzip.compress(b"0" * 400_000_000, 1)),
    "too many entries": ("a.zip", lambda: zipped(*((f"{n}.csv", b"") for n in range(6000)))),
    "row beyond a sheet": ("a.xlsx", lambda: workbook(f'<row r="1">{inline("sku")}</row><row r="2000000">{inline("x", "A2000000")}</row>')),
    "a line without an end": ("a.csv", lambda: b"sku,name\n" + b"x" * 40_000_000),
    "a cell beyond the limit": ("a.csv", lambda: b'sku,name\n1,"' + b"x" * 3_000_000 + b'"\n'),
    "a million columns": ("a.csv", lambda: b",".join(b"h%d" % n for n in range(1_000_000)) + b"\n1\n"),
    "NULs": ("a.csv", lambda: b"sku,name\n" + b"\0" * 50_000),
    "empty": ("a.csv", lambda: b""),
    "truncated workbook": ("a.xlsx", lambda: workbook()[:-40]),
    "damaged gzip": ("a.csv.gz", lambda: gzip.compress(os.urandom(50_000))[:-2000]),
    "a PDF": ("a.csv", lambda: b"%PDF-1.7\n" + os.urandom(1000)),
    "a web page": ("a.xls", lambda: b"<html><p>Please log in</p></html>"),
    "broken old workbook": ("a.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + os.urandom(4000)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "make"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_hostile_file_is_refused(tmp_path: Path, name, make):
    path = tmp_path / name
    path.write_bytes(make())
    before, started = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(InputRefused) as caught:
        read_catalog([str(path)], SMALL, folder=tmp_path)
    assert name in caught.value.message
    assert "Traceback" not in caught.value.message
    assert psutil.Process().memory_info().rss - before < 300_000_000
    assert time.monotonic() - started < 30
    assert not list(tmp_path.glob("reading-*"))


def test_two_far_corners_are_read_and_never_kill_us(tmp_path: Path):
    """A1 and XFD1048576 abort calamine (549 GB); the streaming reader takes them in its stride."""
    rows = f'<row r="1">{inline("sku")}{inline("name", "B1")}</row><row r="2">{inline("1", "A2")}</row>'
    far = f'<row r="1048576">{inline("x", "XFD1048576")}</row>'
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(rows + far))
    catalog = read_catalog([str(path)], SMALL, folder=tmp_path)
    assert (catalog.rows, [item.code for item in catalog.findings]) == (1, ["cell-outside-table"])
    assert catalog.findings[0].cell == "XFD1048576"


def test_names_in_an_archive_write_nowhere(tmp_path: Path):
    path = tmp_path / "in" / "a.zip"
    path.parent.mkdir()
    path.write_bytes(zipped(("../../evil.csv", b"sku,name\n1,a\n"), ("/abs.csv", b"sku,name\n2,b\n")))
    catalog = read_catalog([str(path)], SMALL, folder=tmp_path / "in")
    assert catalog.rows == 2
    assert sorted(item.name for item in tmp_path.rglob("*") if item.is_file()) == ["a.zip", "catalog.arrow"]


def test_macros_and_links_are_ignored_and_said(tmp_path: Path):
    rows = f'<row r="1">{inline("sku")}{inline("name", "B1")}</row><row r="2">{inline("1", "A2")}{inline("a", "B2")}</row>'
    extra = {"xl/vbaProject.bin": b"x", "xl/externalLinks/externalLink1.xml": b"<x/>"}
    path = tmp_path / "a.xlsm"
    path.write_bytes(workbook(rows, extra=extra))
    catalog = read_catalog([str(path)], SMALL, folder=tmp_path)
    assert catalog.rows == 1
    assert {"macros ignored", "links to other files ignored"} <= {choice.what for choice in catalog.choices}


LONG = "x y\n" * 300_000
LONG_CELLS = {
    "text": ("a.csv", lambda: f'sku,name\n1,a\n2,"{"x" * 1_200_000}"\n'.encode()),
    "text of many lines": ("a.csv", lambda: f'sku,name\n1,a\n2,"{LONG}"\n'.encode()),
    "page": ("a.xls", lambda: f"<html><table><tr><td>sku<td>name<tr><td>1<td>a<tr><td>2<td>{'x' * 1_200_000}</table></html>".encode()),
    "free office": ("a.ods", lambda: ods(("sku", "name"), ("1", "a"), ("2", "x" * 1_200_000))),
    "workbook": ("a.xlsx", lambda: workbook(f'<row r="1">{inline("sku")}{inline("name", "B1")}</row><row r="2">{inline("1", "A2")}</row><row r="3">{inline("2", "A3")}{inline("x" * 1_200_000, "B3")}</row>')),
}  # fmt: skip


def ods(*rows) -> bytes:
    kinds = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in kinds)
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'.format
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='P'>{body}</table:table></office:spreadsheet></office:body></office:document-content>"
    mime = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(("mimetype", mime), ("content.xml", content.encode()))


@pytest.mark.parametrize(("name", "make"), LONG_CELLS.values(), ids=LONG_CELLS.keys())
def test_a_cell_beyond_the_limit_is_named_with_its_setting(tmp_path: Path, name, make):
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(InputRefused) as caught:
        read_catalog([str(path)], SMALL, folder=tmp_path)
    said = caught.value
    assert (said.code, "B3" in said.message, "1 200 00" in said.message) == ("cell-too-long", True, True), (
        said
    )
    assert "1 048 576 are read" in said.message
    assert said.hint == "parse_max_cell in [shops.NAME.catalog] allows longer ones"
    wide = ReadOptions(limits=Limits(max_cell=2_000_000))
    assert read_catalog([str(path)], wide, folder=tmp_path).rows == 2


def test_a_quote_that_nothing_closes_is_no_long_cell(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'sku,name,price\n1,"a,5\n' + b"2,b,6\n" * 400_000)
    found = read_catalog([str(path)], SMALL, folder=tmp_path)
    assert found.rows == 400_001
    assert [(item.code, item.row) for item in found.findings] == [("unbalanced-quote", 2)]


@pytest.mark.skipif(os.name == "nt", reason="needs a FIFO")
@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "missing"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind):
    path = {"device": Path("/dev/zero"), "folder": tmp_path}.get(kind, tmp_path / "x.csv")
    if kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(UsageError):
        read_catalog([str(path)], SMALL, folder=tmp_path)


def test_time_and_memory_are_bounded(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"sku,name\n" + b"1,a\n" * 200_000)
    with pytest.raises(InputRefused, match="seconds"):
        read_catalog([str(path)], ReadOptions(limits=Limits(seconds=0.01)), folder=tmp_path)
    with pytest.raises(InputRefused, match="memory"):
        read_catalog([str(path)], ReadOptions(limits=Limits(memory_mb=10)), folder=tmp_path)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path):
    import threading

    path = tmp_path / "a.csv"
    path.write_bytes(b"sku,name\n1,a\n")
    done = threading.Event()

    def meddle() -> None:
        while not done.wait(0.01):
            with path.open("ab") as file:
                file.write(b"2,b\n")

    writer = threading.Thread(target=meddle)
    writer.start()
    try:
        with pytest.raises(PipelineError, match="changes while it is read"):
            read_catalog([str(path)], SMALL, folder=tmp_path)
    finally:
        done.set()
        writer.join()


def test_standard_input_is_a_source(tmp_path: Path):
    catalog = read_catalog(["-"], SMALL, folder=tmp_path, stdin=io.BytesIO(b"sku,name\n1,a\n"))
    assert (catalog.rows, catalog.parts[0].file) == (1, "-")


def test_globs_and_names_like_globs(tmp_path: Path):
    for name in ("b.csv", "a.csv", "odd[1].csv"):
        (tmp_path / name).write_bytes(f"sku,name\n{name},x\n".encode())
    both = read_catalog([str(tmp_path / "[ab].csv")], SMALL, folder=tmp_path)
    assert [Path(part.file).name for part in both.parts] == ["a.csv", "b.csv"]
    assert read_catalog([str(tmp_path / "odd[1].csv")], SMALL, folder=tmp_path).rows == 1
    with pytest.raises(UsageError, match="no file matches"):
        read_catalog([str(tmp_path / "*.xlsx")], SMALL, folder=tmp_path)


def test_the_digest_is_of_the_bytes(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"sku,name\n1,a\n")
    first = read_catalog([str(path)], SMALL, folder=tmp_path).digest
    again = read_catalog([str(path)], SMALL, folder=tmp_path).digest
    path.write_bytes(b"sku,name\n1,b\n")
    assert first == again != read_catalog([str(path)], SMALL, folder=tmp_path).digest
