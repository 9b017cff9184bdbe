"""kill -9 at every write and every socket operation of a push: nothing lost, nothing sent twice."""

from __future__ import annotations

import csv
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

UPDATED, CREATED, A_BATCH = 30, 10, 2
BATCHES = (UPDATED + CREATED) // A_BATCH
PARTS = 11
CHANGED = {"Price": "77.25", "Name": "Renamed", "Quantity": "900"}


class Scene:
    """A shop, and a plan of 20 batches of creates and updates; each trial works on a copy."""

    def __init__(self, folder: Path, shop: Any, command: Any, tools: Any) -> None:
        self.shop, self.command, self.tools, self.folder = shop, command, tools, folder
        self.trials = 0
        self.before = [tools.tea(n) for n in range(UPDATED)]
        rows = [tools.tea(n, **CHANGED) for n in range(UPDATED)]
        rows += [tools.tea(n) for n in range(500, 500 + CREATED)]
        self.wanted = {row["SellerSku"]: row for row in rows}
        first = folder / "first"
        tools.write_settings(first, shop, feed_max_products=A_BATCH)
        shop.fill(self.before)
        catalog = tools.write_catalog(first / "catalog.csv", rows)
        made = command(first, "diff", catalog, "--out", first / "plan.jsonl")
        assert made.status == 0, made
        self.ticks = self.trial(None).ticks

    def trial(self, die_at: int | None, nested: tuple[int, ...] = ()) -> Any:
        """Push, killed at an operation; resume, killed as often as asked; then resume to the end."""
        self.trials += 1
        folder = self.folder / f"trial-{self.trials}-{die_at}"
        self.tools.copy(self.folder / "first", folder)
        self.shop.fill(self.before)
        self.since = max((entry["n"] for entry in self.shop.log()), default=0)
        ended = self.command(folder, "push", folder / "plan.jsonl", "--yes", die_at=die_at)
        for point in (*nested, None):
            if not ended.killed:
                break
            self.check_kit(folder)
            ended = self.command(folder, *self.go_on(folder), die_at=point)
        self.check(folder, ended)
        return ended

    def go_on(self, folder: Path) -> tuple[object, ...]:
        """What a person types: resume the run, or push again where it hadn't begun."""
        runs = self.command(folder, "runs").document["runs"]
        if not runs:
            assert self.shop.feeds(self.since) == []
            return ("push", folder / "plan.jsonl", "--yes")
        return ("resume", runs[-1]["run"])

    def check_kit(self, folder: Path) -> None:
        """At the moment of the kill the kit names all that the shop took, with right before-values."""
        taken = {sku for feed in self.shop.feeds(self.since) for sku in feed["skus"]}
        held = {row["SellerSku"]: row for row in self.before}
        rows = {(row["sku"], row["field"]): row for row in _changes(folder)} if taken else {}
        for sku in taken:
            named = {field: row["before"] for (one, field), row in rows.items() if one == sku}
            if sku in held:
                assert named == {field: held[sku][field] for field in CHANGED}, sku
            else:
                assert set(named.values()) == {""}, sku

    def check(self, folder: Path, ended: Any) -> None:
        """Each batch was taken exactly once, and the shop holds what the plan says."""
        feeds = self.shop.feeds(self.since)
        times = Counter(sku for feed in feeds for sku in feed["skus"])
        assert (ended.status, ended.document.get("state")) == (0, "done"), ended
        assert ended.document["counts"]["verified"] == UPDATED + CREATED
        assert (len(feeds), set(times.values())) == (BATCHES, {1})
        held = self.shop.held()
        assert {sku: _owned(held[sku]) for sku in held} == {s: _owned(w) for s, w in self.wanted.items()}
        assert self.command(folder, "runs", "--check").status == 0


def _owned(product: dict[str, Any]) -> dict[str, str]:
    return {name: str(product[name]) for name in ("Price", "Name", "Quantity", "Status")}


def _changes(folder: Path) -> list[dict[str, str]]:
    """The lines of the run's changes.csv; the later one counts where two tell of the same."""
    (path,) = (folder / "state" / "runs").glob("*/changes.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: Any, shop: Any, command: Any, tools: Any) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill"), shop, command, tools)


def points(total: int, number: int) -> list[tuple[int, tuple[int, ...]]]:
    """Kill points spread evenly over a push; every third resume dies as well, up to three times."""
    chance = random.Random(number)
    spread = [round(1 + place * (total - 1) / (number - 1)) for place in range(number)]
    depths = (place // 3 % 3 + 1 if place % 3 == 0 else 0 for place in range(number))
    return [
        (point, tuple(chance.randrange(1, max(total // 3, 2)) for _ in range(depth)))
        for point, depth in zip(spread, depths, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_few_kill_points(scene: Scene) -> None:
    for point, nested in points(scene.ticks, 12):
        scene.trial(point, nested)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_all_kill_points(part: int, scene: Scene) -> None:
    """At least 200, more where CHAOS_POINTS says so; in parts, so that a failure says where."""
    for point, nested in points(scene.ticks, int(os.environ.get("CHAOS_POINTS", "220")))[part::PARTS]:
        scene.trial(point, nested)
