"""Feeds as the shop describes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """The four actions that make a feed and share its quota."""

    CREATE = "ProductCreate"
    UPDATE = "ProductUpdate"
    REMOVE = "ProductRemove"
    IMAGE = "Image"


class FeedState(StrEnum):
    """A feed's status word; OTHER is any word we don't know, and never terminal."""

    QUEUED = "Queued"
    PROCESSING = "Processing"
    FINISHED = "Finished"
    ERROR = "Error"
    CANCELED = "Canceled"
    OTHER = "other"

    @property
    def terminal(self) -> bool:
        return self in (FeedState.FINISHED, FeedState.ERROR, FeedState.CANCELED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordError:
    """What the shop says of one record: its words, never their meaning. sku may be ""."""

    sku: str
    message: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed, from FeedStatus, FeedList or FeedOffsetList.

    Attributes:
        status: the shop's own word; state: the closed set.
        created, updated: as given, "YYYY-MM-DD HH:MM:SS" without a zone, or "".
        source: "api" or "csv".
        failure_report: (mime type, bytes) or None (FeedList only).
        errors, warnings: from FeedStatus only; several of one SKU are possible.
    """

    id: str
    action: str
    status: str
    state: FeedState
    created: str = ""
    updated: str = ""
    source: str = ""
    total: int = 0
    processed: int = 0
    failed: int = 0
    errors: tuple[RecordError, ...] = ()
    warnings: tuple[RecordError, ...] = ()
    failure_report: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The shop took a feed.

    Attributes:
        feed: its UUID (Head.RequestId).
        warnings: WarningDetail rows as (field, message, value): not a failure.
        server_time: Head.Timestamp as given, or "".
    """

    feed: str
    warnings: tuple[tuple[str, str, str], ...] = ()
    server_time: str = ""
