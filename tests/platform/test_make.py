"""`make` lists what it can do; CI runs the same targets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TARGETS = {
    *("help", "setup", "demo", "test", "lint", "format", "bench", "chaos", "docs"),
    *("wheel", "lock", "upgrade", "clean"),
}


@pytest.mark.skipif(not shutil.which("make"), reason="no make here")
def test_make_alone_lists_every_target(root: Path) -> None:
    # `make test` tells a make below it to say which folder it enters: not here.
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make"], cwd=root, env=alone, capture_output=True, text=True, check=True, timeout=60
    )
    assert {line.split()[1] for line in done.stdout.splitlines()} == TARGETS


def test_ci_runs_targets_that_exist(root: Path) -> None:
    text = (root / ".ci" / "run").read_text(encoding="utf-8")
    assert set(re.findall(r"^make (\w+)", text, flags=re.MULTILINE)) <= TARGETS
    assert "set -euo pipefail" in text


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_ci_can_be_started(root: Path) -> None:
    assert os.access(root / ".ci" / "run", os.X_OK)
