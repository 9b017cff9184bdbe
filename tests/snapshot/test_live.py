"""Downloads from the sandbox, page faults on, in both formats and dialects."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.budget.clock import SystemClock
from pipeline.market.client import Client
from pipeline.market.secret import Secret
from pipeline.sandbox import Sandbox, SandboxOptions
from pipeline.settings import Limits, Shop
from pipeline.snapshot.download import Desk, download
from pipeline.snapshot.scan import Breadth
from pipeline.snapshot.snapshot import Snapshot

COUNT = 403
PRODUCTS = [
    {
        "SellerSku": f"S{number}",
        "Name": f"Té {number}",
        "Price": "1.5",
        "Brand": "A&B",
        "PrimaryCategory": "12",
    }
    for number in range(COUNT)
]


class Free:
    @contextmanager
    def request(self) -> Iterator[None]:
        yield


def downloaded(folder: Path, faults: list[dict[str, Any]], **options: Any) -> tuple[Snapshot, int]:
    dialect = options.get("dialect", "classic")
    read_format = options.pop("read_format", "JSON")
    with Sandbox(SandboxOptions(requests=0, **options), products=PRODUCTS) as sandbox:
        sandbox.clock.advance(60)
        for fault in faults:
            sandbox.shop.faults.add({"action": "GetProducts", **fault})
        shop = Shop(
            url=sandbox.base_url,
            user_id=sandbox.user_id,
            api_key="env:X",
            sandbox=True,
            dialect=dialect,
            operators=("facl",) if dialect == "falabella" else (),
            read_format=read_format,
            limits=Limits(page_size=25),
        )
        calls: list[Any] = []
        clock = SystemClock()
        client = Client(
            shop,
            Secret(sandbox.api_key),
            throttle=Free(),
            clock=clock,
            observer=calls.append,
            chance=lambda: 0.02,
        )
        desk = Desk(folder=folder, shop="demo", identity="i", limits=shop.limits, clock=clock)
        return download(client, desk, id="one"), len(calls)


@pytest.mark.parametrize("read_format", ["JSON", "XML"])
@pytest.mark.parametrize("dialect", ["classic", "falabella"])
def test_a_shop_is_downloaded_whole(tmp_path: Path, dialect: str, read_format: str) -> None:
    snapshot, calls = downloaded(tmp_path, [], dialect=dialect, read_format=read_format)
    assert (snapshot.rows, snapshot.complete, snapshot.pages) == (COUNT, True, 17)
    assert calls <= 17 + 7 + 3
    price = "Price" if dialect == "classic" else "BusinessUnits.facl.Price"
    assert set(pq.read_table(snapshot.path)[price].to_pylist()) == {"1.50"}


def test_both_formats_give_the_same_digest(tmp_path: Path) -> None:
    one, _ = downloaded(tmp_path / "a", [], read_format="JSON")
    two, _ = downloaded(tmp_path / "b", [], read_format="XML")
    assert one.digest == two.digest


@pytest.mark.parametrize("order", ["inserted", "updated", "newest", "sku"])
@pytest.mark.parametrize("fault", ["page-miss", "page-repeat", "page-shift"])
def test_page_faults_are_mended_or_confessed(tmp_path: Path, fault: str, order: str) -> None:
    snapshot, _ = downloaded(tmp_path, [{"fault": fault, "rate": 0.2, "seed": 5}], order=order)
    assert snapshot.rows == COUNT or not snapshot.complete
    assert snapshot.complete, "so few faults can be mended"


@pytest.mark.parametrize("fault", ["page-miss", "page-repeat", "page-shift"])
def test_a_shop_that_does_nothing_else_is_never_called_complete(tmp_path: Path, fault: str) -> None:
    snapshot, _ = downloaded(tmp_path, [{"fault": fault, "rate": 1}])
    assert not snapshot.complete


def test_a_storm_of_faults_is_outlived(tmp_path: Path) -> None:
    names = [
        "http-500",
        "html",
        "empty-body",
        "drop-before-accept",
        "reset-mid-body",
        "page-miss",
        "page-shift",
    ]
    faults = [{"fault": name, "rate": 0.05, "seed": number} for number, name in enumerate(names)]
    snapshot, _ = downloaded(tmp_path, faults)
    assert (snapshot.rows, snapshot.complete) == (COUNT, True)


class Slow:
    """A source whose answers take their time."""

    latency: float | None = None


@pytest.mark.parametrize(
    ("latency", "breadth"), [(None, 4), (0.0, 3), (0.1, 3), (1.0, 10), (3.0, 18), (60.0, 30)]
)
def test_as_many_calls_are_under_way_as_the_window_permits(latency: float | None, breadth: int) -> None:
    source = Slow()
    source.latency = latency
    assert Breadth(source, requests=30, per_seconds=3)() == breadth  # type: ignore[arg-type]


def test_the_window_is_kept_full(moving_shop: Any, make_desk: Any) -> None:
    """With answers that take as long as half the window, tokens never lie about unused."""
    shop = moving_shop(540)
    window = Window(requests=6, per_seconds=0.12)
    source = Late(shop, window, seconds=0.06)
    desk = make_desk(shop, page_size=10, requests=6, per_seconds=0.12)
    snapshot = download(source, desk, id="one")  # type: ignore[arg-type]
    assert snapshot.complete
    assert window.most == 6, "every token was out at once"


class Window:
    """The answer rule: a token comes back `per_seconds` after its answer."""

    def __init__(self, *, requests: int, per_seconds: float) -> None:
        self.tokens, self.per = threading.Semaphore(requests), per_seconds
        self.out = self.most = 0
        self.lock = threading.Lock()

    @contextmanager
    def request(self) -> Iterator[None]:
        self.tokens.acquire()
        with self.lock:
            self.out += 1
            self.most = max(self.most, self.out)
        yield
        threading.Timer(self.per, self._back).start()

    def _back(self) -> None:
        with self.lock:
            self.out -= 1
        self.tokens.release()


class Late:
    """A shop behind a window, whose answers take a while."""

    def __init__(self, shop: Any, window: Window, *, seconds: float) -> None:
        self.shop, self.window, self.latency = shop, window, seconds

    def server_now(self) -> float:
        return float(self.shop.server_now())

    def products_page(self, params: Any) -> Any:
        with self.window.request():
            time.sleep(self.latency)
            return self.shop.products_page(params)
