"""Which records of a run a rollback is about: by time, by feed, by what they changed."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.diff.plan import Record
from pipeline.errors import UsageError
from pipeline.journal.states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions that all must hold.

    Attributes:
        since: sent at or after this time (seconds since the epoch); 0 = whenever.
        feeds: rode in one of these; empty = in any.
        where: (field, value) pairs: the record set the field to the value.
    """

    since: float = 0.0
    feeds: frozenset[str] = frozenset()
    where: tuple[tuple[str, str], ...] = ()

    def takes(self, record: Record, batch: BatchState) -> bool:
        if batch.intent_at < self.since or (self.feeds and batch.feed not in self.feeds):
            return False
        sets = {(change.field, change.after) for change in record.changes}
        return all(condition in sets for condition in self.where)


def condition(text: str | None) -> tuple[tuple[str, str], ...]:
    """FIELD=VALUE as a condition; none where there is no text.

    Raises:
        UsageError: no equals sign.
    """
    if text is None:
        return ()
    name, equals, value = text.partition("=")
    if not equals:
        hint = "for example --where Status=inactive"
        raise UsageError(f"--where {text!r} isn't FIELD=VALUE", hint=hint)
    return ((name.strip(), value),)
