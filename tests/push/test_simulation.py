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
