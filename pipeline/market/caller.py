"""One call to the shop: signed now, throttled, observed; tried again where that is safe, and only there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from pipeline.budget.throttle import Clock, Throttle
from pipeline.errors import AnswerLost, PipelineError, ShopError, Throttled
from pipeline.market.agent import user_agent
from pipeline.market.answers import EXPIRED, Answer, ErrorAnswer, moment, refusal
from pipeline.market.answers import read as any_answer
from pipeline.market.calls import Call, Observer
from pipeline.market.nodes import Node, Unreadable
from pipeline.market.patience import wait_before, worth_retrying
from pipeline.market.secret import Secret
from pipeline.market.signing import signed_query, timestamp
from pipeline.market.times import http_date, retry_after
from pipeline.market.transport import Door, Raw, Verb
from pipeline.settings import Shop

T = TypeVar("T")
E = TypeVar("E", bound=PipelineError)
#: Bytes → the answer that they are.
Document = Callable[[bytes], Answer | ErrorAnswer]

#: A server's clock shows whole seconds: a smaller difference is none.
SKEW_SEEN = 2.0
#: A read gives a single try at most this share of its deadline: a call that hangs mustn't eat it all.
TRY_SHARE = 3
#: Shortest time that a try gets, seconds.
TRY_LEAST = 1.0
TOO_MANY = 429


@runtime_checkable
class Learning(Protocol):
    """A throttle that learns from a 429: its next `request` waits."""

    def throttled_request(self, retry_after: float | None = None) -> float: ...


class Caller:
    """Calls one shop; threads may share it.

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
        observer: Observer,
        chance: Callable[[], float],
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

    def read(
        self,
        action: str,
        params: Mapping[str, str],
        reader: Callable[[Node], T],
        *,
        document: Document = any_answer,
    ) -> T:
        """Make a read, again and again while that makes sense and there is time.

        Args:
            document: how the answer is read.
        """
        ends = self._clock.monotonic() + self._shop.limits.deadline
        for tries in range(1, 1_000_000):
            left = max(ends - self._clock.monotonic(), TRY_LEAST)
            seconds = min(left, max(self._shop.limits.deadline / TRY_SHARE, TRY_LEAST))
            try:
                said = self._try(
                    "GET", action, params, lambda answer: reader(answer.body), seconds, document=document
                )
            except ShopError as error:
                wait = wait_before(error, tries, self._chance())
                late = self._clock.monotonic() + wait >= ends
                if late or not worth_retrying(error, tries):
                    raise
                if isinstance(error, Throttled):
                    self._rest(wait, error.retry_after)
                else:
                    self._clock.sleep(wait)
            else:
                return said
        raise AssertionError("unreachable")

    def once(
        self,
        verb: Verb,
        action: str,
        params: Mapping[str, str],
        *,
        body: bytes | None = None,
    ) -> Answer:
        """Make a call that must not be made twice: there is no retry on this way.

        Raises:
            Unreachable: proven not sent.
            Refused: the shop's own no.
            AnswerLost: unknown whether it was accepted.
        """
        return self._try(verb, action, params, _whole, self._shop.limits.deadline, body=body)

    def _try(
        self,
        verb: Verb,
        action: str,
        params: Mapping[str, str],
        reader: Callable[[Answer], T],
        seconds: float,
        *,
        body: bytes | None = None,
        document: Document = any_answer,
    ) -> T:
        """One request, signed now, and what it says."""
        self._wait_out()
        seen = _Seen(verb=verb, action=action, params=params, sent=len(body or b""))
        try:
            with self._throttle.request():
                seen.started = self._clock.now()
                query = self.query(action, params)
                raw = self._door.call(verb, query, headers=self._headers(body), seconds=seconds, body=body)
            seen.came(raw, self._clock.now())
            self._took(seen.answered - seen.started)
            answer = self._answer(action, raw, document)
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

    def query(self, action: str, params: Mapping[str, str]) -> str:
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

    def _answer(self, action: str, raw: Raw, document: Document) -> Answer:
        """The answer, or the error it is.

        Raises:
            Unreadable: not an answer of this API.
        """
        if raw.status == TOO_MANY:
            asked = retry_after(raw.headers.get("retry-after", ""), self.server_now())
            raise Throttled(f"{action}: HTTP 429, too many requests or feeds", retry_after=asked)
        if 300 <= raw.status < 400:
            raise AnswerLost(f"{action}: the shop redirects (HTTP {raw.status}); redirects aren't followed")
        answer = document(raw.body)
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


def _whole(answer: Answer) -> Answer:
    return answer
