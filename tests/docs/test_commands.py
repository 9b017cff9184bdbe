"""Every command that a page shows works as written, and says what the page says it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pipeline.cli.main import sellercenter

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FOLLOWED = [page for page in PAGES if re.search(r"^ *```console$", page.read_text("utf-8"), re.MULTILINE)]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", FOLLOWED, ids=name)
def test_a_page_can_be_followed(page: Path, follow: Callable[[Path], int]) -> None:
    assert follow(page) > 0


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """Line by line, `…` for what is left out or differs from run to run."""
    folder = tmp_path / "demo"
    command = [sys.executable, "sample_data/demo.py", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8",
                          env={**os.environ, "PYTHONUTF8": "1"})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition("<!-- demo -->\n```text\n")[2]
    lines = shown.partition("\n```")[0].splitlines()
    pattern = "\n".join(
        "(?:.*\n)*?.*" if line == "…" else re.escape(line).replace("…", ".*") for line in lines
    )
    said = done.stdout.strip("\n").replace(str(folder), "demo")
    assert re.fullmatch(pattern, said), f"the README shows something else than\n{said}"


def mentions(text: str) -> Iterator[str]:
    """Commands in a text: lines of fences, and what stands between backticks."""
    yield from re.findall(r"^ *(?:\$ |> )?(sellercenter .*)$", text, re.MULTILINE)
    yield from re.findall(r"`(sellercenter [a-z][^`]*)`", text)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that some words name, behind common options, and what follows it."""
    context = click.Context(sellercenter)
    known = sellercenter.list_commands(context)
    at = next((place for place, word in enumerate(words) if word in known), None)
    assert at is not None, "no such command"
    command: Any = sellercenter.get_command(context, words[at])
    return command, words[:at] + words[at + 1 :]


def flags(command: click.Command) -> set[str]:
    found = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return {"--help", "-h", *found, *(flag for one in inner for flag in flags(one))}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_the_text_exist(page: Path) -> None:
    """Also those that no test types: in cron lines, unit files and running text."""
    wrong = []
    for text in mentions(page.read_text(encoding="utf-8")):
        words = shlex.split(text.partition("   #")[0].partition(" | ")[0].rstrip("…\\ "))[1:]
        if not words or set(words) <= {"--help", "--version", "-h", "COMMAND"}:
            continue
        try:
            command, rest = command_of(words)
        except AssertionError:
            wrong.append(text)
            continue
        wrong += [
            f"{text}: {word}"
            for word in rest
            if re.match(r"--?[a-z]", word) and word.split("=")[0] not in flags(command)
        ]
    assert wrong == []
