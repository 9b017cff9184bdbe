"""The protocol's two limits, counted where they hold: calls in a window, feeds in a day (reference 6)."""

from __future__ import annotations

from collections import deque

from pipeline.sandbox.options import SandboxOptions

DAY = 86_400.0


class Limits:
    """Counts of one seller, over all logins and connections."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque()
        self.accepted: list[float] = []

    def call_allowed(self, options: SandboxOptions, now: float) -> bool:
        """Whether one more call fits into the window that ends now; a refused one counts only if asked."""
        if options.requests <= 0:
            return True
        while self._calls and now - self._calls[0] >= options.per_seconds:
            self._calls.popleft()
        allowed = len(self._calls) < options.requests
        if allowed or options.count_refused == "yes":
            self._calls.append(now)
        return allowed

    def feed_allowed(self, options: SandboxOptions, now: float) -> bool:
        """So many feeds a day freely, then one when the interval since the last accepted one is over."""
        if options.feed_reset == "off" or not self.accepted:
            return True
        first = now - DAY if options.feed_reset == "rolling" else now - now % DAY
        today = sum(1 for when in reversed(self.accepted) if _inside(when, first, options.feed_reset))
        return today < options.feed_burst or now - self.accepted[-1] >= options.feed_interval

    def feed_accepted(self, when: float) -> None:
        """Only accepted feeds count; refused attempts are free."""
        self.accepted.append(when)
        self.accepted.sort()

    def clear(self) -> None:
        """A seller who has done nothing yet."""
        self._calls.clear()
        self.accepted.clear()


def _inside(when: float, first: float, reset: str) -> bool:
    return when > first if reset == "rolling" else when >= first
