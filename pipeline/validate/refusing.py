"""Whom a refused row takes with it: its children always, its whole group where the settings say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.read.catalog import LINE, PART, ROW
from pipeline.settings import CatalogSettings
from pipeline.validate.placing import Placer, Spot
from pipeline.validate.spool import chunks
from schemas.fields import KEY

PARENT_SKU = "ParentSku"
_NAMES = (ROW, PART, LINE, KEY, PARENT_SKU)


class Read(Protocol):
    """Some columns of the rows judged, in order: of all, or of those that are wanted, one flag each."""

    def __call__(
        self, columns: Sequence[str], wanted: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[pa.RecordBatch]: ...


def refuse(read: Read, placer: Placer, settings: CatalogSettings) -> None:
    """Refuse the kin of refused rows, with a finding each."""
    if not placer.refused or PARENT_SKU not in placer.mapped.fields:
        return
    if settings.on_error == "skip-group":
        _refuse_groups(read, placer)
    else:
        _refuse_children(read, placer)


def _rows(read: Read) -> Iterator[pl.DataFrame]:
    """Place, SKU, parent (null for a row that stands alone) and group of all rows."""
    own = pl.col(PARENT_SKU).is_null() | (pl.col(PARENT_SKU) == "") | (pl.col(PARENT_SKU) == pl.col(KEY))
    parent = pl.when(~own).then(PARENT_SKU).alias("parent")
    for frame in chunks(read(_NAMES), _NAMES):
        named = frame.with_columns(parent)
        yield named.select(ROW, PART, LINE, KEY, "parent", group=pl.coalesce("parent", KEY))


def _gone(placer: Placer) -> pl.Series:
    return pl.Series(sorted(placer.refused), dtype=pl.Int64).implode()


def _refuse_groups(read: Read, placer: Placer) -> None:
    gone, bad = _gone(placer), set[str]()
    for rows in _rows(read):
        bad |= set(rows.filter(pl.col(ROW).is_in(gone))["group"].drop_nulls().to_list())
    wanted = pl.Series(sorted(bad), dtype=pl.String).implode()
    for rows in _rows(read):
        for row in rows.filter(pl.col("group").is_in(wanted) & ~pl.col(ROW).is_in(gone)).iter_rows(
            named=True
        ):
            placer.rule(_spot(row), "group-refused", PARENT_SKU, row["parent"] or "")


def _refuse_children(read: Read, placer: Placer) -> None:
    """Down the generations, until there is nobody left to refuse."""
    gone = _gone(placer)
    skus, kin = [pl.Series(KEY, [], dtype=pl.String)], []
    for rows in _rows(read):
        skus.append(rows.filter(pl.col(ROW).is_in(gone))[KEY].drop_nulls())
        kin.append(rows.filter(pl.col("parent").is_not_null()))
    family = pl.concat(kin)
    hashes = family["parent"].hash(seed=7).to_numpy()
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    frontier = pl.concat(skus)
    while not frontier.is_empty():
        found = _children(family, order, ranked, frontier)
        children = [row for row in found if row[ROW] not in placer.refused]
        for row in children:
            placer.rule(_spot(row), "parent-refused", PARENT_SKU, row["parent"])
        held = [row[KEY] for row in children if row[ROW] in placer.refused]
        frontier = pl.Series(KEY, held, dtype=pl.String)


def _children(
    family: pl.DataFrame, order: npt.NDArray[np.int64], ranked: npt.NDArray[np.uint64], parents: pl.Series
) -> Iterator[dict[str, Any]]:
    """Rows whose parent is one of some SKUs.

    Args:
        order: the rows of the family by the hash of their parent; ranked: those hashes.
    """
    hashes = parents.unique().hash(seed=7).to_numpy()
    first, last = np.searchsorted(ranked, hashes, "left"), np.searchsorted(ranked, hashes, "right")
    wanted = set(parents.to_list())
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    places = np.concatenate([order[:0], *(order[start:end] for start, end in pairs if end > start)])
    return (row for row in family[places].iter_rows(named=True) if row["parent"] in wanted)


def _spot(row: dict[str, Any]) -> Spot:
    return Spot(row=row[ROW], part=row[PART], line=row[LINE], sku=row[KEY] or "")
