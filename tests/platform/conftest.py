"""A workspace in an empty folder, with a shop to call."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox
from pipeline.usecases.workspace import Workspace

ROOT = Path(__file__).parents[2]

SETTINGS = """
ledger = "ledger.db"

[shops.demo]
url = "{url}"
user_id = "demo@example.com"
api_key = "{api_key}"
sandbox = true
budget_id = "one"
{more}
"""


@dataclass(frozen=True, slots=True)
class Offset:
    """A shop's clock that is wrong by so many seconds."""

    seconds: float

    def now(self) -> float:
        return time.time() + self.seconds


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """A workspace with one shop; environment, settings and address as told."""

    def make(
        url: str = "http://127.0.0.1:9/", *, api_key: str = "env:KEY", more: str = "", **environ: str
    ) -> Workspace:
        text = SETTINGS.format(url=url, api_key=api_key, more=more)
        config = tmp_path / f"settings-{zlib.crc32(text.encode())}.toml"
        config.write_text(text, encoding="utf-8")
        known = {"KEY": "k-0001", **environ}
        return Workspace(config=config, asked_state=tmp_path / "state", environ=known)

    return make


@pytest.fixture
def shop() -> Callable[..., object]:
    """A running sandbox: `with shop(...) as url`."""

    @contextmanager
    def serve(*, ahead: float = 0.0, key: str = "k-0001") -> Iterator[str]:
        options = SandboxOptions(user="demo@example.com", key=key)
        with Sandbox(options, clock=Offset(ahead), products=[{"SellerSku": "A", "Name": "a"}]) as running:
            yield running.base_url

    return serve
