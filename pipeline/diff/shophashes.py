"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field, and of descriptions
one that says which are calm."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
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
        paths = {of.name: _place(snapshot, of, ctx) for of in fields}
        mix = beside.place(snapshot, ".u64", screen.RECIPE, "mixed", [path.name for path in paths.values()])
        calm_paths = {of.name: _place_of_calm(snapshot, of) for of in fields if screen.is_long(of)}
        self._calm = {name: _calm(path, rows) for name, path in calm_paths.items()}
        hasher, known = screen.Hasher(fields, ctx), not fields or beside.has(mix, 8 * rows)
        made = _made(
            snapshot, rows, hasher,
            hashed=[name for name, path in paths.items() if not beside.has(path, 8 * rows)],
            spelled=() if known else hasher.named,
            looked_at=[name for name, flags in self._calm.items() if flags is None],
        )  # fmt: skip
        for name, words in made.hashes.items():
            beside.keep(paths[name], words.astype("<u8", copy=False).tobytes())
        for name, flags in made.calm.items():
            beside.keep_sealed(calm_paths[name], pa.py_buffer(flags.tobytes()))
            self._calm[name] = flags
        self._columns = {name: beside.mapped(path) for name, path in paths.items()}
        if not known:
            whole = screen.mixed(fields, {**self._columns, **made.letters})
            beside.keep(mix, whole.astype("<u8", copy=False).tobytes())
        self._mixed = beside.mapped(mix) if fields else np.zeros(rows, dtype=np.uint64)
        self._names = list(paths)

    def of(self, number: int, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._columns[self._names[number]][rows]

    def mixed(self, rows: Rows) -> Words:
        """Of all short fields together (`screen.mixed`)."""
        return self._mixed[rows]

    def calm(self, name: str, rows: Rows) -> Flags:
        """Which texts of one of the long fields are calm (`calm.stands`), of some rows of the shop."""
        known = self._calm[name]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What one pass over the shop found, by field, a row each."""

    hashes: dict[str, Words]
    letters: dict[str, Words]
    calm: dict[str, Flags]

    @classmethod
    def of(cls, rows: int, hashed: Iterable[str], spelled: Iterable[str], looked_at: Iterable[str]) -> _Made:
        """Nothing yet."""
        return cls(
            hashes={name: np.empty(rows, dtype=np.uint64) for name in hashed},
            letters={name: np.empty(rows, dtype=np.uint64) for name in spelled},
            calm={name: np.empty(rows, dtype=np.bool_) for name in looked_at},
        )

    def take(self, start: int, stop: int, some: _Made) -> None:
        """What was found of some rows."""
        for whole, part in ((self.hashes, some.hashes), (self.letters, some.letters)):
            for name, words in part.items():
                whole[name][start:stop] = words
        for name, flags in some.calm.items():
            self.calm[name][start:stop] = flags


def _made(
    snapshot: Snapshot,
    rows: int,
    hasher: screen.Hasher,
    *,
    hashed: Sequence[str],
    spelled: Collection[str],
    looked_at: Sequence[str],
) -> _Made:
    """One pass over the columns that lack hashes, hashes by letter, or an answer to what is calm."""
    made = _Made.of(rows, hashed, spelled, looked_at)
    columns = sorted({*hashed, *spelled, *looked_at})
    if not columns:
        return made

    def look(frame: pl.DataFrame) -> tuple[int, _Made]:
        return frame.height, _Made(
            hashes=hasher.hashes(frame.select(hashed)),
            letters=hasher.letters(frame.select(spelled)),
            calm={name: calm.stands(frame[name]).to_numpy() for name in looked_at},
        )

    start = 0
    for height, some in ahead(look, shop_batches(snapshot.path, columns)):
        made.take(start, start + height, some)
        start += height
    return made
