"""How long to wait before a read is tried again. Pure.

A POST is never tried again here: there is no such path.
"""

from __future__ import annotations

from pipeline.errors import AnswerLost, LoginRefused, Refused, ShopError, Throttled, Unreachable
from pipeline.market.answers import EXPIRED

#: A dead shop is known after this many refused connections.
UNREACHABLE_TRIES = 5


def worth_retrying(error: ShopError, tries: int) -> bool:
    """Whether a read that failed so may be tried again.

    Args:
        tries: made so far, from 1.
    """
    if isinstance(error, Unreachable):
        return tries < UNREACHABLE_TRIES
    if isinstance(error, LoginRefused):
        return False
    if isinstance(error, Throttled | AnswerLost):
        return True
    if isinstance(error, Refused):
        return error.platform or (error.number == EXPIRED and tries == 1)
    return False


def wait_before(error: ShopError, tries: int, chance: float) -> float:
    """Seconds to wait before the next try: exponential, full jitter, capped.

    A 429 waits what the shop asks, else 3 s doubling to a minute, of which half is jitter.

    Args:
        tries: made so far, from 1.
        chance: uniform in [0, 1).
    """
    if isinstance(error, Throttled):
        if error.retry_after is not None:
            return error.retry_after
        return min(3.0 * 2.0 ** min(tries - 1, 10), 60.0) * (0.5 + chance / 2)
    if isinstance(error, Refused) and error.number == EXPIRED:
        return 0.0
    return min(0.25 * 2.0 ** min(tries - 1, 10), 5.0) * chance
