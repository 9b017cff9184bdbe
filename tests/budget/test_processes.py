"""Real processes share one ledger; a server that knows the rule counts what comes."""

from __future__ import annotations

import time
from typing import Any

import pytest


@pytest.mark.parametrize("latency", [0.0, 0.02], ids=["fast", "slow"])
def test_four_processes_never_exceed_the_window_and_use_all_of_it(
    make_shop: Any, crew: Any, latency: float
) -> None:
    window, limit, seconds = 0.5, 30, 4.0
    shop = make_shop(latency=latency, requests=limit, per_seconds=window)
    # Enough hands that the limit is what holds them up, not the waiting for answers.
    until = time.time() + 120
    processes = [crew.ready("calls", shop, until) for _ in range(4)]
    for process in processes:
        crew.expect(process, "ready")
    began = time.time()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    time.sleep(seconds)
    ended = time.time()
    for process in processes:
        process.kill()
    arrived = [at for at in shop.calls if began <= at < ended]
    assert shop.busiest(window) == limit
    # A token's cycle: the call, its answer, a window.
    permitted = limit * (1 + int((ended - began) / (window + latency + 0.002)))
    print("used", len(arrived), permitted, (ended - began))
    assert len(arrived) >= 0.95 * permitted
