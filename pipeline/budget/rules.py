"""When the next call and the next feed are allowed: arithmetic only, no clock and no disk.

Sources: Seller Center docs, call velocity ("30 requests in 3 s") and feed throttling ("50 per day
free, after that one per 2 minutes"). Everything is judged by when an *answer* came: the shop saw
the call earlier, so what's kept here is kept there too, whatever the latency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.settings import Limits

DAY = 86_400.0
#: The longest wait after refusals that we didn't expect: seconds, and windows (a minute, for 3 s).
FEED_BACKOFF_MAX = 900.0
REQUEST_BACKOFF_WINDOWS = 20
#: Refusals in a row after which the free feeds count as used by someone else.
STRIKES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsUsed:
    """What one seller has used of its feeds, as far as we know; times are seconds since the epoch.

    Attributes:
        accepted: when each counted feed was answered, any order; the last day's at least.
        in_flight: sent or about to be, not answered yet.
        not_before: learned from a refusal: no feed until then.
        spent_until: learned: the free feeds are used up until then.
    """

    accepted: tuple[float, ...] = ()
    in_flight: int = 0
    not_before: float = 0.0
    spent_until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The next chance to send a feed.

    Attributes:
        at: seconds since the epoch, never before the time asked for.
        free: how many feeds may leave at that moment, at least 1.
    """

    at: float
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """What refusals (429) taught us.

    Attributes:
        since: when it was learned; until: nothing leaves before.
        wait: seconds that the last refusal cost, 0 when all is well.
        strikes: refusals of feeds that our count held for free, since the last one proven free.
        spent_until: the free feeds are used up until then.
    """

    since: float = 0.0
    until: float = 0.0
    wait: float = 0.0
    strikes: int = 0
    spent_until: float = 0.0


def next_request_time(tokens: Sequence[float | None], limits: Limits, now: float) -> float | None:
    """The earliest moment for one more call; None while that depends on answers that are still out.

    Args:
        tokens: one a call that counts: when it stops counting, None while it's unanswered.
        now: on the same clock as the tokens; stamps from a future it can't have (the machine was
            restarted) count as one window from now.
    """
    returning = sorted(min(at, now + limits.per_seconds) for at in tokens if at is not None and at > now)
    unanswered = sum(at is None for at in tokens)
    missing = len(returning) + unanswered - limits.requests + 1
    if missing <= 0:
        return now
    return returning[missing - 1] if missing <= len(returning) else None


def next_slot(used: FeedsUsed, limits: Limits, now: float) -> Slot | None:
    """The next chance to send a feed; None while that depends on an answer that is still out."""
    start = max(now, used.not_before)
    accepted = sorted(min(at, now) for at in used.accepted)
    chances = [at for at in _chances(accepted, used, limits, start) if at is not None]
    if not chances:
        return None
    at = max(start, min(chances))
    return Slot(at=at, free=max(1, _free(accepted, used, limits, at)))


def next_feed_time(used: FeedsUsed, limits: Limits, now: float) -> float | None:
    """The earliest moment for one more feed; None while that depends on an answer that is still out."""
    slot = next_slot(used, limits, now)
    return slot.at if slot else None


def free_left(used: FeedsUsed, limits: Limits, now: float) -> int:
    """Feeds of the burst that are left at this moment."""
    return max(0, _free(sorted(min(at, now) for at in used.accepted), used, limits, now))


def feed_times(count: int, used: FeedsUsed, limits: Limits, now: float) -> list[float]:
    """When so many feeds could leave at the earliest, each answered at once and none of others."""
    accepted = [*(min(at, now) for at in used.accepted), *[now] * used.in_flight]
    times: list[float] = []
    while len(times) < count:
        state = replace(used, accepted=tuple(accepted), in_flight=0)
        slot = next_slot(state, limits, times[-1] if times else now)
        assert slot is not None  # nothing is in flight
        leaving = [slot.at] * min(slot.free, count - len(times))
        times += leaving
        oldest = slot.at - max(DAY, limits.feed_interval)
        accepted = [*(at for at in accepted if at > oldest), *leaving]
    return times


def forecast(
    feeds: int,
    requests: int,
    used: FeedsUsed,
    tokens: Sequence[float | None],
    limits: Limits,
    now: float,
    *,
    monotonic: float,
) -> float:
    """Seconds until so many feeds and calls have left, if nobody else uses the budget.

    Args:
        now: seconds since the epoch, for feeds; monotonic: the tokens' clock.
    """
    sent = feed_times(feeds, used, limits, now)
    waits = [(sent[-1] - now) if sent else 0.0, _request_wait(requests, tokens, limits, monotonic)]
    return max(waits)


