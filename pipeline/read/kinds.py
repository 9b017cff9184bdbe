"""What a file is, by its bytes; its name only decides where the bytes leave it open."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from pipeline.read.job import Refusal


class Kind(StrEnum):
    TEXT = "text"
    GZIP = "gzip"
    ZIP = "zip"
    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    HTML = "html"
    XML = "spreadsheetml"


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
#: Beginnings of files that people pass by mistake, and what they are.
_STRANGERS = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"PAR1", "a Parquet file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an XZ file"),
    (b"SQLite format", "an SQLite database"),
    (b"GIF8", "a GIF image"),
    (b"{\\rtf", "an RTF document"),
    (b"ID;P", "a SYLK file"),
    (b"TABLE\n0,1", "a DIF file"),
    (b"TABLE\r\n0,1", "a DIF file"),
)


def kind_of(path: Path, name: str) -> Kind:
    """What to read a file as.

    Raises:
        Refusal: something that holds no table we read.
    """
    with path.open("rb") as file:
        head = file.read(512)
    for mark, what in _STRANGERS:
        if head.startswith(mark):
            raise Refusal(f"{name} is {what}", hint="export it as CSV or XLSX", code="not-a-table")
    if head.startswith(b"\x1f\x8b"):
        return Kind.GZIP
    if head.startswith(_OLE):
        return _ole(path, name)
    if head[:2] in _BIFF and len(head) > 4 and head[2] < 0x20:
        return Kind.XLS
    if head.startswith(b"PK"):
        return _zipped(path, name)
    _refuse_json(head, name)
    return _markup(path, head, name)


def _ole(path: Path, name: str) -> Kind:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if "EncryptedPackage".encode("utf-16-le") in head:
        hint = "save it without a password"
        raise Refusal(f"{name} is protected by a password", hint=hint, code="encrypted")
    return Kind.XLS


def _zipped(path: Path, name: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist()[:20_000])
            types = archive.read("[Content_Types].xml")[:100_000] if "[Content_Types].xml" in names else b""
            mime = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError, NotImplementedError, ValueError) as error:
        text = f"{name} is a damaged ZIP or workbook: {error}"
        raise Refusal(text, hint="was it uploaded whole? export it again", code="damaged") from error
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if b"opendocument.spreadsheet" in mime:
        return Kind.ODS
    if types and (b"sheet.main+xml" in types or any(entry.startswith("xl/") for entry in names)):
        return Kind.XLSX
    if types:
        raise Refusal(f"{name} is an Office file but no workbook", hint="save it as XLSX", code="not-a-table")
    return Kind.ZIP


def _refuse_json(head: bytes, name: str) -> None:
    text = head.decode("utf-8", errors="ignore").lstrip("\ufeff \r\n\t")
    if re.match(r'\{\s*"|\[\s*[{\["]', text):
        raise Refusal(f"{name} is JSON, no table", hint="export it as CSV or XLSX", code="not-a-table")


def _markup(path: Path, head: bytes, name: str) -> Kind:
    """Text; or a page or XML saved under a table's name: what some systems serve as `.xls`."""
    with path.open("rb") as file:
        more = file.read(1 << 20)
    for codec in ("utf-8", "utf-16"):
        text = head.decode(codec, errors="ignore").lstrip("\ufeff \r\n\t").lower()
        if re.match(r"<[a-z!?]", text) is None:
            continue
        whole = more.decode(codec, errors="ignore").lower()
        if "urn:schemas-microsoft-com:office:spreadsheet" in whole and "<html" not in whole[:4096]:
            return Kind.XML
        if "<table" in whole and "<tr" in whole:
            return Kind.HTML
        if not text.startswith(("<!doctype", "<html", "<?xml", "<table", "<meta", "<head", "<style")):
            continue
        hint = "open it in a spreadsheet program and save it as XLSX"
        raise Refusal(f"{name} is HTML or XML, no table", hint=hint, code="not-a-table")
    return Kind.TEXT
