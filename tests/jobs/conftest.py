"""Shops on a clock that only tests move, and the jobs of a seller's folder, all in this process."""

from __future__ import annotations

import csv
import json
import os
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import PipelineError
from pipeline.sandbox.clock import DrivenClock
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox
from pipeline.usecases.approve import approve
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.run import run
from pipeline.usecases.workspace import Workspace


class Shared:
    """The shop's own clock, as the client's: sleeping lets time pass for both.

    `on_sleep` is called whenever somebody waits: for what happens meanwhile.
    """

    def __init__(self, driven: DrivenClock) -> None:
        self.driven = driven
        self.on_sleep: Callable[[], None] = lambda: None
        self.on_now: Callable[[], None] = lambda: None

    def now(self) -> float:
        self.on_now()
        return self.driven.now()

    def monotonic(self) -> float:
        return self.driven.now()

    def sleep(self, seconds: float) -> None:
        self.driven.advance(max(seconds, 0.001))
        self.on_sleep()

    def until(self, text: str, zone: str = "UTC") -> None:
        """Move on to a local time (ISO), forward only."""
        at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()
        assert at >= self.driven.now(), f"{text} is past"
        self.driven.advance(at - self.driven.now())


def product(number: int, **fields: str) -> dict[str, str]:
    """One product as a catalog has it."""
    return {
        "SellerSku": f"TEA-{number:04d}", "Name": f"Tea number {number}", "Brand": "TeaCo",
        "PrimaryCategory": "101", "Description": f"<p>A tea with the number {number}</p>",
        "Price": f"{10 + number % 50}.00", "Quantity": str(number % 90 + 1), "Status": "active", **fields,
    }  # fmt: skip


@dataclass
class Said:
    """How a command ended: its outcome, or the error it raised."""

    exit_code: int
    document: Mapping[str, Any]
    error: PipelineError | None = None


@dataclass
class Night:
    """A seller's folder, its shops and its clock."""

    folder: Path
    clock: Shared
    shops: dict[str, Sandbox]
    environ: dict[str, str]
    settings: str = ""
    warnings: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        del text

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> Any:
        from pipeline.usecases.progress import Silence

        return Silence().stage(name, total=total, unit=unit)

    def workspace(self, shop: str | None = None) -> Workspace:
        return Workspace(
            config=self.folder / "sellercenter.toml", asked_shop=shop, asked_state=self.folder / "state",
            clock=self.clock, environ=self.environ, progress=self,
        )  # fmt: skip

    def run(self, *sources: str, shop: str | None = None, **how: Any) -> Said:
        return self.said(lambda: run(self.workspace(shop), sources, **{"yes": True, **how}))

    def approve(self, run_id: str, **how: Any) -> Said:
        return self.said(lambda: approve(self.workspace(), run_id, **how))

    def said(self, call: Callable[[], Outcome]) -> Said:
        try:
            outcome = call()
        except PipelineError as error:
            return Said(int(error.exit_code), {"error": {"code": error.code}}, error)
        return Said(int(outcome.exit_code), outcome.document)

    def drop(
        self, rows: Sequence[Mapping[str, str]], name: str = "catalog.csv", *, at: float | None = None
    ) -> Path:
        """A file is delivered, written `at` (default: an hour ago)."""
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            headers = list(dict.fromkeys(key for row in rows for key in row)) or ["SellerSku", "Price"]
            writer = csv.DictWriter(file, headers)
            writer.writeheader()
            writer.writerows(rows)
        written = self.clock.driven.now() - 3600 if at is None else at
        os.utime(path, (written, written))
        return path

    def write(self, jobs: str, *, shops: str = "") -> None:
        """The settings file: all shops, and these jobs."""
        (self.folder / "sellercenter.toml").write_text(self.settings + shops + jobs, encoding="utf-8")

    def held(self, shop: str = "demo") -> dict[str, dict[str, Any]]:
        return {p["SellerSku"]: p for p in self.control("GET", "state", shop=shop)["products"]}

    def posts(self, shop: str = "demo") -> list[dict[str, Any]]:
        """Feeds that the shop accepted."""
        log = self.control("GET", "requests?since=0", shop=shop)["requests"]
        return [entry for entry in log if entry["accepted"] and entry["feed"]]

    def control(self, verb: str, path: str, body: object = None, *, shop: str = "demo") -> Any:
        request = urllib.request.Request(
            f"{self.shops[shop].control_url.rstrip('/')}/{path}", method=verb,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")

    def fault(self, action: str, fault: str, *, shop: str = "demo", **more: object) -> None:
        self.control("POST", "faults", {"action": action, "fault": fault, **more}, shop=shop)

    def notices(self) -> list[dict[str, Any]]:
        """What people were told."""
        file = self.folder / "notices.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def metrics(self, job: str = "nightly", shop: str = "demo") -> dict[str, float]:
        """Metric (with its own labels) → value."""
        found = {}
        for line in (self.folder / f"sellercenter_{job}_{shop}.prom").read_text().splitlines():
            if not line.startswith("#"):
                key, _, value = line.rpartition(" ")
                own = f'job_name="{job}",shop="{shop}"'
                found[key.replace(own + ",", "").replace("{" + own + "}", "")] = float(value)
        return found

    def result(self, run_id: str) -> dict[str, Any]:
        whole: dict[str, Any] = json.loads((self.folder / "state/runs" / run_id / "result.json").read_text())
        return whole


LENIENT = "price_up_pct = 1e9\nprice_down_pct = 100\nprice_median_pct = 1e9\n"
LIMITS = "requests = 1000\nper_seconds = 1\nfeed_burst = 1000\nsettle = 60\nverify_timeout = 60\n"


@pytest.fixture
def make_night(tmp_path: Path) -> Iterator[Callable[..., Night]]:
    """Makes shops (name → options and products) and the settings that name them."""
    with ExitStack() as stack:

        def make(
            shops: Mapping[str, Mapping[str, Any]], *, start: str = "2027-03-01T00:30", jobs: str = "",
            guards: str = LENIENT, limits: str = LIMITS,
        ) -> Night:  # fmt: skip
            driven = DrivenClock(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo("UTC")).timestamp())
            lines = [f'default_shop = "{next(iter(shops))}"', 'ledger = "ledger.db"']
            running: dict[str, Sandbox] = {}
            environ: dict[str, str] = {}
            for name, told in shops.items():
                options = {"requests": 0, "feed_burst": 100_000, "feed_delay": 1.0, **told.get("sandbox", {})}
                shop = Sandbox(SandboxOptions(**options), clock=driven, products=told["products"])
                running[name] = stack.enter_context(shop)
                environ[f"KEY_{name}"] = shop.api_key
                lines += [
                    f"[shops.{name}]", f'url = "{told.get("url", shop.base_url)}"',
                    f'user_id = "{shop.user_id}"', f'api_key = "env:KEY_{name}"', "sandbox = true",
                    *told.get("lines", ()), f"[shops.{name}.limits]", limits,
                    f"[shops.{name}.guards]", guards,
                ]  # fmt: skip
            lines += ['[notify]\nfile = "notices.jsonl"', '[metrics]\ntextfile = "."', ""]
            made = Night(
                folder=tmp_path, clock=Shared(driven), shops=running, environ=environ,
                settings="\n".join(lines),
            )  # fmt: skip
            made.write(jobs)
            return made

        yield make


@pytest.fixture
def make_product() -> Callable[..., dict[str, str]]:
    return product
