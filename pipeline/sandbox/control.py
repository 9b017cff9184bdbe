"""The control API: reads and edits the shop from outside the protocol, for tests; loopback only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import parse_qs, unquote

from pipeline.sandbox.clock import advance
from pipeline.sandbox.feeds import as_json as feed_json
from pipeline.sandbox.messages import Head, Reply
from pipeline.sandbox.shop import Shop

PREFIX = "/__control/"
Answer = tuple[int, object]
_MISSING: Answer = (404, {"error": "no such product"})


def is_control(path: str) -> bool:
    """Whether a request is for the control API."""
    return path == PREFIX.rstrip("/") or path.startswith(PREFIX)


def answer(shop: Shop, head: Head, body: bytes) -> Reply:
    """One control request; what cannot be done is told with a 4xx status and why."""
    if not _loopback(head.peer):
        return _reply((403, {"error": "the control API answers on loopback only"}))
    resource = head.path[len(PREFIX) :].lstrip("/")
    try:
        with shop.lock:
            shop.settle()
            return _reply(_dispatch(shop, head, resource, body))
    except (ValueError, TypeError, AttributeError) as error:
        return _reply((400, {"error": str(error)}))


def _dispatch(shop: Shop, head: Head, resource: str, body: bytes) -> Answer:
    if resource.startswith("products/"):
        return _product(shop, head.verb, unquote(resource[len("products/") :]), body)
    route = _ROUTES.get((head.verb, resource.rstrip("/")))
    if route is None:
        return 404, {"error": f"no {head.verb} {resource}", "known": [" ".join(key) for key in _ROUTES]}
    return route(shop, head.query, body)


def _product(shop: Shop, verb: str, sku: str, body: bytes) -> Answer:
    product = shop.catalog.products.get(sku)
    if product is None:
        return _MISSING
    if verb == "DELETE":
        shop.catalog.drop(sku)
        return 200, {}
    if verb in ("PATCH", "POST"):
        product = shop.edit(sku, _mapping(body)) or product
    return 200, shop.row(product)


def _state(shop: Shop, query: str, body: bytes) -> Answer:
    now = shop.clock.now()
    products = [shop.row(product) for product in shop.catalog.products.values()]
    feeds = [feed_json(feed, now) for feed in shop.feeds.feeds.values()]
    return 200, {"products": products, "feeds": feeds, "clock": now}


def _feeds(shop: Shop, query: str, body: bytes) -> Answer:
    now = shop.clock.now()
    return 200, {"feeds": [feed_json(feed, now) for feed in shop.feeds.feeds.values()]}


def _put_products(shop: Shop, query: str, body: bytes) -> Answer:
    rows = json.loads(body)
    if not isinstance(rows, list):
        raise ValueError("products must be a JSON array")
    return 200, {"products": shop.fill(cast("list[Mapping[str, object]]", rows))}


def _lookups(shop: Shop, query: str, body: bytes) -> Answer:
    return 200, shop.lookups.as_json()


def _requests(shop: Shop, query: str, body: bytes) -> Answer:
    since = int(parse_qs(query).get("since", ["0"])[0])
    return 200, {"requests": [entry.as_json() for entry in shop.log[max(0, since) :]]}


def _add_faults(shop: Shop, query: str, body: bytes) -> Answer:
    given = json.loads(body)
    for one in given if isinstance(given, list) else [given]:
        shop.faults.add(one)
    return _faults(shop, query, body)


def _faults(shop: Shop, query: str, body: bytes) -> Answer:
    return 200, {"faults": [rule.as_json() for rule in shop.faults.rules]}


def _clear_faults(shop: Shop, query: str, body: bytes) -> Answer:
    shop.faults.clear()
    return _faults(shop, query, body)


def _clock(shop: Shop, query: str, body: bytes) -> Answer:
    if body.strip():
        advance(shop.clock, float(cast("str", _mapping(body)["advance"])))
    return 200, {"clock": shop.settle()}


def _reset(shop: Shop, query: str, body: bytes) -> Answer:
    shop.reset()
    return 200, {"products": len(shop.catalog.products)}


def _settings(shop: Shop, query: str, body: bytes) -> Answer:
    if body.strip():
        shop.configure(_mapping(body))
    names = [name for name in shop.options.__slots__ if name not in ("key", "credential")]
    return 200, {name: _plain(getattr(shop.options, name)) for name in names}


_ROUTES: Mapping[tuple[str, str], Callable[[Shop, str, bytes], Answer]] = {
    ("GET", "state"): _state,
    ("GET", "feeds"): _feeds,
    ("PUT", "products"): _put_products,
    ("GET", "lookups"): _lookups,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("POST", "reset"): _reset,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _settings,
}


def _mapping(body: bytes) -> Mapping[str, object]:
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("a JSON object is needed")
    return cast("Mapping[str, object]", value)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | tuple | None) else str(value)


def _reply(result: Answer) -> Reply:
    status, value = result
    return Reply(status=status, body=json.dumps(value).encode(), content_type="application/json")


def _loopback(peer: str) -> bool:
    return peer.startswith("127.") or peer in ("::1", "::ffff:127.0.0.1")
