"""What undoes records: for each product, field → the value to put back. Pure.

Records are folded in the order in which they were sent, over one run or several: the oldest
before-value is the one to go back to, the newest value is the one that the shop must still hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipeline.diff.plan import Change, Effect, Record
from schemas.fields import Dialect, Field, UnknownField, field_named, fields_of

#: Status of a product, or of one country's part of it, that isn't for sale.
OFF_SALE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A record that the shop took, or may have taken.

    Attributes:
        record: its before-values as last read, so as they were when it was sent.
        stored: field → the shop's text after it, where that isn't what we sent.
        sure: every value of it was seen in the shop; else each may be there, or come later.
    """

    record: Record
    stored: Mapping[str, str | None] = field(default_factory=dict)
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """One product's way back.

    Attributes:
        values: field → value to put back; "" asks for clearing (which the API may not be able to do).
        ours: field → texts by which the shop still holds what we wrote, the newest first.
        sent: every field that we wrote, whether it can go back or not → our newest value.
        unknown: fields whose old value nobody knows (the API doesn't show them).
        created: we created the product: its way back is to take it off sale.
        removed: we removed the product, and didn't bring it back since: its way back is lossy.
    """

    sku: str
    values: Mapping[str, str] = field(default_factory=dict)
    ours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    created: bool = False
    removed: bool = False

    @property
    def empty(self) -> bool:
        """Nothing of it can or need be taken back."""
        return not self.values and not self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of a run to take back.

    Attributes:
        skus, fields: canonical names; empty = all.
        stock: volatile fields too.
        remove: take created products out with ProductRemove instead of setting them inactive.
    """

    skus: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    stock: bool = False
    remove: bool = False

    def takes(self, sku: str) -> bool:
        return not self.skus or sku in self.skus

    def undoes(self, known: Field) -> bool:
        """Whether a field is to go back: one that the API sets, stock only when asked for."""
        if not known.settable or (self.fields and known.name not in self.fields):
            return False
        return not known.volatile or self.stock or known.name in self.fields


def invert(
    records: Iterable[Record],
    befores: Mapping[tuple[int, str], str | None],
    dialect: Dialect,
    operators: Iterable[str],
    wanted: Wanted,
) -> dict[str, Reversal]:
    """SKU → what takes these records back, all of them taken for applied.

    Args:
        records: those to undo, in the order they were sent.
        befores: (record, field) → before-value as read just before sending, where newer than the plan's.
    """
    applied = (Applied(record=_fresh(record, befores)) for record in records)
    return fold(applied, dialect, tuple(operators), wanted)


def fold(
    applied: Iterable[Applied], dialect: Dialect, operators: tuple[str, ...], wanted: Wanted
) -> dict[str, Reversal]:
    """SKU → what takes these records back, in the order they were sent."""
    folder = _Fold(dialect, operators, wanted)
    found: dict[str, Reversal] = {}
    for one in applied:
        sku = one.record.sku
        if wanted.takes(sku):
            found[sku] = folder.step(found.get(sku), one)
    return {sku: back for sku, back in found.items() if not back.empty}


def status_fields(dialect: Dialect, operators: Iterable[str]) -> tuple[str, ...]:
    """The fields that take a product off sale."""
    if dialect is Dialect.CLASSIC:
        return ("Status",)
    return tuple(f"BusinessUnits.{code}.Status" for code in operators)


def in_order(names: Iterable[str], dialect: Dialect) -> tuple[str, ...]:
    """Fields in the vocabulary's order, each once; attributes and countries' fields behind, by name."""
    order = {known.name: place for place, known in enumerate(fields_of(dialect))}
    return tuple(sorted(set(names), key=lambda name: (order.get(name, len(order)), name)))


def _fresh(record: Record, befores: Mapping[tuple[int, str], str | None]) -> Record:
    if not befores:
        return record
    changes = (replace(c, before=befores.get((record.no, c.field), c.before)) for c in record.changes)
    return replace(record, changes=tuple(changes))


class _Fold:
    """Adds one record to what its product's way back is so far."""

    def __init__(self, dialect: Dialect, operators: tuple[str, ...], wanted: Wanted) -> None:
        self._dialect = dialect
        self._operators = operators
        self._wanted = wanted

    def step(self, back: Reversal | None, one: Applied) -> Reversal:
        record = one.record
        first = back or Reversal(sku=record.sku, created=record.effect is Effect.CREATE)
        if record.effect is Effect.REMOVE:
            return self._removed(first, record)
        wrote = {change.field: self._holds(first, one, change) for change in self._mine(record)}
        sent = {change.field: change.after for change in record.changes}
        return replace(
            first,
            values={**self._befores(first, record), **first.values},
            ours={**first.ours, **wrote},
            sent={**first.sent, **sent},
            unknown=(*first.unknown, *self._unknown(first, record)),
            removed=first.removed and record.effect is not Effect.CREATE and not _revives(record),
        )

    def _removed(self, back: Reversal, record: Record) -> Reversal:
        """All that it was goes back; of what we wrote before, nothing is there any more."""
        befores = {} if back.created else {c.field: c.before for c in self._mine(record) if c.before}
        return replace(back, values={**befores, **back.values}, ours={}, removed=True)

    def _befores(self, back: Reversal, record: Record) -> dict[str, str]:
        if back.created:
            return self._off_sale(self._units(record))
        new = [code for code in self._units(record) if self._opened(record, code)]
        befores = {
            change.field: change.before
            for change in self._mine(record)
            if change.before is not None and self._operator(change.field) not in new
        }
        return {**befores, **(self._off_sale(new) if new else {})}

    def _off_sale(self, operators: Iterable[str]) -> dict[str, str]:
        """What takes the product, or these countries' part of it, off sale."""
        names = status_fields(self._dialect, operators)
        return {name: OFF_SALE for name in names if self._wanted.undoes(field_named(name, self._dialect))}

    def _units(self, record: Record) -> tuple[str, ...]:
        """Countries that a record writes to; all, for one that names none."""
        named = dict.fromkeys(code for c in record.changes if (code := self._operator(c.field)))
        return tuple(named) or (self._operators if record.effect is Effect.CREATE else ())

    def _opened(self, record: Record, operator: str) -> bool:
        """The record put the product on sale in a country that had no price of it."""
        name = f"BusinessUnits.{operator}.Price"
        return any(change.field == name and change.before == "" for change in record.changes)

    def _operator(self, name: str) -> str:
        known = self._known(name)
        return known.operator if known else ""

    def _unknown(self, back: Reversal, record: Record) -> Iterator[str]:
        """Updated fields that nobody saw before."""
        if back.created or record.effect is Effect.CREATE:
            return
        for change in self._mine(record):
            known = change.before is not None or change.field in back.values
            if not known and change.field not in back.unknown:
                yield change.field

    def _holds(self, back: Reversal, one: Applied, change: Change) -> tuple[str, ...]:
        """What the shop may show and still hold ours; a record that wasn't seen applied leaves more open."""
        stored = one.stored.get(change.field)
        mine = (change.after,) if stored is None else (change.after, stored)
        if one.sure:
            return mine
        return tuple(dict.fromkeys((*mine, *back.ours.get(change.field, ()), change.before or "")))

    def _mine(self, record: Record) -> Iterator[Change]:
        """Changes that are to be taken back."""
        for change in record.changes:
            known = self._known(change.field)
            if known is not None and self._wanted.undoes(known):
                yield change

    def _known(self, name: str) -> Field | None:
        try:
            return field_named(name, self._dialect)
        except UnknownField:
            return None


def _revives(record: Record) -> bool:
    """An update that brings a removed product back."""
    return any(c.field.rpartition(".")[2] == "Status" and c.before == "deleted" for c in record.changes)
