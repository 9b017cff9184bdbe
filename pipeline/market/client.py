"""The shop's actions as methods: signed, throttled, retried where that's safe, and only there."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable
from zoneinfo import ZoneInfo

import orjson

from pipeline.budget.throttle import Clock, Throttle
from pipeline.errors import AnswerLost, PipelineError, Refused, ShopError, Throttled
from pipeline.market import feed_answers, lookup_answers
from pipeline.market.agent import user_agent
from pipeline.market.answers import EXPIRED, Answer, ErrorAnswer, moment, read, refusal, warnings
from pipeline.market.calls import Call, Observer, unobserved
from pipeline.market.feed_answers import FeedCount
from pipeline.market.feeds import Action, Feed, Receipt
from pipeline.market.lookup_answers import QcState
from pipeline.market.lookups import Attribute, Category
from pipeline.market.nodes import Node, Unreadable
from pipeline.market.patience import wait_before, worth_retrying
from pipeline.market.products import Page, page_of
from pipeline.market.secret import Secret
from pipeline.market.signing import encoded, signed_query, timestamp
from pipeline.market.times import http_date, retry_after, shop_time
from pipeline.market.transport import Door, Raw, Verb
from pipeline.settings import Shop

T = TypeVar("T")
E = TypeVar("E", bound=PipelineError)

#: A server's clock shows whole seconds: a smaller difference is none.
SKEW_SEEN = 2.0
#: A read gives a single try at most this share of its deadline: a call that hangs mustn't eat it all.
TRY_SHARE = 3
#: Shortest time that a try gets, seconds.
TRY_LEAST = 1.0
RAW_INPUTS_AT_ONCE = 5
TOO_MANY = 429
NO_ATTRIBUTES = 57


@runtime_checkable
class Learning(Protocol):
    """A throttle that learns from a 429: its next `request` waits."""

    def throttled_request(self, retry_after: float | None = None) -> float: ...


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
        self._shop, self._key = shop, key
        self._throttle, self._clock = throttle, clock
        self._observer, self._chance = observer, chance
        self._agent = user_agent(shop)
        self._lock = threading.Lock()
        self._skew: float | None = None
        self._latency: float | None = None
        self._rest_until = 0.0
        self._door = Door(
            shop.url,
            connect_timeout=shop.limits.connect_timeout,
            max_bytes=shop.limits.answer_max_bytes,
            proxy=shop.proxy,
            ca_bundle=shop.ca_bundle,
            pool_size=shop.limits.requests,
        )

    def close(self) -> None:
        self._door.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def skew(self) -> float | None:
        """Seconds that the shop's clock is ahead of ours; None before the first answer."""
        return self._skew

    @property
    def latency(self) -> float | None:
        """Seconds that an answer takes lately, waiting for leave apart; None before the first."""
        return self._latency

    def server_now(self) -> float:
        """The shop's time as well as we know it, seconds since the epoch."""
        skew = self._skew or 0.0
        return self._clock.now() + (skew if abs(skew) > SKEW_SEEN else 0.0)

    # -- products

    def products_page(self, params: Mapping[str, str]) -> Page:
        """GetProducts, one call."""
        return self._read("GetProducts", params, page_of)

    def products(self, skus: Iterable[str], *, filter_: str = "all") -> dict[str, dict[str, str]]:
        """SKU → {canonical field: text} of those that the shop has, in as few calls as lists allow.

        Raises:
            AnswerLost: the shop answered with products that weren't asked for.
        """
        found: dict[str, dict[str, str]] = {}
        for listed in self._sku_lists(skus):
            params = {"Filter": filter_, "SkuSellerList": _json_list(listed), "Limit": str(len(listed))}
            found |= self._read("GetProducts", params, partial(_asked_only, listed))
        return found

    def qc_status(self, skus: Iterable[str]) -> dict[str, QcState]:
        """SKU → what quality control says, of those that it speaks of."""
        found: dict[str, QcState] = {}
        for listed in self._sku_lists(skus):
            params = {"SkuSellerList": _json_list(listed), "Limit": str(len(listed)), "Offset": "0"}
            states = self._read("GetQcStatus", params, lookup_answers.qc_states)
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
        answer = self._try("POST", action.value, {}, _whole, self._shop.limits.deadline, body=body)
        if not answer.request_id:
            raise AnswerLost(f"{action.value}: the shop said success but named no feed")
        if answer.action and answer.action != action.value:
            raise AnswerLost(f"{action.value}: the answer is to {answer.action[:40]!r}")
        return Receipt(feed=answer.request_id, warnings=warnings(answer.body), server_time=answer.timestamp)

    def feed_status(self, feed: str) -> Feed:
        """FeedStatus, with the errors and warnings of its records."""
        return self._read("FeedStatus", {"FeedID": feed}, feed_answers.feed_detail)

    def feed_list(self) -> tuple[Feed, ...]:
        """FeedList: the last 30 days."""
        return self._read("FeedList", {}, feed_answers.feed_list)

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
        return self._read("FeedOffsetList", params, feed_answers.feed_list)

    def feed_count(self) -> FeedCount:
        """FeedCount: the last 30 days, by state."""
        return self._read("FeedCount", {}, feed_answers.feed_count)

    def feed_cancel(self, feed: str) -> None:
        """Cancel a feed that is still queued; made once, since it's no read.

        Raises:
            Refused: it's too late, or there is no such feed.
        """
        self._try("POST", "FeedCancel", {"FeedID": feed}, _whole, self._shop.limits.deadline, body=b"")

    def feed_raw_input(self, feeds: Sequence[str]) -> dict[str, bytes]:
        """Feed id → the bytes that were posted, for those that the shop still has."""
        found: dict[str, bytes] = {}
        for start in range(0, len(feeds), RAW_INPUTS_AT_ONCE):
            params = {"FeedIdList": _json_list(feeds[start : start + RAW_INPUTS_AT_ONCE])}
            found |= self._read("GetFeedRawInput", params, feed_answers.raw_inputs)
        return found

    # -- look-ups

    def brands(self) -> frozenset[str]:
        """All brands, exactly as the shop spells them."""
        return frozenset(self._read("GetBrands", {}, lookup_answers.brands))

    def category_tree(self) -> Mapping[str, Category]:
        """Id → category."""
        return self._read("GetCategoryTree", {}, lookup_answers.category_tree)

    def category_attributes(self, category: str) -> tuple[Attribute, ...]:
        """The attributes of one category; () where it has none (E057)."""
        params = {"PrimaryCategory": category}
        try:
            return self._read("GetCategoryAttributes", params, lookup_answers.category_attributes)
        except Refused as error:
            if error.number == NO_ATTRIBUTES:
                return ()
            raise

    # -- one call

    def _read(self, action: str, params: Mapping[str, str], reader: Callable[[Node], T]) -> T:
        """Make a read, again and again while that makes sense and there is time."""
        ends = self._clock.monotonic() + self._shop.limits.deadline
        for tries in range(1, 1_000_000):
            left = max(ends - self._clock.monotonic(), TRY_LEAST)
            seconds = min(left, max(self._shop.limits.deadline / TRY_SHARE, TRY_LEAST))
            try:
                return self._try("GET", action, params, lambda answer: reader(answer.body), seconds)
            except ShopError as error:
                wait = wait_before(error, tries, self._chance())
                late = self._clock.monotonic() + wait >= ends
                if late or not worth_retrying(error, tries):
                    raise
                if isinstance(error, Throttled):
                    self._rest(wait, error.retry_after)
                else:
                    self._clock.sleep(wait)
        raise AssertionError("unreachable")

    def _try(
        self,
        verb: Verb,
        action: str,
        params: Mapping[str, str],
        reader: Callable[[Answer], T],
        seconds: float,
        *,
        body: bytes | None = None,
    ) -> T:
        """One request, signed now, and what it says."""
        self._wait_out()
        seen = _Seen(verb=verb, action=action, params=params, sent=len(body or b""))
        try:
            with self._throttle.request():
                seen.started = self._clock.now()
                query = self._query(action, params)
                raw = self._door.call(verb, query, headers=self._headers(body), seconds=seconds, body=body)
            seen.came(raw, self._clock.now())
            self._took(seen.answered - seen.started)
            answer = self._answer(action, raw)
            said = reader(answer)
        except Unreadable as error:
            raise seen.failed(AnswerLost(f"{action}: {error} (HTTP {seen.status})")) from None
        except PipelineError as error:
            seen.failed(error)
            raise
        else:
            seen.outcome, seen.feed = "ok", answer.request_id if verb == "POST" else ""
            return said
        finally:
            if seen.started:
                self._observer(seen.call(self._clock.now()))

    def _query(self, action: str, params: Mapping[str, str]) -> str:
        common = {
            "Action": action,
            "Format": self._shop.read_format,
            "Timestamp": timestamp(self.server_now()),
            "UserID": self._shop.user_id.strip(),
            "Version": "1.0",
        }
        return signed_query({**params, **common}, self._key)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        content = {} if body is None else {"Content-Type": "text/xml; charset=UTF-8"}
        return {"User-Agent": self._agent, **content}

    def _answer(self, action: str, raw: Raw) -> Answer:
        """The answer, or the error it is.

        Raises:
            Unreadable: not an answer of this API.
        """
        if raw.status == TOO_MANY:
            asked = retry_after(raw.headers.get("retry-after", ""), self.server_now())
            raise Throttled(f"{action}: HTTP 429, too many requests or feeds", retry_after=asked)
        if 300 <= raw.status < 400:
            raise AnswerLost(f"{action}: the shop redirects (HTTP {raw.status}); redirects aren't followed")
        answer = read(raw.body)
        if isinstance(answer, ErrorAnswer):
            if answer.number == EXPIRED or self._skew is None:
                self._learn(http_date(raw.headers.get("date", "")))
            raise refusal(answer, action)
        self._learn(moment(answer.timestamp))
        return answer

    def _learn(self, server: float | None) -> None:
        """Learn the skew: Head.Timestamp is the application's clock, Date perhaps only a proxy's."""
        if server is not None:
            self._skew = server - self._clock.now()

    def _took(self, seconds: float) -> None:
        before = seconds if self._latency is None else self._latency
        self._latency = before + (max(seconds, 0.0) - before) / 8

    # -- a 429 is everybody's

    def _rest(self, seconds: float, asked: float | None) -> None:
        """Tell the budget, which tells all its processes; a budget that can't learn leaves it to us."""
        if isinstance(self._throttle, Learning):
            self._throttle.throttled_request(asked)
            return
        with self._lock:
            self._rest_until = max(self._rest_until, self._clock.monotonic() + seconds)

    def _wait_out(self) -> None:
        """All threads sit out a 429 that one of them met."""
        with self._lock:
            left = self._rest_until - self._clock.monotonic()
        if left > 0:
            self._clock.sleep(left)

    # -- lists in an address

    def _sku_lists(self, skus: Iterable[str]) -> Iterator[list[str]]:
        limits = self._shop.limits
        room = limits.url_max - len(self._shop.url) - len(self._query("GetProducts", {})) - 100
        return sku_lists(dict.fromkeys(skus), most=limits.sku_list_max, room=room)


@dataclass(slots=True, kw_only=True)
class _Seen:
    """A call while it's under way; whatever ends it, it gets told."""

    verb: Verb
    action: str
    params: Mapping[str, str]
    sent: int
    started: float = 0.0
    answered: float = 0.0
    status: int = 0
    received: int = 0
    outcome: str = "interrupted"
    message: str = ""
    feed: str = ""

    def came(self, raw: Raw, now: float) -> None:
        self.status, self.received, self.answered = raw.status, len(raw.body), now

    def failed(self, error: E) -> E:
        self.outcome, self.message = error.code, error.message
        return error

    def call(self, now: float) -> Call:
        return Call(
            verb=self.verb,
            action=self.action,
            params=self.params,
            started=self.started,
            answered=self.answered or now,
            outcome=self.outcome,
            message=self.message,
            status=self.status,
            sent=self.sent,
            received=self.received,
            feed=self.feed,
        )


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


def _whole(answer: Answer) -> Answer:
    return answer


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
