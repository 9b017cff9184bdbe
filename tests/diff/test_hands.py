"""Whatever becomes of the other process, the portions are those that one process makes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.diff.compare import Draft
from pipeline.diff.hands import Hands
from pipeline.diff.paid import Market
from pipeline.diff.portion import Portion
from pipeline.diff.rules import rules_of
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context

ROWS = 40
OURS = [
    {"SellerSku": f"S{n}", "Price": f"{n + 5}.00", "Name": f"Cup {n}", "Brand": "B", "Description": "d",
     "PrimaryCategory": "1", "Images": "https://x.example/1.jpg"}
    for n in range(ROWS)
]  # fmt: skip
THEIRS = [{**row, "Price": "9.00", "SalePrice": "8.00"} for row in OURS[: ROWS // 2]]
PYTHON = sys.executable


@pytest.fixture
def draft(
    accepted: Callable[..., Accepted],
    snapshot: Callable[..., Snapshot],
    remembered: Any,
    shop: Callable[..., Shop],
    tmp_path: Path,
) -> Draft:
    rules = rules_of(shop(), Context(), partial=False)
    return Draft(accepted(OURS), snapshot(THEIRS), remembered(), rules, tmp_path, stretch=4)


def portions(draft: Draft, folder: Path, **how: Any) -> list[Portion]:
    with Hands(draft._decider(), Market(), products=ROWS, folder=folder, **how) as hands:
        return list(hands.portions(draft._met(draft._doubts())))


HELPERS = {
    "the real one": (PYTHON, "-m", "pipeline.diff.hands"),
    "one that isn't there": ("/nowhere/python",),
    "one that ends at once": (PYTHON, "-c", ""),
    "one that ends after a question": (PYTHON, "-c", "input()"),
    "one that says nonsense": (PYTHON, "-c", "input(); print('what?', flush=True); input()"),
    "one that leaves no portion": (PYTHON, "-c", "while True: print(input(), flush=True)"),
    "one that never answers": (PYTHON, "-c", "import time; time.sleep(600)"),
}


@pytest.mark.parametrize("command", HELPERS.values(), ids=HELPERS)
def test_portions_are_those_of_one_process(draft: Draft, tmp_path: Path, command: tuple[str, ...]) -> None:
    alone = portions(draft, tmp_path, worth=ROWS + 1)
    assert len(alone) == ROWS // 4
    assert sum(len(one.entries) for one in alone) > ROWS
    patience = 0.2 if "sleep" in command[-1] else 60.0
    assert portions(draft, tmp_path, worth=0, command=command, patience=patience) == alone
    assert not list(tmp_path.glob(".hands-*"))


def test_the_other_takes_part(draft: Draft, tmp_path: Path) -> None:
    """With nobody deciding here, all comes from there."""
    decider = draft._decider()
    with Hands(decider, Market(), products=ROWS, folder=tmp_path, worth=0) as hands:
        asked = [hands._asked_for(met) for met in draft._met(draft._doubts())]
        there = [portion.result(60.0) for portion in asked if portion is not None]
    assert there == [decider.portion(met, Market()) for met in draft._met(draft._doubts())]


def test_a_comparison_that_breaks_off_leaves_no_process(draft: Draft, tmp_path: Path) -> None:
    hands = Hands(draft._decider(), Market(), products=ROWS, folder=tmp_path, worth=0)
    other = hands._other
    assert other is not None

    def broken() -> None:
        with hands:
            for _ in hands.portions(draft._met(draft._doubts())):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert other.poll() is not None
