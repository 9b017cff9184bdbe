"""Rows that are plainly unchanged, told by a digest of their meaning; the digest only ever acquits.

A row of the file speaks only of the fields that it fills. So its digest is a sum of one hash a field
over the filled ones, and the shop's row is summed over the same fields. Sums that differ prove
nothing: such rows are compared field by field. Long fields (descriptions) have a sum of their own:
where only a price moved, nobody has to unpack them.

Hashes are taken of a cheap form of the text: numbers and categories by meaning, the rest by letter.
64 bits a row, compared pair by pair: one wrong acquittal in a file of a million rows has a chance
of 1 in 10¹³.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff.tables import Flags, Rows
from pipeline.values.columns import Few, by_text
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Field, Kind

Words = npt.NDArray[np.uint64]

#: How hashes are made; whoever keeps them keeps this beside them.
RECIPE = f"2/polars-{pl.__version__}"
_WORD = 64
_NUMBERS = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER})
_CATEGORIES = frozenset({Kind.CATEGORY, Kind.CATEGORIES})
_LONG = frozenset({Kind.HTML})
#: So few digits that no two such numbers share a float.
_NUMBER = r"\A(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?\z"
#: Distinct texts whose meaning is remembered, a column.
_REMEMBERED = 50_000


def is_long(of: Field) -> bool:
    """Texts so long that reading them costs more than all other fields together."""
    return of.kind in _LONG


class Hasher:
    """Hashes of some fields, batch by batch; a text that comes again isn't looked at again."""

    def __init__(self, fields: Sequence[Field], ctx: Context) -> None:
        self.fields = tuple(fields)
        self._named = {of.name for of in fields if of.kind in _CATEGORIES and ctx.category_names}
        self._ctx = ctx
        self._known: dict[str, dict[str, int]] = {of.name: {} for of in fields}

    def hashes(self, frame: pl.DataFrame, few: Mapping[str, Few] = MappingProxyType({})) -> list[Words]:
        """One hash a row, a column a field and other for every field; 0 for nothing (null or "").

        Args:
            few: columns of few texts.
        """
        texts = {name: few[name] for name in self._known if name in few}
        texts |= {name: by_text(frame[name]) for name in self._named if name not in texts}
        rest = frame.select(_hash(of).alias(of.name) for of in self.fields if of.name not in texts)
        return [
            self._of_texts(of, texts[of.name]) if of.name in texts else rest[of.name].to_numpy()
            for of in self.fields
        ]

    def _of_texts(self, of: Field, few: Few) -> Words:
        known = self._known[of.name]
        found = {text: known[text] for text in few.texts if text in known}
        if new := [text for text in few.texts if text not in found]:
            meant = [comparable(of, text, self._ctx) for text in new] if of.name in self._named else new
            words = pl.DataFrame({of.name: meant}, {of.name: pl.String}).select(_hash(of)).to_series()
            found |= zip(new, words.to_list(), strict=True)
            if len(known) > _REMEMBERED:  # anew, not emptied: another thread may be reading it
                known = self._known[of.name] = {}
            known |= found
        return few.words(found)


def _hash(of: Field) -> pl.Expr:
    """Numbers are hashed by what they are worth, all else by letter."""
    text, seed = pl.col(of.name), zlib.crc32(of.name.encode())
    nothing, found = text.is_null() | (text == ""), text.hash(seed=seed)
    if of.kind in _NUMBERS:
        number, plain = text.cast(pl.Float64, strict=False), text.str.contains(_NUMBER)
        found = pl.when(plain).then(number.hash(seed=seed)).otherwise(found)
        if of.kind is Kind.MONEY and of.clearable:
            nothing |= (plain & (number == 0)).fill_null(value=False)
    return pl.when(nothing).then(pl.lit(0, dtype=pl.UInt64)).otherwise(found)


@dataclass(frozen=True, slots=True)
class Digests:
    """Rows of the file, one each.

    Attributes:
        short, long: sums over the filled fields of either length.
        filled: which fields those are, a bit a field, in as many words as it takes.
    """

    short: Words
    long: Words
    filled: tuple[Words, ...]

    def take(self, rows: Rows) -> Digests:
        return Digests(
            short=self.short[rows], long=self.long[rows], filled=tuple(word[rows] for word in self.filled)
        )


def our_digests(
    frame: pl.DataFrame, hasher: Hasher, few: Mapping[str, Few] = MappingProxyType({})
) -> Digests:
    """Digests of rows of the file: null = leave alone, so it isn't summed.

    Args:
        few: columns of few texts.
    """
    fields = hasher.fields
    sums = {long: np.zeros(frame.height, dtype=np.uint64) for long in (False, True)}
    filled = tuple(np.zeros(frame.height, dtype=np.uint64) for _ in range(_words(len(fields))))
    for number, (of, words) in enumerate(zip(fields, hasher.hashes(frame, few), strict=True)):
        known = frame[of.name].is_not_null().to_numpy()
        sums[is_long(of)] += words
        filled[number // _WORD][:] |= known.astype(np.uint64) << np.uint64(number % _WORD)
    return Digests(short=sums[False], long=sums[True], filled=filled)


def collected(parts: Iterable[Digests], rows: int, fields: int) -> Digests:
    """The digests of all batches, in order, of which there are so many rows; none is held twice."""
    filled = tuple(_none(rows) for _ in range(_words(fields)))
    whole = Digests(short=_none(rows), long=_none(rows), filled=filled)
    start = 0
    for part in parts:
        place = slice(start, start := start + len(part.short))
        whole.short[place], whole.long[place] = part.short, part.long
        for word, more in zip(whole.filled, part.filled, strict=True):
            word[place] = more
    return whole


def _none(rows: int) -> Words:
    return np.zeros(rows, dtype=np.uint64)


def differ(theirs: Sequence[Words], ours: Digests, fields: Sequence[Field]) -> tuple[Flags, Flags]:
    """Which rows aren't acquitted in their short fields, and which in their long ones.

    Args:
        theirs: hashes of the shop's rows, a column a field, beside their partners' digests.
    """
    sums = {long: np.zeros(len(ours.short), dtype=np.uint64) for long in (False, True)}
    for number, of in enumerate(fields):
        bit = (ours.filled[number // _WORD] >> np.uint64(number % _WORD)) & np.uint64(1)
        sums[is_long(of)] += bit * theirs[number]
    return sums[False] != ours.short, sums[True] != ours.long


def _words(fields: int) -> int:
    return max(1, -(-fields // _WORD))
