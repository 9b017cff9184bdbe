"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field.

They depend on nothing but the snapshot's file, the recipe and the field (and the category tree where
names stand for ids), all of which name them: what is found is right, what is stale is never found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.diff import screen
from pipeline.diff.screen import Words
from pipeline.diff.tables import shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.values.context import Context
from schemas.fields import Field, Kind


class ShopHashes:
    """Hashes of some fields of a snapshot, read a slice at a time.

    Raises:
        StateError: they can't be kept.
    """

    def __init__(self, snapshot: Snapshot, rows: int, fields: Sequence[Field], ctx: Context) -> None:
        folder = snapshot.path.with_name(f"{snapshot.path.stem}.hashes")
        self._paths = [folder / f"{_key(snapshot, of, ctx)}.u64" for of in fields]
        missing = [
            (of, path)
            for of, path in zip(fields, self._paths, strict=True)
            if not path.exists() or path.stat().st_size != 8 * rows
        ]
        if missing:
            private_folder(folder)
            _make(snapshot, rows, missing, ctx)

    def slice(self, start: int, stop: int) -> list[Words]:
        """Columns of hashes of some rows of the shop, in the order of the fields."""
        return [
            np.fromfile(path, dtype="<u8", count=stop - start, offset=8 * start).astype(np.uint64, copy=False)
            for path in self._paths
        ]


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
