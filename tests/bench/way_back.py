"""Many runs over a large shop, then `history` and `restore --at`, checked against the shop's own account.

    python tests/bench/way_back.py [--runs 50] [--products 20000] [--each 400]

Prints one JSON line. Fails where history or restore differ from what the shop says.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.errors import Exit
from pipeline.journal.check import check
from pipeline.journal.memory import JournalMemory
from pipeline.rollback.conflicts import Sorted
from pipeline.rollback.undo import Undo, undo_plan
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox
from pipeline.usecases.connection import connected, journal_of
from pipeline.usecases.history import history
from pipeline.usecases.push import push
from pipeline.usecases.restore import restore
from pipeline.usecases.wayback import whole_context
from pipeline.usecases.workspace import Workspace

SETTINGS = """
default_shop = "demo"
ledger = "ledger.db"
[shops.demo]
url = "{url}"
user_id = "{user}"
api_key = "env:SELLERCENTER_BENCH_KEY"
sandbox = true
[shops.demo.limits]
requests = 100000
per_seconds = 1
feed_burst = 100000
feed_interval = 0.1
settle = 1
verify_timeout = 10
"""
VOLATILE = ("Quantity", "UpdatedAt")
TRACKED = 20


def product(number: int) -> dict[str, str]:
    return {
        "SellerSku": sku(number), "Name": f"Tea number {number}", "Brand": "TeaCo", "PrimaryCategory": "101",
        "Description": f"<p>A tea with the number {number}</p>", "Price": f"{10 + number % 50}.00",
        "Quantity": "5", "Status": "active",
    }  # fmt: skip


def sku(number: int) -> str:
    return f"TEA-{number:06d}"


class Bench:
    """One shop, one state folder."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        text = SETTINGS.format(url=sandbox.base_url, user=sandbox.user_id)
        (folder / "sellercenter.toml").write_text(text, encoding="utf-8")
        self.folder, self.sandbox = folder, sandbox
        self.ws = Workspace(config=folder / "sellercenter.toml", asked_state=folder / "state")
        self.seen: dict[str, list[str]] = {}

    def held(self) -> dict[str, dict[str, Any]]:
        """The shop's own account of all products, without what sales change."""
        return {
            one["SellerSku"]: {name: value for name, value in one.items() if name not in VOLATILE}
            for one in self._asked("state")["products"]
        }

    def _asked(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.sandbox.control_url.rstrip('/')}/{path}", timeout=60) as answer:
            return json.loads(answer.read())

    def posts(self, name: str) -> int:
        """Feeds in the shop's own log that named a product."""
        log = self._asked("requests?since=0")["requests"]
        return sum(1 for entry in log if entry["accepted"] and entry["feed"] and name in entry["skus"])

    def run(self, rows: Mapping[str, Mapping[str, str]], tracked: list[str]) -> None:
        done = push(self.ws, self._plan(rows), yes=True)
        assert done.exit_code is Exit.DONE, done
        for name in (name for name in tracked if name in rows):
            self.seen.setdefault(name, []).append(self._asked(f"products/{name}")["Price"])

    def _plan(self, rows: Mapping[str, Mapping[str, str]]) -> Path:
        ws = self.ws
        with journal_of(ws) as journal, connected(ws) as shop, tempfile.TemporaryDirectory() as scratch:
            identity, plan_id = ws.identity(ws.shop), ws.new_id()
            undo_plan(
                Undo(kind="rollback", undoes=(), name="rows"), Sorted(rows=rows),
                shop.market.products(list(rows)), JournalMemory(journal.store, identity, undoing=True),
                shop=ws.shop,
                shop_name=ws.shop_name, identity=identity, ctx=whole_context(ws, shop),
                settings_digest=ws.settings_digest(ws.shop), now=ws.clock.now(), plan_id=plan_id,
                folder=ws.plans, scratch=Path(scratch), forecast=lambda *_: 0.0,
            )  # fmt: skip
        return ws.plans / f"{plan_id}.plan.jsonl"


def measure(runs: int, products: int, each: int, folder: Path) -> dict[str, Any]:
    """The whole: runs, history, restore; times in seconds."""
    rng = random.Random(7)
    options = SandboxOptions(feed_delay=0.0, requests=0, feed_burst=1_000_000)
    tracked = [sku(number) for number in rng.sample(range(products), TRACKED)]
    with Sandbox(options, products=[product(n) for n in range(products)]) as sandbox:
        os.environ["SELLERCENTER_BENCH_KEY"] = sandbox.api_key
        bench = Bench(folder, sandbox)
        started = time.perf_counter()
        middle, when = {}, ""
        for number in range(runs):
            chosen = {*map(sku, rng.sample(range(products), each)), *tracked[: number % TRACKED + 1]}
            price = f"{20 + number}.50"
            bench.run({name: {"Price": price, "Name": f"Run {number}"} for name in sorted(chosen)}, tracked)
            if number == runs // 2:
                middle, when = bench.held(), datetime.now(UTC).isoformat()
        pushed = time.perf_counter() - started
        times = [_history(bench, name) for name in bench.seen]
        command = _command(bench, tracked[0])
        started = time.perf_counter()
        answer = restore(bench.ws, when)
        restored = time.perf_counter() - started
        done = push(bench.ws, Path(answer.document["plan"]), yes=True)
        assert done.exit_code is Exit.DONE, done
        assert bench.held() == middle, "the shop isn't as it was"
        with journal_of(bench.ws) as journal:
            assert check(journal).whole
        return {
            "runs": runs, "products": products, "changes": 2 * answer.document["counts"]["update"],
            "pushes_s": round(pushed, 1), "history_median_ms": round(median(times) * 1000, 1),
            "history_worst_ms": round(max(times) * 1000, 1), "history_command_ms": round(command * 1000),
            "restore_plan_s": round(restored, 1),
            "journal_mb": round((bench.ws.database.stat().st_size) / 1e6, 1),
        }  # fmt: skip


def _history(bench: Bench, name: str) -> float:
    """Ask, time it, and compare with what the shop said after each run and with its log."""
    started = time.perf_counter()
    told = history(bench.ws, name).document["history"]
    took = time.perf_counter() - started
    prices = [one["after"] for one in told if one["field"] == "Price"]
    assert prices == bench.seen[name], name
    assert len(prices) == bench.posts(name), name
    return took


def _command(bench: Bench, name: str) -> float:
    """The same as a person asks for it: a process of its own."""
    words = [sys.executable, "-m", "pipeline", "history", name, "--config", str(bench.ws.config)]
    took = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([*words, "--state", str(bench.ws.state)], check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--each", type=int, default=400)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.runs, given.products, given.each, Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
