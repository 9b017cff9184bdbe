"""What the journal is asked at every diff, kept ready: rows for `written` and `resting`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.diff.memory import content_of
from pipeline.diff.plan import Record
from pipeline.market.feeds import Action

#: A record refused this often for the same reason with the same content rests.
REFUSALS = 3


def written_rows(
    identity: str,
    run: str,
    at: float,
    record: Record,
    stored: Mapping[str, str | None],
    befores: Mapping[str, str | None],
) -> list[dict[str, Any]]:
    """What a verified record wrote, and what the shop made of it."""
    return [
        {
            "identity": identity, "sku": record.sku, "field": change.field, "sent": change.after,
            "stored": stored.get(change.field), "before": befores.get(change.field, change.before),
            "run": run, "at": at,
        }
        for change in record.changes
        if record.action is not Action.REMOVE
    ]  # fmt: skip


def resting_row(
    identity: str, record: Record, reason: str, earlier: Mapping[str, Any] | None, at: float
) -> dict[str, Any]:
    """A refusal counted: again the same reason and content adds one, anything else starts anew."""
    content = content_of(record.action, ((c.field, c.after) for c in record.changes))
    again = earlier is not None and earlier["reason"] == reason and earlier["content"] == content
    return {
        "identity": identity, "sku": record.sku, "action": record.action.value, "reason": reason,
        "content": content, "times": (earlier["times"] + 1) if earlier and again else 1,
        "since": earlier["since"] if earlier and again else at,
    }  # fmt: skip
