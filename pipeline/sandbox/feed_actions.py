"""The actions that make feeds and tell what became of them (reference 4, 5)."""

from __future__ import annotations

import base64

from pipeline.sandbox.body import Record, records_of
from pipeline.sandbox.canon import instant
from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.feeds import STATUSES, Feed, detail, listed
from pipeline.sandbox.messages import Call
from pipeline.sandbox.nodes import Node
from pipeline.sandbox.reads import json_list, page_of, whole
from pipeline.sandbox.shop import Shop

_DEFAULT_PAGE = 1000


def submit(shop: Shop, call: Call) -> tuple[Feed, list[Record]]:
    """Accept a write as a feed; whether its records are good is not looked at yet.

    Raises:
        ApiError: E429 over the quota, E030 or E005 or 1000 for the body.
    """
    if not shop.limits.feed_allowed(shop.options, call.now):
        raise ApiError(429, "Too many attempts to create feeds")
    records = records_of(call.action, call.body)
    feed = shop.accept(call.action, call.params["UserID"], call.body, records, call.now, call.late)
    return feed, records


def feed_status(shop: Shop, call: Call) -> Node:
    """One feed with its errors and warnings."""
    return {"FeedDetail": detail(_feed(shop, call), call.now, shop.options.processed)}


def feed_list(shop: Shop, call: Call) -> Node:
    """All feeds of the last 30 days, without a wrapper."""
    return _list(shop, shop.feeds.recent(call.now), call)


def feed_offset_list(shop: Shop, call: Call) -> Node:
    """Feeds by page, status and dates."""
    offset = whole(call, "Offset", 0, 0, ApiError(14, "Invalid Offset"))
    size = whole(call, "PageSize", _DEFAULT_PAGE, 1, ApiError(15, "Invalid PageSize"))
    status = call.text("Status")
    if status and status not in STATUSES:
        raise ApiError(13, "Invalid Feed Status")
    created = _since(call, "CreationDate", 46)
    updated = _since(call, "UpdatedDate", 47)
    found = [
        feed
        for feed in shop.feeds.recent(call.now)
        if int(feed.created) >= created
        and int(feed.changed_at(call.now)) >= updated
        and (not status or feed.status(call.now) == status)
    ]
    return _list(shop, page_of(found, offset, size, shop.faults.page("FeedOffsetList")), call)


def feed_count(shop: Shop, call: Call) -> Node:
    """How many feeds are in which state."""
    words = [feed.status(call.now) for feed in shop.feeds.recent(call.now)]
    counts = {word: str(words.count(word)) for word in ("Queued", "Processing", "Finished", "Canceled")}
    return {"FeedCount": {"Total": str(len(words)), **counts}}


def feed_cancel(shop: Shop, call: Call) -> Node:
    """Only what is still queued can be taken back."""
    feed = _feed(shop, call)
    if feed.status(call.now) != "Queued":
        raise ApiError(13, "Invalid Feed Status")
    shop.feeds.finish(feed, "Canceled", call.now)
    return ""


def get_feed_raw_input(shop: Shop, call: Call) -> Node:
    """The posted XML again, byte for byte."""
    wanted = json_list(call.text("FeedIdList"), ApiError(53, "FeedIdList must be an array"))
    if not wanted:
        raise ApiError(54, "FeedIdList must be an array of feed ids")
    found = [shop.feeds.find(feed_id, call.now) for feed_id in wanted]
    return {"FeedRawInput": [_raw(feed) for feed in found if feed is not None]}


def _raw(feed: Feed) -> Node:
    file = base64.b64encode(feed.body).decode()
    return {"Feed": feed.id, "RawInputFile": {"MimeType": "text/xml", "File": file}}


def _list(shop: Shop, feeds: list[Feed], call: Call) -> Node:
    return {"Feed": [listed(feed, call.now, shop.options.processed) for feed in feeds]}


def _feed(shop: Shop, call: Call) -> Feed:
    feed = shop.feeds.find(call.text("FeedID"), call.now)
    if feed is None:
        raise ApiError(12, "Invalid Feed ID")
    return feed


def _since(call: Call, name: str, code: int) -> float:
    text = call.text(name)
    if not text:
        return float("-inf")
    when = instant(text)
    if when is None:
        raise ApiError(code, f"Invalid {name} value")
    return when
