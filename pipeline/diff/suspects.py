"""Rows that may have changed: what the digests don't acquit, and what the shop can't show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff import screen
from pipeline.diff.memory import Memory, Written
from pipeline.diff.pairs import Aside
from pipeline.diff.rules import Rules
from pipeline.diff.screen import Digests
from pipeline.diff.shophashes import ShopHashes
from pipeline.diff.tables import (
    NOWHERE,
    Flags,
    Partners,
    Rows,
    ShopIndex,
    our_batches,
    row_groups,
    shop_rows,
)
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.columns import Few
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

#: Column that says whether the long columns of a laid aside row were read.
LONG = "__long"
_SLICE = 32_768
#: Rows of the shop that are read at a time.
_SPAN = 40_000


@dataclass(frozen=True, slots=True)
class Doubts:
    """Which pairs aren't acquitted.

    Attributes:
        ours: for each row of the file; theirs: for each row of the shop.
        long: for each row of the shop whether a long field may differ.
    """

    ours: Flags
    theirs: Flags
    long: Flags


class FirstLook:
    """What a comparison needs of each row's values, taken while they are validated
    (`validate.accepted.Onlooker`): digests, and which row of the shop holds the SKU.

    Args:
        fields: those that the shop shows.
    """

    def __init__(self, fields: Sequence[Field], snapshot: Snapshot, ctx: Context) -> None:
        self.fields, self.snapshot, self.ctx = tuple(fields), snapshot, ctx
        self._hasher = screen.Hasher(fields, ctx)
        beside = ThreadPoolExecutor(max_workers=1)
        self._indexed: Future[ShopIndex] | None = beside.submit(ShopIndex, snapshot)  # who looks first waits
        beside.shutdown(wait=False)
        self._digests: list[Digests] = []
        self._rows: list[npt.NDArray[np.int32]] = []
        self._clash = False

    def look(self, values: pl.DataFrame, few: Mapping[str, Few]) -> tuple[Digests, Rows]:
        """Of some rows; `few` are the columns of few values."""
        assert self._indexed is not None, "all rows were shown already"
        return screen.our_digests(values, self._hasher, few), self._indexed.result().find(values[KEY])

    def keep(self, found: tuple[Digests, Rows]) -> None:
        """Of the rows that come next."""
        self._digests.append(found[0])
        self._rows.append(found[1].astype(np.int32))  # a shop of two thousand million products is none

    def done(self) -> None:
        """All rows were shown: the shop's SKUs are no longer needed."""
        if self._indexed is not None:
            self._clash, self._indexed = self._indexed.result().clash, None

    def saw(self, accepted: Accepted) -> bool:
        """Whether it was shown as many rows as were judged: one that wasn't would acquit the rest."""
        return sum(map(len, self._rows)) == accepted.total

    def digests(self, accepted: Accepted) -> Digests:
        """The digests of the accepted rows."""
        self._digests = [screen.collected(self._digests, accepted.total, len(self.fields))]
        whole = self._digests[0]
        return whole if accepted.kept is None else whole.take(np.flatnonzero(accepted.kept))

    def rows(self, accepted: Accepted) -> Rows | None:
        """For each accepted row the row of the shop, or NOWHERE; None where hashes don't tell."""
        self.done()
        if self._clash:
            return None
        whole = np.concatenate([np.zeros(0, dtype=np.int64), *self._rows])
        return whole if accepted.kept is None else whole[accepted.kept]


def digested(accepted: Accepted, fields: Sequence[Field], rules: Rules) -> Digests:
    """The digests of a file's rows.

    Args:
        fields: those that the shop shows.
    """
    hasher = screen.Hasher(fields, rules.ctx)
    frames = our_batches(accepted, [KEY, *(of.name for of in fields)])
    parts = (screen.our_digests(frame, hasher) for frame in frames)
    return screen.collected(parts, accepted.rows, len(fields))


