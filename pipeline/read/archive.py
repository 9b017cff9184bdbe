"""Files inside .gz and .zip: counted while they inflate, never written under a name of theirs.

What an archive holds beside its tables is left aside, each with a finding; what is called a table and
is none refuses the archive: something went wrong with it.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline.read.catalog import Limits
from pipeline.read.job import Input, Refusal
from pipeline.read.notes import Notes
from pipeline.read.sheetxml import Readable
from pipeline.read.table import Table
from pipeline.read.vocabulary import speaks
from pipeline.read.zipscan import scan_zip

_BLOCK = 1 << 20
_SKIPPED = ("__macosx/", ".ds_store", "thumbs.db")


#: What is called so is meant to be a table.
_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
#: Refusals of whole archives, whatever the file in it is called.
_GRAVE = ("nested-archive", "limit", "archive-refused", "memory-limit", "time-limit")
_LISTED = 5

Pair = tuple[Table | None, Notes]


def tables_in(
    path: Path,
    name: str,
    spool: Path,
    limits: Limits,
    read: Callable[[Input], Sequence[Pair]],
    *,
    gzip: bool,
) -> list[Pair]:
    """The tables in an archive, and a finding for each file in it that is none.

    Args:
        read: the tables of one file.

    Raises:
        Refusal: damaged, encrypted, larger than the limit, no table in it, or a file that is called a
            table and can't be read as one.
    """
    if gzip:
        return list(read(_gunzipped(path, name, spool, limits)))
    found: list[Pair] = []
    prose: list[tuple[str, list[Pair]]] = []
    aside: list[tuple[str, Refusal]] = []
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in scan_zip(archive, path, name, limits) if not _is_noise(info.filename)]
        if not infos:
            raise Refusal(f"{name} holds no file", code="empty-file")
        for info in infos:
            shown = f"{name}!{_printable(info.filename)}"
            try:
                pairs = list(read(_extracted(archive, info, shown, path, spool, limits)))
                if _is_table(info.filename) or _speaks(pairs):
                    found += pairs
                else:
                    prose.append((shown, pairs))
            except Refusal as error:
                if error.code in _GRAVE or _is_table(info.filename):
                    raise
                aside.append((shown, error))
    if any(table is not None for table, _ in found):
        unlike = "has no heading that tables of products have"
        aside += [(shown, Refusal(f"{shown} {unlike}", code="no-header")) for shown, _ in prose]
    else:
        found += [pair for _, pairs in prose for pair in pairs]
    return [*_with_rows(found, name, aside), *_skipped(name, aside)]


def _speaks(pairs: Sequence[Pair]) -> bool:
    """Whether tables have a header that product tables use: prose with commas has none."""
    return any(speaks(header) for table, _ in pairs if table is not None for header in table.headers)


def _printable(member: str) -> str:
    """A name in an archive as it may be shown: it can hold whatever its writer liked."""
    parts = [part for part in member.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "".join(char if char.isprintable() else "\ufffd" for char in "/".join(parts))


def _is_table(member: str) -> bool:
    return member.lower().removesuffix(".gz").endswith(_TABLES)


def _with_rows(found: list[Pair], name: str, aside: Sequence[tuple[str, Refusal]]) -> list[Pair]:
    """The tables with rows; those of a header alone are left aside where others hold more."""
    full = [pair for pair in found if pair[0] is None or pair[0].part.rows]
    if all(table is None for table, _ in found):
        told = "; ".join(_reason(shown, error) for shown, error in aside[:_LISTED])
        more = f"; and {len(aside) - _LISTED} more" if len(aside) > _LISTED else ""
        hint = "pack CSV or XLSX files" if len(aside) != 1 else aside[0][1].hint
        code = aside[0][1].code if len(aside) == 1 else "not-a-table"
        raise Refusal(f"{name} holds no table: {told}{more}", hint=hint, code=code)
    if all(table is None for table, _ in full):
        return found
    for table, notes in found:
        if table is not None and table.part.rows == 0:
            notes.found("member-skipped", "it holds a header and no rows", row=table.part.header_row)
            full.append((None, notes))
    return full


def _reason(shown: str, error: Refusal) -> str:
    return error.message if shown in error.message else f"{shown}: {error.message}"


def _skipped(name: str, aside: Sequence[tuple[str, Refusal]]) -> list[Pair]:
    """A finding for each file that was left aside; for many of one kind, such as pictures, one for all."""
    kinds: dict[str, list[str]] = {}
    for shown, error in aside:
        kinds.setdefault(error.message.replace(shown, "").strip(" :"), []).append(shown)
    pairs: list[Pair] = []
    for reason, members in kinds.items():
        notes = Notes(file=members[0] if len(members) == 1 else name)
        rest = [member.removeprefix(f"{name}!") for member in members[:_LISTED]]
        listed = ", ".join(rest) + (f" and {len(members) - _LISTED} more" if len(members) > _LISTED else "")
        text = reason if len(members) == 1 else f"{len(members)} files, {reason} each: {listed}"
        hint = "nothing of it was read; if it holds products, export it as CSV or XLSX"
        notes.found("member-skipped", text, hint=hint, value=listed)
        pairs.append((None, notes))
    return pairs


def _is_noise(member: str) -> bool:
    lowered = member.lower()
    return member.endswith("/") or lowered.startswith(_SKIPPED[0]) or lowered.endswith(_SKIPPED[1:])


def _gunzipped(path: Path, name: str, spool: Path, limits: Limits) -> Input:
    out = spool / f"inflated-{path.name}"
    with gzip.open(path, "rb") as stream:
        _inflate(stream, out, name, limits.max_bytes)
    return _checked(out, name)


def _extracted(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str, path: Path, spool: Path, limits: Limits
) -> Input:
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
                    text = f"{name} is larger than {most} bytes after inflating"
                    raise Refusal(text, hint="parse_max_bytes allows more", code="limit")
                file.write(block)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        text = f"{name} is damaged: {error}"
        raise Refusal(text, hint="was it uploaded whole?", code="damaged") from error


def _blocks(stream: Readable) -> Iterator[bytes]:
    return iter(lambda: stream.read(_BLOCK), b"")


def _checked(path: Path, name: str) -> Input:
    """An archive in an archive is not opened: there is no end to them.

    Raises:
        Refusal: it is one; `nested-archive` where it may hold a table.
    """
    with path.open("rb") as file:
        head = file.read(4)
    packed = head.startswith(b"\x1f\x8b")
    names = _names(path) if head == b"PK\x03\x04" else []
    if not packed and (not names or "[Content_Types].xml" in names or "mimetype" in names):
        return Input(path=str(path), name=name)
    tables = [_printable(member) for member in names if _is_table(member)]
    text = f"{name} is an archive in an archive" + (f" with {tables[0]} in it" if tables else "")
    code = "nested-archive" if tables or packed else "not-a-table"
    raise Refusal(text, hint="unpack it first", code=code)


def _names(path: Path) -> list[str]:
    """The names in an archive; none where it is damaged, which its reader will say."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []
