"""`budget`: requests and feeds used and left, and when the next slot opens."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.budget.ledger import Ledger
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace


def budget(ws: Workspace) -> Outcome:
    """The seller's budget as this machine knows it; asks the shop nothing."""
    shop = ws.shop
    with Ledger(ws.ledger, shop.budget, shop.limits, ws.clock) as ledger:
        usage = ledger.usage()
    document = {**asdict(usage), "waiting": [asdict(one) for one in usage.waiting]}
    opens = (
        "not before an answer that is still out"
        if usage.next_feed is None
        else _when(usage.next_feed, usage.at)
    )
    lines = (
        f"budget {usage.budget}",
        f"  requests: {usage.requests_used} of {usage.requests_limit} used, {usage.requests_left} left",
        f"  feeds: {usage.feeds_used} today, {usage.feeds_of_others} by others; {usage.feeds_free} free left",
        f"  in flight: {usage.feeds_in_flight}, unsettled: {usage.feeds_unknown}",
        f"  next feed slot: {opens}",
    )
    return Outcome(document=document, lines=lines)


def _when(at: float, now: float) -> str:
    if at <= now:
        return "now"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC (in {at - now:.0f} s)"