def doubts(
    digests: Digests,
    snapshot: Snapshot,
    partners: Partners,
    *,
    fields: Sequence[Field],
    unsure: Flags,
    rules: Rules,
) -> Doubts:
    """Compare digests.

    Args:
        digests: of the file's rows, over `fields`: those that the shop shows.
        unsure: rows of the file that have to be looked at whatever the digests say.
    """
    rows = len(partners.of_shop)
    hashes = ShopHashes(snapshot, rows, fields, rules.ctx)
    found = no_doubts(partners)
    for start in range(0, rows if len(found.ours) else 0, _SLICE):
        at = partners.of_shop[start : start + _SLICE]
        known, places = at != NOWHERE, np.maximum(at, 0)
        short, long = screen.differ(hashes.slice(start, start + len(at)), digests.take(places), fields)
        either = (short | long | unsure[places]) & known
        found.theirs[start : start + len(at)] = either
        found.long[start : start + len(at)] = long & known
        found.ours[at[either]] = True
    return found


def no_doubts(partners: Partners) -> Doubts:
    """As if every pair were equal."""
    ours, theirs = len(partners.listed), len(partners.of_shop)
    return Doubts(*(np.zeros(rows, dtype=np.bool_) for rows in (ours, theirs, theirs)))


def lay_aside(
    aside: Aside,
    snapshot: Snapshot,
    partners: Partners,
    found: Doubts,
    *,
    columns: Sequence[str],
    long_columns: Sequence[str],
) -> None:
    """Lay aside the shop's rows that may differ from the file.

    Long columns are read where one of them may differ, and LONG says so.
    """
    short_columns = [name for name in columns if name not in long_columns]
    empty = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name in long_columns]
    for start, stop, long in _spans(snapshot, found):
        flags = found.theirs[start:stop]
        rows = shop_rows(snapshot.path, start, flags, columns if long else short_columns)
        kept = rows.with_columns(pl.lit(long).alias(LONG), *([] if long else empty))
        aside.lay(kept, partners.of_shop[start:stop][flags])


def _spans(snapshot: Snapshot, found: Doubts) -> Iterator[tuple[int, int, bool]]:
    """(first row, row after the last, are long columns needed) of what has to be read of the shop."""
    last: tuple[int, int, bool] | None = None
    for first, end in row_groups(snapshot.path):
        for start in range(first, end, _SPAN):
            stop = min(start + _SPAN, end)
            if not found.theirs[start:stop].any():
                continue
            long = bool(found.long[start:stop].any())
            if last and (last[1], last[2]) == (start, long) and stop - last[0] <= _SPAN:
                last = (last[0], stop, long)
            else:
                yield from [last] if last else []
                last = (start, stop, long)
    yield from [last] if last else []


def unsure(accepted: Accepted, fields: Sequence[Field], memory: Memory, rules: Rules) -> Flags:
    """Rows that fill a field which the shop doesn't show, otherwise than we last wrote it."""
    flags = np.zeros(accepted.rows, dtype=np.bool_)
    if not fields:
        return flags
    start, remembers = 0, memory.any_written()
    for frame in our_batches(accepted, [KEY, *(of.name for of in fields)]):
        flags[start : start + frame.height] = list(
            _unsure(frame, fields, memory if remembers else None, rules)
        )
        start += frame.height
    return flags


def _unsure(
    frame: pl.DataFrame, fields: Sequence[Field], memory: Memory | None, rules: Rules
) -> Iterator[bool]:
    written: Mapping[tuple[str, str], Written] = memory.written(frame[KEY].to_list()) if memory else {}
    for row in frame.iter_rows(named=True):
        given = ((of, row[of.name], written.get((row[KEY], of.name))) for of in fields)
        yield any(
            value is not None and not _same(of, value, last.sent if last else "", rules)
            for of, value, last in given
        )


def _same(of: Field, one: str, other: str, rules: Rules) -> bool:
    return one == other or comparable(of, one, rules.ctx) == comparable(of, other, rules.ctx)
