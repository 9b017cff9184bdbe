"""Decides the products of a stretch, as Python objects; pure, and all that it needs goes with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from pipeline.diff.decide import decide_create, decide_update
from pipeline.diff.kin import held_back
from pipeline.diff.meet import Met, Remembered
from pipeline.diff.memory import Resting
from pipeline.diff.offers import needed
from pipeline.diff.origins import Origins
from pipeline.diff.paid import Market
from pipeline.diff.plan import Origin
from pipeline.diff.portion import Portion, portion_of
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Decided, Side
from pipeline.read.catalog import LINE, PART, ROW
from schemas.fields import KEY, Field

Texts = Mapping[str, str]
_NOTHING: Mapping[str, Any] = {}
_OURS = frozenset({ROW, PART, LINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """What decisions go by.

    Attributes:
        readable, unreadable: fields of the file that the shop shows, and those that it doesn't.
        resting: quarantine, SKU → action.
        barred: variant → the refused row of its group, that holds it too.
    """

    readable: Sequence[Field]
    unreadable: Sequence[Field]
    resting: Mapping[str, Mapping[str, Resting]]
    origins: Origins
    rules: Rules
    barred: Mapping[str, str] = field(default_factory=dict)

    def portion(self, met: Met, market: Market) -> Portion:
        """The decisions of a stretch, written down."""
        return portion_of(self.decide(met), self.rules.dialect, market)

    def decide(self, met: Met) -> Iterator[Decided]:
        """Products that may differ, in the order of the file."""
        updates, creates = self._updates(met), self._creates(met.new)
        wanted = np.ones(len(met.listed), dtype=np.bool_)
        wanted[met.listed] = met.asked.to_numpy()
        for is_known in met.listed[wanted].tolist():
            found = next(updates if is_known else creates)
            by = self.barred.get(found.sku) if self.barred else None
            yield held_back(found, by, self._named) if by else found

    @property
    def _named(self) -> frozenset[str]:
        return frozenset(of.name for of in (*self.readable, *self.unreadable))

    @property
    def _hidden(self) -> frozenset[str]:
        return frozenset(of.name for of in self.unreadable)

    def _updates(self, met: Met) -> Iterator[Decided]:
        """Products that the shop holds, and what may differ of each; only cells that matter become text."""
        if met.theirs is None:
            return
        hidden = self._hidden
        mine, beside = (_Cells(side, met.asked, hidden) for side in (met.known, met.theirs))
        skus = mine.column(KEY)
        questions = [each for each in met.fields if each or hidden]
        rows = zip(skus, mine.column(PART), mine.column(LINE), questions, strict=True)
        for at, (sku, part, line, differing) in enumerate(rows):
            names = tuple([of.name for of in differing])
            said = {name: text for name, texts in mine.of(names) if (text := texts[at]) is not None}
            held = {name: texts[at] or "" for name, texts in beside.of(names)}
            side = self._side(sku, said, held, hidden, met.remembered, self.origins.of_row(part, line))
            yield decide_update(side, differing, self.rules, also=self.unreadable)

    def _creates(self, ours: pl.DataFrame) -> Iterator[Decided]:
        """Products that the shop doesn't hold."""
        nothing, hidden, fields = Remembered(), self._hidden, (*self.readable, *self.unreadable)
        names = [name for name in ours.columns if name not in _OURS]
        rows = ours.select(names).iter_rows()
        for row, part, line in zip(rows, ours[PART].to_list(), ours[LINE].to_list(), strict=True):
            given = {name: text for name, text in zip(names, row, strict=True) if text is not None}
            side = self._side(given[KEY], given, {}, hidden, nothing, self.origins.of_row(part, line))
            yield decide_create(side, fields, self.rules)

    def _side(
        self,
        sku: str,
        ours: Texts,
        theirs: Texts,
        unreadable: frozenset[str],
        remembered: Remembered,
        origin: Callable[[str], Origin],
    ) -> Side:
        return Side(
            sku=sku,
            ours=ours,
            theirs=theirs,
            unreadable=unreadable,
            written=remembered.written.get(sku, _NOTHING),
            befores=remembered.befores.get(sku, _NOTHING),
            resting=self.resting.get(sku, _NOTHING),
            origin=origin,
        )


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
        """Names and columns of what a decision may need where these fields differ."""
        found = self._needed.get(differing)
        if found is None:
            names = needed(self._frame.columns, {*differing, *self._always})
            found = self._needed[differing] = [(name, self.column(name)) for name in names]
        return found
