"""Many runs, then history and a way back to a time between them; the whole size is in `tests/bench`."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "bench" / "way_back.py"


def test_history_and_restore_agree_with_the_shops_own_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tracked product's history is what the shop said after each run; restore brings all of it back."""
    monkeypatch.setenv("SELLERCENTER_BENCH_KEY", "")
    found = runpy.run_path(str(SCRIPT))["measure"](6, 300, 40, tmp_path)
    assert found["changes"] > 100
    assert found["history_median_ms"] < 200
