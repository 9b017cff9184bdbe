"""What the wire asks of a budget; `Ledger` is the real one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Throttle(Protocol):
    """Leave to make one request.

    A token comes back `per_seconds` after the answer, not after the sending: only that holds at
    the server, whatever the latency.
    """

    def request(self) -> AbstractContextManager[None]:
        """Wait for a token, hold it during the call, give it back with the answer's time.

        Raises:
            ShopError: no token within the deadline.
        """
        ...


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...
