"""A batch's life: what the table allows, what replay makes of events."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StateError
from pipeline.journal.states import (
    TRANSITIONS,
    BatchState,
    Event,
    Kind,
    Outcome,
    Phase,
    RunCounts,
    RunState,
    count,
    replay,
    step,
)


def event(kind: Kind, seq: int = 1, batch: int | None = 1, **data: object) -> Event:
    return Event(seq=seq, run="r", at=float(seq), kind=kind, batch=batch, data=data)


FACTS = {
    Kind.INTENT: {"body": "sha", "records": 3, "slot": "s1"},
    Kind.ACCEPTED: {"feed": "f1"},
    Kind.ADOPTED: {"feed": "f1"},
    Kind.FINISHED: {"status": "Finished"},
    Kind.REFUSED: {"why": "no"},
}


@pytest.mark.parametrize(("phase", "kind"), list(itertools.product(Phase, Kind)), ids=lambda v: str(v))
def test_only_the_table_moves_a_batch(phase: Phase, kind: Kind) -> None:
    """Law: an arrow is in the table, or it is an error; nothing in between."""
    batch = BatchState(no=1, phase=phase)
    if (phase, kind) in TRANSITIONS:
        assert step(batch, event(kind, **FACTS.get(kind, {}))).phase is TRANSITIONS[phase, kind]
    else:
        with pytest.raises(StateError):
            step(batch, event(kind, **FACTS.get(kind, {})))


def test_closed_phases_have_no_way_out() -> None:
    assert {phase for phase, _ in TRANSITIONS if phase.closed} == set()


def test_every_open_phase_can_reach_a_closed_one() -> None:
    reach = {phase for phase in Phase if phase.closed}
    while grown := {a for (a, _), b in TRANSITIONS.items() if b in reach} - reach:
        reach |= grown
    assert reach == set(Phase)


def test_replay_of_a_lost_answer() -> None:
    """An attempt whose answer is lost, proven absent, sent again and verified: two attempts, one feed."""
    events = [
        event(Kind.STARTED, 1, None, batches=[1]),
        event(Kind.INTENT, 2, **FACTS[Kind.INTENT]),
        event(Kind.UNKNOWN, 3, why="timeout", given_up=3.0),
        event(Kind.ABSENT, 4),
        event(Kind.INTENT, 5, **FACTS[Kind.INTENT]),
        event(Kind.ACCEPTED, 6, feed="f2"),
        event(Kind.FINISHED, 7, status="Finished"),
        event(Kind.VERIFIED, 8),
        event(Kind.ENDED, 9, None, exit_code=0),
    ]
    assert replay("r", events) == RunState(
        run="r", started=1.0, ended=9.0, exit_code=0, last=9.0,
        batches={1: BatchState(
            no=1, phase=Phase.VERIFIED, attempt=2, body="sha", sent=3, slot="s1", intent_at=5.0,
            intent_by_shop=5.0,
            unknown_at=3.0, accepted_at=6.0, finished_at=7.0, feed="f2", status="Finished",
        )},
    )  # fmt: skip


@given(st.lists(st.sampled_from(list(Kind)), max_size=12))
def test_replay_never_invents_a_feed(kinds: list[Kind]) -> None:
    """Law: a batch has a feed only if an event gave it one, whatever the history."""
    batch, given_feed = BatchState(no=1), False
    for seq, kind in enumerate(kinds, start=1):
        try:
            batch = step(batch, event(kind, seq, **FACTS.get(kind, {})))
        except StateError:
            continue
        given_feed = given_feed or kind in (Kind.ACCEPTED, Kind.ADOPTED)
    assert bool(batch.feed) == given_feed


@given(
    st.dictionaries(st.integers(1, 6), st.tuples(st.sampled_from(Phase), st.integers(0, 9)), max_size=6),
    st.data(),
)
def test_counts_add_up(batches: dict[int, tuple[Phase, int]], data: st.DataObject) -> None:
    """Law: planned = verified + not_applied + refused + skipped + unknown + pending."""
    outcomes: dict[tuple[int, Outcome], int] = {}
    for no, (_, size) in batches.items():
        left = size
        for word in Outcome:
            outcomes[no, word] = data.draw(st.integers(0, left))
            left -= outcomes[no, word]
    state = RunState(run="r", batches={no: BatchState(no=no, phase=p) for no, (p, _) in batches.items()})
    found = count(state, {no: size for no, (_, size) in batches.items()}, outcomes)
    ends = (found.verified, found.not_applied, found.refused, found.skipped, found.unknown, found.pending)
    assert found.planned == sum(ends) == sum(size for _, size in batches.values())


def test_counts_of_nothing() -> None:
    assert count(RunState(run="r"), {}, {}) == RunCounts()
