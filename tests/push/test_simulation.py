"""Every mixture of lost answers, lags and crashes, on a driven clock: exactly once, and the plan's end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Exit

Make = Callable[..., Any]
FATES = ("ok", "lost", "late", "platform", "dropped", "unreachable", "429", "expired", "login")
#: A tenth of the real ones.
SCALED = {"feed_interval": 12, "settle": 18, "deadline": 9, "feed_timeout": 2160}
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
EVERY_DAY = settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=QUIET)
WHOLE = settings(max_examples=1000, deadline=None, suppress_health_check=QUIET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What befalls a push.

    Attributes:
        crashes: calls to the shop at which a process dies, counted from its start.
        lag, late: seconds; together they stay below `settle`: what that doesn't cover, nothing can.
        wall, wall_after: by how much somebody sets the wall clock on the way, and when.
    """

    fates: Sequence[str]
    crashes: Sequence[int]
    lag: float
    late: float
    queue: float
    burst: int
    wall: float
    wall_after: float


weathers = st.builds(
    Weather,
    fates=st.lists(st.sampled_from(FATES), max_size=8),
    crashes=st.lists(st.integers(1, 40), max_size=4),
    lag=st.floats(0, 6),
    late=st.floats(0, 10),
    queue=st.floats(0, 30),
    burst=st.integers(0, 5),
    wall=st.sampled_from((0.0, -7200.0, 7200.0, -5 * 86_400.0, 5 * 86_400.0)),
    wall_after=st.floats(0, 60),
)


def once(make_seller: Make, weather: Weather) -> None:
    """Laws 2 and 10: it ends, nothing is sent twice, and the shop holds what was planned."""
    limits = {**SCALED, "feed_burst": weather.burst}
    shop = {"lag": weather.lag, "late": weather.late, "queue": weather.queue}
    seller = make_seller(products=5, fates=list(weather.fates), limits=limits, **shop)
    seller.clock.set_wall(after=weather.wall_after, by=weather.wall)
    for crash in weather.crashes:
        seller.dies_at(seller.shop.calls + crash)
    ended = seller.finish()
    assert (ended.exit_code, ended.counts.verified) == (Exit.DONE, 5)
    assert set(seller.shop.times.values()) == {1}
    assert {(p["Price"], p["Quantity"]) for p in seller.shop.held.values()} == {("11.00", "7")}


@EVERY_DAY
@given(weathers)
def test_whatever_happens_each_record_is_taken_once(make_seller: Make, weather: Weather) -> None:
    once(make_seller, weather)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@WHOLE
@given(weathers)
def test_a_thousand_times(make_seller: Make, weather: Weather) -> None:
    once(make_seller, weather)


READS = ("ok", "ok", "unreadable", "silent", "platform", "expired", "429", "login", "E1000", "empty")
STATUSES = ("ok", "ok", "unreadable", "platform", "E012", "E1000", "429", "Someday", "blank")
moods = st.fixed_dictionaries(
    {
        "products": st.lists(st.sampled_from(READS), max_size=6),
        "feeds_since": st.lists(st.sampled_from(READS[:-1]), max_size=6),
        "feed_raw_input": st.lists(st.sampled_from(READS[:-1]), max_size=3),
        **{
            f"feed_status feed-{number}": st.lists(st.sampled_from(STATUSES), max_size=4)
            for number in (1, 2, 3)
        },
    }
)


@EVERY_DAY
@given(moods=moods, weather=weathers, ignored=st.booleans())
def test_whatever_the_shop_says_every_process_ends(
    make_seller: Make, moods: dict[str, list[str]], weather: Weather, ignored: bool
) -> None:
    """Law 10, from any state that a crash leaves: never a wait without a deadline, nor a turn on the spot."""
    ends(make_seller, moods, weather, ignored=ignored)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@settings(max_examples=600, deadline=None, suppress_health_check=QUIET)
@given(moods=moods, weather=weathers, ignored=st.booleans())
def test_every_process_ends_often(
    make_seller: Make, moods: dict[str, list[str]], weather: Weather, ignored: bool
) -> None:
    ends(make_seller, moods, weather, ignored=ignored)


def ends(make_seller: Make, moods: dict[str, list[str]], weather: Weather, *, ignored: bool) -> None:
    limits = {**SCALED, "feed_burst": weather.burst, "verify_timeout": 60}
    seller = make_seller(
        products=5, fates=list(weather.fates), limits=limits, lag=weather.lag, late=weather.late,
        queue=weather.queue, moods=moods, ignored=frozenset({"SKU-001"} if ignored else ()),
    )  # fmt: skip
    seller.clock.set_wall(after=weather.wall_after, by=weather.wall)
    for crash in weather.crashes:
        seller.dies_at(seller.shop.calls + crash)
    began = seller.clock.tick
    ended = seller.go()
    patience = limits["feed_timeout"] * 2 + limits["verify_timeout"] + 20 * limits["deadline"]
    assert seller.clock.tick - began < patience
    assert max(seller.shop.times.values(), default=1) == 1
    counts = ended.counts
    assert ended.exit_code != Exit.DONE or counts.verified == 5


@EVERY_DAY
@given(
    fates=st.lists(st.sampled_from(("ok", "lost", "dropped")), max_size=4),
    crashes=st.lists(st.integers(1, 30), max_size=2),
)
def test_without_raw_input_nothing_is_guessed(
    make_seller: Make, fates: list[str], crashes: list[int]
) -> None:
    """Count and read-back decide, or a person must: never a second time."""
    seller = make_seller(products=5, fates=[*fates], raw=False, limits=SCALED)
    for crash in crashes:
        seller.dies_at(seller.shop.calls + crash)
    ended = seller.go()
    counts = ended.counts
    assert max(seller.shop.times.values(), default=1) == 1
    assert counts.verified + counts.unknown + counts.pending == 5
    assert ended.exit_code in ((Exit.DONE,) if counts.verified == 5 else (Exit.UNKNOWN, Exit.SHOP))
