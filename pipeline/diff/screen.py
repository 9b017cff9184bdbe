"""Cells that are plainly unchanged, told by a hash of their meaning; a hash only ever acquits.

A row of the file speaks only of the fields that it fills. Their hashes are held against those of the
shop's row; hashes that differ prove nothing: such cells are compared by meaning. What is acquitted in
all of them is never read again, and of the shop only fields are read in which something may differ.

Hashes are taken of a cheap form of the text: numbers by what they are worth, the rest by letter, and
categories by their names where their letters differ. First one word of all short fields together is held
against the shop's, and only where it differs each field's own. 64 bits a word, compared row by row: one
wrong acquittal in a file of a million rows has a chance of 1 in 10¹³, and less than 1 in 10¹² with the
descriptions.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff.rows import NOWHERE, Flags, Rows
from pipeline.values.columns import Few, comparable_column
from pipeline.values.context import Context
from schemas.fields import Field, Kind

Words = npt.NDArray[np.uint64]

#: How hashes are made, and how `mixed` mixes them; whoever keeps them keeps this beside them.
RECIPE = f"3/polars-{pl.__version__}"
_WORD = 64
#: Its powers are the factors of `mixed`: odd, so that no bit is lost, and without a pattern.
_ODD = 0x9E3779B97F4A7C15
_NUMBERS = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER})
_CATEGORIES = frozenset({Kind.CATEGORY, Kind.CATEGORIES})
_LONG = frozenset({Kind.HTML})
#: So few digits that no two such numbers share a float.
_NUMBER = r"\A(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?\z"
#: Distinct texts whose hash is remembered, a column.
_REMEMBERED = 50_000
#: Columns that are hashed together where not all of their hashes are needed at a time.
_TOGETHER = 6


def is_long(of: Field) -> bool:
    """Texts so long that reading them costs more than all other fields together."""
    return of.kind in _LONG


class Hasher:
    """Hashes of some fields, batch by batch: other for every field; 0 for nothing (null or "").

    Attributes:
        named: fields whose meaning isn't in their letters: categories, by id or by name.
    """

    def __init__(self, fields: Sequence[Field], ctx: Context) -> None:
        self.fields = tuple(fields)
        self.named = frozenset(of.name for of in fields if of.kind in _CATEGORIES and ctx.category_names)
        self._ctx = ctx
        self._asked = {of.name: _hash(of).alias(of.name) for of in fields}
        self._known: dict[str, dict[str, int]] = {of.name: {} for of in fields}

    def letters(self, frame: pl.DataFrame, few: Mapping[str, Few] = MappingProxyType({})) -> dict[str, Words]:
        """Field → a hash a row, of those in the frame; numbers by worth, all else by letter.

        Args:
            few: columns of few texts: one that comes again isn't hashed again.
        """
        fields = [of for of in self.fields if of.name in frame.columns]
        rest = frame.select(self._asked[of.name] for of in fields if of.name not in few)
        return {
            of.name: self._of_texts(of, few[of.name]) if of.name in few else rest[of.name].to_numpy()
            for of in fields
        }

    def hashes(self, frame: pl.DataFrame) -> dict[str, Words]:
        """The same, but categories by what they mean."""
        named = [of for of in self.fields if of.name in self.named and of.name in frame.columns]
        return self.letters(
            frame.with_columns(comparable_column(frame[of.name], of, self._ctx) for of in named)
        )

    def _of_texts(self, of: Field, few: Few) -> Words:
        known = self._known[of.name]
        found = {text: known[text] for text in few.texts if text in known}
        if new := [text for text in few.texts if text not in found]:
            words = pl.DataFrame({of.name: new}, {of.name: pl.String}).select(_hash(of)).to_series()
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


def bits(fields: int) -> int:
    """Words that it takes to say something of so many fields of a row, a bit each."""
    return max(1, -(-fields // _WORD))


def has(doubts: Words, field: int) -> npt.NDArray[np.bool_]:
    """Args: doubts: rows × words; field: its number."""
    found: npt.NDArray[np.bool_] = (doubts[:, field // _WORD] >> np.uint64(field % _WORD)) & np.uint64(1) != 0
    return found


class Theirs(Protocol):
    """Hashes of the shop's side."""

    def of(self, name: str, rows: Rows) -> Words:
        """Those of one of the fields (`Hasher.hashes`), of some rows of the shop."""

    def mixed(self, rows: Rows) -> Words:
        """Of all short fields together (`mixed`)."""


