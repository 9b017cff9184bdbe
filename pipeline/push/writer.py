"""The loop: do the most urgent thing that is due, until nothing is left that this process can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import Exit, ShopError, worst
from pipeline.journal.states import Kind, Outcome, Phase, RunCounts
from pipeline.push.decide import Done, Poll, Post, Reconcile, Rules, Step, Verify, Wait, next_step
from pipeline.push.follower import Follower
from pipeline.push.job import Job
from pipeline.push.reconcile import given_up
from pipeline.push.sender import Sender

#: Longest sleep at one go (seconds): a signal is noticed within it.
NAP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a push ended in this process."""

    exit_code: Exit
    counts: RunCounts
    error: ShopError | None = None


class Writer:
    """Pushes one job as far as it goes.

    Args:
        stop: the exit code of a signal that asked us to stop, or None; asked between steps.
    """

    def __init__(self, job: Job, sender: Sender, stop: Callable[[], Exit | None]) -> None:
        self._job = job
        self._sender = sender
        self._follower = Follower(job)
        self._stop = stop

    def run(self) -> Ended:
        """Go on until all is closed, a deadline is over, the shop is gone, or someone stops us."""
        self._take_up()
        error: ShopError | None = None
        try:
            self._loop()
        except ShopError as trouble:
            error = trouble
        counts = self._job.count()
        code = self._exit_code(counts, error)
        self._job.journal.append(
            self._job.run, Kind.ENDED, at=self._job.clock.now(),
            data={"exit_code": int(code), "why": error.message if error else ""},
        )  # fmt: skip
        return Ended(exit_code=code, counts=counts, error=error)

    def _take_up(self) -> None:
        """A batch whose process died between intent and answer: nobody knows; reconcile it."""
        job = self._job
        for batch in job.state.open:
            if batch.phase is Phase.INTENT:
                left = given_up(batch.intent_at, job.limits.deadline, job.clock.now())
                why = "the program stopped before the shop's answer was written down"
                job.note(Kind.UNKNOWN, batch.no, {"why": why, "given_up": left})

    def _loop(self) -> None:
        while self._stop() is None:
            now = self._job.clock.now()
            rules = Rules(limits=self._job.limits, blocked=self._blocked())
            step = next_step(self._job.plan, self._job.state, self._job.agenda, rules, now)
            if isinstance(step, Done):
                return
            self._do(step)
            until = step.until if isinstance(step, Wait) else None
            self._job.watcher.moved(self._job.count(), waiting_until=until)

    def _do(self, step: Step) -> None:
        match step:
            case Post(batch=no):
                self._sender.post(no)
            case Poll(batches=batches):
                self._follower.poll(batches)
            case Verify(batch=no):
                self._follower.verify(no)
            case Reconcile(batch=no):
                self._follower.reconcile(no)
            case Wait(until=until):
                self._nap(until)

    def _nap(self, until: float) -> None:
        now = self._job.clock.now()
        self._job.clock.sleep(max(0.0, min(until - now, NAP)))

    def _blocked(self) -> frozenset[int]:
        """All others, once a canary didn't verify whole."""
        for batch in self._job.plan.values():
            if batch.canary and self._job.state.batches[batch.no].phase.closed:
                whole = self._job.tally.get((batch.no, Outcome.VERIFIED), 0) == self._job.sizes[batch.no]
                return frozenset() if whole else frozenset(self._job.plan) - {batch.no}
        return frozenset()

    def _exit_code(self, counts: RunCounts, error: ShopError | None) -> Exit:
        """The contract's code for what happened; the most serious where several hold."""
        codes = [Exit.DONE]
        if counts.not_applied or counts.refused or counts.skipped or (self._blocked() and counts.pending):
            codes.append(Exit.INCOMPLETE)
        flying = any(b.phase in _IN_FLIGHT for b in self._job.state.open)
        stopped = self._stop()
        if counts.unknown or (flying and stopped is None):
            codes.append(Exit.UNKNOWN)
        if error is not None:
            codes.append(Exit(error.exit_code))
        if stopped is not None and self._job.state.open:
            codes.append(stopped)
        return worst(*codes)


_IN_FLIGHT = (Phase.INTENT, Phase.UNKNOWN, Phase.HUMAN, Phase.ACCEPTED, Phase.FINISHED)
