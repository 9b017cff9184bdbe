"""What to do next: a pure function of the plan, the journal's state, what is due and the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Batch
from pipeline.journal.states import BatchState, Phase, RunState
from pipeline.market.feeds import Action
from pipeline.settings import Limits
from schemas.fields import Lane

POLL_FIRST, POLL_GROWTH, POLL_MOST = 0.5, 1.5, 60.0


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
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Nothing more can be done: all is closed, or what is left is past its deadline or needs a person."""


Step = Post | Poll | Verify | Reconcile | Wait | Done


@dataclass(slots=True, kw_only=True)
class Agenda:
    """When each open thing is due next (seconds since the epoch); what has no entry is due now.

    Attributes:
        due: batch → time of its next poll, verification or scan.
        slot: no POST before this time.
        waits: batch → its pause after the next look.
        looked: batches that this process asked the shop about, whatever their deadlines say.
    """

    due: dict[int, float] = field(default_factory=dict)
    slot: float = 0.0
    waits: dict[int, float] = field(default_factory=dict)
    looked: set[int] = field(default_factory=set)

    def later(self, batch: int, now: float) -> None:
        """Look again after a pause that starts at half a second and grows by half to a minute."""
        pause = self.waits.get(batch, POLL_FIRST)
        self.due[batch] = now + pause
        self.waits[batch] = min(pause * POLL_GROWTH, POLL_MOST)

    def at(self, batch: int, when: float) -> None:
        self.due[batch] = when

    def forget(self, batch: int) -> None:
        """A new phase starts with short pauses again."""
        self.due.pop(batch, None)
        self.waits.pop(batch, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides beside state and time.

    Attributes:
        blocked: batches that must not leave in this process (their canary failed, …).
    """

    limits: Limits
    blocked: Collection[int] = frozenset()


def next_step(plan: Mapping[int, Batch], state: RunState, agenda: Agenda, rules: Rules, now: float) -> Step:
    """The most urgent thing that is due; a free feed slot first, since slots are what's scarce."""
    ready = ready_batches(plan, state, rules.blocked)
    if ready and now >= agenda.slot:
        return Post(batch=ready[0])
    waiting = {b.no: b for b in state.open if _watched(b, rules.limits, agenda, now)}
    due = [batch for no, batch in waiting.items() if agenda.due.get(no, 0) <= now]
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


def _watched(batch: BatchState, limits: Limits, agenda: Agenda, now: float) -> bool:
    """Whether there is still something to look for, within its deadline; each process looks once at least."""
    match batch.phase:
        case Phase.FINISHED | Phase.UNKNOWN:
            return True
        case Phase.HUMAN:
            return batch.no not in agenda.looked
        case Phase.ACCEPTED:
            return batch.no not in agenda.looked or now - batch.accepted_at <= limits.feed_timeout
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
