"""The one door to the network.

No proxy, netrc or CA file from the environment, no redirects, TLS always verified, gzip only, a
deadline and a byte cap on every answer, a fresh connection for every POST. All foreign exceptions
end here: `Unreachable` where it's proven that nothing was sent, `AnswerLost` for everything else.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Literal
from urllib.parse import urlsplit

import requests
import urllib3

from pipeline.errors import AnswerLost, Unreachable
from pipeline.market.redact import guard_logs
from pipeline.market.wire import ATTEMPT, WireAdapter

Verb = Literal["GET", "POST"]

CHUNK = 65_536
#: Everything requests, urllib3, http.client and sockets can raise; bad addresses are ValueErrors.
FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """An answer as it came.

    Attributes:
        headers: names in lower case.
        body: decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Calls one shop's address.

    Args:
        url: the shop's address, without a query.
        connect_timeout: seconds to get connected.
        max_bytes: longest answer, decompressed.
        pool_size: connections kept for reading.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float,
        max_bytes: int,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        pool_size: int = 32,
    ) -> None:
        guard_logs()
        self._url = url.rstrip("?")
        self._host = urlsplit(url).netloc.rpartition("@")[2]
        self._connect_timeout = connect_timeout
        self._max_bytes = max_bytes
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._verify: bool | str = ca_bundle or True
        self._pool_size = pool_size
        self._reading = self._session()

    def call(
        self, verb: Verb, query: str, *, headers: Mapping[str, str], seconds: float, body: bytes | None = None
    ) -> Raw:
        """Make one request, once.

        Args:
            query: the signed query string, sent byte for byte.
            seconds: until the whole answer must be here.

        Raises:
            Unreachable: nothing was sent.
            AnswerLost: it may have been, and there is no whole answer.
        """
        ATTEMPT.begin(seconds)
        session = self._reading if verb == "GET" else self._session()
        try:
            return self._exchange(session, verb, query, headers, body)
        except FOREIGN as error:
            raise self._translated(error, sent=ATTEMPT.sent) from None
        finally:
            if session is not self._reading:
                session.close()

    def close(self) -> None:
        self._reading.close()

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.proxies = dict(self._proxies)
        session.verify = self._verify
        for scheme in ("http://", "https://"):
            session.mount(scheme, WireAdapter(pool_size=self._pool_size))
        return session

    def _exchange(
        self,
        session: requests.Session,
        verb: Verb,
        query: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Raw:
        left = ATTEMPT.left()
        with session.request(
            verb,
            f"{self._url}?{query}",
            data=body,
            headers={"Accept-Encoding": "gzip", "Accept": "*/*", **headers},
            timeout=(min(self._connect_timeout, left), left),
            allow_redirects=False,
            stream=True,
        ) as answer:
            whole = answer.status_code != http.client.TOO_MANY_REQUESTS
            return Raw(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=self._body(answer) if whole else b"",  # a 429 is a refusal whatever it says
            )

    def _body(self, answer: requests.Response) -> bytes:
        parts = bytearray()
        while chunk := answer.raw.read1(CHUNK, decode_content=True):
            parts += chunk
            if len(parts) > self._max_bytes:
                raise AnswerLost(
                    f"{self._host} sent more than {self._max_bytes} bytes",
                    hint="raise answer_max_bytes, or lower page_size",
                )
            ATTEMPT.left()
        return bytes(parts)

    def _translated(self, error: BaseException, *, sent: bool) -> Unreachable | AnswerLost:
        words = reason(error)
        if not sent:
            return Unreachable(
                f"can't reach {self._host}: {words}", hint="check url, network and proxy; nothing was sent"
            )
        return AnswerLost(f"no whole answer from {self._host}: {words}")


def reason(error: BaseException) -> str:
    """Why, in words of ours: the libraries' own hold the address, and with it the signature."""
    chain = _chain(error)
    for kinds, words in _WORDS:
        if any(isinstance(link, kinds) for link in chain):
            return words
    return type(chain[-1]).__name__


def _chain(error: BaseException) -> list[BaseException]:
    """The error and all that it was made of: causes, contexts, `reason`s and arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        link = todo.pop(0)
        if isinstance(link, BaseException) and not any(link is known for known in found):
            found.append(link)
            todo += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found


_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.ProxyError, urllib3.exceptions.ProxyError), "the proxy refuses"),
    ((urllib3.exceptions.NameResolutionError,), "its name isn't known"),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), "its certificate or TLS can't be trusted"),
    ((ConnectionRefusedError,), "it refuses connections"),
    ((requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), "it doesn't answer the connection"),
    ((TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError), "it took too long"),
    ((ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected), "it closed the connection"),
    ((urllib3.exceptions.IncompleteRead, http.client.IncompleteRead), "it stopped midway"),
    ((urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError), "its compression is broken"),
    ((urllib3.exceptions.ProtocolError, http.client.HTTPException), "it doesn't speak HTTP as it should"),
    ((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectionError), "it can't be connected"),
    ((requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError), "its address can't be used"),
    ((requests.ConnectionError, OSError), "the network failed"),
)
