"""A stretch of the file beside what was laid aside of the shop: which rows differ, and in what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import polars as pl

from pipeline.diff.memory import Befores, Memory, Written
from pipeline.diff.offers import needed
from pipeline.diff.rows import Flags
from pipeline.diff.rules import Rules
from pipeline.diff.screen import Words, has
from pipeline.read.catalog import LINE, PART
from pipeline.values.columns import comparable_column
from schemas.fields import KEY, Field

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What memory says of the products at hand: SKU → field → answer."""

    written: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    befores: Mapping[str, Mapping[str, Befores]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A stretch of the file beside the shop.

    Attributes:
        known, theirs: rows that the shop holds, of either side, without columns that no decision about
            them asks for; new: rows that it doesn't.
        fields: of each known row those that differ in meaning; asked: whether it has to be decided.
        listed: for each row of the stretch, whether it is known.
        remembered: what is remembered of the rows that have to be decided.
    """

    known: pl.DataFrame
    theirs: pl.DataFrame | None
    new: pl.DataFrame
    fields: Sequence[Sequence[Field]]
    asked: pl.Series
    listed: Flags
    remembered: Remembered


class Meeting:
    """Puts the products of the file beside those of the shop, a stretch at a time."""

    def __init__(
        self, *, readable: Sequence[Field], unreadable: Sequence[Field], memory: Memory, rules: Rules
    ) -> None:
        self._readable = readable
        self._hidden = [of.name for of in unreadable]
        self._memory = memory if memory.any_written() else None
        self._rules = rules

    def compare(self, ours: pl.DataFrame, theirs: pl.DataFrame | None, listed: Flags, doubts: Words) -> Met:
        """Rows of the file beside those of the shop: by columns, and changing nothing.

        Args:
            ours: rows of the file; theirs: rows of the shop, one for each of ours that is listed, in
                the same order.
            listed: for each row of ours, whether the shop holds it; doubts: in which of the readable
                fields it may differ then (rows × words of a bit a field).
        """
        here = pl.Series(listed)
        known, new = ours.filter(here), ours.filter(~here)
        assert known.height == (0 if theirs is None else theirs.height)
        may = doubts[listed]
        fields = _differing(known, theirs, self._readable, may, self._rules) if theirs is not None else []
        differing = {of.name for some in fields for of in some}
        known = known.select(needed(known.columns, {KEY, PART, LINE, *self._hidden, *differing}))
        asked = pl.Series([bool(of or self._hidden) for of in fields], dtype=pl.Boolean)
        skus = known[KEY].filter(asked).to_list() if self._memory is not None and fields else []
        return Met(
            known=known, theirs=theirs, new=new, fields=fields, asked=asked, listed=listed,
            remembered=self._remember(skus),
        )  # fmt: skip

    def _remember(self, skus: list[str]) -> Remembered:
        if self._memory is None or not skus:
            return Remembered()
        return Remembered(
            written=by_sku(self._memory.written(skus)), befores=by_sku(self._memory.befores(skus))
        )


def by_sku(answers: Mapping[tuple[str, str], T]) -> dict[str, dict[str, T]]:
    """(SKU, name) → answer, as SKU → name → answer."""
    nested: dict[str, dict[str, T]] = {}
    for (sku, name), answer in answers.items():
        nested.setdefault(sku, {})[name] = answer
    return nested


def _differing(
    ours: pl.DataFrame, theirs: pl.DataFrame, fields: Sequence[Field], doubts: Words, rules: Rules
) -> list[list[Field]]:
    """For each pair of rows the fields whose meaning differs; null of ours = leave alone.

    Args:
        doubts: in which fields it may.
    """
    found: list[list[Field]] = [[] for _ in range(ours.height)]
    for number, of in enumerate(fields):
        rows = pl.Series(np.flatnonzero(has(doubts, number)))
        if rows.is_empty():
            continue
        mine, shop = ours[of.name].gather(rows), theirs[of.name].gather(rows).fill_null("")
        unlike = mine.is_not_null() & (mine != shop)
        if not unlike.any():
            continue
        spelled = mine.filter(unlike)
        meant = comparable_column(spelled.append(shop.filter(unlike)), of, rules.ctx)
        one, other = meant.head(len(meant) // 2), meant.tail(len(meant) // 2)
        for row in rows.filter(unlike).filter(one != other).to_list():
            found[row].append(of)
    return found
