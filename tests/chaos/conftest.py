"""A shop in a process of its own, a seller's folder, and commands that die on the way."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LIMITS = {
    "requests": 1000, "per_seconds": 1, "feed_burst": 1000, "feed_interval": 0.2, "settle": 0.5,
    "deadline": 4, "feed_timeout": 30, "verify_timeout": 3,
}  # fmt: skip
GUARDS = {"price_up_pct": 1e9, "price_down_pct": 100, "price_median_pct": 1e9, "text_shrunk_pct": 100}


@dataclass
class Shop:
    """A sandbox in a process of its own."""

    base_url: str
    control_url: str
    user_id: str
    api_key: str

    def control(self, verb: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control_url.rstrip("/") + "/" + path, data=data, method=verb,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def fill(self, products: Sequence[Mapping[str, object]]) -> None:
        """As new: no feeds, no faults, these products."""
        self.control("POST", "reset")
        self.control("DELETE", "faults")
        self.control("PUT", "products", list(products))

    def held(self) -> dict[str, dict[str, Any]]:
        return {p["SellerSku"]: p for p in self.control("GET", "state")["products"]}

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.control("GET", f"requests?since={since}")["requests"]
        return entries

    def feeds(self, since: int = 0) -> list[dict[str, Any]]:
        """Feeds that the shop took, by its own log."""
        return [entry for entry in self.log(since) if entry["accepted"] and entry["feed"]]


@dataclass
class Ended:
    """How a command ended; minus the signal where it was killed."""

    status: int
    document: dict[str, Any] = field(default_factory=dict)
    stderr: str = ""
    ticks: int = 0

    @property
    def killed(self) -> bool:
        return self.status == -9


@dataclass
class Zygote:
    """The process that commands are forked from."""

    process: subprocess.Popen[str]

    def __call__(self, folder: Path, *words: object, die_at: int | None = None) -> Ended:
        """Run a command in a folder that `Desk.make` made."""
        out = folder / "out.json"
        out.unlink(missing_ok=True)
        argv = [*map(str, words), "--json", "--config", str(folder / "sellercenter.toml"),
                "--state", str(folder / "state")]  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"argv": argv, "die_at": die_at, "out": str(out)}) + "\n")
        self.process.stdin.flush()
        status = json.loads(self.process.stdout.readline())["status"]
        if not out.exists():
            return Ended(status=status)
        said = json.loads(out.read_text(encoding="utf-8"))
        document = json.loads(said["document"] or "{}")
        return Ended(status=status, document=document, stderr=said["stderr"], ticks=said["ticks"])


def write_settings(folder: Path, shop: Shop, **limits: object) -> None:
    """Settings for this shop in a folder."""
    tables = {"limits": {**LIMITS, **limits}, "guards": GUARDS}
    lines = [
        'default_shop = "demo"', 'ledger = "ledger.db"', "[shops.demo]", f'url = "{shop.base_url}"',
        f'user_id = "{shop.user_id}"', 'api_key = "env:SELLERCENTER_CHAOS_KEY"', "sandbox = true",
    ]  # fmt: skip
    for name, values in tables.items():
        lines += [f"[shops.demo.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sellercenter.toml").write_text("\n".join(lines), encoding="utf-8")


def write_catalog(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    headers = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, headers)
        writer.writeheader()
        writer.writerows(rows)
    return path


def tea(number: int, **fields: str) -> dict[str, str]:
    """One product as a catalog has it."""
    return {
        "SellerSku": f"TEA-{number:04d}", "Name": f"Tea number {number}", "Brand": "TeaCo",
        "PrimaryCategory": "101", "Description": f"<p>A tea with the number {number}</p>",
        "Price": f"{10 + number % 50}.00", "Quantity": str(number % 90 + 1), "Status": "active", **fields,
    }  # fmt: skip


@dataclass(frozen=True)
class Tools:
    """What tests of this folder share."""

    tea: Callable[..., dict[str, str]] = tea
    write_settings: Callable[..., None] = write_settings
    write_catalog: Callable[..., Path] = write_catalog
    copy: Callable[..., Any] = shutil.copytree


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., Shop]]:
    """Starts shops; they end with the tests, or when they are killed."""
    running: dict[str, subprocess.Popen[str]] = {}

    def start(*options: object) -> Shop:
        words = [sys.executable, "-m", "pipeline.sandbox", "--port", "0", *map(str, options)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        made = Shop(**json.loads(process.stdout.readline()))
        running[made.base_url] = process
        return made

    def kill(shop: Shop) -> None:
        running[shop.base_url].kill()

    start.kill = kill  # type: ignore[attr-defined]
    yield start
    for process in running.values():
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def shop(serve: Callable[..., Shop]) -> Shop:
    made = serve("--requests", 1000, "--per-seconds", 1, "--feed-burst", 1000, "--feed-delay", 0)
    os.environ["SELLERCENTER_CHAOS_KEY"] = made.api_key
    return made


@pytest.fixture(scope="session")
def command(shop: Shop) -> Iterator[Zygote]:
    if not hasattr(os, "fork"):
        pytest.skip("kill points need fork()")
    process = subprocess.Popen(
        [sys.executable, str(HERE / "zygote.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "SELLERCENTER_CHAOS_KEY": shop.api_key},
    )  # fmt: skip
    yield Zygote(process)
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()
    process.wait(timeout=10)
