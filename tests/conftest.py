"""Shared by all tests: no network but loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """A test that calls out is a broken test: refuse every other address."""
    real = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if isinstance(host, str) and self.family != getattr(socket, "AF_UNIX", None):
            assert host.startswith(LOOPBACK), f"a test tried to reach {host}"
        return real(self, address)  # type: ignore[arg-type]

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]
