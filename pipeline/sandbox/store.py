"""A shop that outlives its process: products, feeds and lists in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.sandbox.body import records_of
from pipeline.sandbox.catalog import Catalog
from pipeline.sandbox.feeds import Fate, Feed, FeedBook
from pipeline.sandbox.lookups import Category, Lookups
from pipeline.sandbox.product import Product

_TABLES = """
CREATE TABLE IF NOT EXISTS products (sku TEXT PRIMARY KEY, number INTEGER, value TEXT);
CREATE TABLE IF NOT EXISTS feeds (id TEXT PRIMARY KEY, number INTEGER, value TEXT, body BLOB);
CREATE TABLE IF NOT EXISTS lists (name TEXT PRIMARY KEY, value TEXT);
"""


class Store:
    """The file. Used by one thread at a time, under the shop's lock.

    Raises:
        ValueError: it is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise ValueError(f"{path} is no state file: {error}") from error

    def load(self, catalog: Catalog, feeds: FeedBook, lookups: Lookups) -> bool:
        """Take up what was kept; False if nothing was."""
        lists = dict(self._db.execute("SELECT name, value FROM lists"))
        if "brands" not in lists:
            return False
        for row in json.loads(lists["categories"]):
            row["attributes"] = set(row["attributes"])
            lookups.restore_category(Category(**row))
        lookups.brands.update(json.loads(lists["brands"]))
        lookups.options.update(json.loads(lists["options"]))
        rows = self._db.execute("SELECT value FROM products ORDER BY number")
        catalog.replace_all(_product(text) for (text,) in rows)
        for text, body in self._db.execute("SELECT value, body FROM feeds ORDER BY number"):
            feeds.add(_feed(text, body))
        catalog.changed.clear()
        feeds.changed.clear()
        return True

    def save(self, catalog: Catalog, feeds: FeedBook, lookups: Lookups) -> None:
        """Keep what changed since the last time, in one transaction."""
        if not catalog.changed and not feeds.changed:
            return
        with self._db:
            self._save_products(catalog)
            self._save_feeds(feeds)
            self._db.executemany("INSERT OR REPLACE INTO lists VALUES (?, ?)", _lists(lookups))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _save_products(self, catalog: Catalog) -> None:
        found = [catalog.products[sku] for sku in catalog.changed if sku in catalog.products]
        gone = [(sku,) for sku in catalog.changed if sku not in catalog.products]
        self._db.executemany("DELETE FROM products WHERE sku = ?", gone)
        rows = ((product.sku, product.number, json.dumps(asdict(product))) for product in found)
        self._db.executemany("INSERT OR REPLACE INTO products VALUES (?, ?, ?)", rows)

    def _save_feeds(self, feeds: FeedBook) -> None:
        found = [feeds.feeds[feed_id] for feed_id in feeds.changed if feed_id in feeds.feeds]
        gone = [(feed_id,) for feed_id in feeds.changed if feed_id not in feeds.feeds]
        self._db.executemany("DELETE FROM feeds WHERE id = ?", gone)
        rows = ((feed.id, feed.number, _feed_text(feed), feed.body) for feed in found)
        self._db.executemany("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?)", rows)


def _lists(lookups: Lookups) -> Iterable[tuple[str, str]]:
    rows = [{**asdict(c), "attributes": sorted(c.attributes)} for c in lookups.categories.values()]
    yield "categories", json.dumps(rows)
    yield "brands", json.dumps(lookups.brands)
    yield "options", json.dumps(lookups.options)


def _product(text: str) -> Product:
    value: dict[str, Any] = json.loads(text)
    value["images"] = tuple(value["images"])
    return Product(**value)


def _feed_text(feed: Feed) -> str:
    value = {name: getattr(feed, name) for name in Feed.__slots__ if name not in ("body", "records", "fate")}
    return json.dumps({**value, "fate": asdict(feed.fate)})


def _feed(text: str, body: bytes) -> Feed:
    value: dict[str, Any] = json.loads(text)
    value["fate"] = Fate(**value["fate"])
    value["errors"] = [(sku, message) for sku, message in value["errors"]]
    value["warnings"] = [(sku, message) for sku, message in value["warnings"]]
    records = [] if value["final"] else records_of(value["action"], body)
    return Feed(**value, body=body, records=records)
