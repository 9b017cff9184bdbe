"""Pages of a download under way, on disk as they came, so that it can go on where it was.

A part folder holds `about.json` (what is being downloaded, since when) and one Arrow file a page:
`<number>-<offset>-<limit>-<total>-<nameless>-<list>.arrow`, numbered in the order in which they came;
`list` is a digest of what was listed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.market.products import Page
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.store.disk_errors import disk_errors
from schemas.fields import KEY

SCHEMA = "sellercenter/snapshot-parts/1"
SUFFIX = ".part"
_NAME = re.compile(r"(\d{6})-(\d+)-(\d+)-(\d+)-(\d+)-([0-9a-f]{8})\.arrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A page on disk.

    Attributes:
        number: order in which it came; the later one of two rows wins.
        offset, limit: as asked.
        total: products in it, those without a SellerSku (`nameless`) too.
        first, last: SKUs, "" where it has none.
        sound: no SKU stands in it twice, and it isn't longer than asked for.
        path: Arrow file.
        listed: digest of what was listed.
    """

    number: int
    offset: int
    limit: int
    total: int
    nameless: int
    first: str
    last: str
    sound: bool
    path: Path
    listed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is being downloaded.

    Attributes:
        since: the shop's time when the first page was asked for, seconds since the epoch.
        taken: our time then.
    """

    identity: str
    size: int
    taken: float
    schema: str = SCHEMA


class Parts:
    """A part folder. Threads may keep pages at the same time.

    Attributes:
        resumed: an earlier try left it.
    """

    def __init__(self, folder: Path, about: About) -> None:
        self.folder, self.about = folder, about
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int, str], Piece] = {}
        self._number = 0
        self.resumed = False

    @classmethod
    def begin(cls, folder: Path, about: About) -> Parts:
        """A new, empty one."""
        private_folder(folder)
        said = {"schema": about.schema, "identity": about.identity, "size": about.size, "taken": about.taken}
        write_atomic(folder / "about.json", json.dumps(said).encode())
        return cls(folder, about)

    @classmethod
    def reopen(cls, folder: Path) -> Parts | None:
        """One that an interrupted download left; None where it can't be used."""
        try:
            about = About(**json.loads((folder / "about.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        if about.schema != SCHEMA:
            return None
        parts = cls(folder, about)
        parts.resumed = True
        for path in sorted(folder.glob("*.arrow")):
            parts._find(path)
        return parts

    def _find(self, path: Path) -> None:
        if (name := _NAME.fullmatch(path.name)) is None:
            return
        try:
            skus = _skus(path)
        except (OSError, pa.ArrowException):
            return
        number, offset, limit, total, nameless = (int(name[group]) for group in range(1, 6))
        self._number = max(self._number, number)
        self._note(_piece(number, offset, limit, total, nameless, skus, path, name[6]))

    def _note(self, piece: Piece) -> None:
        self._kept.setdefault((piece.offset, piece.limit, piece.listed), piece)

    def kept(self, offset: int, limit: int, params: Mapping[str, str]) -> Piece | None:
        """A page that an earlier try left, once: whoever asks again wants it fresh."""
        with self._lock:
            return self._kept.pop((offset, limit, _digest(params)), None)

    def has(self, offset: int, limit: int, params: Mapping[str, str]) -> bool:
        """Whether an earlier try left that page and nobody took it yet."""
        with self._lock:
            return (offset, limit, _digest(params)) in self._kept

    def keep(self, page: Page, offset: int, limit: int, params: Mapping[str, str]) -> Piece:
        """Put a page on disk.

        Raises:
            StateError: the disk won't take it.
        """
        with self._lock:
            self._number += 1
            number = self._number
        total, listed = page.rows + page.nameless, _digest(params)
        path = self.folder / f"{number:06}-{offset}-{limit}-{total}-{page.nameless}-{listed}.arrow"
        with disk_errors("write", path):
            temporary = path.with_suffix(".tmp")
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with (
                pa.OSFile(str(temporary), "wb") as sink,
                pa.ipc.new_file(sink, page.table.schema, options=options) as writer,
            ):
                writer.write_table(page.table)
            temporary.replace(path)
        return _piece(number, offset, limit, total, page.nameless, page.skus(), path, listed)

    def skus(self, piece: Piece) -> frozenset[str]:
        """The SKUs of a page."""
        with disk_errors("read", piece.path):
            return frozenset(_skus(piece.path))

    def remove(self) -> None:
        """Done with it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _piece(
    number: int,
    offset: int,
    limit: int,
    total: int,
    nameless: int,
    skus: list[str],
    path: Path,
    listed: str,
) -> Piece:
    return Piece(
        number=number,
        offset=offset,
        limit=limit,
        total=total,
        nameless=nameless,
        first=skus[0] if skus else "",
        last=skus[-1] if skus else "",
        sound=len(set(skus)) == len(skus) and total <= limit,
        path=path,
        listed=listed,
    )


def _digest(params: Mapping[str, str]) -> str:
    said = json.dumps(sorted(params.items())).encode()
    return hashlib.sha256(said).hexdigest()[:8]


def _skus(path: Path) -> list[str]:
    found: list[str] = read_page(path, [KEY]).column(KEY).to_pylist()
    return found


def read_page(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """A page's rows, or some columns of them."""
    with pa.memory_map(str(path)) as source:
        schema = pa.ipc.open_file(source).schema
        fields = None if columns is None else [schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        return pa.ipc.open_file(source, options=options).read_all()


def abandoned(folder: Path, about: About, *, not_before: float) -> Parts | None:
    """The part folder that an interrupted download of the same thing left lately, if any.

    Args:
        not_before: an older one isn't worth going on with.
    """
    fit = [
        parts
        for parts in _all(folder, about.identity)
        if parts.about.size == about.size and not_before <= parts.about.taken <= about.taken
    ]
    return max(fit, key=lambda parts: parts.about.taken, default=None)


def outlived(folder: Path, identity: str, *, before: float) -> list[Parts]:
    """The part folders of this shop that nobody will go on with."""
    return [parts for parts in _all(folder, identity) if parts.about.taken < before]


def _all(folder: Path, identity: str) -> list[Parts]:
    found = (Parts.reopen(path) for path in folder.glob(f"*{SUFFIX}"))
    return [parts for parts in found if parts is not None and parts.about.identity == identity]
