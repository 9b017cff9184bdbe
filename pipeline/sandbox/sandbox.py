"""A Seller Center on a port: in this process for tests, or as a program of its own."""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TextIO

from pipeline.sandbox.clock import Clock, DrivenClock, RealClock
from pipeline.sandbox.control import PREFIX
from pipeline.sandbox.load import read_products
from pipeline.sandbox.options import SandboxOptions, checked
from pipeline.sandbox.server import Server
from pipeline.sandbox.shop import Shop
from pipeline.sandbox.store import Store

_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Sandbox:
    """A running shop; ``with Sandbox(options) as shop: shop.base_url``.

    Args:
        options: the shop's switches.
        clock: anything with ``now()``; without one, what ``options.clock`` says.
        products: canonical rows, instead of the options' file.

    Raises:
        OSError: the port or the products' file cannot be had.
        ValueError: the products or faults in the options make no sense.
    """

    def __init__(
        self,
        options: SandboxOptions | None = None,
        clock: Clock | None = None,
        products: Iterable[Mapping[str, object]] | None = None,
    ) -> None:
        self.options = checked(options or SandboxOptions())
        self.clock = clock or (DrivenClock() if self.options.clock == "driven" else RealClock())
        rows = list(products) if products is not None else self._file_rows()
        store = Store(self.options.keep) if self.options.keep else None
        self.shop = Shop(self.options, self.clock, rows, store)
        self._server = Server(self.shop, self.options.host, self.options.port)

    @property
    def base_url(self) -> str:
        """The API's address."""
        host = "127.0.0.1" if self.options.host in _ANYWHERE else self.options.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._server.port}/"

    @property
    def control_url(self) -> str:
        """The control API's address; resources stand directly below it."""
        return self.base_url.rstrip("/") + PREFIX

    @property
    def user_id(self) -> str:
        """Who may log in."""
        return self.options.user

    @property
    def api_key(self) -> str:
        """That user's key."""
        return self.options.key

    def greeting(self) -> dict[str, str]:
        """What a program that started the sandbox needs to know."""
        return {
            "base_url": self.base_url,
            "control_url": self.control_url,
            "user_id": self.user_id,
            "api_key": self.api_key,
        }

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()

    def close(self) -> None:
        """Stop, and keep what is to be kept."""
        self._server.close()
        with self.shop.lock:
            if self.shop.store is not None:
                self.shop.settle()
                self.shop.keep()
                self.shop.store.close()
                self.shop.store = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _file_rows(self) -> list[Mapping[str, object]]:
        return read_products(self.options.products) if self.options.products else []


def serve(options: SandboxOptions, out: TextIO | None = None, also: Mapping[str, str] | None = None) -> int:
    """Serve until told to stop; the first line on ``out`` says where, after ``also``. The exit code."""
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    with Sandbox(options) as sandbox:
        gc.freeze()  # a large shop is not walked through again at every collection
        print(json.dumps({**(also or {}), **sandbox.greeting()}), file=out or sys.stdout, flush=True)
        while not stop.wait(0.2):  # a wait without an end cannot be interrupted on Windows
            pass
    return 0
