"""Downloading what the shop holds, and saying honestly how sure that is all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.budget.throttle import Clock
from pipeline.errors import Locked
from pipeline.market.signing import timestamp
from pipeline.settings import Limits
from pipeline.snapshot import merge, shelf
from pipeline.snapshot.parts import SUFFIX, About, Parts, Piece, abandoned, outlived
from pipeline.snapshot.scan import Breadth, Pass, Scan
from pipeline.snapshot.shelf import Lineage
from pipeline.snapshot.snapshot import Snapshot
from pipeline.snapshot.source import Source
from pipeline.store.locks import LockHolder, shop_lock
from pipeline.values.counted import plural

#: Seconds before the first page that the delta after a full pass reaches back: clocks show whole seconds.
OVERLAP = 3.0
#: The same for a delta over an older snapshot, where the shop's clock may have been set since.
LONG_OVERLAP = 300.0
#: An interrupted download older than this isn't worth going on with, seconds.
RESUME_WITHIN = 900.0
#: A delta can't see what vanished: after so many seconds it's a full pass again.
FULL_EVERY = 86_400.0
MOST_THREADS = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where, whose and by what limits: what every download is told.

    Attributes:
        folder: of the snapshots; made if need be.
        shop: name in the settings; identity: digest of url, user and operators.
        progress: told (rows, pages) after every page, from the caller's thread.
    """

    folder: Path
    shop: str
    identity: str
    limits: Limits
    clock: Clock
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Full:
    """The full passes that were made, and the pages that count."""

    pieces: tuple[Piece, ...]
    pages: int
    scans: int
    agreeing: int
    doubt: str


def download(source: Source, desk: Desk, *, id: str, resume_within: float = RESUME_WITHIN) -> Snapshot:  # noqa: A002
    """All products, by as few calls as can prove that these are all.

    One full pass (see `scan`), then what was updated since it began; further full passes only where
    the first isn't proven. An interrupted download of the same shop, minutes old, is gone on with.
    Deleted products, which `Filter=all` leaves out, are asked for too: their SKUs are taken, and an
    update brings them back where a create would be refused.

    Raises:
        ShopError: the shop can't be read; what came so far is kept for the next try.
        StateError: the disk won't take it.
    """
    about = About(identity=desk.identity, size=max(desk.limits.page_size, 2), taken=desk.clock.now())
    with _parts(desk, about, id, resume_within) as parts, _pool() as pool:
        work = _Work(source, desk, parts, pool)
        full = work.full()
        since = parts.about.taken + source.server_now() - desk.clock.now() - OVERLAP
        at_once = full.pages == 1 and not parts.resumed
        after = {"Filter": "all", "UpdatedAfter": timestamp(since)}
        changed = _NOTHING if at_once else work.passed(after)
        deleted = work.passed({"Filter": "deleted"})
        pieces = (*deleted.pieces, *full.pieces, *changed.pieces)
        path = desk.folder / f"{id}.parquet"
        columns = merge.columns_of(merge.page_schemas(pieces))
        written = merge.write_rows(path, merge.last_rows(pieces), columns)
        doubt = _doubts(
            full.doubt, _about_changes(changed), _nameless(pieces), _suddenly_empty(desk, written.rows)
        )
        snapshot = Snapshot(
            id=id,
            path=path,
            shop=desk.shop,
            identity=desk.identity,
            taken=parts.about.taken,
            rows=written.rows,
            pages=full.pages,
            scans=full.scans,
            agreeing=full.agreeing,
            complete=not doubt,
            doubt=doubt,
            digest=written.digest,
        )
        return shelf.put(snapshot, Lineage(full=parts.about.taken))


def delta(
    source: Source,
    desk: Desk,
    base: Snapshot,
    *,
    id: str,  # noqa: A002
    since: float | None = None,
    full_every: float = FULL_EVERY,
) -> Snapshot:
    """An older snapshot with what changed since laid over it: a few calls instead of hundreds.

    What vanished without a trace can't be seen, so once the
    full pass under the base is older than `full_every` seconds, this is a full download.

    Args:
        since: seconds since the epoch, on our clock; the base's own time unless said.

    Raises:
        ShopError, StateError: as `download`.
    """
    origin = shelf.lineage(base)
    now = desk.clock.now()
    if now - origin.full > full_every or base.identity != desk.identity:
        return download(source, desk, id=id)
    begun = base.taken if since is None else since
    about = About(identity=desk.identity, size=max(desk.limits.page_size, 2), taken=now)
    with _parts(desk, about, id, 0.0) as parts, _pool() as pool:
        work = _Work(source, desk, parts, pool)
        skew = source.server_now() - desk.clock.now()
        stamp = timestamp(begun + skew - LONG_OVERLAP)
        changed = work.passed({"Filter": "all", "UpdatedAfter": stamp})
        deleted = work.passed({"Filter": "deleted", "UpdatedAfter": stamp})
        path = desk.folder / f"{id}.parquet"
        fresh = merge.skus_of(changed.pieces)
        pieces = (*deleted.pieces, *changed.pieces)
        replaced = fresh | merge.skus_of(deleted.pieces)
        written = merge.write_rows(path, _laid_over(base, replaced, pieces), _columns_with(base, pieces))
        doubt = _doubts(
            base.doubt, _about_changes(changed), _about_changes(deleted), _nameless(changed.pieces)
        )
        snapshot = Snapshot(
            id=id,
            path=path,
            shop=desk.shop,
            identity=desk.identity,
            taken=now,
            rows=written.rows,
            pages=changed.pages + deleted.pages,
            scans=base.scans,
            agreeing=base.agreeing,
            complete=base.complete and not doubt,
            doubt=doubt,
            digest=written.digest,
        )
        return shelf.put(snapshot, Lineage(full=origin.full, base=base.id))


