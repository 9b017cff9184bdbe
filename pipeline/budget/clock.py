"""The machine's time, behind the `Clock` that everything else is handed."""

from __future__ import annotations

import time


class SystemClock:
    """Real time.

    `monotonic` is the same for all processes of a machine since it was started, and no correction
    of the wall clock moves it: what lasts seconds is measured with it, also between processes.
    """

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))
