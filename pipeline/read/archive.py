"""Files inside .gz and .zip: counted while they inflate, never written under a name of theirs."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.read.catalog import Limits
from pipeline.read.job import Input, Refusal
from pipeline.read.sheetxml import Readable
from pipeline.read.zipscan import scan_zip

_BLOCK = 1 << 20
_SKIPPED = ("__macosx/", ".ds_store", "thumbs.db")


def members(path: Path, name: str, spool: Path, limits: Limits, *, gzip: bool) -> list[Input]:
    """The files in an archive, inflated into the spool.

    Raises:
        Refusal: damaged, encrypted, nested, or larger than the limit.
    """
    if gzip:
        return [_gunzipped(path, name, spool, limits)]
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in scan_zip(archive, path, name, limits) if not _is_noise(info.filename)]
        if not infos:
            raise Refusal(f"{name} holds no file", code="empty-file")
        return [_extracted(archive, info, path, name, spool, limits) for info in infos]


def _is_noise(member: str) -> bool:
    lowered = member.lower()
    return member.endswith("/") or lowered.startswith(_SKIPPED[0]) or lowered.endswith(_SKIPPED[1:])


def _gunzipped(path: Path, name: str, spool: Path, limits: Limits) -> Input:
    out = spool / f"inflated-{path.name}"
    with gzip.open(path, "rb") as stream:
        _inflate(stream, out, name, limits.max_bytes)
    return _checked(out, name)


def _extracted(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, name: str, spool: Path, limits: Limits
) -> Input:
    shown = f"{name}!{PurePosixPath(info.filename).name}"
    out = spool / f"member-{path.stem}-{info.header_offset}"
    with archive.open(info) as stream:
        _inflate(stream, out, shown, limits.max_bytes)
    return _checked(out, shown)


def _inflate(stream: Readable, out: Path, name: str, most: int) -> None:
    size = 0
    try:
        with out.open("wb") as file:
            for block in _blocks(stream):
                size += len(block)
                if size > most:
                    raise Refusal(f"{name} is larger than {most} bytes after inflating", code="limit")
                file.write(block)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        text = f"{name} is damaged: {error}"
        raise Refusal(text, hint="was it uploaded whole?", code="damaged") from error


def _blocks(stream: Readable) -> Iterator[bytes]:
    return iter(lambda: stream.read(_BLOCK), b"")


def _checked(path: Path, name: str) -> Input:
    """An archive in an archive is refused: there is no end to them."""
    with path.open("rb") as file:
        head = file.read(4)
    nested = head.startswith(b"\x1f\x8b") or (head == b"PK\x03\x04" and not _is_workbook(path))
    if nested:
        raise Refusal(f"{name} is an archive in an archive", hint="unpack it first", code="nested-archive")
    return Input(path=str(path), name=name)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return False
    return "[Content_Types].xml" in names or "mimetype" in names
