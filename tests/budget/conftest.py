"""A clock that only tests move, a ledger on it, a server that counts, and processes that share a ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.budget.holders import Holder
from pipeline.budget.ledger import Ledger
from pipeline.settings import Limits

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")


class DrivenClock:
    """Time that passes only while somebody sleeps; the wall clock can be set apart from it."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.elapsed = 1000.0
        self.wall = start - self.elapsed
        self.slept: list[float] = []

    def now(self) -> float:
        return self.wall + self.elapsed

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@dataclass
class Bench:
    """Ledgers that share a file and a clock, each as another process that lives until it's killed."""

    path: Path
    clock: DrivenClock
    dead: set[Holder] = field(default_factory=set)
    made: list[Ledger] = field(default_factory=list)

    def ledger(self, budget: str = "seller-1", **limits: Any) -> Ledger:
        holder = Holder(len(self.made) + 1, 0.0)
        made = Ledger(
            self.path,
            budget,
            Limits(**limits),
            self.clock,
            holder=holder,
            alive=lambda one: one not in self.dead,
            jitter=lambda: 0.0,
            durable=False,
        )
        self.made.append(made)
        return made

    def kill(self, ledger: Ledger) -> None:
        self.dead.add(Holder(self.made.index(ledger) + 1, 0.0))


@pytest.fixture
def bench(tmp_path: Path, clock: DrivenClock) -> Iterator[Bench]:
    bench = Bench(tmp_path / "ledger.db", clock)
    yield bench
    for ledger in bench.made:
        ledger.close()


@dataclass
class Shop:
    """A server that keeps the rule as the protocol states it, and says what came when."""

    limits: Limits
    url: str = ""
    calls: list[float] = field(default_factory=list)
    feeds: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0
    latency: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str) -> dict[str, object]:
        with self.lock:
            now = time.time()
            if path == "/call":
                self.calls.append(now)
                accepted = True
            else:
                accepted = self._feed(path.rsplit("/", 1)[1], now)
        time.sleep(self.latency)
        return {"accepted": accepted, "feed": f"feed-{now!r}"}

    def _feed(self, lane: str, now: float) -> bool:
        today = [at for at, _ in self.feeds if at >= now - now % 86_400]
        paced = not self.feeds or now - self.feeds[-1][0] >= self.limits.feed_interval
        if len(today) >= self.limits.feed_burst and not paced:
            self.refused += 1
            return False
        self.feeds.append((now, lane))
        return True

    def busiest(self, window: float) -> int:
        """The most calls in any window."""
        most, first = 0, 0
        for last, at in enumerate(self.calls):
            while self.calls[first] <= at - window:
                first += 1
            most = max(most, last - first + 1)
        return most


@pytest.fixture
def serve() -> Iterator[Callable[[Shop], Shop]]:
    servers: list[ThreadingHTTPServer] = []

    def start(shop: Shop) -> Shop:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                body = json.dumps(shop.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shop.url = f"http://127.0.0.1:{server.server_port}"
        return shop

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@dataclass
class Crew:
    """Worker processes that share a ledger: `ready` once they have imported, at work after `go`."""

    ledger: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def ready(self, job: str, shop: Shop, *rest: object) -> subprocess.Popen[str]:
        words = [job, str(self.ledger), shop.url, shop.limits.model_dump_json(), *map(str, rest)]
        process = subprocess.Popen(
            [sys.executable, str(WORKER), *words],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def expect(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == word

    def go(self, *processes: subprocess.Popen[str]) -> None:
        for process in processes:
            self.expect(process, "ready")
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def finished(self, *processes: subprocess.Popen[str]) -> list[int]:
        return [process.wait(timeout=60) for process in processes]


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(tmp_path / "ledger.db")
    yield crew
    for process in crew.started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def make_shop(serve: Callable[[Shop], Shop]) -> Callable[..., Shop]:
    def make(latency: float = 0.0, **limits: Any) -> Shop:
        return serve(Shop(Limits(**limits), latency=latency))

    return make
