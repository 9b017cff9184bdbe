"""The loop: do the most urgent thing that is due, until nothing is left that this process can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import (
    AnswerLost,
    Exit,
    LoginRefused,
    PipelineError,
    Refused,
    ShopError,
    StateError,
    Throttled,
    Unreachable,
    worst,
)
from pipeline.journal.states import Kind, Outcome, Phase, RunCounts
from pipeline.push.decide import Done, Poll, Post, Reconcile, Rules, Step, Verify, Wait, next_step
from pipeline.push.follower import Follower
from pipeline.push.job import Job
from pipeline.push.poller import Poller
from pipeline.push.sender import EXPIRED, NoSlot, Sender

#: Longest sleep at one go (seconds): a signal is noticed within it.
NAP = 0.2
#: Longest pause before a shop that didn't answer is tried again, seconds.
TRY_AGAIN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a push ended in this process."""

    exit_code: Exit
    counts: RunCounts
    error: ShopError | None = None


class Errand(StrEnum):
    """What a writer is to do.

    PUSH: all of it. FOLLOW: send nothing, find out what became of what was sent. SETTLE: the same,
    but only until nothing is unknown and every open feed was asked about once.
    """

    PUSH = "push"
    FOLLOW = "follow"
    SETTLE = "settle"


class Writer:
    """Pushes one job as far as it goes.

    Args:
        stop: the exit code of a signal that asked us to stop, or None; asked between steps.
    """

    def __init__(
        self, job: Job, sender: Sender, stop: Callable[[], Exit | None], errand: Errand = Errand.PUSH
    ) -> None:
        self._job = job
        self._sender = sender
        self._poller, self._follower = Poller(job), Follower(job)
        self._stop = stop
        self._errand = errand
        self._sending = errand is Errand.PUSH
        self._lost_since: float | None = None
        self._locked_out: ShopError | None = None

    def run(self) -> Ended:
        """Go on until all is closed, a deadline is over, the shop is gone, or someone stops us."""
        self._take_up()
        error: ShopError | None = None
        try:
            self._loop()
        except ShopError as trouble:
            error = trouble
        except PipelineError as trouble:
            with suppress(StateError):  # a record that can't be written can't say so either
                self._ended(Exit(trouble.exit_code), trouble.message)
            raise
        error = error or self._locked_out
        counts = self._job.count()
        code = self._exit_code(counts, error)
        self._ended(code, error.message if error else "")
        return Ended(exit_code=code, counts=counts, error=error)

    def _ended(self, code: Exit, why: str) -> None:
        data = {"exit_code": int(code), "why": why}
        self._job.journal.append(self._job.run, Kind.ENDED, at=self._job.clock.now(), data=data)

    def _take_up(self) -> None:
        """What a process that died left half done.

        Between intent and answer nobody knows: reconcile it. It was given up now at the latest;
        any earlier moment would be a guess about when it died. Between the shop's answer and the
        budget's note of it only the newest feed can stand.
        """
        job = self._job
        for batch in job.state.open:
            if batch.phase is Phase.INTENT:
                why = "the program stopped before the shop's answer was written down"
                job.note(Kind.UNKNOWN, batch.no, {"why": why, "given_up": job.clock.now()})
        taken = [batch for batch in job.state.open if batch.phase is Phase.ACCEPTED and batch.slot]
        if taken:
            newest = max(taken, key=lambda batch: batch.accepted_at)
            job.slots.accepted(newest.slot, newest.feed, newest.accepted_at)

    def _loop(self) -> None:
        while self._stop() is None and not self._settled():
            moment = self._job.moment()
            rules = Rules(limits=self._job.limits, blocked=self._blocked())
            step = next_step(self._job.plan, self._job.state, self._job.agenda, rules, moment)
            if isinstance(step, Done):
                return
            self._try(step)
            until = moment.now + step.until - moment.tick if isinstance(step, Wait) else None
            self._job.watcher.moved(self._job.count(), waiting_until=until)

    def _settled(self) -> bool:
        looked = self._job.agenda.looked
        left = (b for b in self._job.state.open if b.phase in (Phase.UNKNOWN, Phase.ACCEPTED))
        return self._errand is Errand.SETTLE and all(
            batch.phase is Phase.ACCEPTED and batch.no in looked for batch in left
        )

    def _try(self, step: Step) -> None:
        """Do a step; a shop that is silent or busy for a moment isn't dead yet.

        Raises:
            ShopError: it gave no answer that can be read for `deadline`, or refuses what it's asked.
        """
        started = self._job.clock.monotonic()
        try:
            answered = self._do(step)
        except (LoginRefused, NoSlot) as error:
            if not isinstance(step, Post):
                raise
            self._locked_out, self._sending = error, False  # what is under way can still be followed
            self._job.watcher.warn(f"nothing more is sent: {error.message}")
        except ShopError as error:
            if not _passing(error):
                raise
            if isinstance(step, Verify | Reconcile):  # others may have more luck meanwhile
                self._job.agenda.again(step.batch, self._job.clock.monotonic())
            self._out_of_reach(started, error)
        else:
            if answered:
                self._lost_since = None

    def _out_of_reach(self, started: float, error: ShopError) -> None:
        clock, deadline = self._job.clock, self._job.limits.deadline
        if self._lost_since is None:
            self._lost_since = started
        left = self._lost_since + deadline - clock.monotonic()
        if left <= 0:
            raise error
        again = clock.monotonic() + min(TRY_AGAIN, deadline / 10, left)
        while self._stop() is None and clock.monotonic() < again:
            clock.sleep(min(NAP, deadline / 10))

    def _do(self, step: Step) -> bool:
        """Do a step; whether the shop had a part in it."""
        match step:
            case Post(batch=no):
                return self._sender.post(no)
            case Poll(batches=batches):
                self._poller.poll(batches)
            case Verify(batch=no):
                self._follower.verify(no)
            case Reconcile(batch=no):
                self._follower.reconcile(no)
            case Wait(until=until):
                self._nap(until)
                return False
        return True

    def _nap(self, until: float) -> None:
        left = until - self._job.clock.monotonic()
        self._job.clock.sleep(max(0.0, min(left, NAP)))

    def _blocked(self) -> frozenset[int]:
        """Batches that mustn't leave in this process: all, or all but a canary that didn't verify whole."""
        if not self._sending:
            return frozenset(self._job.plan)
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


def _passing(error: ShopError) -> bool:
    """Whether the same step may well succeed in a moment."""
    if isinstance(error, Refused) and not isinstance(error, Throttled):
        return error.platform or error.number == EXPIRED
    return isinstance(error, Unreachable | AnswerLost | Throttled)


_IN_FLIGHT = (Phase.INTENT, Phase.UNKNOWN, Phase.HUMAN, Phase.ACCEPTED, Phase.FINISHED)
