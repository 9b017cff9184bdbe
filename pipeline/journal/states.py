"""The life of a batch and of a record: closed states, one transition table, replay as a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pipeline.errors import StateError


class Phase(StrEnum):
    """Where a batch stands."""

    PLANNED = "planned"
    INTENT = "intent"  # body and before-values durable; the POST may be under way
    UNKNOWN = "unknown"  # the answer is lost: reconcile before anything else
    HUMAN = "human"  # reconciling can't decide: a person must look
    ACCEPTED = "accepted"  # the shop gave a feed id, or we found our feed in its list
    FINISHED = "finished"  # the feed is terminal; its errors are read
    VERIFIED = "verified"  # re-read: every record has its outcome
    REFUSED = "refused"  # the shop refused the whole request, finally
    SKIPPED = "skipped"  # nothing left to send after the re-read

    @property
    def closed(self) -> bool:
        """Nothing more will happen to it."""
        return self in (Phase.VERIFIED, Phase.REFUSED, Phase.SKIPPED)

    @property
    def settled(self) -> bool:
        """The shop is done with it: batches that depend on it may leave."""
        return self.closed or self is Phase.FINISHED


class Kind(StrEnum):
    """What an event says."""

    STARTED = "run-started"
    RESUMED = "run-resumed"
    ENDED = "run-ended"
    INTENT = "batch-intent"
    ACCEPTED = "batch-accepted"
    ADOPTED = "batch-adopted"
    RELEASED = "batch-released"
    REFUSED = "batch-refused"
    UNKNOWN = "batch-unknown"
    ABSENT = "batch-absent"
    HUMAN = "batch-human"
    FINISHED = "batch-finished"
    VERIFIED = "batch-verified"
    SKIPPED = "batch-skipped"
    REQUESTS = "requests"
    SOURCE = "source-accepted"
    QUARANTINED = "quarantined"
    UNQUARANTINED = "quarantine-released"
    APPROVED = "run-approved"
    WITHDRAWN = "run-withdrawn"
    JOB = "job-ended"
    NOTICE = "notice"
    COMPACTED = "compacted"


#: (phase, event) → phase. What isn't here can't happen; replay refuses it.
TRANSITIONS: Mapping[tuple[Phase, Kind], Phase] = {
    (Phase.PLANNED, Kind.INTENT): Phase.INTENT,
    (Phase.PLANNED, Kind.SKIPPED): Phase.SKIPPED,
    (Phase.INTENT, Kind.ACCEPTED): Phase.ACCEPTED,
    (Phase.INTENT, Kind.RELEASED): Phase.PLANNED,
    (Phase.INTENT, Kind.REFUSED): Phase.REFUSED,
    (Phase.INTENT, Kind.UNKNOWN): Phase.UNKNOWN,
    (Phase.UNKNOWN, Kind.ADOPTED): Phase.ACCEPTED,
    (Phase.UNKNOWN, Kind.ABSENT): Phase.PLANNED,
    (Phase.UNKNOWN, Kind.HUMAN): Phase.HUMAN,
    (Phase.HUMAN, Kind.ADOPTED): Phase.ACCEPTED,
    (Phase.HUMAN, Kind.ABSENT): Phase.PLANNED,
    (Phase.HUMAN, Kind.HUMAN): Phase.HUMAN,
    (Phase.ACCEPTED, Kind.FINISHED): Phase.FINISHED,
    (Phase.FINISHED, Kind.VERIFIED): Phase.VERIFIED,
}


class Outcome(StrEnum):
    """How a record ended; a record without one is pending or unknown, as its batch is."""

    VERIFIED = "verified"
    NOT_APPLIED = "not_applied"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the journal. `rows` is the digest of the rows that came with it, or ""."""

    seq: int
    run: str
    at: float
    kind: Kind
    batch: int | None
    data: Mapping[str, Any]
    rows: str = ""
    prev: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """What the journal knows of one batch.

    Attributes:
        attempt: POSTs intended so far.
        body: sha256 of the body of the last attempt.
        sent: records in that body.
        intent_at, unknown_at, accepted_at, finished_at: seconds since the epoch, 0 = never.
        intent_by_shop: when the last attempt was made at the earliest, by the shop's clock: ours may be
            days off, and the shop's feed list goes by its own.
        feed: the feed's id, or "".
        status: the feed's last word, or what went wrong.
        slot: the budget's reservation that the last attempt used.
    """

    no: int
    phase: Phase = Phase.PLANNED
    attempt: int = 0
    body: str = ""
    sent: int = 0
    intent_at: float = 0
    intent_by_shop: float = 0
    unknown_at: float = 0
    accepted_at: float = 0
    finished_at: float = 0
    feed: str = ""
    status: str = ""
    slot: str = ""


