"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.diff import beside, screen
from pipeline.diff.screen import Words
from pipeline.diff.tables import Rows, shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.values.context import Context
from schemas.fields import Field, Kind


class ShopHashes:
    """Hashes of some fields of a snapshot.

    Raises:
        StateError: they can't be kept.
    """

    def __init__(self, snapshot: Snapshot, rows: int, fields: Sequence[Field], ctx: Context) -> None:
        paths = [_place(snapshot, of, ctx) for of in fields]
        missing = [
            (of, path) for of, path in zip(fields, paths, strict=True) if not beside.has(path, 8 * rows)
        ]
        if missing:
            _make(snapshot, rows, missing, ctx)
        self._columns: list[Words] = [beside.mapped(path) for path in paths]

    def of(self, number: int, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._columns[number][rows]


def _place(snapshot: Snapshot, of: Field, ctx: Context) -> Path:
    """They depend on the recipe, the field, and the category tree where names stand for ids."""
    tree = sorted(ctx.category_names.items()) if of.kind in (Kind.CATEGORY, Kind.CATEGORIES) else []
    return beside.place(snapshot, ".u64", screen.RECIPE, of.name, of.kind, of.clearable, tree)


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
        beside.keep(path, words.astype("<u8", copy=False).tobytes())
