"""A stretch of the file beside what was laid aside of the shop: which rows differ, and what is decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import polars as pl

from pipeline.diff.decide import decide_create, decide_update
from pipeline.diff.memory import Befores, Memory, Written
from pipeline.diff.origins import Origins
from pipeline.diff.prices import is_price
from pipeline.diff.rules import Rules
from pipeline.diff.sales import sale_of
from pipeline.diff.screen import is_long
from pipeline.diff.settle import Decided, Side
from pipeline.diff.suspects import LONG
from pipeline.diff.tables import Flags
from pipeline.read.catalog import LINE, PART, ROW
from pipeline.values.columns import comparable_column
from schemas.fields import KEY, Field

Row = Mapping[str, Any]
T = TypeVar("T")
_OURS = frozenset({ROW, PART, LINE})


class Meeting:
    """Decides the products of the file, a stretch at a time."""

    def __init__(
        self,
        *,
        readable: Sequence[Field],
        unreadable: Sequence[Field],
        memory: Memory,
        origins: Origins,
        rules: Rules,
    ) -> None:
        self._readable = readable
        self._unreadable = unreadable
        self._fields = (*readable, *unreadable)
        self._hidden = frozenset(of.name for of in unreadable)
        self._memory = memory if memory.any_written() else None
        self._resting = by_sku(memory.resting())
        self._origins = origins
        self._rules = rules

    def decide(self, ours: pl.DataFrame, theirs: pl.DataFrame | None, listed: Flags) -> Iterator[Decided]:
        """Products in the order of the file.

        Args:
            ours: rows of the file; theirs: rows of the shop, one for each of ours that is listed, in
                the same order.
            listed: for each row of ours, whether the shop holds it.
        """
        here = pl.Series(listed)
        known, new = ours.filter(here), ours.filter(~here)
        assert known.height == (0 if theirs is None else theirs.height)
        fields = _differing(known, theirs, self._readable, self._rules) if theirs is not None else []
        asked = pl.Series([bool(of) or bool(self._hidden) for of in fields], dtype=pl.Boolean)
        updates = self._updates(known, theirs, fields, asked) if theirs is not None else iter(())
        creates = self._creates(new)
        wanted = np.ones(len(listed), dtype=np.bool_)
        wanted[listed] = asked.to_numpy()
        for is_known in listed[wanted].tolist():
            yield next(updates if is_known else creates)

    def _updates(
        self, ours: pl.DataFrame, theirs: pl.DataFrame, fields: Sequence[Sequence[Field]], asked: pl.Series
    ) -> Iterator[Decided]:
        """Products that the shop holds, and what may differ of each; only columns that matter become text."""
        names = {of.name for each in fields for of in each} | self._hidden
        columns = [name for name in ours.columns if name in names or _belongs(name)]
        rows = ours.filter(asked).select(columns)
        beside = [name for name in theirs.columns if name in names or _belongs(name)]
        partners = theirs.filter(asked).select(beside)
        remembered = self._remember(rows[KEY].to_list())
        questions = (each for each in fields if each or self._hidden)
        for row, partner, differing in zip(
            rows.iter_rows(named=True), partners.iter_rows(named=True), questions, strict=True
        ):
            side = self._side(row, partner, remembered)
            yield decide_update(side, differing, self._rules, also=self._unreadable)

    def _creates(self, ours: pl.DataFrame) -> Iterator[Decided]:
        """Products that the shop doesn't hold."""
        nothing = _Remembered()
        for row in ours.iter_rows(named=True):
            yield decide_create(self._side(row, {}, nothing), self._fields, self._rules)

    def _remember(self, skus: list[str]) -> _Remembered:
        if self._memory is None or not skus:
            return _Remembered()
        return _Remembered(
            written=by_sku(self._memory.written(skus)), befores=by_sku(self._memory.befores(skus))
        )

    def _side(self, row: Row, theirs: Row, remembered: _Remembered) -> Side:
        sku = row[KEY]
        return Side(
            sku=sku,
            ours={name: text for name, text in row.items() if text is not None and name not in _OURS},
            theirs={name: text or "" for name, text in theirs.items()},
            unreadable=self._hidden,
            written=remembered.written.get(sku, {}),
            befores=remembered.befores.get(sku, {}),
            resting=self._resting.get(sku, {}),
            origin=self._origins.of_row(row[PART], row[LINE]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    """What memory says of the products at hand: SKU → field → answer."""

    written: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    befores: Mapping[str, Mapping[str, Befores]] = field(default_factory=dict)


def _belongs(name: str) -> bool:
    """Columns that a decision may need whichever fields differ: prices, windows, what is internal."""
    return name in (KEY, PART, LINE) or name.startswith("@") or is_price(name) or sale_of(name) is not None


def by_sku(answers: Mapping[tuple[str, str], T]) -> dict[str, dict[str, T]]:
    """(SKU, name) → answer, as SKU → name → answer."""
    nested: dict[str, dict[str, T]] = {}
    for (sku, name), answer in answers.items():
        nested.setdefault(sku, {})[name] = answer
    return nested


def _differing(
    ours: pl.DataFrame, theirs: pl.DataFrame, fields: Sequence[Field], rules: Rules
) -> list[list[Field]]:
    """For each pair of rows the fields whose meaning differs; null of ours = leave alone."""
    found: list[list[Field]] = [[] for _ in range(ours.height)]
    for of in fields:
        mine, shop = ours[of.name], theirs[of.name].fill_null("")
        unlike = mine.is_not_null() & (mine != shop)
        rows = (unlike & theirs[LONG] if is_long(of) else unlike).arg_true()
        if rows.is_empty():
            continue
        one = comparable_column(mine.gather(rows), of, rules.ctx)
        other = comparable_column(shop.gather(rows), of, rules.ctx)
        for row in rows.filter(one != other).to_list():
            found[row].append(of)
    return found
