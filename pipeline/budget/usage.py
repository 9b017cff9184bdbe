"""What `sellercenter budget` shows."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.budget.window import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A budget at a moment; times are seconds since the epoch.

    Attributes:
        requests_used, requests_left: calls that count in the window now, and how many more may leave.
        requests_held_until: no call before, as a refusal taught; None when all is well.
        feeds_used: feeds accepted today (or in the last 24 h), those of others included.
        feeds_free: of the free ones, how many are left.
        feeds_in_flight: reserved or sent, not answered yet.
        feeds_unknown: counted as accepted, outcome not settled.
        feeds_of_others: seen in the shop's list, not sent by us.
        feeds_held_until: no feed before, as a refusal taught; None when all is well.
        next_feed: when the next slot opens; None while that depends on an answer.
        waiting: who waits for it, next first.
    """

    budget: str
    at: float
    requests_limit: int
    requests_used: int
    requests_left: int
    requests_held_until: float | None
    feeds_limit: int
    feeds_used: int
    feeds_free: int
    feeds_in_flight: int
    feeds_unknown: int
    feeds_of_others: int
    feeds_held_until: float | None
    next_feed: float | None
    waiting: tuple[Waiting, ...]
