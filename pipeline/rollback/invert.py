"""What undoes a record: field → old value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Effect, Record
from schemas.fields import Dialect, UnknownField, field_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """One product's way back.

    Attributes:
        values: field → value to send; "" asks for clearing (which the API may not be able to do).
        wrote: field → what we wrote there; the shop must still hold it.
        created: the run created the product: its way back is to take it off sale.
        removed: the run removed the product: its way back is lossy.
    """

    sku: str
    values: Mapping[str, str]
    wrote: Mapping[str, str] = field(default_factory=dict)
    created: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of a run to take back.

    Attributes:
        skus, fields: empty = all.
        stock: volatile fields too.
        remove: take created products out with ProductRemove instead of setting them inactive.
    """

    skus: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    stock: bool = False
    remove: bool = False

    def takes(self, sku: str) -> bool:
        return not self.skus or sku in self.skus


def invert(
    records: Iterable[Record],
    befores: Mapping[tuple[int, str], str | None],
    dialect: Dialect,
    operators: Iterable[str],
    wanted: Wanted,
) -> dict[str, Reversal]:
    """SKU → what takes these records back.

    Args:
        records: those to undo, in the order they were sent.
        befores: (record, field) → before-value as read just before sending, where newer than the plan's.
    """
    found: dict[str, Reversal] = {}
    for record in records:
        if not wanted.takes(record.sku):
            continue
        back = _reversal(record, befores, dialect, tuple(operators), wanted)
        if back.values:
            found[record.sku] = _merge(found.get(record.sku), back)
    return found


def _reversal(
    record: Record,
    befores: Mapping[tuple[int, str], str | None],
    dialect: Dialect,
    operators: tuple[str, ...],
    wanted: Wanted,
) -> Reversal:
    if record.effect is Effect.CREATE:
        inactive = dict.fromkeys(status_fields(dialect, operators), "inactive")
        wrote = {c.field: c.after for c in record.changes if _undoable(c.field, dialect, Wanted())}
        return Reversal(sku=record.sku, values=inactive, wrote=wrote, created=True)
    values, wrote = {}, {}
    for change in record.changes:
        before = befores.get((record.no, change.field), change.before)
        if before is None or not _undoable(change.field, dialect, wanted):
            continue
        values[change.field] = before
        wrote[change.field] = change.after
    removed = record.effect is Effect.REMOVE
    return Reversal(sku=record.sku, values=values, wrote={} if removed else wrote, removed=removed)


def status_fields(dialect: Dialect, operators: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that take a product off sale."""
    if dialect is Dialect.CLASSIC:
        return ("Status",)
    return tuple(f"BusinessUnits.{code}.Status" for code in operators)


def _undoable(name: str, dialect: Dialect, wanted: Wanted) -> bool:
    if wanted.fields and name not in wanted.fields:
        return False
    try:
        known = field_named(name, dialect)
    except UnknownField:
        return False
    return not known.volatile or wanted.stock or name in wanted.fields


def _merge(one: Reversal | None, other: Reversal) -> Reversal:
    """Two records of one product: the first before-value is the one to go back to."""
    if one is None:
        return other
    created = one.created or other.created
    values = {**other.values, **one.values}
    return Reversal(
        sku=one.sku,
        values=one.values if one.created else values,
        wrote={**one.wrote, **other.wrote},
        created=created,
        removed=one.removed or other.removed,
    )
