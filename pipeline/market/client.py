"""The shop's actions as methods."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import orjson

from pipeline.budget.throttle import Clock, Throttle
from pipeline.errors import AnswerLost, Refused
from pipeline.market import feed_answers, lookup_answers
from pipeline.market.answers import warnings
from pipeline.market.caller import Caller
from pipeline.market.calls import Observer, unobserved
from pipeline.market.feed_answers import FeedCount
from pipeline.market.feeds import Action, Feed, Receipt
from pipeline.market.lookup_answers import QcState
from pipeline.market.lookups import Attribute, Category
from pipeline.market.nodes import Node, Unreadable
from pipeline.market.pages import PageReader
from pipeline.market.products import Page, page_of
from pipeline.market.secret import Secret
from pipeline.market.signing import encoded
from pipeline.market.times import shop_time
from pipeline.settings import Shop

RAW_INPUTS_AT_ONCE = 5
NO_ATTRIBUTES = 57


class Client:
    """One shop, called in its dialect.

    Reads are tried again within `limits.deadline`; a POST is made once, and what its failure means
    is the caller's to judge. Threads may share a client.

    Args:
        throttle: asked for leave before every single request.
        observer: told of every request, from the thread that made it.
        chance: uniform in [0, 1), for jitter.
    """

    def __init__(
        self,
        shop: Shop,
        key: Secret,
        *,
        throttle: Throttle,
        clock: Clock,
        observer: Observer = unobserved,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._shop = shop
        self._caller = Caller(shop, key, throttle=throttle, clock=clock, observer=observer, chance=chance)
        self._pages = PageReader()

    def close(self) -> None:
        self._caller.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def skew(self) -> float | None:
        """Seconds that the shop's clock is ahead of ours; None before the first answer."""
        return self._caller.skew

    @property
    def latency(self) -> float | None:
        """Seconds that an answer takes lately, waiting for leave apart; None before the first."""
        return self._caller.latency

    def server_now(self) -> float:
        """The shop's time as well as we know it, seconds since the epoch."""
        return self._caller.server_now()

    # -- products

    def products_page(self, params: Mapping[str, str]) -> Page:
        """GetProducts, one call."""
        return self._caller.read("GetProducts", params, page_of, document=self._pages.read)

    def products(self, skus: Iterable[str], *, filter_: str = "all") -> dict[str, dict[str, str]]:
        """SKU → {canonical field: text} of those that the shop has, in as few calls as lists allow.

        Raises:
            AnswerLost: the shop answered with products that weren't asked for.
        """
        found: dict[str, dict[str, str]] = {}
        for listed in self._sku_lists(skus):
            params = {"Filter": filter_, "SkuSellerList": _json_list(listed), "Limit": str(len(listed))}
            found |= self._caller.read("GetProducts", params, partial(_asked_only, listed))
        return found

    def qc_status(self, skus: Iterable[str]) -> dict[str, QcState]:
        """SKU → what quality control says, of those that it speaks of."""
        found: dict[str, QcState] = {}
        for listed in self._sku_lists(skus):
            params = {"SkuSellerList": _json_list(listed), "Limit": str(len(listed)), "Offset": "0"}
            states = self._caller.read("GetQcStatus", params, lookup_answers.qc_states)
            found |= {state.sku: state for state in states}
        return found

    def probe(self) -> int:
        """The cheapest call that checks signature, user and role, and measures the skew.

        Returns:
            Rows answered: 0 says that the shop is empty.
        """
        return self.products_page({"Filter": "all", "Limit": "1", "Offset": "0"}).rows

    # -- feeds

    def post_feed(self, action: Action, body: bytes) -> Receipt:
        """Send a feed, once.

        Raises:
            Unreachable: proven not sent.
            LoginRefused, Throttled, Refused: the shop refused it; with `platform` it's unknown
                whether it was accepted.
            AnswerLost: unknown whether it was accepted.
        """
        answer = self._caller.once("POST", action.value, {}, body=body)
        if not answer.request_id:
            raise AnswerLost(f"{action.value}: the shop said success but named no feed")
        if answer.action and answer.action != action.value:
            raise AnswerLost(f"{action.value}: the answer is to {answer.action[:40]!r}")
        return Receipt(feed=answer.request_id, warnings=warnings(answer.body), server_time=answer.timestamp)

    def feed_status(self, feed: str) -> Feed:
        """FeedStatus, with the errors and warnings of its records."""
        return self._caller.read("FeedStatus", {"FeedID": feed}, feed_answers.feed_detail)

    def feed_list(self) -> tuple[Feed, ...]:
        """FeedList: the last 30 days."""
        return self._caller.read("FeedList", {}, feed_answers.feed_list)

    def feed_offset_list(
        self,
        *,
        offset: int = 0,
        page_size: int = 100,
        status: str | None = None,
        created_after: float | None = None,
        updated_after: float | None = None,
    ) -> tuple[Feed, ...]:
        """FeedOffsetList, one page.

        Args:
            created_after, updated_after: seconds since the epoch, inclusive; told to the shop on
                its own clock (`timezone` in the settings).
        """
        zone = ZoneInfo(self._shop.timezone)
        given = {
            "Offset": str(offset),
            "PageSize": str(page_size),
            "Status": status,
            "CreationDate": None if created_after is None else shop_time(created_after, zone),
            "UpdatedDate": None if updated_after is None else shop_time(updated_after, zone),
        }
        params = {name: value for name, value in given.items() if value is not None}
        return self._caller.read("FeedOffsetList", params, feed_answers.feed_list)

    def feed_count(self) -> FeedCount:
        """FeedCount: the last 30 days, by state."""
        return self._caller.read("FeedCount", {}, feed_answers.feed_count)

    def feed_cancel(self, feed: str) -> None:
        """Cancel a feed that is still queued; made once, since it's no read.

        Raises:
            Refused: it's too late, or there is no such feed.
        """
        self._caller.once("POST", "FeedCancel", {"FeedID": feed}, body=b"")

    def feed_raw_input(self, feeds: Sequence[str]) -> dict[str, bytes]:
        """Feed id → the bytes that were posted, for those that the shop still has."""
        found: dict[str, bytes] = {}
        for start in range(0, len(feeds), RAW_INPUTS_AT_ONCE):
            params = {"FeedIdList": _json_list(feeds[start : start + RAW_INPUTS_AT_ONCE])}
            found |= self._caller.read("GetFeedRawInput", params, feed_answers.raw_inputs)
        return found

    # -- look-ups

    def brands(self) -> frozenset[str]:
        """All brands, exactly as the shop spells them."""
        return frozenset(self._caller.read("GetBrands", {}, lookup_answers.brands))

    def category_tree(self) -> Mapping[str, Category]:
        """Id → category."""
        return self._caller.read("GetCategoryTree", {}, lookup_answers.category_tree)

    def category_attributes(self, category: str) -> tuple[Attribute, ...]:
        """The attributes of one category; () where it has none (E057)."""
        params = {"PrimaryCategory": category}
        try:
            return self._caller.read("GetCategoryAttributes", params, lookup_answers.category_attributes)
        except Refused as error:
            if error.number == NO_ATTRIBUTES:
                return ()
            raise

    # -- lists in an address

    def _sku_lists(self, skus: Iterable[str]) -> Iterator[list[str]]:
        limits = self._shop.limits
        room = limits.url_max - len(self._shop.url) - len(self._caller.query("GetProducts", {})) - 100
        return sku_lists(dict.fromkeys(skus), most=limits.sku_list_max, room=room)


