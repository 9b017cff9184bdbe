"""What pushing a plan costs, in calls and feeds; the time is for whoever knows the budget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil

from pipeline.diff.plan import Batch, Forecast
from pipeline.settings import Limits

#: Looks at the feed list while one feed is being processed: half a second, growing by half.
POLLS_A_FEED = 8
#: Re-reads: what the shop holds before a batch leaves, and whether it holds it afterwards.
READS_A_BATCH = 2


def forecast(batches: Iterable[Batch], limits: Limits, seconds: Callable[[int, int], float]) -> Forecast:
    """Requests, feeds and seconds of sending these batches.

    Args:
        seconds: (requests, feeds) → how long they take with the budget as it stands now.
    """
    feeds = requests = 0
    for batch in batches:
        feeds += 1
        requests += 1 + POLLS_A_FEED + READS_A_BATCH * ceil(batch.records / limits.sku_list_max)
    return Forecast(requests=requests, feeds=feeds, seconds=seconds(requests, feeds) if feeds else 0.0)
