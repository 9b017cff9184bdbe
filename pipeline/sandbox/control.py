"""The control API: reads and edits the shop from outside the protocol, for tests; loopback only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs, unquote

from pipeline.sandbox.clock import advance
from pipeline.sandbox.feeds import as_json as feed_json
from pipeline.sandbox.messages import Head, Reply
from pipeline.sandbox.shop import Shop

PREFIX = "/__control/"
Answer = tuple[int, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A control request to a resource of its own name."""

    shop: Shop
    query: str
    body: bytes


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
            reply = _reply(_dispatch(shop, head, resource, body))
            shop.keep()
            return reply
    except (ValueError, TypeError, KeyError) as error:
        return _reply((400, {"error": str(error) or repr(error)}))


def _dispatch(shop: Shop, head: Head, resource: str, body: bytes) -> Answer:
    if resource.startswith("products/"):
        return _product(shop, head.verb, unquote(resource[len("products/") :]), body)
    route = _ROUTES.get((head.verb, resource.rstrip("/")))
    if route is None:
        return 404, {"error": f"no {head.verb} {resource}", "known": [" ".join(key) for key in _ROUTES]}
    return route(Ask(shop=shop, query=head.query, body=body))


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


def _state(ask: Ask) -> Answer:
    """Row by row: a shop of a million products does not stand in memory several times over."""
    shop, now = ask.shop, ask.shop.clock.now()
    rows = [json.dumps(shop.row(product)).encode() for product in shop.catalog.products.values()]
    feeds = [feed_json(feed, now) for feed in shop.feeds.feeds.values()]
    rest = json.dumps({"feeds": feeds, "clock": now}).encode()
    return 200, b'{"products": [' + b", ".join(rows) + b"], " + rest[1:]


def _feeds(ask: Ask) -> Answer:
    now = ask.shop.clock.now()
    return 200, {"feeds": [feed_json(feed, now) for feed in ask.shop.feeds.feeds.values()]}


def _put_products(ask: Ask) -> Answer:
    rows = json.loads(ask.body)
    if not isinstance(rows, list):
        raise TypeError("products must be a JSON array")
    return 200, {"products": ask.shop.fill(cast("list[Mapping[str, object]]", rows))}


def _lookups(ask: Ask) -> Answer:
    return 200, ask.shop.lookups.as_json()


def _put_lookups(ask: Ask) -> Answer:
    given = _mapping(ask.body)
    brands = cast("list[str]", given.get("brands", []))
    categories = cast("list[Mapping[str, str]]", given.get("categories", []))
    ask.shop.lookups.take(brands, categories)
    return _lookups(ask)


def _requests(ask: Ask) -> Answer:
    since = int(parse_qs(ask.query).get("since", ["0"])[0])
    return 200, {"requests": [entry.as_json() for entry in ask.shop.log[max(0, since) :]]}


def _add_faults(ask: Ask) -> Answer:
    given = json.loads(ask.body)
    for one in given if isinstance(given, list) else [given]:
        ask.shop.faults.add(one)
    return _faults(ask)


def _faults(ask: Ask) -> Answer:
    return 200, {"faults": [rule.as_json() for rule in ask.shop.faults.rules]}


def _clear_faults(ask: Ask) -> Answer:
    ask.shop.faults.clear()
    return _faults(ask)


def _clock(ask: Ask) -> Answer:
    if ask.body.strip():
        advance(ask.shop.clock, float(cast("str", _mapping(ask.body)["advance"])))
    return 200, {"clock": ask.shop.settle()}


def _reset(ask: Ask) -> Answer:
    ask.shop.reset()
    return 200, {"products": len(ask.shop.catalog.products)}


def _settings(ask: Ask) -> Answer:
    if ask.body.strip():
        ask.shop.configure(_mapping(ask.body))
    names = [name for name in ask.shop.options.__slots__ if name not in ("key", "credential")]
    return 200, {name: _plain(getattr(ask.shop.options, name)) for name in names}


_ROUTES: Mapping[tuple[str, str], Callable[[Ask], Answer]] = {
    ("GET", "state"): _state,
    ("GET", "feeds"): _feeds,
    ("PUT", "products"): _put_products,
    ("GET", "lookups"): _lookups,
    ("PUT", "lookups"): _put_lookups,
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
        raise TypeError("a JSON object is needed")
    return cast("Mapping[str, object]", value)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | tuple | None) else str(value)


def _reply(result: Answer) -> Reply:
    status, value = result
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(status=status, body=body, content_type="application/json")


def _loopback(peer: str) -> bool:
    return peer.startswith("127.") or peer in ("::1", "::ffff:127.0.0.1")
