"""The tabulator key offers shops, runs, snapshots and plans."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from pipeline.cli.main import sellercenter
from pipeline.cli.shell import Shell

SETTINGS = """
[shops.lima]
[shops.linz]
[shops.quito]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sellercenter.toml").write_text(SETTINGS)
    for name in ("runs/20261101-a", "runs/20261102-b", "snapshots", "plans", "elsewhere/runs/r9"):
        (tmp_path / ".sellercenter" / name if "else" not in name else tmp_path / name).mkdir(parents=True)
    (tmp_path / ".sellercenter/snapshots/s1.parquet").write_text("")
    (tmp_path / ".sellercenter/snapshots/s1.json").write_text("")
    (tmp_path / ".sellercenter/plans/p1.plan").write_text("")
    return tmp_path


def offered(*words: str, environ: dict[str, str] | None = None) -> list[str]:
    shell = Shell(argv=(), environ=environ or {})
    complete = ShellComplete(sellercenter, {"obj": shell}, "sellercenter", "_SELLERCENTER_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("re",), ["resume", "restore"], id="commands"),
        pytest.param(("--shop", "li"), ["lima", "linz"], id="shops, before the command"),
        pytest.param(("budget", "--shop", "q"), ["quito"], id="shops, after it"),
        pytest.param(("resume", ""), ["20261102-b", "20261101-a"], id="runs, newest first"),
        pytest.param(("rollback", "20261101"), ["20261101-a"], id="one run"),
        pytest.param(("--state", "elsewhere", "resume", ""), ["r9"], id="runs of another state folder"),
        pytest.param(("diff", "--snapshot", ""), ["fresh", "latest", "s1"], id="snapshots"),
        pytest.param(("push", "--on-drift", "s"), ["skip"], id="choices"),
    ],
)
def test_what_is_offered(words: tuple[str, ...], expected: list[str], folder: Path) -> None:
    assert [value for value in offered(*words) if value != "rollback" or "resume" not in expected] == expected


def test_plans_come_before_files(folder: Path) -> None:
    assert offered("push", "") == [str(Path(".sellercenter/plans/p1.plan")), ""]


def test_settings_that_cannot_be_read_offer_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("--shop", "") == []
    (tmp_path / "sellercenter.toml").write_text("[[[")
    assert offered("--shop", "") == []
    assert offered("resume", "") == []


def test_other_settings_are_found_by_the_environment(folder: Path) -> None:
    (folder / "other.toml").write_text("[shops.bogota]\n")
    assert offered("--shop", "", environ={"SELLERCENTER_CONFIG": "other.toml"}) == ["bogota"]
