"""What to do next: a pure function of the plan, the journal's state, what is due and the time."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Batch
from pipeline.journal.states import BatchState, Phase, RunState
from pipeline.market.feeds import Action
from pipeline.settings import Limits
from schemas.fields import Lane

POLL_FIRST, POLL_GROWTH, POLL_MOST = 0.5, 1.5, 60.0
#: Pause of a batch about which the shop couldn't be asked, seconds.
AGAIN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    batches: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Attributes: until: monotonic seconds."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Nothing more can be done: all is closed, or what is left is past its deadline or needs a person."""


Step = Post | Poll | Verify | Reconcile | Wait | Done


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in time on both clocks.

    Attributes:
        now: seconds since the epoch; someone may set that clock.
        tick: monotonic seconds.
    """

    now: float
    tick: float


@dataclass(slots=True, kw_only=True)
class Agenda:
    """When each open thing is due next; what has no entry is due now.

    All times are monotonic: a wall clock that is set mustn't prolong a wait.

    Attributes:
        due: batch → time of its next poll, verification or scan.
        slot: no POST before this time.
        waits: batch → its pause after the next look.
        since: batch → when this process first looked for it in its present phase.
        looked: batches that this process asked the shop about, whatever their deadlines say.
    """

    due: dict[int, float] = field(default_factory=dict)
    slot: float = -math.inf
    waits: dict[int, float] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)
    looked: set[int] = field(default_factory=set)

    def later(self, batch: int, tick: float) -> None:
        """Look again after a pause that starts at half a second and grows by half to a minute."""
        pause = self.waits.get(batch, POLL_FIRST)
        self.due[batch] = tick + pause
        self.waits[batch] = min(pause * POLL_GROWTH, POLL_MOST)
        self.since.setdefault(batch, tick)

    def again(self, batch: int, tick: float) -> None:
        """Its last look failed: others come first, but not for long: a dead shop is to be known in time."""
        self.due[batch] = tick + AGAIN
        self.since.setdefault(batch, tick)

    def age(self, batch: int, began: float, moment: Moment) -> float:
        """Seconds since `began` (wall clock), no fewer than this process has been looking."""
        return max(moment.now - began, moment.tick - self.since.get(batch, moment.tick))

    def at(self, batch: int, when: float) -> None:
        self.due[batch] = when

    def forget(self, batch: int) -> None:
        """A new phase starts with short pauses again."""
        for known in (self.due, self.waits, self.since):
            known.pop(batch, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides beside state and time.

    Attributes:
        blocked: batches that must not leave in this process (their canary failed, …).
    """

    limits: Limits
    blocked: Collection[int] = frozenset()


def next_step(
    plan: Mapping[int, Batch], state: RunState, agenda: Agenda, rules: Rules, moment: Moment
) -> Step:
    """The most urgent thing that is due; a free feed slot first, since slots are what's scarce."""
    ready = ready_batches(plan, state, rules.blocked)
    if ready and moment.tick >= agenda.slot:
        return Post(batch=ready[0])
    waiting = {b.no: b for b in state.open if _watched(b, rules.limits, agenda, moment)}
    due = [batch for no, batch in waiting.items() if agenda.due.get(no, -math.inf) <= moment.tick]
    if due:
        return _look(due)
    times = [agenda.due[no] for no in waiting if no in agenda.due]
    times += [agenda.slot] if ready else []
    return Wait(until=min(times)) if times else Done()


def _look(due: list[BatchState]) -> Step:
    for batch in due:
        if batch.phase is Phase.FINISHED:
            return Verify(batch=batch.no)
        if batch.phase in (Phase.UNKNOWN, Phase.HUMAN):
            return Reconcile(batch=batch.no)
    return Poll(batches=tuple(batch.no for batch in due))


def _watched(batch: BatchState, limits: Limits, agenda: Agenda, moment: Moment) -> bool:
    """Whether there is still something to look for, within its deadline; each process looks once at least."""
    match batch.phase:
        case Phase.FINISHED | Phase.UNKNOWN:
            return True
        case Phase.HUMAN:
            return batch.no not in agenda.looked
        case Phase.ACCEPTED:
            age = agenda.age(batch.no, batch.accepted_at, moment)
            return batch.no not in agenda.looked or age <= limits.feed_timeout
        case _:
            return False


def ready_batches(plan: Mapping[int, Batch], state: RunState, blocked: Collection[int]) -> list[int]:
    """Planned batches whose forerunners are settled, most urgent first."""
    canary = next((b.no for b in plan.values() if b.canary and not state.batches[b.no].phase.closed), None)
    ready = [
        batch
        for no, batch in plan.items()
        if state.batches[no].phase is Phase.PLANNED
        and no not in blocked
        and (canary is None or no == canary)
        and all(_settled(plan[before], state.batches[before]) for before in batch.after)
    ]
    order = list(Lane)
    return [batch.no for batch in sorted(ready, key=lambda b: (order.index(b.lane), b.no))]


def _settled(batch: Batch, state: BatchState) -> bool:
    """Its followers may leave; after a create only when the shop shows the products."""
    return state.phase.closed if batch.action is Action.CREATE else state.phase.settled
