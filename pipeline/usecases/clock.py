"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """`budget.throttle.Clock` over the machine's time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))
