"""The commands and options that users script against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipeline.cli.main import COMMANDS, sellercenter

#: design contract: command → what it takes beside the common options
CONTRACT = {
    "init": "path --url --user-id --api-key --dialect --operators --currency --timezone --mapping --full"
    " --force",
    "doctor": "",
    "sandbox": "--port --products --dialect --operators --user --key --feed-delay --requests --per-seconds"
    " --feed-burst --feed-interval --clock --fault",
    "snapshot": "--since --out",
    "map": "sources --out",
    "validate": "sources --all-shops --report --rejected",
    "diff": "sources --all-shops --snapshot --out --report --decisions --source --partial --exit-code",
    "explain": "sku field",
    "push": "plan --yes --on-drift --canary --rehearse --allow --reason",
    "resume": "run",
    "run": "sources --yes --all-shops --now --report --source --partial --on-drift --canary --allow --reason",
    "approve": "run --yes --on-drift --reason --decline",
    "rollback": "run --sku --field --out --report --stock --remove --since --feed --where",
    "restore": "--at --sku --field --where --out --report --stock --remove",
    "runs": "--since --is --kind --last --check --compact",
    "show": "id --sku --outcome",
    "history": "sku --field --since",
    "quarantine": "",
    "budget": "--all-shops",
}

#: A shop that nobody serves, known to be dead at once.
NOBODY_THERE = """
ledger = "ledger.db"
[shops.demo]
url = "http://127.0.0.1:9/"
user_id = "demo@example.com"
api_key = "env:SELLERCENTER_API_KEY"
sandbox = true
[shops.demo.limits]
deadline = 0.2
"""

HEAVY = (
    "pandas",
    "pandera",
    "polars",
    "pyarrow",
    "openpyxl",
    "lxml",
    "sqlalchemy",
    "requests",
    "pydantic",
    "rich",
    "numpy",
    "psutil",
    "jinja2",
)


def test_these_are_the_commands_in_this_order() -> None:
    assert list(COMMANDS) == list(CONTRACT)


def named(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else str(parameter.name)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_command_takes_what_the_contract_says(name: str) -> None:
    command = sellercenter.get_command(click.Context(sellercenter), name)
    own = {named(parameter) for parameter in command.own}  # type: ignore[union-attr]
    wanted = set(CONTRACT[name].split())
    assert own >= wanted if name == "sandbox" else own == wanted


@pytest.mark.parametrize(
    "words", [(), *((name,) for name in CONTRACT), ("quarantine", "release")], ids=" ".join
)
def test_help_is_a_result(words: tuple[str, ...], cli, capsys) -> None:
    assert cli(*words, "--help").code == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Usage: {' '.join(('sellercenter', *words))} ")
    assert shown.err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param((), "Missing command.", id="nothing"),
        pytest.param(("imprt",), "No such command 'imprt'", id="unknown command"),
        pytest.param(("diff",), "Missing argument 'CATALOG...'", id="no catalog"),
        pytest.param(("runs", "--al"), "No such option '--al'", id="unknown option"),
        pytest.param(("restore",), "Missing option '--at'", id="no time"),
        pytest.param(("push", "p", "--canary", "0"), "0 is not in the range x>=1", id="no canary"),
        pytest.param(("push", "p", "--on-drift", "x"), "'x' is not one of", id="unknown policy"),
        pytest.param(("push", "p", "--allow", "price-down"), "--allow needs --reason", id="no reason"),
        pytest.param(
            ("push", "p", "--reason", " ", "--allow", "price-down"),
            "--allow needs --reason",
            id="blank reason",
        ),
        pytest.param(("runs", "extra"), "Got unexpected extra argument", id="too much"),
    ],
)
def test_a_wrong_command_is_exit_2_in_words_and_json(words: tuple[str, ...], message: str, cli) -> None:
    told = cli(*words)
    assert (told.code, told.out) == (2, "")
    assert message in told.err
    assert "hint: sellercenter" in told.err
    document = json.loads(cli(*words, "--json").out)
    assert message in document["error"]["message"]
    command = words[0] if words and words[0] in CONTRACT else "error"
    assert (document["schema"], document["exit_code"]) == (f"sellercenter/{command}/1", 2)


def test_version(cli) -> None:
    from pipeline import __version__

    assert cli("--version").code == 0
    assert f"version {__version__}" in python("-m", "pipeline", "--version").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("budget",),
        ("validate", "catalog.csv"),
        ("diff", "catalog.csv"),
        ("run", "catalog.csv", "--yes"),
        ("snapshot",),
        ("map", "catalog.csv", "--shop", "demo"),
        ("--config", "other.toml", "map", "catalog.csv"),
        ("--config", "other.toml", "runs"),
    ],
    ids=" ".join,
)
def test_a_command_that_needs_settings_says_so(words: tuple[str, ...], cli) -> None:
    Path("catalog.csv").write_text("SellerSku,Price\nA,1.00\n", encoding="utf-8")
    told = cli(*words)
    assert told.code == 2
    assert "sellercenter init" in told.err + told.out


@pytest.mark.parametrize(
    "words",
    [
        ("runs",),
        ("show", "none"),
        ("history", "none"),
        ("quarantine",),
        ("quarantine", "release", "none"),
        ("explain", "none"),
        ("push", "none.plan", "--yes"),
        ("resume", "none"),
        ("approve", "none"),
        ("rollback", "none"),
        ("restore", "--at", "2026-11-01"),
        ("restore", "--at", "yesterday-ish"),
        ("snapshot", "--since", "soon"),
        ("validate", "none.csv"),
        ("diff", "none.csv", "--snapshot", "none"),
        ("diff", "none.csv"),
        ("run", "none.csv", "--yes"),
        ("map", "none.csv"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("style", ["text", "json"])
def test_what_is_not_there_is_said_in_words(words: tuple[str, ...], style: str, cli) -> None:
    Path("sellercenter.toml").write_text(NOBODY_THERE, encoding="utf-8")
    told = cli(*words, *(["--json"] if style == "json" else []), SELLERCENTER_API_KEY="k")
    assert told.code in (0, 2, 4, 6, 9), told.err
    assert "unexpected" not in told.err
    if style == "json":
        assert json.loads(told.out)["schema"] == f"sellercenter/{words[0]}/1"


@pytest.mark.skipif(os.name != "posix", reason="processor time of children")
def test_help_answers_at_once() -> None:
    """150 ms is the goal (`make bench`): little beside what Python and click cost before anything of ours."""
    bare = min(spent("-c", "import click") for _ in range(5))
    assert min(spent("-m", "pipeline", "--help") for _ in range(5)) < 3 * bare


#: Who asks what happened, or what is left, waits for the database, and for nothing else that is heavy.
LIGHT = {
    ("runs",): {"sqlalchemy"},
    ("budget",): {"sqlalchemy", "pydantic"},
}


@pytest.mark.parametrize("words", LIGHT, ids=" ".join)
def test_the_record_waits_for_nothing_that_it_does_not_need(words: tuple[str, ...], tmp_path: Path) -> None:
    """500 ms is the goal (`make bench`), and nearly all of it is imports."""
    config = tmp_path / "sellercenter.toml"
    config.write_text(NOBODY_THERE, encoding="utf-8")
    common = ("--config", str(config), "--state", str(tmp_path / "state"), "--no-progress")
    code = (
        "import sys, io; from pipeline.cli.main import run; from pipeline.cli.shell import Shell; "
        "run(Shell(argv=tuple(sys.argv[1:]), stdout=io.StringIO(), stderr=io.StringIO())); "
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    assert set(python("-c", code, *common, *words).stdout.split()) == LIGHT[words]


@pytest.mark.skipif(os.name != "posix", reason="processor time of children")
def test_the_record_answers_at_once(tmp_path: Path) -> None:
    """Measured beside what its library alone costs: no clock of a busy machine decides."""
    bare = min(spent("-c", "import sqlalchemy, pydantic") for _ in range(3))
    runs = ("-m", "pipeline", "--state", str(tmp_path / "state"), "runs")
    assert min(spent(*runs) for _ in range(3)) < 2.5 * bare


def spent(*words: str) -> float:
    """Processor seconds of a Python of its own."""
    before = os.times()
    python(*words)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60, check=True, encoding="utf-8"
    )


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), *((name, "--help") for name in CONTRACT)], ids=" ".join
)
def test_help_waits_for_nothing_heavy(words: tuple[str, ...]) -> None:
    """The time of --help is its imports: none of these may be among them."""
    code = (
        "import sys, io; from pipeline.cli.main import run; from pipeline.cli.shell import Shell; "
        "sys.stdout = io.StringIO(); code = run(Shell(argv=tuple(sys.argv[1:]))); "
        "sys.stdout = sys.__stdout__; "
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    heavy = "0 ['lxml']\n" if words[0] == "sandbox" else "0 []\n"
    assert python("-c", code, *words).stdout in ("0 []\n", heavy)
