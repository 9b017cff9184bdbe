"""A stretch of the file beside what was laid aside of the shop: which rows differ, and what is decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import polars as pl

from pipeline.diff.decide import decide_create, decide_update
from pipeline.diff.memory import Befores, Memory, Written
from pipeline.diff.offers import offer_of
from pipeline.diff.origins import Origins
from pipeline.diff.plan import Origin
from pipeline.diff.rules import Rules
from pipeline.diff.screen import Words, has
from pipeline.diff.settle import Decided, Side
from pipeline.diff.tables import Flags
from pipeline.read.catalog import LINE, PART, ROW
from pipeline.values.columns import comparable_column
from schemas.fields import KEY, Field

Texts = Mapping[str, str]
T = TypeVar("T")
_NOTHING: Mapping[str, Any] = {}
_OURS = frozenset({ROW, PART, LINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A stretch of the file beside the shop.

    Attributes:
        known, theirs: rows that the shop holds, of either side; new: rows that it doesn't.
        fields: of each known row those that differ in meaning; asked: whether it has to be decided.
        listed: for each row of the stretch, whether it is known.
    """

    known: pl.DataFrame
    theirs: pl.DataFrame | None
    new: pl.DataFrame
    fields: Sequence[Sequence[Field]]
    asked: pl.Series
    listed: Flags


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

    def compare(self, ours: pl.DataFrame, theirs: pl.DataFrame | None, listed: Flags, doubts: Words) -> Met:
        """Put rows of the file beside those of the shop: by columns, and changing nothing.

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
        asked = pl.Series([bool(of) or bool(self._hidden) for of in fields], dtype=pl.Boolean)
        return Met(known=known, theirs=theirs, new=new, fields=fields, asked=asked, listed=listed)

    def decide(self, met: Met) -> Iterator[Decided]:
        """Products that may differ, in the order of the file."""
        updates, creates = self._updates(met), self._creates(met.new)
        wanted = np.ones(len(met.listed), dtype=np.bool_)
        wanted[met.listed] = met.asked.to_numpy()
        for is_known in met.listed[wanted].tolist():
            yield next(updates if is_known else creates)

    def _updates(self, met: Met) -> Iterator[Decided]:
        """Products that the shop holds, and what may differ of each; only cells that matter become text."""
        if met.theirs is None:
            return
        mine, beside = (_Cells(side, met.asked, self._hidden) for side in (met.known, met.theirs))
        skus = mine.column(KEY)
        remembered = self._remember(skus)
        questions = [each for each in met.fields if each or self._hidden]
        rows = zip(skus, mine.column(PART), mine.column(LINE), questions, strict=True)
        for at, (sku, part, line, differing) in enumerate(rows):
            names = tuple([of.name for of in differing])
            said = {name: text for name, texts in mine.of(names) if (text := texts[at]) is not None}
            held = {name: texts[at] or "" for name, texts in beside.of(names)}
            side = self._side(sku, said, held, remembered, self._origins.of_row(part, line))
            yield decide_update(side, differing, self._rules, also=self._unreadable)

    def _creates(self, ours: pl.DataFrame) -> Iterator[Decided]:
        """Products that the shop doesn't hold."""
        nothing = _Remembered()
        names = [name for name in ours.columns if name not in _OURS]
        rows = ours.select(names).iter_rows()
        for row, part, line in zip(rows, ours[PART].to_list(), ours[LINE].to_list(), strict=True):
            given = {name: text for name, text in zip(names, row, strict=True) if text is not None}
            side = self._side(given[KEY], given, {}, nothing, self._origins.of_row(part, line))
            yield decide_create(side, self._fields, self._rules)

    def _remember(self, skus: list[str]) -> _Remembered:
        if self._memory is None or not skus:
            return _Remembered()
        return _Remembered(
            written=by_sku(self._memory.written(skus)), befores=by_sku(self._memory.befores(skus))
        )

    def _side(
        self, sku: str, ours: Texts, theirs: Texts, remembered: _Remembered, origin: Callable[[str], Origin]
    ) -> Side:
        return Side(
            sku=sku,
            ours=ours,
            theirs=theirs,
            unreadable=self._hidden,
            written=remembered.written.get(sku, _NOTHING),
            befores=remembered.befores.get(sku, _NOTHING),
            resting=self._resting.get(sku, _NOTHING),
            origin=origin,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    """What memory says of the products at hand: SKU → field → answer."""

    written: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    befores: Mapping[str, Mapping[str, Befores]] = field(default_factory=dict)


class _Cells:
    """Some rows of a frame; a column becomes Python's when one of them first needs it.

    Args: rows: which of them; always: columns that each of them needs.
    """

    def __init__(self, frame: pl.DataFrame, rows: pl.Series, always: Collection[str]) -> None:
        self._frame = frame
        self._rows = rows
        self._always = always
        self._columns: dict[str, list[Any]] = {}
        self._needed: dict[tuple[str, ...], list[tuple[str, list[str | None]]]] = {}

    def column(self, name: str) -> list[Any]:
        if name not in self._columns:
            self._columns[name] = self._frame[name].filter(self._rows).to_list()
        return self._columns[name]

    def of(self, differing: tuple[str, ...]) -> list[tuple[str, list[str | None]]]:
        """Names and columns of what a decision may need where these fields differ.

        An offer is judged whole, in all countries, and by what is internal; other fields by themselves.
        """
        found = self._needed.get(differing)
        if found is None:
            asked = {*differing, *self._always}
            offer = any(offer_of(name) for name in asked)
            names = [name for name in self._frame.columns if name in asked or (offer and _belongs(name))]
            found = self._needed[differing] = [(name, self.column(name)) for name in names]
        return found


def _belongs(name: str) -> bool:
    """Columns that a decision about an offer may need: prices, windows, what is internal."""
    return name.startswith("@") or offer_of(name) is not None


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
        one = comparable_column(mine.filter(unlike), of, rules.ctx)
        other = comparable_column(shop.filter(unlike), of, rules.ctx)
        for row in rows.filter(unlike).filter(one != other).to_list():
            found[row].append(of)
    return found