def mixed(fields: Sequence[Field], letters: Mapping[str, Words], rows: int) -> Words:
    """One word of those of all fields but the long ones, a row: as good as all of them, and asked for once.

    Args:
        letters: field → `Hasher.letters`, as many as there are rows; a field that isn't there adds nothing.
    """
    found, factor = np.zeros(rows, dtype=np.uint64), 1
    for of in fields:
        factor = factor * _ODD % 2**_WORD
        if not is_long(of) and of.name in letters:
            found += letters[of.name] * np.uint64(factor)
    return found


def mixed_of(frame: pl.DataFrame, hasher: Hasher, few: Mapping[str, Few] = MappingProxyType({})) -> Words:
    """`mixed` of a frame's own texts; a few columns at a time, since hashes are as wide as the frame."""
    short = [of.name for of in hasher.fields if not is_long(of)]
    found = np.zeros(frame.height, dtype=np.uint64)
    for start in range(0, len(short), _TOGETHER):
        letters = hasher.letters(frame.select(short[start : start + _TOGETHER]), few)
        found += mixed(hasher.fields, letters, frame.height)
    return found


def may_differ(
    frame: pl.DataFrame,
    hasher: Hasher,
    theirs: Theirs,
    rows: Rows,
    few: Mapping[str, Few] = MappingProxyType({}),
    same: Mapping[str, Flags] = MappingProxyType({}),
    alike: Flags | None = None,
) -> Words:
    """In which fields rows of the file may differ from the shop's: rows × words of a bit a field.

    Null = leave alone, so it differs from nothing; a row without a partner neither.

    Args:
        rows: for each row of the frame the row of the shop, or NOWHERE; few: columns of few texts.
        same: long field → in which rows it is known already not to differ.
        alike: rows that are known already not to differ in any of the short fields; None = look.
    """
    found = np.zeros((frame.height, bits(len(hasher.fields))), dtype=np.uint64)
    if (rows == NOWHERE).all() or not hasher.fields:
        return found
    at = np.maximum(rows, 0)
    short = [of.name for of in hasher.fields if not is_long(of)]
    long = [of.name for of in hasher.fields if is_long(of) and of.name not in same]
    letters = hasher.letters(frame.select(*long, *(short if alike is None else ())), few)
    if alike is None:
        alike = mixed(hasher.fields, letters, frame.height) == theirs.mixed(at)
    unlike = ~alike
    for flags in same.values():
        unlike |= ~flags
    for name in long:
        unlike |= letters[name] != theirs.of(name, at)
    some = np.flatnonzero(unlike & (rows != NOWHERE))
    ours = {name: words[some] for name, words in letters.items()}
    if rest := [name for name in short if name not in ours]:
        ours |= hasher.letters(frame.select(rest)[some])
    differs = _differing(frame, hasher, theirs, ours, some, at[some], same)
    for number, of in enumerate(hasher.fields):
        flags = differs[of.name]
        if frame[of.name].null_count():
            flags &= frame[of.name].is_not_null().to_numpy()[some]
        found[some, number // _WORD] |= flags.astype(np.uint64) << np.uint64(number % _WORD)
    return found


def _differing(
    frame: pl.DataFrame,
    hasher: Hasher,
    theirs: Theirs,
    ours: Mapping[str, Words],
    some: Rows,
    at: Rows,
    same: Mapping[str, Flags],
) -> dict[str, Flags]:
    """Field → in which of some rows its hash isn't the shop's.

    Args:
        ours: the hashes of those rows by letter; at: the rows of the shop beside them.
    """
    plain = {of.name: theirs.of(of.name, at) for of in hasher.fields if of.name not in hasher.named}
    found = {name: ours[name] != words for name, words in plain.items() if name in ours}
    for name in same:
        here = np.flatnonzero(~same[name][some])
        found[name] = np.zeros(len(some), dtype=np.bool_)
        found[name][here] = hasher.hashes(frame.select(name)[some[here]])[name] != plain[name][here]
    # What is left of the shop's mixed word without all others' says whether a category is spelled otherwise.
    spelled = theirs.mixed(at) - mixed(hasher.fields, plain, len(some))
    mine = mixed(hasher.fields, {name: ours[name] for name in hasher.named}, len(some))
    here = np.flatnonzero(mine != spelled)
    for name, words in hasher.hashes(frame.select(sorted(hasher.named))[some[here]]).items():
        found[name] = np.zeros(len(some), dtype=np.bool_)
        found[name][here] = words != theirs.of(name, at[here])
    return found


def equal(texts: pl.Series, hasher: Hasher, theirs: Theirs, rows: Rows) -> Flags:
    """Which texts of one of the fields have the hash of the shop's; args as in `may_differ`."""
    words = hasher.hashes(texts.to_frame())[texts.name]
    same: Flags = words == theirs.of(texts.name, np.maximum(rows, 0))
    same &= rows != NOWHERE
    return same
