"""The sockets: one thread per connection, and every way in which an answer can fail to arrive."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from io import BufferedReader

from pipeline.sandbox import api, control, wirehttp
from pipeline.sandbox.faults import WRITES
from pipeline.sandbox.messages import Head, Reply, Ticket
from pipeline.sandbox.scripted import bomb_member
from pipeline.sandbox.shop import Shop

_IDLE = 300.0
_BOMB_MEMBERS = 64
_STEP = 0.1


class Server:
    """Listens until it is closed."""

    def __init__(self, shop: Shop, host: str, port: int) -> None:
        self._shop = shop
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="sandbox", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._stopped.set()
        if self._thread.is_alive():
            self._wake()
            self._thread.join(timeout=2)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for sock in connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _wake(self) -> None:
        """Not every system ends a waiting accept when its socket is closed; a caller always does."""
        host, port = self._listener.getsockname()[:2]
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked up, not bound
        with contextlib.suppress(OSError):
            socket.create_connection((near, port), timeout=1).close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, address = self._listener.accept()
            except OSError:
                if self._stopped.is_set():
                    return
                time.sleep(_STEP)
                continue
            if self._stopped.is_set():
                sock.close()
                return
            with self._lock:
                self._open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock, str(address[0])), daemon=True)
            thread.start()

    def _serve(self, sock: socket.socket, peer: str) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(_IDLE)
            with sock.makefile("rb") as stream:
                Connection(self._shop, sock, stream, self._stopped).run(peer)
        except (OSError, wirehttp.MalformedError, ValueError):
            pass  # the caller has gone, or speaks something else: nobody is left to be told
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


class Connection:
    """One caller's requests, one after the other."""

    def __init__(
        self, shop: Shop, sock: socket.socket, stream: BufferedReader, stopped: threading.Event
    ) -> None:
        self._shop = shop
        self._sock = sock
        self._stream = stream
        self._stopped = stopped
        self._deliveries: Mapping[str, Callable[[Reply], None]] = {
            "drop": self._drop,
            "reset": self._reset,
            "reset-mid": self._reset_mid,
            "hang": self._hang,
            "truncate": self._truncate,
            "drip": self._drip,
            "bomb": self._bomb,
        }

    def run(self, peer: str) -> None:
        """Serve until either side has had enough."""
        while not self._stopped.is_set():
            head = wirehttp.read_head(self._stream, peer)
            if head is None:
                return
            keep = self._control(head) if control.is_control(head.path) else self._api(head)
            if not (keep and wirehttp.keeps_alive(head.headers)):
                return

    def _control(self, head: Head) -> bool:
        try:
            body = self._body(head)
        except wirehttp.CutOffError:
            return False
        return self._plain(control.answer(self._shop, head, body or b""), head)

    def _api(self, head: Head) -> bool:
        ticket = api.arrive(self._shop, head)
        if _cut_short(ticket):
            with contextlib.suppress(wirehttp.CutOffError):
                wirehttp.read_body(self._stream, head.headers, wirehttp.half(head.headers))
            self._deliver(api.answer(self._shop, ticket, None))
            return False
        try:
            body = self._body(head)
        except wirehttp.CutOffError:
            api.abandon(self._shop, ticket)
            return False
        reply = api.answer(self._shop, ticket, body)
        if reply.delivery == "slow":
            self._stopped.wait(reply.seconds)
        if reply.delivery in ("plain", "slow"):
            return self._plain(reply, head) and body is not None
        self._deliver(reply)
        return False

    def _body(self, head: Head) -> bytes | None:
        if wirehttp.wants_continue(head.headers):
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return wirehttp.read_body(self._stream, head.headers)

    def _plain(self, reply: Reply, head: Head) -> bool:
        close = not wirehttp.keeps_alive(head.headers)
        self._send(self._head(reply, len(reply.body), close) + (b"" if head.verb == "HEAD" else reply.body))
        return True

    def _deliver(self, reply: Reply) -> None:
        self._deliveries[reply.delivery](reply)

    def _drop(self, _: Reply) -> None:
        """An end without a word: the connection is closed by whoever called."""

    def _reset(self, _: Reply) -> None:
        wirehttp.reset(self._sock)

    def _reset_mid(self, reply: Reply) -> None:
        self._send(self._head(reply, len(reply.body), True) + reply.body[: len(reply.body) // 2])
        self._stopped.wait(_STEP)  # a reset at once would throw away what was just sent
        wirehttp.reset(self._sock)

    def _hang(self, reply: Reply) -> None:
        """Nothing, until the caller gives up."""
        end = time.monotonic() + reply.seconds
        self._sock.settimeout(_STEP)
        while time.monotonic() < end and not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                if not self._sock.recv(1, socket.MSG_PEEK):
                    return
                self._stopped.wait(_STEP)

    def _truncate(self, reply: Reply) -> None:
        """Half a body without a length: to HTTP it looks whole."""
        self._send(self._head(reply, None, True) + reply.body[: len(reply.body) // 2])

    def _drip(self, reply: Reply) -> None:
        self._send(self._head(reply, len(reply.body), True))
        for place in range(len(reply.body)):
            if self._stopped.wait(reply.seconds):
                return
            self._send(reply.body[place : place + 1])

    def _bomb(self, reply: Reply) -> None:
        member = bomb_member()
        self._send(self._head(reply, len(member) * _BOMB_MEMBERS, True))
        for _ in range(_BOMB_MEMBERS):
            self._send(member)

    def _head(self, reply: Reply, length: int | None, close: bool) -> bytes:
        return wirehttp.response_head(reply, self._shop.clock.now(), length=length, close=close)

    def _send(self, data: bytes) -> None:
        self._sock.sendall(data)


def _cut_short(ticket: Ticket) -> bool:
    """Whether the caller is cut off in the middle of its own body."""
    fault = ticket.fault
    return fault is not None and fault.fault == "reset-mid-body" and ticket.action in WRITES
