"""A push, as told to whoever watches: counts, rate, and what we wait for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType

from pipeline.budget.throttle import Clock
from pipeline.budget.usage import Usage
from pipeline.journal.states import RunCounts
from pipeline.usecases.progress import Progress, Stage

#: Seconds between two lines about the same wait.
REMIND = 60.0


class Watching:
    """`push.ports.Watcher` over a progress sink; a context manager for the length of the push."""

    def __init__(self, progress: Progress, *, total: int, clock: Clock, usage: Callable[[], Usage]) -> None:
        self._progress, self._total, self._clock, self._usage = progress, total, clock, usage
        self._stack = ExitStack()
        self._stage: Stage | None = None
        self._done = 0
        self._told = 0.0

    def __enter__(self) -> Watching:
        stage = self._progress.stage("push", total=self._total, unit="records")
        self._stage = self._stack.enter_context(stage)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def moved(self, counts: RunCounts, *, waiting_until: float | None) -> None:
        """Something changed, or we wait until a time."""
        done = counts.verified + counts.not_applied + counts.refused + counts.skipped
        if self._stage is not None and done > self._done:
            self._stage.advance(done - self._done)
            self._done = done
        now = self._clock.now()
        if waiting_until is not None and waiting_until - now > REMIND / 2 and now - self._told > REMIND:
            self._told = now
            when = datetime.fromtimestamp(waiting_until, UTC).strftime("%H:%M:%S")
            self._progress.say(f"waiting until {when} UTC ({counts.sent} of {counts.planned} records sent)")

    def warn(self, text: str) -> None:
        self._progress.warn(text)
