"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field, and of descriptions
one that says which are calm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.ahead import ahead
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
        calm_paths = {of.name: _place_of_calm(snapshot, of) for of in fields if screen.is_long(of)}
        calm = {name: _calm(path, rows) for name, path in calm_paths.items()}
        missing = [of for of, path in zip(fields, paths, strict=True) if not beside.has(path, 8 * rows)]
        unknown = [name for name, flags in calm.items() if flags is None]
        if missing or unknown:
            words, flags = _made(snapshot, rows, missing, unknown, ctx)
            for of, path in zip(fields, paths, strict=True):
                if of.name in words:
                    beside.keep(path, words[of.name].astype("<u8", copy=False).tobytes())
            for name, found in flags.items():
                beside.keep_sealed(calm_paths[name], pa.py_buffer(found.tobytes()))
            calm |= flags
        self._columns: list[Words] = [beside.mapped(path) for path in paths]
        self._mixed = _mixed(snapshot, rows, fields, paths, self._columns)
        self._calm = [calm.get(of.name) for of in fields]

    def of(self, number: int, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._columns[number][rows]

    def mixed(self, rows: Rows) -> Words:
        """Of all fields together (`screen.mixed`)."""
        return self._mixed[rows]

    def calm(self, number: int, rows: Rows) -> Flags:
        """Which texts of one of the long fields are calm (`calm.stands`), of some rows of the shop."""
        known = self._calm[number]
        assert known is not None
        return known[rows]


def _place(snapshot: Snapshot, of: Field, ctx: Context) -> Path:
    """They depend on the recipe, the field, and the category tree where names stand for ids."""
    tree = sorted(ctx.category_names.items()) if of.kind in (Kind.CATEGORY, Kind.CATEGORIES) else []
    return beside.place(snapshot, ".u64", screen.RECIPE, of.name, of.kind, of.clearable, tree)


def _place_of_calm(snapshot: Snapshot, of: Field) -> Path:
    return beside.place(snapshot, ".calm", calm.RECIPE, of.name)


def _calm(path: Path, rows: int) -> Flags | None:
    """A flag a row, or None. Sealed: a wrong one would let a text pass that nobody looked at."""
    kept = beside.sealed(path)
    return np.frombuffer(kept, np.bool_) if kept is not None and len(kept) == rows else None


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


def _made(
    snapshot: Snapshot, rows: int, hashed: Sequence[Field], looked_at: Sequence[str], ctx: Context
) -> tuple[dict[str, Words], dict[str, Flags]]:
    """One pass over the columns that lack hashes, or an answer to what is calm."""
    words = {of.name: np.empty(rows, dtype=np.uint64) for of in hashed}
    flags = {name: np.empty(rows, dtype=np.bool_) for name in looked_at}
    hasher, start = screen.Hasher(hashed, ctx), 0

    def look(frame: pl.DataFrame) -> tuple[dict[str, Words], dict[str, Flags]]:
        return hasher.hashes(frame), {name: calm.stands(frame[name]).to_numpy() for name in looked_at}

    for some_words, some_flags in ahead(look, shop_batches(snapshot.path, list({**words, **flags}))):
        stop = start + len(next(iter((*some_words.values(), *some_flags.values()))))
        for name, found in some_words.items():
            words[name][start:stop] = found
        for name, found_flags in some_flags.items():
            flags[name][start:stop] = found_flags
        start = stop
    return words, flags