def sku_lists(skus: Iterable[str], *, most: int, room: int) -> Iterator[list[str]]:
    """SKUs in as few lists as fit; one too long for any address goes alone. Pure.

    Args:
        most: SKUs in a list.
        room: characters that an encoded list may take.
    """
    listed: list[str] = []
    length = 0
    for sku in skus:
        size = len(encoded(f"{_quoted(sku)},"))
        if listed and (len(listed) == most or length + size > room):
            yield listed
            listed, length = [], 0
        listed.append(sku)
        length += size
    if listed:
        yield listed


def _quoted(sku: str) -> str:
    return orjson.dumps(sku).decode()


def _json_list(items: Sequence[str]) -> str:
    return orjson.dumps(list(items)).decode()


def _asked_only(asked: Sequence[str], body: Node) -> dict[str, dict[str, str]]:
    """The products asked for.

    Raises:
        Unreadable: others came: the shop didn't take the list, so that absence means nothing.
    """
    records = page_of(body).records()
    wanted, folded = set(asked), {sku.casefold() for sku in asked}
    strangers = [sku for sku in records if sku.casefold() not in folded]
    if strangers:
        raise Unreadable(f"the answer holds {strangers[0]!r}, which wasn't asked for")
    return {sku: fields for sku, fields in records.items() if sku in wanted}
