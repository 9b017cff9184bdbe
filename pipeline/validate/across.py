"""Rows against each other: a few words are kept of each; those in doubt are read again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from pipeline.values.columns import comparable_column
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas import keys
from schemas.fields import KEY, Field

PARENT_SKU, BRAND, CATEGORY = "ParentSku", "Brand", "PrimaryCategory"
#: What is read again of a doubtful row.
COLUMNS = (KEY, PARENT_SKU, BRAND, CATEGORY)
_LOOSE = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
Words = npt.NDArray[np.uint64]


def likeness(sku: str) -> str:
    """What SKUs share that differ only in case, white space or Unicode form."""
    return _LOOSE.sub("", unicodedata.normalize("NFKC", sku)).casefold()


@dataclass(slots=True, kw_only=True)
class Keys:
    """What is kept of every row: hashes of its SKU, the SKU's likeness, parent, brand and category.

    0 stands for "none". Equal hashes are only a suspicion.
    """

    fields: dict[str, Field]
    ctx: Context
    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, values: pl.DataFrame) -> None:
        """The rows of one chunk, in order."""
        sku = (
            values[KEY] if KEY in values.columns else pl.Series(KEY, [None] * values.height, dtype=pl.String)
        )
        self._parts.append(
            pl.DataFrame(
                {
                    "sku": _hash(sku),
                    "like": _hash(_likeness(sku)),
                    "parent": self._parent(values, sku),
                    "brand": self._meaning(values, BRAND),
                    "category": self._meaning(values, CATEGORY),
                }
            )
        )

    def _parent(self, values: pl.DataFrame, sku: pl.Series) -> pl.Series:
        if PARENT_SKU not in self.fields:
            return pl.Series([0], dtype=pl.UInt64).new_from_index(0, values.height)
        parent = values[PARENT_SKU]
        return _hash(parent.set((parent == sku).fill_null(value=False), None))

    def _meaning(self, values: pl.DataFrame, name: str) -> pl.Series:
        if name not in self.fields:
            return pl.Series([0], dtype=pl.UInt64).new_from_index(0, values.height)
        return _hash(comparable_column(values[name], self.fields[name], self.ctx))

    def meaning(self, values: Mapping[str, str | None], name: str) -> str:
        """What a row's brand or category is compared by, "" if it has none."""
        return comparable(self.fields[name], values.get(name) or "", self.ctx) if name in self.fields else ""

    def table(self) -> pl.DataFrame:
        """All rows, in order; one row a row of the catalog."""
        empty = {
            name: pl.Series([], dtype=pl.UInt64) for name in ("sku", "like", "parent", "brand", "category")
        }
        return pl.concat([pl.DataFrame(empty), *self._parts])


def hashes(skus: pl.Series) -> Words:
    """The hashes of some SKUs, as `Keys` makes them."""
    found: Words = _hash(skus).to_numpy()
    return found


def among(skus: pl.Series, listed: Words) -> pl.Series:
    """Which of some SKUs are listed, told by their hashes: one in 10¹³ of a million is wrong."""
    return pl.Series(_found(_hash(skus).to_numpy(), listed))


def _found(words: Words, listed: Words) -> npt.NDArray[np.bool_]:
    if not len(listed):
        return np.zeros(len(words), dtype=bool)
    order = np.argsort(words)  # who asks in order finds its neighbours in the cache
    asked = words[order]
    places = np.searchsorted(listed, asked).clip(max=len(listed) - 1)
    found = np.empty(len(words), dtype=bool)
    found[order] = listed[places] == asked
    return found


def _hash(column: pl.Series) -> pl.Series:
    """0 for null and "", else the hash; a real 0 becomes 1."""
    hashes = column.hash(seed=7)
    empty = column.is_null() | (column == "").fill_null(value=False)
    return hashes.set(hashes == 0, 1).set(empty, 0)


def _likeness(sku: pl.Series) -> pl.Series:
    """`likeness` of a column: plain SKUs are lower-cased in Polars, others one by one."""
    plain = sku.str.contains(r"\A[!-~]*\z").fill_null(value=True)
    folded = sku.str.to_lowercase()
    if plain.all():
        return folded
    rows = (~plain).arg_true()
    return folded.scatter(rows, [likeness(text) for text in sku.gather(rows).to_list()])


