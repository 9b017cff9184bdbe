"""A ZIP is judged before any parser sees it: what it says of itself, and that it says so twice alike."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from pipeline.read.catalog import Limits
from pipeline.read.job import Refusal

_ENTRIES = 5_000
#: A sheet of blanks shrinks a thousandfold; a sheet of products some twentyfold.
_RATIO = 400
_SUSPECT = 50_000_000


def scan_zip(archive: zipfile.ZipFile, path: Path, name: str, limits: Limits) -> list[zipfile.ZipInfo]:
    """The entries of an archive that passed.

    Raises:
        Refusal: encrypted, overlapping, too many, too large, or inflating out of proportion.
    """
    infos = archive.infolist()
    if len(infos) > _ENTRIES:
        raise _refused(name, f"{len(infos)} entries, {_ENTRIES} are read")
    if len({info.filename for info in infos}) < len(infos):
        raise _refused(name, "two entries of one name")
    _apart(infos, path, name)
    for info in infos:
        _entry(info, name, limits)
    total = sum(info.file_size for info in infos)
    if total > limits.max_bytes:
        raise _refused(name, f"{total} bytes after inflating, {limits.max_bytes} are read")
    return infos


def _refused(name: str, what: str) -> Refusal:
    return Refusal(f"{name} is not read: {what}", hint="save it anew and try again", code="archive-refused")


def _entry(info: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if info.flag_bits & 0x1:
        raise _refused(name, f"{info.filename!r} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(name, f"{info.filename!r} is packed by method {info.compress_type}")
    if info.file_size > limits.max_bytes:
        raise _refused(name, f"{info.filename!r} is {info.file_size} bytes after inflating")
    if info.file_size > _SUSPECT and info.file_size > _RATIO * max(info.compress_size, 1):
        raise _refused(
            name, f"{info.filename!r} inflates {info.file_size // max(info.compress_size, 1)} times"
        )


def _apart(infos: list[zipfile.ZipInfo], path: Path, name: str) -> None:
    """Entries stand one behind the other: overlapping ones multiply what little bytes inflate to."""
    end = 0
    with path.open("rb") as file:
        for info in sorted(infos, key=lambda item: item.header_offset):
            if info.header_offset < end:
                raise _refused(name, f"{info.filename!r} overlaps the entry before it")
            file.seek(info.header_offset)
            head = file.read(30)
            if len(head) < 30 or head[:4] != b"PK\x03\x04":
                raise _refused(name, f"{info.filename!r} has no local header")
            inner, extra = struct.unpack("<HH", head[26:30])
            end = info.header_offset + 30 + inner + extra + info.compress_size
