"""The sandbox's time: real, or moved only by hand, so that days of quota pass in a test's instant."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the shop's time."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        ...


class RealClock:
    """Wall time that never jumps: read once, then carried on by the monotonic counter.

    A client that waits three seconds by its own monotonic clock must find three seconds here too,
    also while the machine's wall clock is being corrected.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        """Shift the shop's clock against the world's."""
        self._offset += seconds


class DrivenClock:
    """Time that stands still until it is told to move."""

    def __init__(self, start: float | None = None) -> None:
        self._now = float(int(time.time())) if start is None else start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += seconds


def advance(clock: Clock, seconds: float) -> None:
    """Move a clock that can be moved.

    Raises:
        ValueError: the clock was handed in by a test and has no ``advance``.
    """
    move = getattr(clock, "advance", None)
    if move is None:
        raise ValueError("this clock cannot be moved from outside")
    move(seconds)
