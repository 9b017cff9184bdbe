"""A row laid over the product that the shop holds: what of it contradicts itself there. Pure.

Validation sees the file's row alone; a row that says one half of an offer is judged here, before it
is sent. A change back to a journaled before-value isn't judged: the shop held it together before, and
an incident must be undoable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.diff.offers import Fault, Offer, faults, offers_in
from pipeline.diff.plan import Change, Held
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Breach, Side, acquitted
from pipeline.read.finding import Severity
from pipeline.values.kinds import comparable
from schemas.rules import severity_of


def breaches(side: Side, changes: Sequence[Change], rules: Rules) -> tuple[Breach, ...]:
    """What these changes would make contradictory; nothing that they don't touch."""
    offers = offers_in([change.field for change in changes])
    if not offers:
        return ()
    merged = _Merged(side, changes, rules)
    return tuple(breach for offer in offers for breach in merged.judge(offer))


def contradicted(found: Sequence[Breach], changes: Sequence[Change]) -> Iterator[Held]:
    """The changes of a refused row: an error refuses the whole of it, as in validation."""
    wrong = [breach for breach in found if breach.severity is Severity.ERROR]
    by_field = {breach.field: breach.message for breach in wrong}
    rest = f"held with its row: {wrong[0].message}"
    for change in changes:
        message = by_field.get(change.field, rest)
        yield Held(
            sku=wrong[0].sku, reason="contradiction", field=change.field, before=change.before,
            after=change.after, message=message,
        )  # fmt: skip


class _Merged:
    """One product as it would be."""

    def __init__(self, side: Side, changes: Sequence[Change], rules: Rules) -> None:
        self._side = side
        self._rules = rules
        self._after = {change.field: change.after for change in changes}
        self._judged = self._after.keys() - acquitted(side, rules, changes).keys()

    def judge(self, offer: Offer) -> Iterator[Breach]:
        for fault in faults(offer, self._value, self._means):
            blamed = next((name for name in fault.fields if name in self._judged), None)
            severity = severity_of(fault.code, self._rules.severity)
            if blamed is not None and severity != "off":
                yield self._breach(fault, blamed, Severity(severity))

    def _breach(self, fault: Fault, name: str, severity: Severity) -> Breach:
        given = name in self._side.ours
        return Breach(
            code=fault.code, severity=severity, sku=self._side.sku, field=name,
            message=f"beside what the shop holds: {fault.says[name]}", value=self._after[name],
            origin=self._side.origin(name) if given else None,
        )  # fmt: skip

    def _value(self, name: str) -> str:
        """What the shop would hold."""
        if name in self._after:
            return self._after[name]
        written = self._side.written.get(name) if name in self._side.unreadable else None
        return written.sent if written else self._side.theirs.get(name, "")

    def _means(self, name: str) -> str:
        value = self._value(name)
        of = self._rules.field(name) if value else None
        return comparable(of, value, self._rules.ctx) if of else ""
