"""The shop's products: what it holds, what GetProducts shows of it yet, and in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.sandbox.product import Product

FILTERS = ("all", "live", "inactive", "deleted", "image-missing", "pending", "rejected", "sold-out")
_KEPT_LISTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What GetProducts asks for, page apart."""

    status: str = "all"
    search: str = ""
    created_after: float | None = None
    created_before: float | None = None
    updated_after: float | None = None
    updated_before: float | None = None
    order: str = "inserted"

    @property
    def dated(self) -> bool:
        """Whether any date bounds the answer."""
        bounds = (self.created_after, self.created_before, self.updated_after, self.updated_before)
        return any(bound is not None for bound in bounds)


class Catalog:
    """Products by SKU in the order in which they came; ``version`` grows with every visible change."""

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.version = 0
        self.changed: set[str] = set()
        self._numbers = 0
        self._deleted: set[str] = set()
        self._hidden: dict[str, tuple[float, Product | None]] = {}
        self._lists: dict[tuple[Query, bool], tuple[int, list[Product]]] = {}

    def next_number(self) -> int:
        """The next product's place in the order of arrival."""
        self._numbers += 1
        return self._numbers

    def replace_all(self, products: Iterable[Product]) -> None:
        """Forget everything, hold these."""
        self.changed.update(self.products)
        self.products = {product.sku: product for product in products}
        self._numbers = max((product.number for product in self.products.values()), default=0)
        self.changed.update(self.products)
        self._hidden.clear()
        self._deleted = {sku for sku, product in self.products.items() if product.status == "deleted"}
        self.version += 1

    def put(self, product: Product, shown_from: float = 0.0) -> None:
        """Hold a product's new state; until ``shown_from`` GetProducts still shows the one before."""
        before = self.products.get(product.sku)
        if shown_from:
            earlier = self._hidden.get(product.sku)
            self._hidden[product.sku] = (shown_from, earlier[1] if earlier else before)
        self.products[product.sku] = product
        self._noted(product)

    def rename(self, old: str, product: Product) -> None:
        """A product under its new SKU, at its old place."""
        kept = {(product.sku if sku == old else sku): item for sku, item in self.products.items()}
        kept[product.sku] = product
        self.products = kept
        self.changed.add(old)
        self._deleted.discard(old)
        self._noted(product)

    def drop(self, sku: str) -> None:
        """Take a product away for good, as no call of the API can."""
        del self.products[sku]
        self._hidden.pop(sku, None)
        self._deleted.discard(sku)
        self.changed.add(sku)
        self.version += 1

    def reveal(self, now: float) -> None:
        """Let changes appear whose delay is over."""
        due = [sku for sku, (until, _) in self._hidden.items() if until <= now]
        for sku in due:
            del self._hidden[sku]
        self.version += bool(due)

    def shown(self, sku: str) -> Product | None:
        """What GetProducts shows of a SKU."""
        hidden = self._hidden.get(sku)
        return hidden[1] if hidden else self.products.get(sku)

    def listed(self, query: Query, now: float, timed: bool = False) -> list[Product]:
        """All products that answer a query, in the shop's order.

        ``timed`` says that the answer depends on the time as well, so that it cannot be kept.
        """
        kept = self._lists.get((query, timed))
        if kept is not None and kept[0] == self.version and not timed:
            return kept[1]
        found = self._ordered(query, now)
        if len(self._lists) >= _KEPT_LISTS:
            self._lists.clear()
        self._lists[query, timed] = (self.version, found)
        return found

    def _noted(self, product: Product) -> None:
        if product.status == "deleted":
            self._deleted.add(product.sku)
        else:
            self._deleted.discard(product.sku)
        self.changed.add(product.sku)
        self.version += 1

    def _ordered(self, query: Query, now: float) -> list[Product]:
        found = self._matching(query, now)
        if query.order == "sku":
            found.sort(key=lambda product: product.sku)
        elif query.order == "updated":
            found.sort(key=lambda product: (product.updated, product.number))
        elif query.order == "newest":
            found.reverse()
        return found

    def _matching(self, query: Query, now: float) -> list[Product]:
        """Dates first, then the rest: most scans ask for all, or for little by date."""
        pool = self._all_shown()
        if query.dated:
            pool = _in_time(pool, query)
        if query.status == "all" and not query.search and not self._hidden:
            gone = self._deleted
            return [product for product in pool if product.sku not in gone] if gone else list(pool)
        keep = matcher(query, now)
        return [product for product in pool if keep(product)]

    def _all_shown(self) -> Iterable[Product]:
        if not self._hidden:
            return self.products.values()
        shown = (self.shown(sku) for sku in self.products)
        return [product for product in shown if product is not None]


def matcher(query: Query, now: float) -> Callable[[Product], bool]:
    """The test that a product must pass."""
    needle = query.search.casefold()

    def keep(product: Product) -> bool:
        if not has_status(product, query.status, now):
            return False
        if needle and not _mentions(product, needle):
            return False
        return not query.dated or bool(_in_time((product,), query))

    return keep


def has_status(product: Product, wanted: str, now: float) -> bool:
    """Reference 3.1's filters: ``all`` leaves deleted products out, only ``deleted`` shows them."""
    status = product.status
    if wanted == "all" or status == "deleted" or wanted == "deleted":
        return (status == "deleted") == (wanted == "deleted")
    if wanted == "inactive":
        return status == "inactive"
    if wanted == "image-missing":
        return not product.images
    quality = qc_status(product, now)
    if wanted in ("pending", "rejected"):
        return quality == wanted
    if wanted == "sold-out":
        return status == "active" and product.stock == 0
    return status == "active" and quality == "approved" and product.stock > 0 and bool(product.images)


def qc_status(product: Product, now: float) -> str:
    """Quality control's word: what was given, else pending for a while after a change, else approved."""
    given = product.fields.get("QCStatus")
    if given:
        return given
    return "pending" if now < product.pending_until else "approved"


def _mentions(product: Product, needle: str) -> bool:
    return needle in product.sku.casefold() or needle in product.fields.get("Name", "").casefold()


def _in_time(products: Iterable[Product], query: Query) -> list[Product]:
    """Bounds are inclusive, at the resolution of a second (reference 3.1)."""
    made, made_end = _span(query.created_after, query.created_before)
    low, high = _span(query.updated_after, query.updated_before)
    return [p for p in products if low <= p.updated < high and made <= p.created < made_end]


def _span(after: float | None, before: float | None) -> tuple[float, float]:
    low = float("-inf") if after is None else math.ceil(after)
    return low, float("inf") if before is None else math.floor(before) + 1
