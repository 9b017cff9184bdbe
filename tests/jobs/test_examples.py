"""The examples for schedulers work as they stand, as far as that can be tried here."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli.main import NAME, sellercenter
from pipeline.cli.shell import Shell
from pipeline.settings import load_settings

EXAMPLES = Path(__file__).parents[2] / "configs" / "examples"
JOBS = load_settings(EXAMPLES / "jobs.toml").jobs

#: How each file calls the program.
CALLS = {
    "sellercenter.cron": r"sellercenter (sellercenter run .*?) >>",
    "sellercenter@.service": r"ExecStart=/usr/bin/env (.*)",
    "github-actions.yml": r"run: (sellercenter run .*?) >",
}


def parsed(words: list[str]) -> dict[str, object]:
    """What the command line makes of some words; nothing is run."""
    with sellercenter.make_context(NAME, words, obj=Shell(argv=tuple(words))) as context:
        name, command, rest = sellercenter.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        return {"command": name, **command.make_context(name, list(rest), parent=context).params}


@pytest.mark.parametrize("name", CALLS)
def test_each_calls_a_job_that_there_is(name: str) -> None:
    (call,) = re.findall(CALLS[name], (EXAMPLES / name).read_text(encoding="utf-8"))
    found = parsed(shlex.split(call.replace("%i", "nightly"))[1:])
    assert (found["command"], found["sources"], found["yes"]) == ("run", ("nightly",), True)
    assert "nightly" in JOBS


def test_cron_lines_are_cron_lines() -> None:
    lines = (EXAMPLES / "sellercenter.cron").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#") and not re.match(r"[A-Z_]+=", line)]
    assert [bool(re.fullmatch(r"([\d*/,-]+ ){5}\w+ sellercenter .*", line)) for line in kept] == [True]
    assert lines[-1] == kept[-1]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    units = [
        shutil.copy(EXAMPLES / f"sellercenter@.{kind}", tmp_path / f"sellercenter@nightly.{kind}")
        for kind in ("service", "timer")
    ]
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "sellercenter" in line]
    assert (done.returncode, said) == (0, [])


def test_airflow_tries_again_what_may_work_later() -> None:
    """The file is Python; the exit codes it knows are those of the contract."""
    tree = ast.parse((EXAMPLES / "airflow_dag.py").read_text(encoding="utf-8"))
    told = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert (told["AGAIN"], told["DONE"]) == ((9, 10), (0, 7))
    words = ["run", "nightly", "--yes", "--config", told["CONFIG"], "--state", told["STATE"]]
    assert parsed(words)["sources"] == ("nightly",)


def test_kubernetes_and_github_files_are_what_they_say() -> None:
    yaml = pytest.importorskip("yaml")
    claim, cron = yaml.safe_load_all((EXAMPLES / "kubernetes-cronjob.yaml").read_text(encoding="utf-8"))
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (claim["kind"], cron["kind"], cron["spec"]["concurrencyPolicy"]) == (
        "PersistentVolumeClaim",
        "CronJob",
        "Forbid",
    )
    assert parsed(container["args"])["sources"] == ("nightly",)
    assert {mount["name"] for mount in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    flow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))
    assert flow["concurrency"]["cancel-in-progress"] is False
    assert [step for step in flow["jobs"]["import"]["steps"] if not {"uses", "run"} & set(step)] == []
