"""What the writer needs of the world; use cases hand in the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pipeline.diff.plan import Record
from pipeline.journal.states import RunCounts
from pipeline.market.feeds import Action, Feed, Receipt


class Market(Protocol):
    """The shop, as far as a push goes."""

    def products(self, skus: Sequence[str], *, deleted: bool = False) -> Mapping[str, Mapping[str, str]]:
        """SKU → field → text, for those that the shop lists; several requests where it takes them.

        Args:
            deleted: look among the deleted ones too for those that aren't listed.
        """
        ...

    def post_feed(self, action: Action, body: bytes) -> Receipt:
        """One POST, never repeated."""
        ...

    def feed_status(self, feed: str) -> Feed: ...

    def server_now(self) -> float:
        """The shop's time as well as we know it, seconds since the epoch."""
        ...

    def feeds_since(self, since: float) -> list[Feed]:
        """Feeds made at or after a time of the shop's clock, by its list, all pages."""
        ...

    def feed_raw_input(self, feeds: Sequence[str]) -> Mapping[str, bytes]:
        """Feed → the XML that was posted; those that the shop can't return are missing."""
        ...

    def feed_cancel(self, feed: str) -> None: ...


class Watcher(Protocol):
    """Who follows the push."""

    def moved(self, counts: RunCounts, *, waiting_until: float | None) -> None:
        """Something changed, or we wait until a time; called several times a second."""
        ...

    def warn(self, text: str) -> None: ...


class Kit(Protocol):
    """The manual way back, kept whole on disk."""

    def refresh(self, records: Iterable[Record], befores: Mapping[tuple[int, str], str | None]) -> None:
        """Before-values just read again: on disk before the POST that makes them history."""
        ...

    def progress(self) -> None:
        """The journal knows more than before."""
        ...


class Fence(Protocol):
    """What must be left alone because of other runs."""

    def holding(self, skus: Sequence[str]) -> Mapping[str, str]:
        """SKU → the run that has it in an open feed."""
        ...

    def newer(self, skus: Sequence[str]) -> Mapping[tuple[str, str], str]:
        """(SKU, field) → a run that began later and wrote it."""
        ...
