"""Which reversals may go ahead: those where the shop still holds what we wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.diff.memory import Written
from pipeline.diff.plan import Held
from pipeline.rollback.invert import Reversal
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, Field, Kind, UnknownField, field_named

Product = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Reversals by what may happen to them.

    Attributes:
        rows: SKU → field → value to put back.
        conflicts: one for each field that someone else changed; their products are left alone whole.
    """

    rows: Mapping[str, Mapping[str, str]]
    conflicts: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorter:
    """What telling ours from theirs needs.

    Attributes:
        written: (sku, field) → what the shop made of what we last sent there.
    """

    dialect: Dialect
    context: Context
    written: Mapping[tuple[str, str], Written]

    def sort(self, reversals: Mapping[str, Reversal], now: Mapping[str, Product]) -> Sorted:
        """Compare every reversal with what the shop holds now."""
        rows, conflicts = {}, []
        for sku, back in reversals.items():
            found = self._conflicts(back, now.get(sku))
            conflicts += found
            left = {} if found else self._left(back, now.get(sku) or {})
            if left:
                rows[sku] = left
        return Sorted(rows=rows, conflicts=tuple(conflicts))

    def _conflicts(self, back: Reversal, held: Product | None) -> list[Held]:
        if back.removed:
            return []
        if held is None:
            return [
                Held(sku=back.sku, reason="conflict", message="the shop doesn't list the product any more")
            ]
        return [
            Held(
                sku=back.sku, reason="conflict", field=name, before=back.values.get(name), after=ours,
                theirs=held.get(name, ""), message="someone changed it in the shop after we wrote it",
            )
            for name, ours in back.wrote.items()
            if name in held and not self._ours(back, name, ours, held[name])
        ]  # fmt: skip

    def _ours(self, back: Reversal, name: str, ours: str, theirs: str) -> bool:
        """The shop holds what we sent, what it made of it, or the old value again."""
        last = self.written.get((back.sku, name))
        if last is not None and last.stored == theirs:
            return True
        known = _field(name, self.dialect)
        if known.volatile:
            return True
        old = back.values.get(name)
        held = comparable(known, theirs, self.context)
        fine = {comparable(known, value, self.context) for value in (ours, old) if value is not None}
        return held in fine or (back.created and not theirs)

    def _left(self, back: Reversal, held: Product) -> dict[str, str]:
        return {name: value for name, value in back.values.items() if name not in held or value != held[name]}


def _field(name: str, dialect: Dialect) -> Field:
    try:
        return field_named(name, dialect)
    except UnknownField:
        return Field(name=name, kind=Kind.TEXT)
