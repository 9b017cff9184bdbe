"""The pages as a person follows them: what they show is typed, in order, in a folder of its own.

What a page may hold:
- a fence with a file name after its language (```text shop.csv) is a file to save;
- a ```console fence is typed: lines with `$ ` are commands, the lines below them what stdout says, and what
  stderr says after `error:`, `hint:` and `warning:`. `…` stands for anything within a line, a line of it
  for any lines. `# exit 5` behind a command is how it ends; without it it ends with 0. An id such as
  20261123-181017-b950e4 stands for the one that really came;
- <!--python … --> is what a person does elsewhere: in Excel, or in the shop by hand. Nothing else is hidden:
  what sets the scene stands in <details>, so that a reader can follow, too.
Port 8765 becomes a free one, everything else is typed as it stands.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run
from pipeline.cli.shell import Shell
from pipeline.sandbox.options import parse_options
from pipeline.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PORTS = ("8765", "8766")
ID = re.compile(r"\b20\d{6}-\d{6}-[0-9a-f]{6}\b")
FENCE = re.compile(
    r"^ *```(?P<word>[\w-]+)(?: (?P<name>\S+))?\n(?P<text>.*?)^ *```$"
    r"|^<!--(?P<hidden>python)\n(?P<hidden_text>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)
ELSEWHERE = re.compile(r"^(error|hint|warning): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fence of a page, or a hidden one."""

    word: str
    name: str
    text: str
    line: int


def blocks_of(page: str) -> list[Block]:
    """Every fence, in order."""
    found = []
    for match in FENCE.finditer(page):
        word, text = match["word"] or match["hidden"], match["text"] or match["hidden_text"] or ""
        line = page.count("\n", 0, match.start()) + 1
        found.append(Block(word=word, name=match["name"] or "", text=text, line=line))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a ```console fence."""

    typed: str
    exit_code: int
    shown: tuple[str, ...]
    line: int


def commands_of(block: Block) -> list[Command]:
    """The commands of a fence with what stands below each."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        if line.startswith("$ "):
            typed, _, code = line[2:].partition("   # exit ")
            found.append(Command(typed=typed.strip(), exit_code=int(code or 0), shown=(), line=number))
        elif found:
            last = found[-1]
            found[-1] = Command(
                typed=last.typed, exit_code=last.exit_code, shown=(*last.shown, line), line=last.line
            )
    return found


@dataclass
class Reader:
    """Someone who follows a page to the letter, in `folder`."""

    folder: Path
    page: Path
    ports: dict[str, str]
    environ: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    shops: list[Sandbox] = field(default_factory=list)
    control: str = ""

    def follow(self) -> int:
        """Do all that the page says; how many commands it had typed."""
        typed = 0
        for block in blocks_of(self.page.read_text(encoding="utf-8")):
            if block.word == "console":
                for command in commands_of(block):
                    self.type(command)
                    typed += 1
            elif block.word == "python":
                exec(compile(block.text, str(self.page), "exec"), {"folder": self.folder, "shop": self.shop})
            elif block.name:
                file = self.folder / block.name
                file.parent.mkdir(exist_ok=True)
                file.write_text(self.real(block.text), encoding="utf-8")
        return typed

    def real(self, text: str) -> str:
        """A text of the page with the ports and ids of this run."""
        for shown, real in {**self.ports, **self.ids}.items():
            text = text.replace(shown, real)
        return text

    def type(self, command: Command) -> None:
        words = shlex.split(self.real(command.typed))
        where = f"{self.page.relative_to(ROOT)}:{command.line}: $ {command.typed}"
        if words[0] == "export":
            self.environ.update(word.split("=", 1) for word in words[1:])
        elif words[:2] == ["sellercenter", "sandbox"]:
            self.serve(words[1:])
        else:
            assert words[0] == "sellercenter", f"{where}: who should run this?"
            code, said = self.say(words[1:])
            assert code == command.exit_code, f"{where} ended with {code}\n{said}"
            self.compare(where, command.shown, said)
            self.use_ports()

    def say(self, words: list[str]) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        code = run(
            Shell(argv=tuple(words), environ=self.environ, stdin=io.StringIO(), stdout=out, stderr=err)
        )
        talk = [line for line in err.getvalue().splitlines() if ELSEWHERE.match(line)]
        return code, "\n".join([*out.getvalue().splitlines(), *talk])

    def use_ports(self) -> None:
        """`init` writes the usual port into a settings file."""
        for file in self.folder.glob("*.toml"):
            text = file.read_text(encoding="utf-8")
            if any(f":{port}/" in text for port in self.ports):
                file.write_text(self.real(text), encoding="utf-8")

    def serve(self, words: list[str]) -> None:
        """Start the shop and go on: it's another window. (That the command starts one, tests/cli shows.)"""
        shop = Sandbox(parse_options(words[1:]))
        shop.start()
        self.shops.append(shop)
        self.control = shop.control_url

    def shop(self, verb: str, path: str, body: object = None) -> Any:
        """What a person does in the shop itself, at the control door of the sandbox started last."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.control}{path}", data=data, method=verb)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")

    def compare(self, where: str, shown: tuple[str, ...], said: str) -> None:
        """What the page shows is what was said; an id that is new to us is learnt."""
        lines = [line.rstrip() for line in shown]
        while lines and not lines[-1]:
            lines.pop()
        if not lines:
            return
        names: list[str] = []
        pattern = "\n".join("(?:.*\n)*?.*?" if line == "…" else self.pattern(line, names) for line in lines)
        said = "\n".join(line.rstrip() for line in said.splitlines())
        match = re.fullmatch(pattern.replace("(?:.*\n)*?.*?\n", "(?:.*\n)*?"), said)
        assert match, f"{where}\nshows:\n" + "\n".join(lines) + f"\nbut it said:\n{said}"
        self.ids.update(zip(names, match.groups(), strict=True))

    def pattern(self, line: str, names: list[str]) -> str:
        def named(match: re.Match[str]) -> str:
            shown = match[0].replace("\\", "")
            if shown in self.ids:
                return re.escape(self.ids[shown])
            if shown in names:
                return f"\\{names.index(shown) + 1}"
            names.append(shown)
            return "(" + ID.pattern + ")"

        ids = re.compile(r"20\d{6}\\-\d{6}\\-[0-9a-f]{6}")
        return ids.sub(named, re.escape(self.real(line)).replace("…", ".*?"))


Follow = Callable[[Path], int]


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follow]:
    """Follows a page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELLERCENTER_LEDGER", str(tmp_path / "ledger.db"))
    for name in ("sample_data", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    readers: list[Reader] = []

    def go(page: Path) -> int:
        ports = {port: str(free_port()) for port in PORTS}
        readers.append(Reader(folder=tmp_path, page=page, ports=ports, environ=dict(os.environ)))
        return readers[-1].follow()

    yield go
    for shop in (shop for reader in readers for shop in reader.shops):
        shop.close()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.fixture
def fences() -> Callable[[Path], list[Block]]:
    """The fences of a page."""
    return lambda page: blocks_of(page.read_text(encoding="utf-8"))
