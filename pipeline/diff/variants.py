"""Whom a row that contradicts the shop takes along where variants stay together (`skip-group`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from pipeline.diff.kin import PARENT
from pipeline.diff.settle import Breach
from pipeline.diff.tables import our_batches, shop_batches, shop_columns
from pipeline.read.finding import Severity
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from schemas.fields import KEY


def taken_along(accepted: Accepted, snapshot: Snapshot, breaches: Sequence[Breach]) -> dict[str, str]:
    """Variant → the refused row of its group; the rows that are refused themselves left out."""
    wrong = {breach.sku for breach in breaches if breach.severity is Severity.ERROR}
    if not wrong:
        return {}
    groups = _groups(accepted, snapshot)
    first = groups.filter(pl.col(KEY).is_in(wrong)).group_by("group").agg(pl.col(KEY).first().alias("by"))
    kin = groups.join(first, on="group").filter(~pl.col(KEY).is_in(wrong))
    return dict(zip(kin[KEY].to_list(), kin["by"].to_list(), strict=True))


def _groups(accepted: Accepted, snapshot: Snapshot) -> pl.DataFrame:
    """SKU and group of each row of the file: by its own parent, else by the one that the shop knows."""
    ours = pl.concat(
        [pl.DataFrame(schema={KEY: pl.String, PARENT: pl.String}), *_parents(accepted)], how="vertical"
    )
    if PARENT in shop_columns(snapshot.path):
        known = pl.concat(list(shop_batches(snapshot.path, [KEY, PARENT]))).rename({PARENT: "known"})
        ours = ours.join(known.filter(pl.col("known") != ""), on=KEY, how="left")
        ours = ours.with_columns(pl.coalesce(PARENT, "known").alias(PARENT))
    own = pl.col(PARENT).is_null() | (pl.col(PARENT) == "")
    return ours.select(KEY, group=pl.when(own).then(KEY).otherwise(PARENT))


def _parents(accepted: Accepted) -> Iterable[pl.DataFrame]:
    names = [KEY, PARENT] if PARENT in accepted.fields else [KEY]
    for frame in our_batches(accepted, names):
        parent = pl.col(PARENT) if PARENT in names else pl.lit(None, dtype=pl.String).alias(PARENT)
        yield frame.select(pl.col(KEY).cast(pl.String), parent.cast(pl.String))
