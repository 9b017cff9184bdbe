"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field.

They depend on nothing but the snapshot's file, the recipe and the field (and the category tree where
names stand for ids), all of which name them: what is found is right, what is stale is never found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.diff import screen
from pipeline.diff.screen import Words
from pipeline.diff.tables import Rows, shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.values.context import Context
from schemas.fields import Field, Kind


class ShopHashes:
    """Hashes of some fields of a snapshot, mapped: pages of them are the system's, not ours.

    Raises:
        StateError: they can't be kept.
    """

    def __init__(self, snapshot: Snapshot, rows: int, fields: Sequence[Field], ctx: Context) -> None:
        folder = snapshot.path.with_name(f"{snapshot.path.stem}.hashes")
        paths = [folder / f"{_key(snapshot, of, ctx)}.u64" for of in fields]
        missing = [
            (of, path)
            for of, path in zip(fields, paths, strict=True)
            if not path.exists() or path.stat().st_size != 8 * rows
        ]
        if missing:
            private_folder(folder)
            _make(snapshot, rows, missing, ctx)

        self._columns = [_mapped(path) if rows else np.zeros(0, dtype=np.uint64) for path in paths]

    def of(self, number: int, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._columns[number][rows]


def _mapped(path: Path) -> Words:
    with path.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # it goes with its last reader
    if hasattr(mmap, "MADV_WILLNEED"):  # rows are asked for in any order
        with contextlib.suppress(OSError):
            whole.madvise(mmap.MADV_WILLNEED)
    return np.frombuffer(whole, "<u8").astype(np.uint64, copy=False)


def _key(snapshot: Snapshot, of: Field, ctx: Context) -> str:
    tree = sorted(ctx.category_names.items()) if of.kind in (Kind.CATEGORY, Kind.CATEGORIES) else []
    file = snapshot.path.stat()
    whose = [snapshot.id, snapshot.digest, file.st_size, file.st_mtime_ns]
    parts = [screen.RECIPE, *whose, of.name, of.kind, of.clearable, tree]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _make(snapshot: Snapshot, rows: int, missing: Sequence[tuple[Field, Path]], ctx: Context) -> None:
    """One pass over the columns that lack hashes."""
    found = [np.empty(rows, dtype=np.uint64) for _ in missing]
    start = 0
    fields = [of for of, _ in missing]
    hasher = screen.Hasher(fields, ctx)
    for frame in shop_batches(snapshot.path, [of.name for of in fields]):
        for kept, words in zip(found, hasher.hashes(frame), strict=True):
            kept[start : start + frame.height] = words
        start += frame.height
    for (_, path), words in zip(missing, found, strict=True):
        write_atomic(path, words.astype("<u8", copy=False).tobytes())
