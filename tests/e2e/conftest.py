"""A shop and a seller's folder: the whole way over real HTTP, in one process."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run as command_line
from pipeline.cli.shell import Shell
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox

LIMITS = {
    "requests": 300, "per_seconds": 1, "feed_burst": 1000, "feed_interval": 0.2, "settle": 0.6,
    "deadline": 4, "feed_timeout": 20, "verify_timeout": 1.5,
}  # fmt: skip

#: Most tests aren't about guards; those that are hand in their own ({} = the defaults).
LENIENT = {"price_up_pct": 1e9, "price_down_pct": 100, "price_median_pct": 1e9, "text_shrunk_pct": 100}


def product(number: int, **fields: str) -> dict[str, str]:
    """One product as a catalog has it, nothing of it remarkable."""
    return {
        "SellerSku": f"TEA-{number:04d}",
        "Name": f"Tea number {number}",
        "Brand": "TeaCo",
        "PrimaryCategory": "101",
        "Description": f"<p>A tea with the number {number}</p>",
        "Price": f"{10 + number % 50}.00",
        "Quantity": str(number % 90 + 1),
        "Status": "active",
        **fields,
    }


@dataclass
class Answer:
    """What a command said and how it ended."""

    exit_code: int
    document: dict[str, Any]
    stderr: str


@dataclass
class Seller:
    """A folder with settings, and the command line in it."""

    folder: Path
    sandbox: Sandbox
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def write_settings(self) -> None:
        limits = {**LIMITS, **self.options.get("limits", {})}
        lines = [
            'default_shop = "demo"', 'ledger = "ledger.db"', "[shops.demo]",
            f'url = "{self.sandbox.base_url}"',
            f'user_id = "{self.sandbox.user_id}"', 'api_key = "env:SELLERCENTER_TEST_KEY"', "sandbox = true",
            *(f"{name} = {_toml(value)}" for name, value in self.options.get("shop", {}).items()),
            "[shops.demo.limits]", *(f"{name} = {_toml(value)}" for name, value in limits.items()),
        ]  # fmt: skip
        for table in ("catalog", "guards"):
            values = self.options.get(table, {})
            lines += [
                f"[shops.demo.{table}]",
                *(f"{name} = {_toml(value)}" for name, value in values.items()),
            ]
        (self.folder / "sellercenter.toml").write_text("\n".join(lines), encoding="utf-8")

    def catalog(self, rows: Sequence[Mapping[str, str]], name: str = "catalog.csv") -> Path:
        """A file with these rows."""
        path = self.folder / name
        headers = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, headers)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def __call__(self, *words: object) -> Answer:
        """Type a command; its document and how it ended."""
        out, err = io.StringIO(), io.StringIO()
        typed = [*map(str, words), "--json", "--config", str(self.folder / "sellercenter.toml"),
                 "--state", str(self.folder / "state")]  # fmt: skip
        code = command_line(Shell(argv=tuple(typed), stdout=out, stderr=err))
        return Answer(exit_code=code, document=json.loads(out.getvalue()), stderr=err.getvalue())

    def diff(self, catalog: Path, *words: object) -> Answer:
        return self("diff", catalog, "--out", self.folder / "plan.jsonl", *words)

    def push(self, *words: object, plan: str = "plan.jsonl") -> Answer:
        return self("push", self.folder / plan, "--yes", *words)

    def held(self) -> dict[str, dict[str, Any]]:
        """What the shop holds, asked at its control door."""
        return {p["SellerSku"]: p for p in self.control("GET", "state")["products"]}

    def requests(self) -> list[dict[str, Any]]:
        """The shop's own log."""
        log: list[dict[str, Any]] = self.control("GET", "requests?since=0")["requests"]
        return log

    def feeds(self) -> list[dict[str, Any]]:
        """Feeds that the shop accepted."""
        return [entry for entry in self.requests() if entry["accepted"] and entry["feed"]]

    def fault(self, action: str, fault: str, **more: object) -> None:
        self.control("POST", "faults", {"action": action, "fault": fault, **more})

    def edit(self, sku: str, **fields: str) -> None:
        """A person changes something in the shop."""
        self.control("PATCH", f"products/{sku}", fields)

    def control(self, verb: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.sandbox.control_url.rstrip("/") + "/" + path, data=data, method=verb,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


MakeSeller = Callable[..., Seller]


@pytest.fixture
def make_seller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSeller]:
    """Makes a seller with a shop that holds the given products."""
    running: list[Sandbox] = []

    def make(
        products: Sequence[Mapping[str, object]], *, sandbox: Mapping[str, Any] | None = None,
        folder: str = "seller", **options: Mapping[str, Any],
    ) -> Seller:  # fmt: skip
        chosen = {
            "feed_delay": 0.0,
            "requests": 300,
            "per_seconds": 1.0,
            "feed_burst": 1000,
            **(sandbox or {}),
        }
        shop = Sandbox(SandboxOptions(**chosen), products=products)
        shop.__enter__()
        running.append(shop)
        monkeypatch.setenv("SELLERCENTER_TEST_KEY", shop.api_key)
        (tmp_path / folder).mkdir(exist_ok=True)
        seller = Seller(folder=tmp_path / folder, sandbox=shop, options={"guards": LENIENT, **options})
        seller.write_settings()
        return seller

    yield make
    for shop in running:
        shop.__exit__(None, None, None)


@pytest.fixture
def make_product() -> Callable[..., dict[str, str]]:
    return product
