"""What is kept of every row while a catalog is read, and which rows it makes doubtful.

A hash of each of a few texts, eight bytes: equal hashes are only a suspicion, and who is under
suspicion is read again (`across`).
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.store.disk_errors import disk_errors
from pipeline.values.columns import Few, comparable_column
from pipeline.values.columns import few as few_of
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

PARENT_SKU, BRAND, CATEGORY = "ParentSku", "Brand", "PrimaryCategory"
_LOOSE = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Name = Literal["sku", "like", "parent", "brand", "category"]
#: Words that are looked up at a time: what that takes is bounded, and stays in the cache.
_SLICE = 65_536
_SEED = 7


def likeness(sku: str) -> str:
    """What SKUs share that differ only in case, white space or Unicode form."""
    return _LOOSE.sub("", unicodedata.normalize("NFKC", sku)).casefold()


@dataclass(slots=True, kw_only=True)
class Keys:
    """Of every row: hashes of its SKU, the SKU's likeness, parent, brand and category; 0 = none.

    Attributes:
        folder: where they lie until all rows were read: in memory they would grow with the catalog.

    Raises:
        StateError: the disk said no.
    """

    fields: dict[str, Field]
    ctx: Context
    folder: Path
    _files: dict[Name, IO[bytes]] = field(default_factory=dict)
    _known: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, values: pl.DataFrame, few: Mapping[str, Few] = MappingProxyType({})) -> dict[Name, Words]:
        """What is to be kept of some rows; a field that the catalog lacks is left out.

        Args:
            few: columns of few values.
        """
        sku = values[KEY]
        words: dict[Name, Words] = {"sku": hashes(sku), "like": hashes(_likeness(sku))}
        if PARENT_SKU in self.fields:
            parent = values[PARENT_SKU]
            words["parent"] = hashes(parent.set((parent == sku).fill_null(value=False), None))
        if BRAND in self.fields:
            words["brand"] = self._meaning(values, BRAND, few.get(BRAND))
        if CATEGORY in self.fields:
            words["category"] = self._meaning(values, CATEGORY, few.get(CATEGORY))
        return words

    def add(self, words: Mapping[Name, Words]) -> None:
        """Keep this of the rows that come next."""
        with disk_errors("write into", self.folder):
            for name, column in words.items():
                if name not in self._files:
                    self._files[name] = TemporaryFile(dir=self.folder)  # noqa: SIM115 - see `close`
                self._files[name].write(column.tobytes())

    def take(self, name: Name) -> Words | None:
        """One word a row, in order, and no longer kept here; None where no row has any."""
        file = self._files.pop(name, None)
        if file is None:
            return None
        with file, disk_errors("write into", self.folder):
            file.seek(0)
            return np.frombuffer(bytearray(file.read()), dtype=np.uint64)

    def close(self) -> None:
        """Nothing of it is asked for any more."""
        for file in self._files.values():
            with contextlib.suppress(OSError):  # a full disk was told already
                file.close()
        self._files.clear()

    def _meaning(self, values: pl.DataFrame, name: str, few: Few | None) -> Words:
        few = few or few_of(values[name])
        if few is None:
            return hashes(comparable_column(values[name], self.fields[name], self.ctx))
        known = self._known.setdefault(name, {})
        if new := [text for text in few.texts if text not in known]:
            meant = [comparable(self.fields[name], text, self.ctx) for text in new]
            known.update(zip(new, hashes(pl.Series(meant, dtype=pl.String)).tolist(), strict=True))
        return few.words(known)

    def meaning(self, values: Mapping[str, str | None], name: str) -> str:
        """What a row's brand or category is compared by, "" if it has none."""
        return comparable(self.fields[name], values.get(name) or "", self.ctx) if name in self.fields else ""


def hashes(texts: pl.Series) -> Words:
    """The hashes of some texts, as `Keys` makes them: 0 for null and "", a real 0 becomes 1."""
    found: Words = texts.hash(seed=_SEED).to_numpy(writable=True)
    found[found == 0] = 1
    for nothing in _of_nothing():
        found[found == nothing] = 0
    return found


