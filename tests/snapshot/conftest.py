"""A shop in memory whose list moves between calls, and everything a download is handed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.market.products import Page, page_from
from pipeline.settings import Limits
from pipeline.snapshot.download import Desk

EPOCH = 1_700_000_000.0


@dataclass
class Product:
    sku: str
    price: str = "1"
    updated: float = EPOCH - 10_000
    deleted: bool = False


@dataclass
class MovingShop:
    """Answers pages of a list; before each answer the next step of its script happens.

    Attributes:
        script: what happens before the nth call (the call that begins a download is the 0th).
        faults: page faults, by call: rows → rows.
        clamp: rows that it gives at most, whatever is asked.
    """

    products: list[Product]
    script: dict[int, Callable[[MovingShop], None]] = field(default_factory=dict)
    faults: dict[int, Callable[[list[Product]], list[Product]]] = field(default_factory=dict)
    clamp: int = 10_000
    now: float = EPOCH
    calls: list[dict[str, str]] = field(default_factory=list)
    fail_at: int = -1
    latency: float | None = 0.01

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.always = {product.sku for product in self.products}

    def server_now(self) -> float:
        return self.now

    def products_page(self, params: Mapping[str, str]) -> Page:
        with self._lock:
            number = len(self.calls)
            self.calls.append(dict(params))
            self.now += 1
            if number == self.fail_at:
                raise ConnectionError("shop is gone")
            if number in self.script:
                self.script[number](self)
            rows = self._rows(params)
            rows = self.faults[number](rows) if number in self.faults else rows
            return page_from({"SellerSku": row.sku, "Price": row.price} for row in rows)

    def _rows(self, params: Mapping[str, str]) -> list[Product]:
        wanted = [product for product in self.products if product.deleted == (params["Filter"] == "deleted")]
        if after := params.get("UpdatedAfter"):
            since = datetime.fromisoformat(after).timestamp()
            wanted = [product for product in wanted if product.updated >= since]
        offset = int(params["Offset"])
        return wanted[offset : offset + min(int(params["Limit"]), self.clamp)]

    def insert(self, at: int, sku: str) -> None:
        self.products.insert(at % (len(self.products) + 1), Product(sku, updated=self.now))

    def remove(self, at: int) -> None:
        if self.products:
            gone = self.products.pop(at % len(self.products))
            self.always.discard(gone.sku)

    def change(self, at: int, price: str) -> None:
        if self.products:
            product = self.products[at % len(self.products)]
            product.price, product.updated = price, self.now

    def move(self, at: int, to: int) -> None:
        if self.products:
            product = self.products.pop(at % len(self.products))
            product.updated = self.now
            self.products.insert(to % (len(self.products) + 1), product)


class ShopClock:
    """Our clock, which goes with the shop's."""

    def __init__(self, shop: MovingShop) -> None:
        self.shop = shop

    def now(self) -> float:
        return self.shop.now

    def monotonic(self) -> float:
        return self.shop.now

    def sleep(self, seconds: float) -> None:
        self.shop.now += seconds


@pytest.fixture
def moving_shop() -> Callable[..., MovingShop]:
    def make(count: int, **more: Any) -> MovingShop:
        return MovingShop([Product(f"S{number:04}") for number in range(count)], **more)

    return make


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    def make(shop: MovingShop, *, folder: Path | None = None, **limits: Any) -> Desk:
        given = {"page_size": 10, **limits}
        return Desk(
            folder=folder or tmp_path / "snapshots",
            shop="demo",
            identity="id-1",
            limits=Limits(**given),
            clock=ShopClock(shop),
        )

    return make