class Gate(StrEnum):
    """Whether a run may be sent."""

    OPEN = ""
    WAITING = "waiting"  # until a person approves it
    WITHDRAWN = "withdrawn"  # declined, or a newer plan took its place: never


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """What the journal knows of one run.

    Attributes:
        why: what ended it early, in words, or "".
    """

    run: str
    batches: Mapping[int, BatchState] = field(default_factory=dict)
    started: float = 0
    ended: float = 0
    exit_code: int | None = None
    last: float = 0
    why: str = ""
    gate: Gate = Gate.OPEN

    @property
    def open(self) -> tuple[BatchState, ...]:
        """Batches that still need something."""
        return tuple(batch for batch in self.batches.values() if not batch.phase.closed)

    @property
    def word(self) -> str:
        """One word for people: done, running, interrupted, pending, unknown, waiting, withdrawn."""
        if self.gate:
            return self.gate.value
        if not self.open:
            return "done"
        if any(batch.phase in (Phase.UNKNOWN, Phase.HUMAN, Phase.INTENT) for batch in self.open):
            return "unknown" if self.exit_code is not None else "running"
        if self.exit_code is None:
            return "running"
        return "interrupted" if any(b.phase is Phase.PLANNED for b in self.open) else "pending"


def replay(run: str, events: Iterable[Event]) -> RunState:
    """A run's state from its events, in order; a pure function of the journal.

    Raises:
        StateError: an event that the transition table doesn't allow.
    """
    state = RunState(run=run)
    for event in events:
        state = _apply(state, event)
    return state


_GATES = {Kind.APPROVED: Gate.OPEN, Kind.WITHDRAWN: Gate.WITHDRAWN}


def _apply(state: RunState, event: Event) -> RunState:
    state = replace(state, last=event.at)
    if event.kind is Kind.STARTED:
        batches = {no: BatchState(no=no) for no in event.data["batches"]}
        gate = Gate.WAITING if event.data.get("waiting") else Gate.OPEN
        return replace(state, batches=batches, started=event.at, gate=gate)
    if event.kind in _GATES:
        return replace(state, gate=_GATES[event.kind])
    if event.kind is Kind.RESUMED:
        return replace(state, exit_code=None, ended=0, why="")
    if event.kind is Kind.ENDED:
        why = str(event.data.get("why", ""))
        return replace(state, exit_code=event.data["exit_code"], ended=event.at, why=why)
    if event.batch is None:
        return state
    return replace(state, batches={**state.batches, event.batch: step(state.batches[event.batch], event)})


def step(batch: BatchState, event: Event) -> BatchState:
    """One arrow of the transition table.

    Raises:
        StateError: the table has no such arrow.
    """
    phase = TRANSITIONS.get((batch.phase, event.kind))
    if phase is None:
        raise StateError(
            f"run {event.run}: batch {batch.no} is {batch.phase}, but event {event.seq} says {event.kind}",
            hint="`sellercenter runs --check` says whether the record was altered; nothing is sent meanwhile",
        )
    return replace(batch, phase=phase, **_facts(batch, event))


def _facts(batch: BatchState, event: Event) -> dict[str, Any]:
    data = event.data
    match event.kind:
        case Kind.INTENT:
            return {
                "attempt": batch.attempt + 1,
                "body": data["body"],
                "sent": data["records"],
                "intent_at": event.at,
                "intent_by_shop": min(event.at, data.get("shop_time", event.at)),
                "status": "",
                "slot": data.get("slot", ""),
            }
        case Kind.ACCEPTED | Kind.ADOPTED:
            return {"feed": data["feed"], "accepted_at": event.at, "status": "accepted"}
        case Kind.UNKNOWN:
            return {"unknown_at": data.get("given_up", event.at), "status": data.get("why", "")}
        case Kind.FINISHED:
            return {"status": data["status"], "finished_at": event.at}
        case Kind.REFUSED | Kind.RELEASED | Kind.HUMAN:
            return {"status": data.get("why", "")}
        case _:
            return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """Records by where they stand.

    planned = verified + not_applied + refused + skipped + unknown + pending.
    """

    planned: int = 0
    sent: int = 0
    accepted: int = 0
    verified: int = 0
    not_applied: int = 0
    refused: int = 0
    skipped: int = 0
    unknown: int = 0
    pending: int = 0


def count(
    state: RunState, sizes: Mapping[int, int], outcomes: Mapping[tuple[int, Outcome], int]
) -> RunCounts:
    """Records of a run by outcome.

    Args:
        sizes: batch → records planned in it.
        outcomes: (batch, outcome) → records that have it.
    """
    ended = {word: sum(n for (_, o), n in outcomes.items() if o is word) for word in Outcome}
    left = {no: size - sum(outcomes.get((no, o), 0) for o in Outcome) for no, size in sizes.items()}
    doubtful = (Phase.INTENT, Phase.UNKNOWN, Phase.HUMAN)
    unknown = sum(left[no] for no, batch in state.batches.items() if batch.phase in doubtful)
    reached = [batch for batch in state.batches.values() if batch.attempt]
    taken = [batch for batch in reached if batch.feed]
    return RunCounts(
        planned=sum(sizes.values()),
        sent=sum(batch.sent for batch in reached),
        accepted=sum(batch.sent for batch in taken),
        verified=ended[Outcome.VERIFIED],
        not_applied=ended[Outcome.NOT_APPLIED],
        refused=ended[Outcome.REFUSED],
        skipped=ended[Outcome.SKIPPED],
        unknown=unknown,
        pending=sum(left.values()) - unknown,
    )
