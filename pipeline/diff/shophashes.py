"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field, and of descriptions
one that says which are calm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.diff import beside, screen
from pipeline.diff.screen import Words
from pipeline.diff.tables import Flags, Rows, shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate import calm
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
        self._mixed = _mixed(snapshot, rows, fields, paths, self._columns)
        self._calm = {
            number: _calm(snapshot, rows, of) for number, of in enumerate(fields) if screen.is_long(of)
        }

    def of(self, number: int, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._columns[number][rows]

    def mixed(self, rows: Rows) -> Words:
        """Of all fields together (`screen.mixed`)."""
        return self._mixed[rows]

    def calm(self, number: int, rows: Rows) -> Flags:
        """Which texts of one of the long fields are calm (`calm.stands`), of some rows of the shop."""
        return self._calm[number][rows]


def _mixed(
    snapshot: Snapshot, rows: int, fields: Sequence[Field], paths: Sequence[Path], columns: Sequence[Words]
) -> Words:
    """What `screen.mixed` makes of all columns; it depends on what each of them depends on."""
    path = beside.place(snapshot, ".u64", screen.RECIPE, "mixed", [path.name for path in paths])
    if not beside.has(path, 8 * rows):
        words = dict(zip((of.name for of in fields), columns, strict=True))
        whole = np.zeros(rows, dtype=np.uint64) + screen.mixed(fields, words)
        beside.keep(path, whole.astype("<u8", copy=False).tobytes())
    return beside.mapped(path)


def _calm(snapshot: Snapshot, rows: int, of: Field) -> Flags:
    """A flag a row. Sealed: a wrong one would let a text pass that nobody looked at."""
    path = beside.place(snapshot, ".calm", calm.RECIPE, of.name)
    kept = beside.sealed(path)
    if kept is not None and len(kept) == rows:
        return np.frombuffer(kept, np.bool_)
    parts = [calm.stands(frame[of.name]).to_numpy() for frame in shop_batches(snapshot.path, [of.name])]
    found: Flags = np.concatenate([np.zeros(0, dtype=np.bool_), *parts])
    beside.keep_sealed(path, pa.py_buffer(found.tobytes()))
    return found


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
        for kept, words in zip(found, hasher.hashes(frame).values(), strict=True):
            kept[start : start + frame.height] = words
        start += frame.height
    for (_, path), words in zip(missing, found, strict=True):
        beside.keep(path, words.astype("<u8", copy=False).tobytes())