def after_feed_refused(
    backoff: Backoff, used: FeedsUsed, limits: Limits, now: float, *, retry_after: float | None, jitter: float
) -> Backoff:
    """What a refused feed teaches: someone else uses the quota too.

    Wait an interval (what the shop asked for, if it said), twice as long each time that follows,
    a quarter of an hour at most. A second refusal of what should have been free means that the
    free feeds are gone for today.

    Args:
        jitter: 0 to 1, random: spreads those who were refused together over a tenth of the wait.
    """
    if now < backoff.until and backoff.wait:  # another process was told the same a moment ago
        return backoff
    longest = max(FEED_BACKOFF_MAX, limits.feed_interval)
    wait = min(longest, max(limits.feed_interval, 2 * backoff.wait))
    asked = wait if retry_after is None else min(retry_after, DAY)
    strikes = backoff.strikes + (free_left(used, limits, now) > 0)
    spent = _burst_returns(limits, now) if strikes >= STRIKES else backoff.spent_until
    until = now + asked * (1 + jitter / 10)
    return Backoff(since=now, until=until, wait=wait, strikes=strikes, spent_until=spent)


def after_feed_accepted(backoff: Backoff, used: FeedsUsed, limits: Limits, at: float) -> Backoff:
    """What an accepted feed teaches; `used` without it. One that no interval explains proves free feeds."""
    free = any(at - limits.feed_interval < earlier <= at for earlier in used.accepted)
    return replace(
        backoff,
        until=0.0,
        wait=0.0,
        strikes=0 if free else backoff.strikes,
        spent_until=0.0 if free else backoff.spent_until,
    )


def after_request_refused(
    backoff: Backoff, limits: Limits, now: float, *, retry_after: float | None, jitter: float
) -> Backoff:
    """What a refused call teaches: all who share the budget wait a window, twice as long each time.

    Calls that were refused together count once. Peace for as long as the longest wait begins anew.
    """
    if now < backoff.until:
        return backoff
    longest = REQUEST_BACKOFF_WINDOWS * limits.per_seconds
    calm = now - backoff.until > longest
    wait = min(longest, limits.per_seconds if calm or not backoff.wait else 2 * backoff.wait)
    asked = wait if retry_after is None else max(0.0, min(retry_after, DAY))
    return Backoff(since=now, until=now + asked * (1 + jitter / 10), wait=wait)


def set_back(backoff: Backoff, now: float) -> Backoff:
    """The same where the clock was set back since: no wait gets longer by that."""
    if backoff.since <= now:
        return backoff
    early = backoff.since - now
    spent = min(backoff.spent_until, now + DAY)
    return replace(backoff, since=now, until=backoff.until - early, spent_until=spent)


def _chances(
    accepted: list[float], used: FeedsUsed, limits: Limits, start: float
) -> tuple[float | None, float | None]:
    return _next_free(accepted, used, limits, start), _next_paced(accepted, used, limits, start)


def _next_paced(accepted: list[float], used: FeedsUsed, limits: Limits, start: float) -> float | None:
    """By the interval since the last accepted feed."""
    if used.in_flight:
        return None
    return max(start, accepted[-1] + limits.feed_interval) if accepted else start


def _next_free(accepted: list[float], used: FeedsUsed, limits: Limits, start: float) -> float | None:
    """By the free feeds of the day."""
    start = max(start, used.spent_until)
    if used.in_flight >= limits.feed_burst:
        return None
    if _free(accepted, used, limits, start) > 0:
        return start
    if limits.feed_reset == "utc-day":
        return start - start % DAY + DAY
    # Rolling: free again when so many have grown older than a day that one more fits.
    return accepted[len(accepted) + used.in_flight - limits.feed_burst] + DAY


def _free(accepted: list[float], used: FeedsUsed, limits: Limits, at: float) -> int:
    if at < used.spent_until:
        return 0
    if limits.feed_reset == "utc-day":
        counted = sum(when >= at - at % DAY for when in accepted)
    else:
        counted = sum(when + DAY > at for when in accepted)
    return limits.feed_burst - counted - used.in_flight


def _burst_returns(limits: Limits, now: float) -> float:
    return now - now % DAY + DAY if limits.feed_reset == "utc-day" else now + DAY


def _request_wait(requests: int, tokens: Sequence[float | None], limits: Limits, now: float) -> float:
    """Until the last of so many calls may leave, each answered at once."""
    if requests <= 0:
        return 0.0
    window = limits.per_seconds
    waits = sorted(window if at is None else min(window, max(0.0, at - now)) for at in tokens)
    waits = [0.0] * (limits.requests - len(waits)) + waits[-limits.requests :]
    rounds, last = divmod(requests - 1, limits.requests)
    return waits[last] + rounds * window
