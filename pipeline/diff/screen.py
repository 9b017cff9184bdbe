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
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff.tables import Flags, Rows
from pipeline.values.columns import comparable_column
from pipeline.values.context import Context
from schemas.fields import Field, Kind

Words = npt.NDArray[np.uint64]

#: How hashes are made; whoever keeps them keeps this beside them.
RECIPE = f"1/polars-{pl.__version__}"
_WORD = 64
_NUMBERS = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER})
_CATEGORIES = frozenset({Kind.CATEGORY, Kind.CATEGORIES})
_LONG = frozenset({Kind.HTML})


def is_long(of: Field) -> bool:
    """Texts so long that reading them costs more than all other fields together."""
    return of.kind in _LONG


def hashes(frame: pl.DataFrame, fields: Sequence[Field], ctx: Context) -> list[Words]:
    """One hash a row, a column a field and other for every field; 0 for nothing (null or "")."""
    meant = [of for of in fields if of.kind in _NUMBERS or (of.kind in _CATEGORIES and ctx.category_names)]
    cheap = frame.select(of.name for of in fields).with_columns(
        comparable_column(frame[of.name].replace("", None), of, ctx) for of in meant
    )
    seeds = {of.name: zlib.crc32(of.name.encode()) for of in fields}
    found = cheap.select(_hash(pl.col(name), seed).alias(name) for name, seed in seeds.items())
    return [found[of.name].to_numpy() for of in fields]


def _hash(column: pl.Expr, seed: int) -> pl.Expr:
    nothing = column.is_null() | (column == "")
    return pl.when(nothing).then(pl.lit(0, dtype=pl.UInt64)).otherwise(column.hash(seed=seed))


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


def our_digests(frame: pl.DataFrame, fields: Sequence[Field], ctx: Context) -> Digests:
    """Digests of rows of the file: null = leave alone, so it isn't summed."""
    sums = {long: np.zeros(frame.height, dtype=np.uint64) for long in (False, True)}
    filled = tuple(np.zeros(frame.height, dtype=np.uint64) for _ in range(_words(len(fields))))
    for number, (of, words) in enumerate(zip(fields, hashes(frame, fields, ctx), strict=True)):
        known = frame[of.name].is_not_null().to_numpy()
        sums[is_long(of)] += words
        filled[number // _WORD][:] |= known.astype(np.uint64) << np.uint64(number % _WORD)
    return Digests(short=sums[False], long=sums[True], filled=filled)


def joined(parts: Sequence[Digests], fields: int) -> Digests:
    """The digests of all batches, in order."""
    none = np.zeros(0, dtype=np.uint64)
    return Digests(
        short=np.concatenate([none, *(part.short for part in parts)]),
        long=np.concatenate([none, *(part.long for part in parts)]),
        filled=tuple(
            np.concatenate([none, *(part.filled[word] for part in parts)]) for word in range(_words(fields))
        ),
    )


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
