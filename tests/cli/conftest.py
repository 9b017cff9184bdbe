"""The command line in this process, with streams that can be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from pipeline.cli.main import run
from pipeline.cli.shell import Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one call of the program said."""

    code: int
    out: str
    err: str


@pytest.fixture
def shell() -> Callable[..., Shell]:
    """A shell whose streams are no terminal and can be read afterwards."""

    def make(*words: str, environ: Mapping[str, str] | None = None) -> Shell:
        return Shell(
            argv=words,
            environ=environ or {},
            stdin=io.StringIO(),
            stdout=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
            stderr=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
        )

    return make


@pytest.fixture
def said() -> Callable[[Shell, Callable[[Shell], int]], Said]:
    """Run something in a shell, and read its streams."""

    def call(shell: Shell, act: Callable[[Shell], int] = run) -> Said:
        code = act(shell)
        texts = []
        for stream in (shell.stdout, shell.stderr):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
        return Said(code=code, out=texts[0], err=texts[1])

    return call


@pytest.fixture
def cli(shell: Callable[..., Shell], said: Callable[..., Said], tmp_path, monkeypatch) -> Callable[..., Said]:
    """The whole program, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words, **environ: said(shell(*words, environ=environ))