def doubtful(table: pl.DataFrame, known: Words | None) -> list[int]:
    """Rows that may break a rule between rows."""
    twins = table["like"].is_duplicated() & (table["like"] != 0)
    has_parent = table["parent"] != 0
    doubt = twins
    if has_parent.any():
        orphans = has_parent & ~_among(table["parent"], table["sku"], known)
        chained = has_parent & table["parent"].is_in(table.filter(has_parent)["sku"].implode())
        doubt = doubt | orphans | chained | _mixed(table)
    return doubt.arg_true().to_list()


def _among(parents: pl.Series, skus: pl.Series, known: Words | None) -> pl.Series:
    found = parents.is_in(skus.implode())
    if known is None:
        return found
    return found | pl.Series(_found(parents.to_numpy(), known))


def _mixed(table: pl.DataFrame) -> pl.Series:
    """Rows of groups that hold more than one brand or category."""
    group = pl.when(pl.col("parent") != 0).then("parent").otherwise("sku").alias("group")
    spread = [
        pl.col(name).replace(0, None).drop_nulls().n_unique().over("group").alias(name) > 1
        for name in ("brand", "category")
    ]
    rows = table.with_columns(group).select("group", *spread)
    return (rows["brand"] | rows["category"]) & (rows["group"] != 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A doubtful row, read again."""

    row: int
    sku: str
    parent: str
    brand: str
    category: str


def key_frame(rows: Iterable[Row], known: frozenset[str] | None, in_file: frozenset[str]) -> pd.DataFrame:
    """What `schemas.keys` judges, by row: exact this time."""
    doubts = list(rows)
    skus = _counted(row.sku for row in doubts)
    likes = _counted(likeness(row.sku) for row in doubts)
    parents = {row.sku: row.parent for row in doubts}
    standard = _standards(doubts)
    return pd.DataFrame(
        {
            keys.TWINS: [bool(row.sku) and skus[row.sku] > 1 for row in doubts],
            keys.LOOKALIKES: [bool(row.sku) and skus[row.sku] < likes[likeness(row.sku)] for row in doubts],
            keys.PARENT: [_parent_state(row, known, in_file) for row in doubts],
            keys.CYCLE: [_in_cycle(row.sku, parents) for row in doubts],
            keys.BRAND: [_strays(row.brand, standard, row, 0) for row in doubts],
            keys.CATEGORY: [_strays(row.category, standard, row, 1) for row in doubts],
        },
        index=[row.row for row in doubts],
    )


def _counted(texts: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return counts


def _parent_state(row: Row, known: frozenset[str] | None, in_file: frozenset[str]) -> str:
    if not row.parent or row.parent == row.sku or row.parent in in_file:
        return keys.OK
    if known is None:
        return keys.UNASKED
    return keys.OK if row.parent in known else keys.ABSENT


def _in_cycle(sku: str, parents: dict[str, str]) -> bool:
    """Does following parents lead back to the row; a row that is its own parent stands alone."""
    seen: set[str] = set()
    here = parents.get(sku, "")
    if here == sku:
        return False
    while here and here not in seen:
        if here == sku:
            return True
        seen.add(here)
        here = parents.get(here, "")
    return False


def _group(row: Row) -> str:
    return row.parent or row.sku


def _standards(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Brand and category of each group: its parent's, else those of its first variant that has any."""
    found: dict[str, tuple[str, str]] = {}
    for row in sorted(rows, key=lambda row: (row.sku != _group(row), row.row)):
        brand, category = found.get(_group(row), ("", ""))
        found[_group(row)] = (brand or row.brand, category or row.category)
    return found


def _strays(mine: str, standard: dict[str, tuple[str, str]], row: Row, which: int) -> bool:
    """Variants follow their parent, not the other way round."""
    return bool(mine) and row.parent not in ("", row.sku) and standard[_group(row)][which] not in ("", mine)
