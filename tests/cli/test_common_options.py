"""Common options mean the same before and after the command."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from pipeline.cli.common import Group, LazyGroup, command
from pipeline.cli.main import COMMANDS, sellercenter
from pipeline.cli.shell import CONFIG, Shell


@click.group(cls=Group)
def program() -> None:
    """A program with one command."""


@command("show")
@click.option("--own")
def show(shell: Shell, own: str | None) -> None:
    del shell, own


program.add_command(show)


def given(*words: str) -> dict[str, object]:
    shell = Shell(argv=words)
    with program.make_context("program", list(words), obj=shell) as context:
        program.invoke(context)
    return shell.given


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("show",), {}, id="nothing"),
        pytest.param(("--json", "show"), {"json": True}, id="flag before"),
        pytest.param(("show", "--json"), {"json": True}, id="flag after"),
        pytest.param(("--shop", "a", "show"), {"shop": "a"}, id="value before"),
        pytest.param(("show", "--shop", "a"), {"shop": "a"}, id="value after"),
        pytest.param(("--shop", "a", "show", "--shop", "b"), {"shop": "b"}, id="the later one holds"),
        pytest.param(("-v", "show", "-v"), {"verbose": 2}, id="counts add up"),
        pytest.param(("-vv", "show"), {"verbose": 2}, id="counted at once"),
        pytest.param(("--json", "show", "--own", "x"), {"json": True}, id="own options are not common"),
        pytest.param(("--config", "a.toml", "show", "--state", "s"),
                     {"config": Path("a.toml"), "state": Path("s")}, id="paths"),
        pytest.param(("show", "-q", "--debug", "--no-progress"),
                     {"quiet": True, "debug": True, "no_progress": True}, id="the rest"),
    ],
)  # fmt: skip
def test_common_options_stand_before_or_after(words: tuple[str, ...], expected: dict[str, object]) -> None:
    assert given(*words) == expected


@pytest.mark.parametrize(
    ("words", "environ", "expected"),
    [
        pytest.param(
            {"config": Path("a.toml")}, {"SELLERCENTER_CONFIG": "b.toml"}, "a.toml", id="option first"
        ),
        pytest.param({}, {"SELLERCENTER_CONFIG": "b.toml"}, "b.toml", id="then the environment"),
        pytest.param({}, {}, CONFIG, id="then the default"),
    ],
)
def test_where_the_settings_file_is_named(
    words: dict[str, Path], environ: dict[str, str], expected: str
) -> None:
    assert Shell(argv=(), given=dict(words), environ=environ).config == Path(expected)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_common_options(name: str) -> None:
    command = sellercenter.get_command(click.Context(sellercenter), name)
    assert command is not None
    common = {p.name for p in sellercenter.params} - {"version"}
    assert common <= {p.name for p in command.params}


def test_without_a_terminal_nobody_is_asked() -> None:
    shell = Shell(argv=(), stdin=io.StringIO(), stderr=io.StringIO())
    assert shell.workspace().ask is None


def test_the_group_is_lazy() -> None:
    assert isinstance(sellercenter, LazyGroup)
    assert not sellercenter.commands
