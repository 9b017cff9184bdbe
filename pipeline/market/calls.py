"""One call as the journal records it: never with what signs us in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.market.transport import Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request and what became of it.

    Attributes:
        params: of the action itself; no user, no timestamp, no signature.
        started, answered: seconds since the epoch.
        outcome: "ok", or the code of the error it ended with ("throttled", "answer-lost" …).
        message: the error's words, or "".
        status: HTTP status, 0 where no answer came.
        sent, received: bytes of the bodies.
        feed: id of the feed that it made, or "".
    """

    verb: Verb
    action: str
    params: Mapping[str, str]
    started: float
    answered: float
    outcome: str
    message: str = ""
    status: int = 0
    sent: int = 0
    received: int = 0
    feed: str = ""


Observer = Callable[[Call], None]


def unobserved(call: Call) -> None:
    """Nobody looks."""
