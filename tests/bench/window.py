"""A shop downloaded through the limit as it is: how much of the window was used, and what it took."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measure import ROOT, Watch
from ours import ours, scratch

if TYPE_CHECKING:
    from pipeline.market.calls import Call

CALLS, SECONDS = 30, 3.0


@contextmanager
def shop_of(data: Path, rows: int) -> Iterator[dict[str, Any]]:
    """A sandbox that holds the first rows of a catalog and keeps the limit; what it says of itself."""
    words = ("--products", str(_first(data, rows)), "--requests", str(CALLS), "--per-seconds", str(SECONDS))
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.sandbox", *words], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as shop:  # fmt: skip
        assert shop.stdout is not None
        try:
            yield json.loads(shop.stdout.readline())
        finally:
            shop.terminate()


def _first(data: Path, rows: int) -> Path:
    """A catalog's first rows, as a file of their own."""
    made = data / f"first-{rows}.csv"
    if not made.exists():
        part = made.with_suffix(".part")
        with (
            (data / "catalog.csv").open(newline="", encoding="utf-8") as whole,
            part.open("w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file).writerows(islice(csv.reader(whole), rows + 1))
        part.rename(made)
    return made


@ours
def download(watch: Watch, folder: Path, url: str, user: str, key: str) -> None:
    """All of a shop, by the client, the ledger and the snapshot that a command joins."""
    from pipeline.budget.clock import SystemClock
    from pipeline.budget.ledger import Ledger
    from pipeline.market.client import Client
    from pipeline.market.secret import Secret
    from pipeline.settings import Limits, Shop
    from pipeline.snapshot.download import Desk
    from pipeline.snapshot.download import download as take

    limits, clock, calls = Limits(requests=CALLS, per_seconds=SECONDS), SystemClock(), list["Call"]()
    shop = Shop(url=url, user_id=user, api_key="env:KEY", sandbox=True, limits=limits)
    with (
        scratch(folder) as place,
        Ledger(place / "ledger.db", "bench", limits, clock) as ledger,
        Client(shop, Secret(key), throttle=ledger, clock=clock, observer=calls.append) as client,
    ):
        desk = Desk(folder=place, shop="demo", identity="bench", limits=limits, clock=clock)
        with watch("download"):
            snapshot = take(client, desk, id="bench")
    took = max(call.answered for call in calls) - min(call.started for call in calls)
    watch.said.update(rows=snapshot.rows, complete=snapshot.complete, calls=len(calls), took=took)
    watch.said.update(used=used(calls), refused=sum(call.status == 429 for call in calls))


def used(calls: Sequence[Call]) -> float:
    """The rate of calls / the permitted one, where a token comes back a window after its answer.

    Of whole rounds of the window only: the last calls begin a window that nobody waits to see the end of.
    """
    begun = sorted(call.started for call in calls)
    rounds = (len(begun) - 1) // CALLS
    latency = median(call.answered - call.started for call in calls)
    return rounds * (SECONDS + latency) / (begun[rounds * CALLS] - begun[0]) if rounds else 0.0
