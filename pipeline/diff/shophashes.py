"""The shop's side of the screen, kept beside the snapshot: one file of hashes a field, and of descriptions
one that says which are calm."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.ahead import ahead
from pipeline.diff import screen
from pipeline.diff.beside import Column, place
from pipeline.diff.rows import Flags, Rows
from pipeline.diff.screen import Words
from pipeline.diff.tables import shop_batches
from pipeline.errors import StateError
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
        with ThreadPoolExecutor() as pool:  # each is looked at to its last byte
            columns = pool.map(lambda of: Column(_place(snapshot, of, ctx), rows, "<u8"), fields)
            self._hashes = dict(zip((of.name for of in fields), columns, strict=True))
        self._mixed = Column(_place_of_mixed(snapshot, self._hashes.values()), rows, "<u8")
        self._calm = {
            of.name: Column(place(snapshot, ".calm", calm.RECIPE, of.name), rows, np.bool_)
            for of in fields
            if screen.is_long(of)
        }
        hasher = screen.Hasher(fields, ctx)
        made = _made(
            snapshot, rows, hasher,
            hashed=[name for name, column in self._hashes.items() if column.missing],
            spelled=hasher.named if self._mixed.missing else (),
            looked_at=[name for name, column in self._calm.items() if column.missing],
        )  # fmt: skip
        for name, words in made.hashes.items():
            self._hashes[name].make(words)
        for name, flags in made.calm.items():
            self._calm[name].make(flags)
        if self._mixed.missing:
            letters = {name: column.of() for name, column in self._hashes.items()} | made.letters
            self._mixed.make(screen.mixed(fields, letters, rows))

    def of(self, name: str, rows: Rows) -> Words:
        """The hashes of one of the fields, of some rows of the shop."""
        return self._hashes[name].of(rows)

    def mixed(self, rows: Rows) -> Words:
        """Of all short fields together (`screen.mixed`)."""
        return self._mixed.of(rows)

    def calm(self, name: str, rows: Rows) -> Flags:
        """Which texts of one of the long fields are calm (`calm.stands`), of some rows of the shop."""
        return self._calm[name].of(rows)


def _place(snapshot: Snapshot, of: Field, ctx: Context) -> Path:
    """They depend on the recipe, the field, and the category tree where names stand for ids."""
    tree = sorted(ctx.category_names.items()) if of.kind in (Kind.CATEGORY, Kind.CATEGORIES) else []
    return place(snapshot, ".u64", screen.RECIPE, of.name, of.kind, of.clearable, tree)


def _place_of_mixed(snapshot: Snapshot, columns: Iterable[Column]) -> Path:
    """They depend on what each of the fields' depends on."""
    return place(snapshot, ".u64", screen.RECIPE, "mixed", [column.path.name for column in columns])


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
            calm={name: np.zeros(rows, dtype=np.bool_) for name in looked_at},
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
        if start + height <= rows:
            made.take(start, start + height, some)
        start += height
    if start != rows:
        hint = "take a new one with `sellercenter snapshot`"
        raise StateError(f"{snapshot.path} holds {start} rows, not {rows}", hint=hint)
    return made
