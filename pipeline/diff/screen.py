"""Rows that are plainly unchanged, told by a digest of their meaning; the digest only ever acquits.

A row of the file speaks only of the fields that it fills, so its digest is a sum of one hash a field,
over the filled ones; the shop's row is summed over the same fields. Sums that differ prove nothing:
such rows are compared field by field. 64 bits a row, compared pair by pair: a wrong acquittal of one
row in a file of a million has a chance of 1 in 10¹³. Digests live as long as one comparison, so they
need no recipe that outlasts a version of the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.values.columns import comparable_column
from pipeline.values.context import Context
from schemas.fields import Field, Kind

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
_WORD = 64
#: Kinds whose meaning costs too much to work out for rows that most likely are equal to the letter.
_BY_LETTER = frozenset({Kind.HTML})


@dataclass(frozen=True, slots=True)
class Digests:
    """One row each.

    Attributes:
        sums: digest over the filled fields.
        filled: which fields those are, a bit a field, in as many words as it takes.
    """

    sums: Words
    filled: tuple[Words, ...]

    def take(self, rows: npt.NDArray[np.int64]) -> Digests:
        return Digests(sums=self.sums[rows], filled=tuple(word[rows] for word in self.filled))


def joined(parts: Sequence[Digests], fields: int) -> Digests:
    """The digests of all batches, in order."""
    words = range(_words(fields))
    none = np.zeros(0, dtype=np.uint64)
    return Digests(
        sums=np.concatenate([none, *(part.sums for part in parts)]),
        filled=tuple(np.concatenate([none, *(part.filled[word] for part in parts)]) for word in words),
    )


def our_digests(frame: pl.DataFrame, fields: Sequence[Field], ctx: Context) -> Digests:
    """Digests of rows of the file: null = leave alone, so it isn't summed."""
    sums = np.zeros(frame.height, dtype=np.uint64)
    filled = tuple(np.zeros(frame.height, dtype=np.uint64) for _ in range(_words(len(fields))))
    for number, of in enumerate(fields):
        column = frame[of.name]
        known = column.is_not_null().to_numpy()
        sums += np.where(known, _hashes(of, number, column, ctx), np.uint64(0))
        filled[number // _WORD][:] |= known.astype(np.uint64) << np.uint64(number % _WORD)
    return Digests(sums=sums, filled=filled)


def differ(frame: pl.DataFrame, ours: Digests, fields: Sequence[Field], ctx: Context) -> Flags:
    """Which rows of the shop aren't acquitted by the digests of their partners in the file."""
    sums = np.zeros(frame.height, dtype=np.uint64)
    for number, of in enumerate(fields):
        bit = (ours.filled[number // _WORD] >> np.uint64(number % _WORD)) & np.uint64(1)
        if bit.any():
            sums += bit * _hashes(of, number, frame[of.name], ctx)
    flags: Flags = sums != ours.sums
    return flags


def _hashes(of: Field, number: int, column: pl.Series, ctx: Context) -> Words:
    """One hash a row, other for every field, equal for what the field holds to be equal."""
    text = column.fill_null("")
    meaning = text if of.kind in _BY_LETTER else comparable_column(text, of, ctx)
    hashes: Words = meaning.hash(seed=number + 1).to_numpy()
    return hashes


def _words(fields: int) -> int:
    return max(1, -(-fields // _WORD))
