"""The shop: everything it holds, and the passing of time in it."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterable, Mapping

from pipeline.sandbox.body import Record
from pipeline.sandbox.catalog import Catalog
from pipeline.sandbox.clock import Clock
from pipeline.sandbox.faults import WRITES, Faults, parse_flag
from pipeline.sandbox.feeds import Feed, FeedBook, fate_of
from pipeline.sandbox.limits import Limits
from pipeline.sandbox.lookups import Lookups
from pipeline.sandbox.messages import Entry
from pipeline.sandbox.options import SandboxOptions, changed
from pipeline.sandbox.processing import Processor
from pipeline.sandbox.product import Product, as_row, edited, from_row
from pipeline.sandbox.rewrite import rewritten
from pipeline.sandbox.store import Store
from pipeline.sandbox.wire import ProductWriter

Row = Mapping[str, object]


class Shop:
    """One seller's shop. Every method is called with ``lock`` held."""

    def __init__(
        self,
        options: SandboxOptions,
        clock: Clock,
        rows: Iterable[Row] = (),
        store: Store | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.store = store
        self.clock = clock
        self.options = self._first_options = options
        self._first_rows = list(rows)
        self.log: list[Entry] = []
        self.limits = Limits()
        self._start()
        if store is not None and store.load(self.catalog, self.feeds, self.lookups):
            self._resume()
        self.keep()

    def _resume(self) -> None:
        """A shop that was kept goes on with its feeds and its quota."""
        for feed in self.feeds.feeds.values():
            self.limits.feed_accepted(feed.created)
        for product in self.catalog.products.values():
            self.known_fields.update(product.fields)

    def _start(self) -> None:
        self.options = self._first_options
        self.lookups = Lookups()
        self.catalog = Catalog()
        self.feeds = FeedBook()
        self.limits.clear()
        self.faults = Faults(self.options.seed)
        for flag in self.options.fault:
            self.faults.add(parse_flag(flag))
        self.known_fields: set[str] = set()
        self._build()
        self.fill(self._first_rows)

    def _build(self) -> None:
        self.writer = ProductWriter(self.options, self.lookups)
        self.processor = Processor(self.options, self.catalog, self.lookups, self.known_fields)

    @property
    def operators(self) -> tuple[str, ...]:
        """Operator codes; a classic shop has none."""
        return self.options.operator_codes if self.options.dialect == "falabella" else ()

    def reset(self) -> None:
        """As at the start: first products and settings, no feeds, no faults, fresh limits.

        Clock and request log go on, so that ``since=N`` stays true.
        """
        self._start()

    def configure(self, changes: Mapping[str, object]) -> None:
        """Turn switches of the running shop.

        Raises:
            ValueError: an unknown switch or value, or one that only counts at the start.
        """
        fixed = sorted(set(changes) & {"host", "port", "products", "state", "dialect", "operators", "clock"})
        if fixed:
            raise ValueError(f"cannot be changed while running: {', '.join(fixed)}")
        self.options = changed(self.options, dict(changes))
        self._build()

    def fill(self, rows: Iterable[Row]) -> int:
        """Replace all products.

        Raises:
            ValueError: a row is no product, or two have the same SKU.
        """
        now = self.clock.now()
        products: dict[str, Product] = {}
        for number, row in enumerate(rows, start=1):
            product = from_row(row, self.operators, self.lookups, now, number)
            if product.sku in products:
                raise ValueError(f"SellerSku {product.sku!r} is given twice")
            products[product.sku] = product
        for product in products.values():
            self.known_fields.update(product.fields)
        self.catalog.replace_all(products.values())
        return len(products)

    def edit(self, sku: str, row: Row) -> Product | None:
        """A person edits a product in the shop's own pages: nothing is validated, it shows at once."""
        product = self.catalog.products.get(sku)
        if product is None:
            return None
        after = edited(product, row, self.operators, self.lookups, self.clock.now())
        self.catalog.put(after)
        return after

    def keep(self) -> None:
        """Write what has changed to the state file, if there is one."""
        if self.store is not None:
            self.store.save(self.catalog, self.feeds, self.lookups)
        self.catalog.changed.clear()
        self.feeds.changed.clear()

    def row(self, product: Product) -> dict[str, object]:
        """A product as the control API shows it."""
        return as_row(product, self.lookups)

    def settle(self) -> float:
        """Let everything happen that is due by now."""
        now = self.clock.now()
        for feed in self.feeds.arrivals(now):
            self.limits.feed_accepted(feed.created)
        for feed in self.feeds.due(now, self.options.feed_order, self.options.seed):
            self._process(feed)
        self.catalog.reveal(now)
        return now

    def accept(
        self, action: str, user: str, body: bytes, records: list[Record], now: float, late: float | None
    ) -> Feed:
        """Queue a feed; with ``late`` it is accepted only that many seconds from now."""
        feed = self._new_feed(action, user, body, records, now + (late or 0.0))
        if late is not None:
            self.feeds.add_late(feed)
            return feed
        self.feeds.add(feed)
        self.limits.feed_accepted(now)
        return feed

    def _new_feed(self, action: str, user: str, body: bytes, records: list[Record], created: float) -> Feed:
        number = self.feeds.next_number()
        fate = fate_of(self.faults.feed(action))
        delay = self.options.feed_delay + self.options.feed_per_record * len(records)
        return Feed(
            id=str(uuid.uuid4()),
            number=number,
            action=action,
            user=user,
            body=body,
            records=records,
            created=created,
            starts=created + self.options.feed_delay / 2,
            due=created + max(delay, fate.stuck_for, fate.strange_for),
            fate=fate,
            total=len(records),
        )

    def _process(self, feed: Feed) -> None:
        if feed.fate.canceled:
            self.feeds.finish(feed, "Canceled", feed.due)
            return
        seen: set[str] = set()
        for record in feed.records:
            if record.sku in seen and self.options.duplicate_sku == "reject":
                self._refuse(feed, record.sku, (f"Seller SKU '{record.sku}' is given more than once",))
            else:
                self._apply(feed, record)
            seen.add(record.sku)
        word = self.options.partial_status if feed.failed else "Finished"
        self.feeds.finish(feed, word, feed.due)

    def _apply(self, feed: Feed, record: Record) -> None:
        verdict = self.processor.judge(feed.action, record, feed.due)
        if verdict.errors:
            self._refuse(feed, record.sku, verdict.errors)
            return
        fault = self.faults.record(feed.action, record.sku)
        name = fault.fault if fault else ""
        if name == "partial":
            self._refuse(feed, record.sku, (f"Could not save product: {record.sku}",))
            return
        if name == "warn":
            feed.warnings.append((record.sku, "The product was saved, but should be looked at."))
        if name != "not-applied":
            self.processor.store(verdict, self._shown_from(feed))
            self._rewrite(feed.action, record.sku)

    def _refuse(self, feed: Feed, sku: str, errors: Iterable[str]) -> None:
        feed.failed += 1
        feed.errors.extend((sku, text) for text in errors)

    def _shown_from(self, feed: Feed) -> float:
        return feed.due + self.options.lag if self.options.lag else 0.0

    def _rewrite(self, action: str, sku: str) -> None:
        """Rules on a writing action change what is stored; all others what is read."""
        rules = [rule for rule in self.faults.rewrites(action) if rule.action in (*WRITES, "writes")]
        product = self.catalog.products.get(sku)
        if rules and product is not None:
            self.catalog.put(rewritten(product, rules))


def sha256(body: bytes) -> str:
    """The digest under which the log and the feeds name a body."""
    return hashlib.sha256(body).hexdigest()
