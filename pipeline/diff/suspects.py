"""Rows that may have changed: what the digests don't acquit, and what the shop can't show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from pipeline.diff import screen
from pipeline.diff.memory import Memory, Written
from pipeline.diff.pairs import Aside
from pipeline.diff.rules import Rules
from pipeline.diff.shophashes import ShopHashes
from pipeline.diff.tables import NOWHERE, Flags, Partners, Rows, group_batches, our_batches, row_groups
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

#: Column that says whether the long columns of a laid aside row were read.
LONG = "__long"


def lay_aside(
    aside: Aside,
    accepted: Accepted,
    snapshot: Snapshot,
    partners: Partners,
    *,
    fields: Sequence[Field],
    columns: Sequence[str],
    unsure: Flags,
    rules: Rules,
) -> Flags:
    """Lay aside the shop's rows that may differ from the file; which rows of the file those are.

    Long columns are read, and LONG says so, where one of them may differ.

    Args:
        fields: those that the shop shows; columns: what to keep of the shop's rows.
        unsure: rows of the file that have to be looked at whatever the digests say.
    """
    names = [KEY, *(of.name for of in fields)]
    parts = [screen.our_digests(frame, fields, rules.ctx) for frame in our_batches(accepted, names)]
    digests = screen.joined(parts, len(fields))
    hashes = ShopHashes(snapshot, len(partners.of_shop), fields, rules.ctx)
    long_names = [of.name for of in fields if screen.is_long(of)]
    laid: Flags = np.zeros(len(partners.listed), dtype=np.bool_)
    for group, start, stop in row_groups(snapshot.path) if len(laid) else ():
        at = partners.of_shop[start:stop]
        known, places = at != NOWHERE, np.maximum(at, 0)
        short, long = screen.differ(hashes.slice(start, stop), digests.take(places), fields)
        short, long = (short | unsure[places]) & known, long & known
        laid[at[short | long]] = True
        for flags, read in ((long, columns), (short & ~long, [n for n in columns if n not in long_names])):
            if flags.any():
                _lay(aside, group_batches(snapshot.path, group, read), at, flags, long_names)
    return laid


def _lay(
    aside: Aside, batches: Iterator[pl.DataFrame], at: Rows, wanted: Flags, long_names: Sequence[str]
) -> None:
    """Keep the wanted rows of a row group, all in one form."""
    start = 0
    for frame in batches:
        flags = wanted[start : start + frame.height]
        if flags.any():
            lacks = [name for name in long_names if name not in frame.columns]
            empty = [pl.lit(None, dtype=pl.String).alias(name) for name in lacks]
            mark = pl.lit(not lacks).alias(LONG)
            aside.lay(
                frame.filter(pl.Series(flags)).with_columns(*empty, mark),
                at[start : start + frame.height][flags],
            )
        start += frame.height


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
