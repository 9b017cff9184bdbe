"""A push, as told to whoever watches: counts, rate, and what we wait for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from pipeline.budget.throttle import Clock
from pipeline.budget.usage import Usage
from pipeline.errors import PipelineError
from pipeline.journal.states import RunCounts
from pipeline.usecases.progress import Progress, Stage

#: Seconds between two looks at the budget: what is shown needn't be newer.
LOOK = 2.0


class Watching:
    """`push.ports.Watcher` over a progress sink; a context manager for the length of the push.

    Args:
        sending: False where an earlier run is only looked after: that is no push of this command.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        total: int,
        clock: Clock,
        usage: Callable[[], Usage],
        sending: bool = True,
    ) -> None:
        self._progress, self._total, self._clock, self._usage = progress, total, clock, usage
        self._sending = sending
        self._stack = ExitStack()
        self._stage: Stage | None = None
        self._done: int | None = None
        self._counts: RunCounts | None = None
        self._pace = Pace(began=clock.monotonic())
        self._looked = 0.0

    def __enter__(self) -> Watching:
        name = "push" if self._sending else "look what became of it"
        stage = self._progress.stage(name, total=self._total, unit="records")
        self._stage = self._stack.enter_context(stage)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stage is not None and self._counts is not None:  # nothing is waited for any more
            self._tell(self._stage, self._counts, None, None)
        self._stack.__exit__(kind, error, trace)

    def moved(self, counts: RunCounts, *, waiting_until: float | None) -> None:
        """Something changed, or we wait until a time."""
        if self._stage is None:
            return
        done = settled(counts)
        if self._done is None:  # a resumed run doesn't begin at nothing, and that isn't its pace
            self._pace = Pace(began=self._clock.monotonic(), first=done)
        if done > (self._done or 0):
            self._stage.advance(done - (self._done or 0))
        self._done, self._counts = done, counts
        if self._clock.monotonic() - self._looked >= LOOK:
            self._looked = self._clock.monotonic()
            seconds = self._pace.left(counts, self._looked)
            self._tell(self._stage, counts, seconds, waiting_until)

    def _tell(
        self, stage: Stage, counts: RunCounts, seconds: float | None, waiting_until: float | None
    ) -> None:
        if not self._sending:
            stage.note(outcomes(counts))
            return
        with suppress(PipelineError):  # a ledger that can't be read is the writer's business, not ours
            stage.note(told(counts, self._usage(), self._clock.now(), seconds, waiting_until))

    def warn(self, text: str) -> None:
        self._progress.warn(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast records come to their end: `first` were there when it `began` (monotonic seconds)."""

    began: float
    first: int = 0

    def left(self, counts: RunCounts, now: float) -> float | None:
        """Seconds until all have, at the pace so far; None while there is none."""
        done, passed = settled(counts) - self.first, now - self.began
        return (counts.planned - settled(counts)) * passed / done if done > 0 and passed > 0 else None


def settled(counts: RunCounts) -> int:
    """Records that have their outcome."""
    return counts.verified + counts.not_applied + counts.refused + counts.skipped


def told(
    counts: RunCounts, usage: Usage, now: float, seconds: float | None, waiting_until: float | None
) -> str:
    """One line about a push: counts, feeds used and left, the next slot, rate and expected end. Pure."""
    parts = [outcomes(counts)]
    parts.append(f"feeds {usage.feeds_used} used, {usage.feeds_free} free")
    if waiting_until is not None and usage.next_feed is not None and usage.next_feed > now:
        parts.append(f"next slot {_hour(usage.next_feed)}")
    if seconds is not None and seconds > 0:
        rate = (counts.planned - settled(counts)) / seconds
        parts += [f"{rate:,.1f} records/s", f"done about {_hour(now + seconds)}"]
    return ", ".join(parts)


def outcomes(counts: RunCounts) -> str:
    """How many were sent, and what didn't go well. Pure."""
    bad = {"refused": counts.refused, "not applied": counts.not_applied, "skipped": counts.skipped,
           "unknown": counts.unknown}  # fmt: skip
    return ", ".join(
        [f"{counts.sent:,} sent", *(f"{number:,} {word}" for word, number in bad.items() if number)]
    )


def _hour(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"
