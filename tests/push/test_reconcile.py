"""Finding a lost answer: adopt, prove absent, or ask a person; never guess."""

from __future__ import annotations

import pytest

from pipeline.journal.states import BatchState, Phase
from pipeline.market.feeds import Feed, FeedState
from pipeline.push.reconcile import (
    Finding,
    Scan,
    candidates,
    decide_by_count,
    decide_by_raw,
    next_scan,
)

SETTLE = 180.0
PATIENCE = 21_600.0
LOST = BatchState(no=1, phase=Phase.UNKNOWN, sent=3, intent_at=900.0, unknown_at=1000.0)


def scan(at: float, *feeds: str) -> Scan:
    return Scan(at=at, candidates=frozenset(feeds))


@pytest.mark.parametrize(
    ("scans", "matches", "unread", "expected"),
    [
        pytest.param([scan(1000, "a")], {"a"}, set(), Finding(verdict="adopt", feed="a"), id="found-at-once"),
        pytest.param([scan(1000)], set(), set(), Finding(verdict="wait", at=1180.0), id="not-yet-settled"),
        pytest.param(
            [scan(1000), scan(1180)], set(), set(), Finding(verdict="wait", at=1240.0), id="one-ripe-scan"
        ),
        pytest.param(
            [scan(1000), scan(1180), scan(1240)], set(), set(), Finding(verdict="absent"), id="two-agree"
        ),
        pytest.param(
            [scan(1180), scan(1240, "b")], set(), set(), Finding(verdict="wait", at=1300.0), id="two-disagree"
        ),
        pytest.param(
            [scan(1180, "b"), scan(1240, "b")], set(), set(), Finding(verdict="absent"), id="a-stranger"
        ),
        pytest.param(
            [scan(1180), scan(1200)], set(), set(), Finding(verdict="wait", at=1260.0), id="too-close"
        ),
    ],
)
def test_by_raw_input(scans: list[Scan], matches: set[str], unread: set[str], expected: Finding) -> None:
    assert decide_by_raw(LOST, tuple(scans), matches, unread, SETTLE, PATIENCE) == expected


def test_two_feeds_with_our_body_need_a_person() -> None:
    assert (
        decide_by_raw(LOST, (scan(1000, "a", "b"),), {"a", "b"}, set(), SETTLE, PATIENCE).verdict == "human"
    )


def test_a_candidate_that_cannot_be_read_is_never_called_absent() -> None:
    scans = (scan(1180, "a"), scan(1240, "a"))
    assert decide_by_raw(LOST, scans, set(), {"a"}, SETTLE, PATIENCE).verdict == "human"


@pytest.mark.parametrize(
    ("feeds", "counts", "applied", "verdict"),
    [
        pytest.param(["a"], {1: 3, 2: 4}, "all", "adopt", id="unique-and-applied"),
        pytest.param(["a"], {1: 3, 2: 3}, "all", "human", id="count-not-unique"),
        pytest.param(["a"], {1: 3}, "none", "human", id="not-applied-yet"),
        pytest.param([], {1: 3}, "none", "absent", id="nothing-there"),
        pytest.param([], {1: 3}, "some", "human", id="values-without-a-feed"),
        pytest.param(["a", "b"], {1: 3}, "all", "human", id="two-candidates"),
    ],
)
def test_by_count(feeds: list[str], counts: dict[int, int], applied: str, verdict: str) -> None:
    scans = (scan(1180, *feeds), scan(1240, *feeds))
    assert decide_by_count(LOST, scans, counts, applied, SETTLE, PATIENCE).verdict == verdict  # type: ignore[arg-type]


def test_count_alone_never_decides_before_it_has_settled() -> None:
    assert decide_by_count(LOST, (scan(1000, "a"),), {1: 3}, "all", SETTLE, PATIENCE).verdict == "wait"


def feed(number: str, *, action: str = "ProductUpdate", total: int = 3, source: str = "api") -> Feed:
    return Feed(id=number, action=action, status="Queued", state=FeedState.QUEUED, total=total, source=source)


def test_candidates_are_ours_by_action_count_and_source() -> None:
    listed = [
        feed("right"),
        feed("known"),
        feed("other-action", action="Image"),
        feed("other-count", total=4),
        feed("by-hand", source="csv"),
    ]
    assert [f.id for f in candidates(listed, LOST, "ProductUpdate", {"known"})] == ["right"]


def test_a_feed_that_is_not_done_may_show_its_values_later() -> None:
    scans = (scan(1180, "a"), scan(1240, "a"))
    found = decide_by_count(LOST, scans, {1: 3}, "none", SETTLE, PATIENCE, busy=True)
    assert found == Finding(verdict="wait", at=1300.0)


def test_lists_that_never_agree_end_with_a_person() -> None:
    late = (scan(1000), scan(1000 + PATIENCE), scan(1100 + PATIENCE, "b"))
    assert decide_by_raw(LOST, late, set(), {"b"}, SETTLE, PATIENCE).verdict == "human"


def test_who_resumes_long_after_looks_twice_before_deciding() -> None:
    first = scan(1000 + 2 * PATIENCE)
    found = decide_by_raw(LOST, (first,), set(), set(), SETTLE, PATIENCE)
    assert found == Finding(verdict="wait", at=first.at + SETTLE / 3)
    assert decide_by_raw(LOST, (first, scan(found.at)), set(), set(), SETTLE, PATIENCE).verdict == "absent"


def test_scans_come_at_once_then_after_settle_then_a_third_later() -> None:
    scans: tuple[Scan, ...] = ()
    times = []
    for _ in range(4):
        times.append(next_scan(LOST, scans, SETTLE))
        scans = (*scans, scan(times[-1]))
    assert times == [1000, 1180, 1240, 1300]