@cache
def _of_nothing() -> tuple[int, ...]:
    """What null and "" are hashed to; asked for when it's needed, since Polars starts its threads with the
    first question, and who only imports this may go on to fork."""
    return tuple(pl.Series([None, ""], dtype=pl.String).hash(seed=_SEED).to_list())


def among(words: Words, listed: Words) -> Flags:
    """Which words are listed (sorted); of a million hashes one is wrong once in 10¹³ times."""
    found: Flags = np.zeros(len(words), dtype=np.bool_)
    for start in range(0, len(words) if len(listed) else 0, _SLICE):
        some = words[start : start + _SLICE]
        order = np.argsort(some)  # who asks in order finds its neighbours in the cache
        asked = some[order]
        places = np.minimum(np.searchsorted(listed, asked), len(listed) - 1)
        found[start + order] = listed[places] == asked
    return found


def _likeness(sku: pl.Series) -> pl.Series:
    """`likeness` of a column: plain SKUs are lower-cased in Polars, others one by one."""
    plain = sku.str.contains(r"\A[!-~]*\z").fill_null(value=True)
    folded = sku.str.to_lowercase()
    if plain.all():
        return folded
    rows = (~plain).arg_true()
    return folded.scatter(rows, [likeness(text) for text in sku.gather(rows).to_list()])


def doubtful(keys: Keys, known: Words | None) -> list[int]:
    """Rows that may break a rule between rows.

    Args:
        keys: emptied by it: a word a row and name is the most that validation holds at a time.
        known: hashes of what the shop lists, sorted; None = not asked.
    """
    like, parent = keys.take("like"), keys.take("parent")
    if like is None:
        return []
    doubt: Flags = np.zeros(len(like), dtype=np.bool_)
    rows = np.flatnonzero(parent) if parent is not None else np.zeros(0, dtype=np.int64)
    skus = keys.take("sku") if len(rows) else None
    with ThreadPoolExecutor(max_workers=1) as beside:
        twins = beside.submit(_twins, like)
        del like  # each of them is as long as the catalog
        if parent is not None and skus is not None:
            group = np.where(parent != 0, parent, skus)
            astray = beside.submit(_astray, parent[rows], skus, rows, known)
            del parent, skus
            doubt |= _mixed(group, (column for name in _MEANT if (column := keys.take(name)) is not None))
            doubt[rows] |= astray.result()
        doubt |= twins.result()
    return [int(row) for row in np.flatnonzero(doubt)]


_MEANT: tuple[Name, ...] = ("brand", "category")


def _twins(like: Words) -> Flags:
    ranked = np.sort(like)
    found = among(like, ranked[1:][ranked[1:] == ranked[:-1]])
    found[like == 0] = False
    return found


def _astray(parents: Words, skus: Words, rows: npt.NDArray[np.int64], known: Words | None) -> Flags:
    """Whose parent is nowhere, or has a parent itself; `rows` are those with a parent."""
    here = among(parents, np.sort(skus))
    if known is not None:
        rest = np.flatnonzero(~here)
        here[rest] = among(parents[rest], known)
    return ~here | among(parents, np.sort(skus[rows]))


def _mixed(group: Words, meant: Iterable[Words]) -> Flags:
    """Rows of groups that hold more than one brand or category."""
    order = np.argsort(group)
    ranked = group[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    named = ranked[starts] != 0
    del ranked
    mixed = np.zeros(len(starts), dtype=np.bool_)
    for column in meant:
        words = column[order]
        highest = np.maximum.reduceat(words, starts)
        words -= np.uint64(1)  # none becomes the largest of all
        mixed |= (highest != 0) & (np.minimum.reduceat(words, starts) != highest - np.uint64(1))
    mixed &= named
    found: Flags = np.zeros(len(group), dtype=np.bool_)
    found[order] = np.repeat(mixed, np.diff(np.append(starts, len(group))))
    return found
