"""Shared by all tests: no network but loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

LOOPBACK = ("127.", "::1", "localhost")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones run only where somebody asks for them (`make chaos`)."""
    if "chaos" not in str(config.getoption("-m")):
        left = [item for item in items if item.get_closest_marker("chaos")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


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
