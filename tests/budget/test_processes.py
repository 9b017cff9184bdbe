"""Real processes share one ledger; a server that knows the rule counts what comes."""

from __future__ import annotations

import time
from typing import Any

import pytest


@pytest.mark.parametrize("latency", [0.0, 0.02], ids=["fast", "slow"])
def test_four_processes_never_exceed_the_window_and_use_all_of_it(
    make_shop: Any, crew: Any, latency: float
) -> None:
    window, limit, seconds = 0.5, 30, 3.0
    shop = make_shop(latency=latency, requests=limit, per_seconds=window)
    processes = [crew.ready("calls", shop, time.time() + 120) for _ in range(4)]
    crew.go(*processes)
    time.sleep(seconds)
    for process in processes:
        process.kill()
    began = shop.calls[0]
    arrived = sum(at - began < seconds - 0.2 for at in shop.calls)
    assert shop.busiest(window) == limit
    # A token's cycle: the call, its answer, a window; each process makes one call at a time.
    cycles = (seconds - 0.2) / (window + latency)
    assert arrived >= 0.95 * limit * cycles


def test_feeds_of_four_processes_are_never_early_and_lose_no_time(make_shop: Any, crew: Any) -> None:
    shop = make_shop(feed_burst=4, feed_interval=0.5)
    processes = [crew.ready("feeds", shop, 3, lane) for lane in ("content", "images", "content", "images")]
    crew.go(*processes)
    assert crew.finished(*processes) == [0] * 4
    assert (len(shop.feeds), shop.refused) == (12, 0)
    took = shop.feeds[-1][0] - shop.feeds[3][0]
    assert 8 * 0.5 <= took <= 8 * 0.5 * 1.05


def test_a_price_job_that_comes_midway_takes_the_next_slot(make_shop: Any, crew: Any) -> None:
    shop = make_shop(feed_burst=0, feed_interval=0.6)
    images = [crew.ready("feeds", shop, 3, "images") for _ in range(2)]
    price = crew.ready("feeds", shop, 1, "price-stock")
    crew.go(*images)
    crew.expect(price, "ready")
    while len(shop.feeds) < 2:
        time.sleep(0.01)
    price.stdin.write("go\n")
    price.stdin.flush()
    assert crew.finished(*images, price) == [0] * 3
    assert [lane for _, lane in shop.feeds] == ["images"] * 2 + ["price-stock"] + ["images"] * 4
    assert shop.refused == 0


def test_a_killed_process_blocks_nobody_and_its_feed_counts(make_shop: Any, crew: Any) -> None:
    """It held the only token and the only slot, and may have sent the feed: nobody can know."""
    shop = make_shop(requests=1, per_seconds=0.2, feed_burst=0, feed_interval=0.5)
    holder, caller, feeder = (
        crew.ready("hold", shop),
        crew.ready("calls", shop, time.time() + 5),
        crew.ready("feeds", shop, 1, "content"),
    )
    crew.go(holder)
    crew.expect(holder, "holding")
    crew.go(caller, feeder)
    time.sleep(0.5)
    assert (shop.calls, shop.feeds) == ([], [])
    killed = time.time()
    holder.kill()
    assert crew.finished(feeder) == [0]
    assert 0.5 <= shop.feeds[0][0] - killed <= 1.5
    assert 0.2 <= shop.calls[0] - killed <= 1.5
