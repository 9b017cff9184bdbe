"""Connections that know whether a byte left, and reads that know when to stop.

`requests` counts its timeouts per socket read, so an answer that drips one byte at a time never
ends; and nothing in its exceptions says whether the request was sent. Both are settled here, one
level below it, where sockets are written and read.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Attempt(threading.local):
    """What is known of the call that this thread makes.

    Attributes:
        sent: a byte of it may have left.
        connecting: what is written now belongs to the connection: a proxy's greeting, a handshake.
        ends: when it must be over, on `time.monotonic`: sockets live in real time.
    """

    sent: bool = False
    connecting: bool = False
    ends: float = 0.0

    def begin(self, seconds: float) -> None:
        self.sent, self.connecting, self.ends = False, False, time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: none.
        """
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        return left


ATTEMPT = Attempt()


class _Deadlined(io.RawIOBase):
    """A socket's reading side whose every read gets what is left of the call's time."""

    def __init__(self, raw: io.RawIOBase, set_timeout: Callable[[float], None]) -> None:
        super().__init__()
        self._raw = raw
        self._set_timeout = set_timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._set_timeout(ATTEMPT.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """Status line and headers under the deadline too, not only the body."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Deadlined(raw, sock.settimeout))


def _mark(connection: HTTPConnection) -> None:
    """Count the attempt as sent just before its first byte can leave, never before it's connected."""
    if connection.sock is None:
        connection.connect()
    connection.sock.settimeout(ATTEMPT.left())
    ATTEMPT.sent = ATTEMPT.sent or not ATTEMPT.connecting


@contextmanager
def _connecting() -> Iterator[None]:
    ATTEMPT.connecting = True
    try:
        yield
    finally:
        ATTEMPT.connecting = False


class _Plain(HTTPConnection):
    response_class = _Response  # http.client's own hook

    def connect(self) -> None:
        with _connecting():
            super().connect()

    def send(self, data: Any) -> None:
        _mark(self)
        super().send(data)


class _Tls(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        with _connecting():
            super().connect()

    def send(self, data: Any) -> None:
        _mark(self)
        super().send(data)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class WireAdapter(HTTPAdapter):
    """requests' adapter over those connections; it never retries."""

    def __init__(self, *, pool_size: int) -> None:
        super().__init__(pool_connections=2, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager
