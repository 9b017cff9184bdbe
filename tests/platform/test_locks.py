"""The locks hold everything, pinned by hash, and say nothing of the place they were made in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ("requirements.lock", "requirements-dev.lock")


def entries(text: str) -> list[str]:
    """One text a pinned package, its hashes included."""
    return [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]


def pinned(root: Path, lock: str) -> set[str]:
    return {re.split(r"==", entry)[0] for entry in entries((root / lock).read_text(encoding="utf-8"))}


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", line)[0].lower().replace("_", "-") for line in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str, root: Path) -> None:
    found = entries((root / lock).read_text(encoding="utf-8"))
    pattern = re.compile(r"[a-z0-9-]+==[\w.+!]+( ; [^\n]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+")
    assert [entry for entry in found if not pattern.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str, root: Path) -> None:
    text = (root / lock).read_text(encoding="utf-8")
    assert re.findall(r"https?://|file:|--index|--find-links|/", text) == []


def test_the_locks_hold_what_the_project_asks_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    run = wanted(project["project"]["dependencies"]) | wanted(groups["build"])
    assert run - pinned(root, "requirements.lock") == set(), "run `make lock`"
    assert wanted(groups["dev"]) - pinned(root, "requirements-dev.lock") == set(), "run `make lock`"


def test_what_builds_the_project_is_what_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == project["dependency-groups"]["build"]


def test_developers_run_what_users_run(root: Path) -> None:
    run, dev = (entries((root / lock).read_text(encoding="utf-8")) for lock in LOCKS)
    assert {entry.split(" ")[0] for entry in run} <= {entry.split(" ")[0] for entry in dev}
