"""Rows that may have changed: what hashes don't acquit, and what the shop can't show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff import screen
from pipeline.diff.memory import Memory, Written
from pipeline.diff.offers import needed
from pipeline.diff.pairs import Aside
from pipeline.diff.rows import NOWHERE, Flags, Rows
from pipeline.diff.rules import Rules
from pipeline.diff.screen import Words
from pipeline.diff.shophashes import ShopHashes
from pipeline.diff.shopindex import ShopIndex, rows_of
from pipeline.diff.shopstanding import ShopStanding
from pipeline.diff.tables import Partners, our_batches, row_groups, shop_rows
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.validate.standing import Standing
from pipeline.values.columns import Few
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

#: Rows of the shop that are read at a time.
_SPAN = 40_000
#: Share of some rows of which it has to be known that they stand, for the rest to be looked at apart.
_WORTH = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at each row of the file told, without the values.

    Attributes:
        rows: the row of the shop that holds its SKU, or NOWHERE.
        doubts: in which fields it may differ from that: rows × words of a bit a field (`screen`).
    """

    rows: Rows | npt.NDArray[np.int32]
    doubts: Words


@dataclass(frozen=True, slots=True)
class Doubts:
    """Which pairs aren't acquitted.

    Attributes:
        ours: for each row of the file; fields: in which of them (rows × words of a bit a field).
    """

    ours: Flags
    fields: Words


class FirstLook:
    """Looks at each row of the file while it is validated (`validate.onlooker.Onlooker`).

    Args:
        fields: those that the shop shows.
    """

    def __init__(self, fields: Sequence[Field], snapshot: Snapshot, ctx: Context) -> None:
        self.fields, self.snapshot, self.ctx = tuple(fields), snapshot, ctx
        self._hasher = screen.Hasher(fields, ctx)
        # Who looks first waits for them.
        self._shop: Future[_Shop] | None = _beside(lambda: _Shop(snapshot, self.fields, ctx))
        self._standing: Future[ShopStanding] | None = None
        self._seen: list[tuple[npt.NDArray[np.int32], Words]] = []
        self._clash = False

    def begin(self, standing: Standing) -> tuple[str, ...]:
        """Which texts of these fields stand is known of those that the shop shows."""
        told, snapshot = standing.among([of.name for of in self.fields]), self.snapshot
        if told.fields and (shop := self._shop):
            self._standing = _beside(lambda: ShopStanding(snapshot, shop.result().index.rows, told))
        return told.names

    def glance(self, skus: pl.Series) -> _Sight:
        """Some rows, by their SKUs."""
        assert self._shop is not None, "all rows were shown already"
        shop = self._shop.result()
        standing = self._standing.result() if self._standing else None
        return _Sight(self._hasher, shop, shop.index.find(skus), standing)

    def keep(self, found: tuple[Rows, Words]) -> None:
        """Of the rows that come next."""
        rows, doubts = found
        self._seen.append((rows.astype(np.int32), doubts))  # no shop has two thousand million products

    def done(self) -> None:
        """All rows were shown: the shop's SKUs and hashes are no longer needed."""
        if self._shop is not None:
            if self._standing is not None:
                self._standing.result()  # nobody is to write beside the snapshot once this is over
            self._clash, self._shop, self._standing = self._shop.result().index.clash, None, None

    def at(self, accepted: Accepted) -> Looked | None:
        """Of the accepted rows; None where hashes of SKUs don't tell, or not all rows were shown: one
        that wasn't would acquit the rest."""
        self.done()
        if self._clash or sum(len(rows) for rows, _ in self._seen) != accepted.total:
            return None
        rows = np.concatenate([np.zeros(0, dtype=np.int32), *(rows for rows, _ in self._seen)])
        none = np.zeros((0, screen.bits(len(self.fields))), dtype=np.uint64)
        doubts = np.concatenate([none, *(doubts for _, doubts in self._seen)])
        self._seen = [(rows, doubts)]  # it may be asked again, and isn't held twice
        kept = accepted.kept
        return Looked(rows, doubts) if kept is None else Looked(rows[kept], doubts[kept])