class _Work:
    """Passes of one download."""

    def __init__(self, source: Source, desk: Desk, parts: Parts, pool: ThreadPoolExecutor) -> None:
        self._source, self._desk, self._parts, self._pool = source, desk, parts, pool
        limits = desk.limits
        self._breadth = Breadth(
            source, requests=limits.requests, per_seconds=limits.per_seconds, most=MOST_THREADS
        )
        self._rows = self._pages = 0

    def full(self) -> _Full:
        """Full passes until one is proven, or as many as the settings grant."""
        made: list[Pass] = []
        for _ in range(self._desk.limits.snapshot_scans):
            made.append(self._scan({"Filter": "all"}))
            if made[-1].proven:
                break
        last = made[-1]
        pieces = last.pieces if last.proven else tuple(piece for one in made for piece in one.pieces)
        agreeing = _agreeing(made)
        doubt = "" if last.proven else f"{len(made)} full passes, none whole: {last.doubt}"
        return _Full(pieces=pieces, pages=last.pages, scans=len(made), agreeing=agreeing, doubt=doubt)

    def passed(self, params: dict[str, str]) -> Pass:
        """A shorter list, tried again like the full one."""
        found = self._scan(params)
        for _ in range(1, self._desk.limits.snapshot_scans):
            if found.proven:
                break
            found = self._scan(params)
        return found

    def _scan(self, params: dict[str, str]) -> Pass:
        scan = Scan(
            self._source,
            self._parts,
            params,
            size=self._parts.about.size,
            breadth=self._breadth,
            on_page=self._count,
        )
        return scan.run(self._pool)

    def _count(self, piece: Piece) -> None:
        self._rows += max(piece.total - (1 if self._pages else 0), 0)  # neighbours share a row
        self._pages += 1
        if self._desk.progress is not None:
            self._desk.progress(self._rows, self._pages)


_NOTHING = Pass(pieces=(), proven=True, doubt="", pages=0)


def _agreeing(made: Sequence[Pass]) -> int:
    """How many passes held the same SKUs as the last; a single one agrees with itself."""
    if len(made) == 1:
        return 1
    last = merge.skus_of(made[-1].pieces)
    return 1 + sum(merge.skus_of(one.pieces) == last for one in made[:-1])


def _about_changes(changed: Pass) -> str:
    return "" if changed.proven else f"changes during the download aren't all known: {changed.doubt}"


def _suddenly_empty(desk: Desk, rows: int) -> str:
    """A shop that held products and lists none is more likely to be out of order than empty."""
    before = None if rows else shelf.latest(desk.folder, desk.identity)
    return (
        f"the shop lists nothing, and held {plural(before.rows, 'product')} before"
        if before and before.rows
        else ""
    )


def _nameless(pieces: Sequence[Piece]) -> str:
    count = sum(piece.nameless for piece in pieces)
    return f"the shop lists products without a SellerSku ({plural(count, 'row')})" if count else ""


def _doubts(*doubts: str) -> str:
    return "; ".join(doubt for doubt in doubts if doubt)


def _laid_over(base: Snapshot, replaced: set[str], pieces: Sequence[Piece]) -> Iterator[pa.Table]:
    yield from merge.rows_without(base, replaced)
    yield from merge.last_rows(pieces)


def _columns_with(base: Snapshot, pieces: Sequence[Piece]) -> list[str]:
    return merge.columns_of([pq.read_schema(base.path), *merge.page_schemas(pieces)])


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that don't hold up an error: what waits is cancelled, what is under way has a deadline."""
    pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="page")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _parts(desk: Desk, about: About, id: str, resume_within: float) -> Iterator[Parts]:  # noqa: A002
    """A part folder of our own, new or left by an interrupted try; gone when all went well."""
    oldest = about.taken - resume_within
    holder = LockHolder(pid=os.getpid(), since=about.taken, command="snapshot")
    for stale in outlived(desk.folder, about.identity, before=oldest):
        with suppress(Locked):
            with shop_lock(stale.folder, "download", holder):
                pass
            stale.remove()
    found = abandoned(desk.folder, about, not_before=oldest) if resume_within else None
    if found is not None:
        try:
            with shop_lock(found.folder, "download", holder):
                yield found
        except Locked:
            pass
        else:
            found.remove()
            return
    parts = Parts.begin(desk.folder / f"{id}{SUFFIX}", about)
    with shop_lock(parts.folder, "download", holder):
        yield parts
    parts.remove()
