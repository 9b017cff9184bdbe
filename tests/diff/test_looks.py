"""What is taken of the file while it is validated tells what comparing the file itself would tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipeline.diff.compare import Draft, look_at
from pipeline.diff.rules import rules_of
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context

OURS = [{"SellerSku": f"S{n}", "Price": f"{n + 5}.00", "Name": f"Cup {n}"} for n in range(6)]
THEIRS = [{**row, "Price": "9.00"} for row in OURS[1:]] + [{"SellerSku": "T"}]


def told(draft: Draft) -> tuple[Any, ...]:
    return [(one.sku, one.fate, one.records) for one in draft], draft.counts


@pytest.mark.parametrize("shown", [0, 3, 6])
@pytest.mark.parametrize("refused", [(), (0,), (2, 5)])
def test_a_look_changes_nothing(
    accepted: Callable[..., Accepted],
    snapshot: Callable[..., Snapshot],
    remembered: Any,
    shop: Callable[..., Shop],
    tmp_path: Path,
    shown: int,
    refused: tuple[int, ...],
) -> None:
    """Also one that was shown some of the rows only: it isn't believed."""
    kept = np.array([number not in refused for number in range(6)])
    ours = replace(accepted(OURS), rows=int(kept.sum()), rejected=len(refused), kept=kept)
    theirs, rules = snapshot(THEIRS), rules_of(shop(), Context(), partial=False)
    look = look_at(ours.fields, theirs, rules)
    for start in range(0, shown, 3):
        rows = pl.DataFrame(OURS[start : start + 3])
        look.keep(look.glance(rows["SellerSku"]).look(rows, {}))
    without = told(Draft(ours, theirs, remembered(), rules, tmp_path))
    assert told(Draft(ours, theirs, remembered(), rules, tmp_path, look=look)) == without
    assert without[1].rejected == len(refused)
