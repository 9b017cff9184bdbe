"""Rows that may have changed: what the digests don't acquit, and what the shop can't show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.diff import screen
from pipeline.diff.memory import Memory, Written
from pipeline.diff.pairs import Aside
from pipeline.diff.rules import Rules
from pipeline.diff.tables import NOWHERE, Partners, our_batches, shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

Flags = npt.NDArray[np.bool_]


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

    Args:
        fields: those that the shop shows; columns: what to keep of the shop's rows.
        unsure: rows of the file that have to be looked at whatever the digests say.
    """
    names = [of.name for of in fields]
    parts = [screen.our_digests(frame, fields, rules.ctx) for frame in our_batches(accepted, names)]
    digests, start = screen.joined(parts, len(fields)), 0
    laid: Flags = np.zeros(len(partners.listed), dtype=np.bool_)
    for frame in shop_batches(snapshot.path, columns):
        at = partners.of_shop[start : start + frame.height]
        start += frame.height
        known = at != NOWHERE
        rows, at = frame.filter(pl.Series(known)), at[known]
        doubtful = screen.differ(rows, digests.take(at), fields, rules.ctx) | unsure[at]
        if doubtful.any():
            aside.lay(rows.filter(pl.Series(doubtful)), at[doubtful])
            laid[at[doubtful]] = True
    return laid


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
