"""A server that says what it's told, and clients that call it: over real sockets, on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.market.calls import Call
from pipeline.market.client import Client
from pipeline.market.secret import Secret
from pipeline.sandbox import Sandbox, SandboxOptions
from pipeline.settings import Limits, Shop

KEY = "canary-key-0123456789"

Script = bytes | Callable[[socket.socket], None]


@dataclass
class Scripted:
    """A listening socket that answers the nth connection's request by the nth script (the last repeats)."""

    scripts: list[Script]
    requests: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        turn = 0
        with suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                script = self.scripts[min(turn, len(self.scripts) - 1)]
                turn += 1
                threading.Thread(target=self._one, args=(conn, script), daemon=True).start()

    def _one(self, conn: socket.socket, script: Script) -> None:
        with conn, suppress(OSError):
            self.requests.append(read_request(conn))
            if callable(script):
                script(conn)
            else:
                conn.sendall(script)

    @property
    def queries(self) -> list[str]:
        """The query strings exactly as they stood on the wire."""
        return [request.split(b" ", 2)[1].split(b"?", 1)[1].decode() for request in self.requests]


def read_request(conn: socket.socket) -> bytes:
    seen = b""
    while b"\r\n\r\n" not in seen:
        chunk = conn.recv(65_536)
        if not chunk:
            return seen
        seen += chunk
    head, _, body = seen.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += conn.recv(65_536)
    return head + b"\r\n\r\n" + body


def http(body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer."""
    lines = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Time:
    """A clock of ours: `sleep` moves it at once."""

    def __init__(self) -> None:
        self.at = time.time()
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


class Free:
    """A throttle that counts and never waits."""

    def __init__(self) -> None:
        self.asked = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        self.asked += 1
        yield


@dataclass
class Rig:
    """A client with everything it was handed."""

    client: Client
    clock: Time
    throttle: Free
    calls: list[Call]


def rig(url: str, *, key: str = KEY, limits: dict[str, Any] | None = None, **shop: Any) -> Rig:
    clock, throttle, calls = Time(), Free(), []
    settings = Shop(
        url=url,
        sandbox=True,
        api_key="env:X",
        **{"user_id": "seller@sandbox.example", "limits": Limits(**(limits or {})), **shop},
    )
    client = Client(
        settings, Secret(key), throttle=throttle, clock=clock, observer=calls.append, chance=lambda: 0.5
    )
    return Rig(client=client, clock=clock, throttle=throttle, calls=calls)


@pytest.fixture
def make_rig() -> Callable[..., Rig]:
    return rig


@pytest.fixture
def whole_answer() -> Callable[..., bytes]:
    return http


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """`scripted(answer, …)` starts a server; bytes are sent, functions get the connection."""
    made: list[Scripted] = []

    def make(*scripts: Script) -> Scripted:
        made.append(Scripted(list(scripts)))
        return made[-1]

    yield make
    for server in made:
        server.listener.close()


PRODUCTS = tuple(
    {
        "SellerSku": f"TEA-{number:02}",
        "Name": f"Té {number} & más",
        "Price": "4.90",
        "Quantity": "7",
        "Brand": "Harbour & Sons",
        "PrimaryCategory": "12",
        "Description": "<p>Green, 50&nbsp;g</p>",
        "Images": "https://cdn.example.test/1.jpg\nhttps://cdn.example.test/2.jpg",
        "ProductData": {"Material": "Hoja"},
    }
    for number in range(1, 8)
)


@dataclass
class Live:
    """A sandbox and a client of it."""

    sandbox: Sandbox
    rig: Rig
    dialect: str

    @property
    def client(self) -> Client:
        return self.rig.client

    def fault(self, name: str, **more: object) -> None:
        self.sandbox.shop.faults.add({"action": "*", "fault": name, **more})


@pytest.fixture
def live() -> Iterator[Callable[..., Live]]:
    """`live(dialect, read_format)` starts a sandbox with seven products."""
    running: list[Sandbox] = []

    def make(dialect: str = "classic", read_format: str = "JSON", **limits: Any) -> Live:
        options = SandboxOptions(dialect=dialect, requests=0, feed_delay=0.0)
        sandbox = Sandbox(options, products=PRODUCTS).__enter__()
        running.append(sandbox)
        operators = ("facl",) if dialect == "falabella" else ()
        made = rig(
            sandbox.base_url,
            key=sandbox.api_key,
            user_id=sandbox.user_id,
            dialect=dialect,
            operators=operators,
            read_format=read_format,
            limits=limits,
        )
        return Live(sandbox=sandbox, rig=made, dialect=dialect)

    yield make
    for sandbox in running:
        sandbox.__exit__(None, None, None)
