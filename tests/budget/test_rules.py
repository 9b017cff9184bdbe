"""The arithmetic against the rule as the protocol states it, tried out moment by moment."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.budget.rules import (
    DAY,
    Backoff,
    FeedsUsed,
    Slot,
    after_feed_accepted,
    after_feed_refused,
    after_request_refused,
    feed_times,
    forecast,
    next_feed_time,
    next_request_time,
    next_slot,
    set_back,
)
from pipeline.settings import Limits

HOUR = 3600.0
#: A midnight.
NOW = 1_800_000_000.0 - 1_800_000_000.0 % DAY


def limits_of(burst: int = 2, interval: float = 6 * HOUR, reset: str = "utc-day", **more: float) -> Limits:
    return Limits.model_validate(
        {"feed_burst": burst, "feed_interval": interval, "feed_reset": reset, **more}
    )


def shop_allows_feed(accepted: Sequence[float], limits: Limits, at: float) -> bool:
    """The rule at the server, word by word."""
    if limits.feed_reset == "utc-day":
        counted = [when for when in accepted if when // DAY == at // DAY]
    else:
        counted = [when for when in accepted if at - when < DAY]
    return len(counted) < limits.feed_burst or not accepted or at - max(accepted) >= limits.feed_interval


def shop_allows_call(calls: Sequence[float], limits: Limits, at: float) -> bool:
    return sum(at - when < limits.per_seconds for when in calls) < limits.requests


def tokens_at(now: float, answers: Sequence[float], window: float) -> list[float | None]:
    return [at + window if at <= now else None for at in answers]


# Calls


@given(
    st.lists(st.none() | st.integers(-5, 30), max_size=8),
    st.integers(1, 5),
    st.integers(1, 10),
)
def test_next_call_is_the_first_moment_at_which_fewer_calls_count_than_allowed(
    tokens: list[int | None], requests: int, window: int
) -> None:
    """Stamps lie on whole seconds, so trying each second finds the first."""
    limits = limits_of(requests=requests, per_seconds=window)

    def counting(at: int) -> int:
        return sum(ready is None or min(ready, window) > at for ready in tokens)

    first = next((at for at in range(window + 1) if counting(at) < requests), None)
    assert next_request_time([None if t is None else float(t) for t in tokens], limits, 0.0) == first


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=40),
    st.integers(1, 4),
    st.integers(1, 10),
)
def test_calls_made_when_allowed_are_never_refused_whatever_the_latency(
    wishes: list[tuple[int, int, int]], requests: int, window: int
) -> None:
    """Each call reaches the server some time after it was sent, its answer comes some time later."""
    limits = limits_of(requests=requests, per_seconds=window)
    arrived: list[float] = []
    answers: list[float] = []
    now = 0.0
    for pause, there, back in wishes:
        now += pause
        while (start := next_request_time(tokens_at(now, answers, window), limits, now)) is None:
            now = min(at for at in answers if at > now)
        arrived.append(start + there)
        answers.append(start + there + back)
        now = start
    arrived.sort()
    assert all(shop_allows_call(arrived[:i], limits, at) for i, at in enumerate(arrived))


# Feeds

resets = st.sampled_from(["utc-day", "rolling"])
hours = st.integers(0, 71).map(lambda hour: NOW + hour * HOUR)


@given(st.lists(hours, max_size=10), st.integers(0, 4), st.integers(0, 30), resets, hours)
def test_next_feed_is_the_first_moment_that_the_shop_would_accept(
    accepted: list[float], burst: int, interval: int, reset: str, now: float
) -> None:
    """All stamps lie on whole hours, so trying each hour finds the first."""
    limits = limits_of(burst, interval * HOUR, reset)
    known = [at for at in accepted if at <= now]
    first = next(
        at for at in (now + hour * HOUR for hour in range(200)) if shop_allows_feed(known, limits, at)
    )
    assert next_feed_time(FeedsUsed(accepted=tuple(known)), limits, now) == first


@given(st.lists(hours, max_size=6), st.integers(0, 4), st.integers(1, 30), resets, hours, st.integers(1, 12))
def test_a_series_is_accepted_by_the_shop_and_each_could_not_be_earlier(
    accepted: list[float], burst: int, interval: int, reset: str, now: float, count: int
) -> None:
    limits = limits_of(burst, interval * HOUR, reset)
    log = [at for at in accepted if at <= now]
    times = feed_times(count, FeedsUsed(accepted=tuple(log)), limits, now)
    assert len(times) == count
    at = now
    for sent in times:
        while not shop_allows_feed(log, limits, at):
            at += HOUR
        assert sent == at
        log.append(sent)


def test_two_days_at_the_published_numbers() -> None:
    """50 at midnight, then one per two minutes: 719 of those end before the next midnight."""
    times = feed_times(2 * (50 + 719), FeedsUsed(), Limits(), NOW)
    day = [0.0] * 50 + [120.0 * n for n in range(1, 720)]
    assert times == [NOW + start + at for start in (0, DAY) for at in day]


def _most_by(deadline: float, limits: Limits, log: tuple[float, ...], at: float) -> int:
    """Tries every choice of sending or not at each hour."""
    if at > deadline:
        return 0
    later = _most_by(deadline, limits, log, at + HOUR * 4)
    if not shop_allows_feed(log, limits, at):
        return later
    return max(later, 1 + _most_by(deadline, limits, (*log, at), at))


@pytest.mark.parametrize("start", [0, 20], ids=["midnight", "evening"])
@pytest.mark.parametrize(("burst", "interval"), [(0, 4), (1, 4), (2, 4), (2, 8), (1, 12)])
def test_no_plan_sends_more_than_sending_at_once(burst: int, interval: int, start: int) -> None:
    """As early as allowed is optimal: brute force over all choices finds nothing better."""
    limits = limits_of(burst, interval * HOUR)
    now, horizon = NOW + start * HOUR, NOW + 40 * HOUR
    ours = [at for at in feed_times(40, FeedsUsed(), limits, now) if at <= horizon]
    assert len(ours) == _most_by(horizon, limits, (), now)


def test_after_the_burst_an_answer_that_is_out_decides() -> None:
    limits = limits_of(burst=0)
    assert next_slot(FeedsUsed(in_flight=1), limits, NOW) is None


def test_reservations_use_up_the_burst_before_they_are_answered() -> None:
    limits = limits_of(burst=3)
    assert next_slot(FeedsUsed(accepted=(NOW,), in_flight=1), limits, NOW) == Slot(at=NOW, free=1)
    assert next_slot(FeedsUsed(accepted=(NOW,), in_flight=2), limits, NOW) == Slot(at=NOW + DAY, free=1)


def test_stamps_from_the_future_count_as_of_now() -> None:
    """A clock that was set back costs one interval, not the time until it has caught up."""
    limits = limits_of(burst=0, interval=120)
    assert next_feed_time(FeedsUsed(accepted=(NOW + 5 * HOUR,)), limits, NOW) == NOW + 120


# What refusals teach


def refuse(
    backoff: Backoff, now: float, *, used: FeedsUsed | None = None, after: float | None = None
) -> Backoff:
    limits = limits_of(burst=50, interval=120)
    used = used or FeedsUsed(accepted=(now,) * 50)
    return after_feed_refused(backoff, used, limits, now, retry_after=after, jitter=0.0)


def test_waits_after_refused_feeds_double_to_a_quarter_of_an_hour() -> None:
    backoff, now, waits = Backoff(), NOW, []
    for _ in range(6):
        backoff = refuse(backoff, now)
        waits.append(backoff.until - now)
        now = backoff.until
    assert waits == [120, 240, 480, 900, 900, 900]


def test_a_shop_that_says_how_long_is_believed() -> None:
    assert refuse(Backoff(), NOW, after=7).until == NOW + 7


def test_refusals_during_a_wait_are_news_of_the_same() -> None:
    first = refuse(Backoff(), NOW)
    assert refuse(first, NOW + 1) == first


def test_a_second_refusal_of_a_free_feed_means_that_others_used_them_up() -> None:
    limits, used = limits_of(burst=50, interval=120), FeedsUsed(accepted=(NOW,))
    once = refuse(Backoff(), NOW + 1, used=used)
    assert (once.strikes, once.spent_until) == (1, 0.0)
    twice = refuse(once, once.until, used=used)
    assert (twice.strikes, twice.spent_until) == (2, NOW + DAY)
    paced = FeedsUsed(accepted=(once.until,), spent_until=twice.spent_until)
    assert next_feed_time(paced, limits, once.until) == once.until + 120


def test_an_accepted_feed_that_no_interval_explains_proves_free_ones() -> None:
    limits = limits_of(burst=50, interval=120)
    taught = Backoff(since=NOW, until=NOW + 5, wait=120, strikes=2, spent_until=NOW + DAY)
    proven = after_feed_accepted(taught, FeedsUsed(accepted=(NOW,)), limits, NOW + 10)
    assert (proven.wait, proven.strikes, proven.spent_until) == (0, 0, 0)
    unproven = after_feed_accepted(taught, FeedsUsed(accepted=(NOW,)), limits, NOW + 120)
    assert (unproven.wait, unproven.strikes, unproven.spent_until) == (0, 2, NOW + DAY)


def test_waits_after_refused_calls_double_to_a_minute_and_begin_anew_after_peace() -> None:
    limits = limits_of(requests=30, per_seconds=3)
    backoff, now, waits = Backoff(), 1000.0, []
    for _ in range(7):
        backoff = after_request_refused(backoff, limits, now, retry_after=None, jitter=0.0)
        waits.append(backoff.until - now)
        now = backoff.until
    assert waits == [3, 6, 12, 24, 48, 60, 60]
    calm = after_request_refused(backoff, limits, now + 61, retry_after=None, jitter=0.0)
    assert calm.until - now - 61 == 3


def test_jitter_only_prolongs_by_a_tenth() -> None:
    limits = limits_of(requests=30, per_seconds=3)
    most = after_request_refused(Backoff(), limits, 1000.0, retry_after=None, jitter=1.0)
    assert most.until == pytest.approx(1003.3)


@given(st.floats(0, 1e6), st.floats(0, 1000))
def test_a_clock_set_back_makes_no_wait_longer(back: float, wait: float) -> None:
    learned = Backoff(since=NOW, until=NOW + wait, wait=wait)
    assert set_back(learned, NOW - back).until - (NOW - back) == pytest.approx(wait, abs=1e-3)


# Forecast

TABLE: list[tuple[str, dict[str, object], tuple[int, int], float]] = [
    ("nothing", {}, (0, 0), 0),
    ("within the burst", {}, (50, 30), 0),
    ("one over the burst", {}, (51, 0), 120),
    ("a window more", {}, (0, 31), 3),
    ("ten windows", {}, (0, 301), 30),
    ("all feeds of a day", {}, (50 + 720, 0), 86_400),
]


@pytest.mark.parametrize(
    ("given_limits", "work", "seconds"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_forecast(given_limits: dict[str, object], work: tuple[int, int], seconds: float) -> None:
    limits = Limits.model_validate(given_limits)
    assert forecast(*work, FeedsUsed(), [], limits, NOW, monotonic=0.0) == seconds


def test_forecast_counts_what_is_used_already() -> None:
    limits = limits_of(burst=2, interval=120, requests=2, per_seconds=3)
    used = FeedsUsed(accepted=(NOW - 3600, NOW - 60), in_flight=0)
    evening = NOW + 12 * HOUR
    today = FeedsUsed(accepted=(evening - 3600, evening - 60))
    assert forecast(1, 0, used, [], limits, NOW, monotonic=5.0) == 0
    assert forecast(1, 0, today, [], limits, evening, monotonic=5.0) == 60
    assert forecast(0, 1, used, [6.0, None], limits, NOW, monotonic=5.0) == 1
    assert forecast(0, 2, used, [6.0, None], limits, NOW, monotonic=5.0) == 3
