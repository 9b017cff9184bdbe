"""FeedStatus, FeedList, FeedOffsetList, FeedCount, GetFeedRawInput → values."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from dataclasses import dataclass

from pipeline.market.feeds import Feed, FeedState, RecordError
from pipeline.market.nodes import Node, Unreadable, children, get, number, text

_STATES = {state.value.casefold(): state for state in FeedState if state is not FeedState.OTHER}
_STATES["cancelled"] = FeedState.CANCELED
#: Instances of 2015 name the SKU in the message only.
_SKU_IN_MESSAGE = (
    re.compile(r"\(for Seller SKU: (.+?)\)(?=[\s.,:;]|$)"),
    re.compile(r"^Seller SKU '(.+)' not found"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCount:
    """How many feeds of the last 30 days are in which state."""

    total: int = 0
    queued: int = 0
    processing: int = 0
    finished: int = 0
    canceled: int = 0


def feed_list(body: Node) -> tuple[Feed, ...]:
    """The feeds of FeedList and FeedOffsetList."""
    listed = children(body, "Feed") or children(get(body, "Feeds"), "Feed")
    return tuple(feed(node) for node in listed if isinstance(node, dict))


def feed_detail(body: Node) -> Feed:
    """The feed of FeedStatus.

    Raises:
        Unreadable: there is none.
    """
    details = [node for node in children(body, "FeedDetail") if isinstance(node, dict)]
    if len(details) != 1:
        raise Unreadable("the answer holds no FeedDetail")
    return feed(details[0])


def feed(node: Node) -> Feed:
    """One feed; status words that we don't know are OTHER."""
    status, reports = text(node, "Status"), failure_report(node)
    return Feed(
        id=text(node, "Feed"),
        action=text(node, "Action"),
        status=status,
        state=_STATES.get(status.strip().casefold(), FeedState.OTHER),
        created=text(node, "CreationDate"),
        updated=text(node, "UpdatedDate"),
        source=text(node, "Source"),
        total=number(node, "TotalRecords"),
        processed=number(node, "ProcessedRecords"),
        failed=_failed(node, reports),
        errors=_records(get(node, "FeedErrors"), "Error"),
        warnings=_records(get(node, "FeedWarnings"), "Warning"),
        failure_report=reports,
    )


def _failed(node: Node, report: tuple[str, bytes] | None) -> int:
    """FailedRecords; where an old instance puts the report there instead, its rows."""
    if isinstance(get(node, "FailedRecords"), dict) and report is not None:
        rows = csv.reader(io.StringIO(report[1].decode("utf-8", "replace")), delimiter=";")
        return max(sum(1 for row in rows if row) - 1, 0)
    return number(node, "FailedRecords")


def _records(node: Node, name: str) -> tuple[RecordError, ...]:
    return tuple(_record(row) for row in children(node, name) if isinstance(row, dict))


def _record(row: Node) -> RecordError:
    message = text(row, "Message")
    return RecordError(
        sku=text(row, "SellerSku") or _sku_named(message), message=message, code=text(row, "Code")
    )


def _sku_named(message: str) -> str:
    for pattern in _SKU_IN_MESSAGE:
        if found := pattern.search(message):
            return found[1]
    return ""


def failure_report(node: Node) -> tuple[str, bytes] | None:
    """(mime type, bytes) of the report on failed records, from either place it may stand in."""
    for place in ("FailureReports", "FailedRecords"):
        report = get(node, place)
        if isinstance(report, dict) and text(report, "File"):
            return text(report, "MimeType"), unpacked(text(report, "File"))
    return None


def unpacked(file: str) -> bytes:
    """Base64 → bytes.

    Raises:
        Unreadable: it isn't base64.
    """
    try:
        return base64.b64decode(re.sub(r"\s+", "", file), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("a file in the answer isn't base64") from None


def feed_count(body: Node) -> FeedCount:
    """The counters of FeedCount."""
    node = get(body, "FeedCount")
    return FeedCount(
        total=number(node, "Total"),
        queued=number(node, "Queued"),
        processing=number(node, "Processing"),
        finished=number(node, "Finished"),
        canceled=number(node, "Canceled"),
    )


def raw_inputs(body: Node) -> dict[str, bytes]:
    """Feed id → the XML that was posted, byte for byte."""
    found = {}
    for node in children(body, "FeedRawInput"):
        file = text(get(node, "RawInputFile"), "File")
        if text(node, "Feed") and file:
            found[text(node, "Feed")] = unpacked(file)
    return found
