"""Real processes share one ledger; a server that knows the rule counts what comes."""

from __future__ import annotations

import time
from typing import Any

import pytest

#: A busy machine may spoil one round; a slow rule spoils all. That nothing is early must hold in each.
ROUNDS = 3
#: What must be used of what is permitted, on a machine that is busy too; `make chaos` asks for 98 %.
USED = 0.8


@pytest.mark.parametrize("latency", [0.0, 0.02], ids=["fast", "slow"])
def test_four_processes_never_exceed_the_window_and_use_all_of_it(
    make_shop: Any, crew: Any, latency: float
) -> None:
    window, limit, seconds = 0.5, 30, 2.0
    shop = make_shop(latency=latency, requests=limit, per_seconds=window)
    # A token's cycle: the call, its answer, a window.
    permitted = limit * seconds / (window + latency)
    crew.go(*(crew.ready("calls", shop, time.time() + 120) for _ in range(4)))
    used = 0
    for _ in range(ROUNDS):
        began = time.time()
        time.sleep(seconds)
        used = max(used, sum(began <= at < began + seconds for at in shop.calls))
        if used >= USED * permitted:
            break
    assert shop.busiest(window) == limit
    assert used >= USED * permitted


def test_feeds_of_four_processes_are_never_early_and_lose_no_time(make_shop: Any, crew: Any) -> None:
    interval, lanes = 0.6, ("content", "images", "content", "images")
    shop = make_shop(feed_burst=1, feed_interval=interval)
    best = 100.0
    for _ in range(ROUNDS):
        first = len(shop.feeds)
        processes = [crew.ready("feeds", shop, 2, lane) for lane in lanes]
        crew.go(*processes)
        assert crew.finished(*processes) == [0] * 4
        assert (len(shop.feeds) - first, shop.refused) == (8, 0)
        best = min(best, (shop.feeds[-1][0] - shop.feeds[first][0]) / (7 * interval))
        if best <= 1 / USED:
            break
    assert 1 <= best <= 1 / USED


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
        crew.ready("calls", shop, time.time() + 120),
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
    while not shop.calls:
        time.sleep(0.01)
    assert shop.feeds[0][0] - killed >= 0.5
    assert shop.calls[0] - killed >= 0.2