class _Sight:
    """Some rows of the file beside those of the shop that hold their SKUs."""

    def __init__(self, hasher: screen.Hasher, shop: _Shop, rows: Rows, standing: ShopStanding | None) -> None:
        self._hasher, self._shop, self._standing = hasher, shop.hashes, standing
        self._rows, self._at = rows, np.maximum(rows, 0)
        self._clash = shop.index.clash
        self._looked_at = {of.name for of in hasher.fields}
        self._same: dict[str, Flags] = {}
        self._alike: Flags | None = None

    def listed(self) -> Flags | None:
        """Which of the rows the shop holds."""
        return None if self._clash else self._rows != NOWHERE

    def standing(self, cells: pl.DataFrame, few: Mapping[str, Few]) -> Flags | None:
        """Rows that are the shop's in all short fields, and stand there: so they do here."""
        partners = self._rows != NOWHERE
        if self._standing is None or partners.mean() < _WORTH:
            return None
        alike: Flags = partners & self._standing.of(self._at)
        alike &= screen.mixed_of(cells, self._hasher, few) == self._shop.mixed(self._at)
        # To a hash no text and an empty one are the same, but the one leaves alone what the other clears.
        empty = pl.any_horizontal(pl.col(name) == "" for name in self._standing.names)
        alike &= ~cells.select(empty.fill_null(value=False)).to_series().to_numpy()
        self._alike = alike if alike.mean() >= _WORTH else None
        return self._alike

    def calm(self, texts: pl.Series) -> pl.Series | None:
        """Which texts are the shop's letter by letter, and calm there."""
        if texts.name not in self._looked_at or (self._rows == NOWHERE).all():
            return None
        same = screen.equal(texts, self._hasher, self._shop, self._rows)
        self._same[texts.name] = same & self._shop.calm(texts.name, self._at)
        return pl.Series(self._same[texts.name])

    def look(self, values: pl.DataFrame, few: Mapping[str, Few]) -> tuple[Rows, Words]:
        """Which rows those of the shop are, and in what these may differ from them."""
        doubts = screen.may_differ(values, self._hasher, self._shop, self._rows, few, self._same, self._alike)
        return self._rows, doubts


def _beside(work: Callable[[], T]) -> Future[T]:
    """Done in a thread of its own."""
    pool = ThreadPoolExecutor(max_workers=1)
    under_way = pool.submit(work)
    pool.shutdown(wait=False)
    return under_way


class _Shop:
    """What of a snapshot tells which rows may differ."""

    def __init__(self, snapshot: Snapshot, fields: Sequence[Field], ctx: Context) -> None:
        self.index = ShopIndex(snapshot)
        self.hashes = ShopHashes(snapshot, self.index.rows, fields, ctx)


def look_again(accepted: Accepted, snapshot: Snapshot, fields: Sequence[Field], ctx: Context) -> Looked:
    """The same of rows that nobody looked at while they were validated.

    Raises:
        StateError: a SKU stands twice in the shop, or hashes can't be kept.
    """
    shop, hasher = _Shop(snapshot, fields, ctx), screen.Hasher(fields, ctx)
    rows = rows_of(accepted, snapshot, shop.index)
    doubts, start = [np.zeros((0, screen.bits(len(fields))), dtype=np.uint64)], 0
    for frame in our_batches(accepted, [KEY, *(of.name for of in fields)]):
        here = rows[start : start + frame.height]
        doubts.append(screen.may_differ(frame, hasher, shop.hashes, here))
        start += frame.height
    return Looked(rows, np.concatenate(doubts))


def lay_aside(
    aside: Aside,
    snapshot: Snapshot,
    partners: Partners,
    found: Doubts,
    *,
    fields: Sequence[Field],
    columns: Sequence[str],
    always: Collection[str],
) -> None:
    """Lay aside the shop's rows that may differ from the file.

    Only columns in which something may differ are read, and with a price all that is offered; the
    others are null.

    Args:
        fields: those that the doubts are of; columns: that decisions may need; always: that they need
            whatever differs.
    """
    for start, stop in _spans(snapshot, partners, found, fields):
        here = partners.of_shop[start:stop]
        flags = _doubtful(here, found)
        asked = {*always, *_doubted(here[flags], found, fields)}
        wanted = needed(columns, asked)
        rows = shop_rows(snapshot.path, start, flags, wanted)
        empty = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in wanted]
        aside.lay(rows.with_columns(empty), here[flags])


def _doubtful(at: Rows, found: Doubts) -> Flags:
    """Args: at: for some rows of the shop the row of the file, or NOWHERE."""
    flags: Flags = at != NOWHERE
    flags[flags] = found.ours[at[flags]]
    return flags


def _doubted(at: Rows, found: Doubts, fields: Sequence[Field]) -> list[str]:
    """Names of the fields in which one of some rows of the file may differ."""
    words = np.bitwise_or.reduce(found.fields[at], axis=0, keepdims=True)
    return [of.name for number, of in enumerate(fields) if screen.has(words, number)[0]]


def _spans(
    snapshot: Snapshot, partners: Partners, found: Doubts, fields: Sequence[Field]
) -> Iterator[tuple[int, int]]:
    """(first row, row after the last) of what has to be read of the shop: long texts apart from the rest."""
    last: tuple[int, int, bool] | None = None
    long_fields = {of.name for of in fields if screen.is_long(of)}
    for first, end in row_groups(snapshot.path):
        for start in range(first, end, _SPAN):
            stop = min(start + _SPAN, end)
            at = partners.of_shop[start:stop]
            flags = _doubtful(at, found)
            if not flags.any():
                continue
            long = not long_fields.isdisjoint(_doubted(at[flags], found, fields))
            if last and (last[1], last[2]) == (start, long) and stop - last[0] <= _SPAN:
                last = (last[0], stop, long)
            else:
                yield from [last[:2]] if last else []
                last = (start, stop, long)
    yield from [last[:2]] if last else []


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
