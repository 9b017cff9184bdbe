"""Products of the shop that the file lacks: what follows from that, and mostly nothing does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipeline.diff.decide import decide_absent, status_fields
from pipeline.diff.memory import Resting
from pipeline.diff.rows import NOWHERE
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Decided, Side
from pipeline.diff.tables import Partners, asked_of, shop_batches
from pipeline.read.finding import Severity
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from schemas.fields import KEY


def undecidable(accepted: Accepted, snapshot: Snapshot, columns: Sequence[str], rules: Rules) -> str:
    """Why nothing may follow from absence though the settings ask for it; "" if something may."""
    nameless = sum(
        1
        for finding in accepted.findings
        if finding.severity is Severity.ERROR and finding.row and not finding.sku
    )
    if rules.mode == "create-only":
        return "mode create-only leaves alone what exists"
    if rules.partial:
        return "the file is meant to hold only some products"
    if not snapshot.complete:
        return f"the snapshot isn't proven whole: {snapshot.doubt}"
    if nameless:
        return f"{nameless} refused rows have no SKU that could be read; each may be one that seems absent"
    if not set(status_fields(rules)) & set(columns):
        return "the shop doesn't say which products are active"
    return ""


def absent(
    accepted: Accepted,
    snapshot: Snapshot,
    partners: Partners,
    *,
    columns: Sequence[str],
    resting: Mapping[str, Mapping[str, Resting]],
    rules: Rules,
) -> Iterator[Decided]:
    """Decisions about active products that neither an accepted nor a refused row of the file names."""
    known = [name for name in columns if name == KEY or rules.field(name)]
    states = [name for name in status_fields(rules) if name in columns]
    wanted = known if rules.absent == "remove" else [KEY, *states]
    refused = pl.Series(list(accepted.rejected_skus), dtype=pl.String)
    start = 0
    for frame in shop_batches(snapshot.path, wanted):
        here = partners.of_shop[start : start + frame.height]
        start += frame.height
        gone = frame.filter(pl.Series(here == NOWHERE)).filter(~pl.col(KEY).is_in(refused.implode()))
        for row in gone.iter_rows(named=True):
            theirs = {name: text or "" for name, text in row.items()}
            side = Side(sku=row[KEY], ours={}, theirs=theirs, resting=resting.get(row[KEY], {}))
            yield decide_absent(side, rules)


def active(snapshot: Snapshot, columns: Sequence[str], rules: Rules) -> int:
    """How many products of the shop are for sale, in one country at least."""
    states = [name for name in status_fields(rules) if name in columns]
    if not states:
        return 0
    word = pl.any_horizontal(pl.col(states).str.strip_chars().str.to_lowercase() == "active")
    return asked_of(snapshot.path, lambda shop: shop.select(word.sum())).item() or 0
