"""`push --rehearse`: the plan applied to a private sandbox filled from the snapshot, before the shop sees it.

The sandbox is a program of its own and a second reading of the API: what it makes of the plan is
compared with what the plan promises, product by product, also of those that it must not touch.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.diff.plan import Plan, Record
from pipeline.errors import GuardRefused, ShopError, UsageError
from pipeline.market.lookups import Category
from pipeline.market.secret import Secret
from pipeline.settings import Settings, Shop
from pipeline.snapshot import shelf
from pipeline.snapshot.snapshot import Snapshot
from pipeline.usecases.connection import connected, context_of, journal_of, observer
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.pushing import go, start
from pipeline.usecases.results import endings
from pipeline.usecases.snapshot import fresh
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural
from schemas.fields import KEY, Dialect

Products = Mapping[str, Mapping[str, Any]]

#: Nothing but the program waits there.
QUICK: dict[str, Any] = {
    "requests": 100_000, "per_seconds": 1.0, "feed_burst": 100_000, "settle": 1.0, "deadline": 60.0,
    "feed_timeout": 600.0, "verify_timeout": 5.0,
}  # fmt: skip
#: How long the sandbox may take to come up or to answer its control door, seconds.
PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Private(Workspace):
    """A workspace whose shop is the sandbox, and whose state is thrown away."""

    made: Settings
    key: Secret

    @cached_property
    def settings(self) -> Settings:
        return self.made

    @cached_property
    def api_key(self) -> Secret:
        return self.key


def rehearsal(ws: Workspace, plan: Plan, read: Callable[[], Iterable[Record]]) -> None:
    """Apply the plan to a private copy of the shop.

    Raises:
        GuardRefused: the result isn't what the plan promises; nothing was sent to the shop.
    """
    with connected(ws) as shop:
        tree, brands = shop.client.category_tree(), shop.client.brands()
        snapshot = _snapshot_of(ws, plan) or fresh(ws, shop)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, _sandbox(ws.shop) as place:
        control = place["control_url"]
        _put(control, "lookups", {"brands": sorted(brands), "categories": _leaves(tree)})
        _put(control, "products", list(_rows(snapshot, tree)))
        before = _state(control)
        wrong = _pushed(_private(ws, place, Path(folder)), plan, read)
        wrong += _touched(before, _state(control), {record.sku for record in read()})
    if wrong:
        shown = "\n".join(f"  {line}" for line in wrong[:20])
        raise GuardRefused(
            f"the rehearsal didn't end as the plan promises ({plural(len(wrong), 'difference')}); "
            f"nothing was sent to the shop:\n{shown}",
            code="rehearsal-failed",
            hint="correct the file and make a new diff, or push without --rehearse",
        )
    ws.progress.say(f"rehearsal: {plural(plan.records, 'record')} did what the plan promises")


def _snapshot_of(ws: Workspace, plan: Plan) -> Snapshot | None:
    try:
        return shelf.load(ws.state / "snapshots", plan.snapshot)
    except UsageError:
        return None


@contextmanager
def _sandbox(shop: Shop) -> Iterator[dict[str, str]]:
    """A sandbox process that speaks the shop's dialect; it ends with the body."""
    command = [sys.executable, "-m", "pipeline.sandbox", "--feed-delay", "0", "--requests", "0",
               "--feed-burst", "100000", "--dialect", shop.dialect.value]  # fmt: skip
    if shop.dialect is Dialect.FALABELLA:
        command += ["--operators", ",".join(shop.operators)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            if not first:
                raise ShopError("the sandbox for the rehearsal didn't start")
            yield json.loads(first)
        finally:
            process.kill()


def _private(ws: Workspace, place: Mapping[str, str], folder: Path) -> Private:
    limits = ws.shop.limits.model_copy(update=QUICK)
    shop = ws.shop.model_copy(
        update={"url": place["base_url"], "user_id": place["user_id"], "sandbox": True, "limits": limits,
                "budget_id": "rehearsal", "proxy": None, "ca_bundle": None}
    )  # fmt: skip
    settings = Settings(shops={ws.shop_name: shop}, ledger=str(folder / "ledger.db"))
    return Private(
        config=folder / "sellercenter.toml", asked_shop=ws.shop_name, asked_state=folder / "state",
        clock=ws.clock, made=settings, key=Secret(place["api_key"]),
    )  # fmt: skip


def _pushed(ws: Private, plan: Plan, read: Callable[[], Iterable[Record]]) -> list[str]:
    """What didn't become what the plan promises."""
    run = ws.new_id()
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        row = start(ws, journal, plan, Path("plan"), read, run=run, allowed={})
        ended = go(ws, journal, shop, row, context_of(ws.shop, tree_of(shop.client)))
        rest = [
            f"{one['sku']} ({one['action']}): {one['outcome']}: {one['message']}"
            for one in endings(journal, run)
        ]
    missing = ended.counts.pending + ended.counts.unknown
    return [*rest, f"{plural(missing, 'record was', 'records were')} never finished"] if missing else rest


def _touched(before: Products, now: Products, ours: set[str]) -> list[str]:
    """Products that changed although the plan doesn't name them."""
    names = (before.keys() | now.keys()) - ours
    return [
        f"{sku}: changed, though the plan doesn't name it"
        for sku in sorted(names)
        if before.get(sku) != now.get(sku)
    ]


def _leaves(tree: Mapping[str, Category]) -> list[dict[str, str]]:
    return [{"id": one.id, "name": one.name} for one in tree.values() if one.leaf]


def _rows(snapshot: Snapshot, tree: Mapping[str, Category]) -> Iterator[dict[str, object]]:
    """The snapshot's products as the sandbox takes them: categories by id, pictures as a list."""
    ids = {category.name: number for number, category in tree.items() if category.leaf}
    for batch in snapshot.batches():
        for row in batch.to_pylist():
            product: dict[str, object] = {name: text for name, text in row.items() if text}
            name = row.get("PrimaryCategory")
            if name:
                product["PrimaryCategory"] = row.get("PrimaryCategoryId") or ids.get(name, name)
            if row.get("Images"):
                product["Images"] = row["Images"].split("\n")
            yield product


def _put(control: str, path: str, body: object) -> None:
    request = urllib.request.Request(  # noqa: S310 - the address of a process of ours on loopback
        control.rstrip("/") + "/" + path, data=json.dumps(body).encode(), method="PUT",
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    with _direct().open(request, timeout=PATIENCE) as answer:
        answer.read()


def _state(control: str) -> Products:
    with _direct().open(control.rstrip("/") + "/state", timeout=PATIENCE) as answer:
        return {product[KEY]: product for product in json.load(answer)["products"]}


def _direct() -> urllib.request.OpenerDirector:
    """No proxy of the environment stands between us and our own process."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
