"""Which reversals may go ahead: those where the shop still holds what we wrote. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.diff.places import place_of
from pipeline.diff.plan import Held
from pipeline.rollback.invert import OFF_SALE, Reversal
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, Field, Kind, UnknownField, field_named

Product = Mapping[str, str]
DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Reversals by what may happen to them.

    Attributes:
        rows: SKU → field → value to put back.
        conflicts: one for each field that someone else changed; their products are left alone whole.
        manual: what only a person can put back.
        removals: created products to take out altogether.
        anew: SKUs of `rows` that the shop lost: they are created again, and not all of them comes back.
    """

    rows: Mapping[str, Mapping[str, str]]
    conflicts: tuple[Held, ...] = ()
    manual: tuple[Held, ...] = ()
    removals: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorter:
    """What telling ours from theirs needs.

    Attributes:
        shown: fields that the shop shows of any product just read: one that it doesn't show of a
            product is empty there. Of other fields nothing is known, and nothing follows.
        echoes: (sku, field, the shop's text) → what we sent when the shop made that of it.
        writers: (sku, field) → the run that wrote the field last, for people.
        remove: take created products out with ProductRemove.
    """

    dialect: Dialect
    context: Context
    shown: Collection[str] = frozenset()
    echoes: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    writers: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    remove: bool = False

    def sort(self, reversals: Mapping[str, Reversal], now: Mapping[str, Product]) -> Sorted:
        """Compare every reversal with what the shop holds now."""
        rows: dict[str, Mapping[str, str]] = {}
        conflicts: list[Held] = []
        manual: list[Held] = []
        removals, anew = [], []
        for sku, back in reversals.items():
            held = now.get(sku)
            found = list(self._conflicts(back, held))
            if found:
                conflicts += found
                continue
            manual += self._unknown(back, held)
            if back.created and self.remove and held is not None and not self._is_deleted(held):
                removals.append(sku)
            elif left := self._left(back, held):
                rows[sku] = left
                if held is None:
                    anew.append(sku)
        return Sorted(
            rows=rows, conflicts=tuple(conflicts), manual=tuple(manual), removals=tuple(removals),
            anew=tuple(anew),
        )  # fmt: skip

    # ── conflicts ──────────────────────────────────────────────────────────────────────────

    def _conflicts(self, back: Reversal, held: Product | None) -> Iterator[Held]:
        if back.removed:
            yield from self._returned(back, held)
        elif held is None or (self._is_deleted(held) and not self._deleted_by_us(back)):
            yield from self._gone(back, held)
        else:
            yield from self._changed(back, held)

    def _returned(self, back: Reversal, held: Product | None) -> Iterator[Held]:
        """We removed it, and someone listed it again: as it was is fine, otherwise they had a reason."""
        if held is None or self._is_deleted(held) or back.created:
            return
        for name, old in back.values.items():
            theirs = self._theirs(name, held)
            if theirs is not None and not self._same(name, old, theirs):
                yield self._held(back, name, theirs, "someone listed the product again after we removed it")

    def _gone(self, back: Reversal, held: Product | None) -> Iterator[Held]:
        """Off sale is what a created product is to be; anything else can't be put back without asking."""
        if not back.created:
            said = "the shop doesn't list the product any more"
            theirs = None if held is None else DELETED
            yield Held(sku=back.sku, reason="conflict", message=said, theirs=theirs)

    def _changed(self, back: Reversal, held: Product) -> Iterator[Held]:
        for name, ours in back.ours.items():
            theirs = self._theirs(name, held)
            if theirs is None or self._field(name).volatile:
                continue
            fine = any(self._same(name, text, theirs) for text in (*ours, *self._old(back, name)))
            if not fine and not (back.created and not theirs):
                yield self._held(back, name, theirs, self._blame(back, name, theirs))

    def _blame(self, back: Reversal, name: str, theirs: str) -> str:
        run, text = self.writers.get((back.sku, name), ("", ""))
        if run and self._same(name, text, theirs):
            return f"run {run} wrote it after this one: take that back first"
        return "someone changed it in the shop after we wrote it"

    def _held(self, back: Reversal, name: str, theirs: str, message: str) -> Held:
        ours = back.ours.get(name, (None,))[0]
        return Held(
            sku=back.sku, reason="conflict", field=name, after=ours, theirs=theirs, message=message,
            before=None if back.created else back.values.get(name),
        )  # fmt: skip

    # ── what is left to do ─────────────────────────────────────────────────────────────────

    def _left(self, back: Reversal, held: Product | None) -> dict[str, str]:
        """Values that aren't there already, as we sent them where the shop has words of its own."""
        if held is None:
            wanted = {} if back.created else {name: value for name, value in back.values.items() if value}
        elif back.created and self._is_deleted(held):
            wanted = {}
        else:
            pairs = back.values.items()
            wanted = {name: value for name, value in pairs if self._needs(back, name, value, held)}
        return {name: self.echoes.get((back.sku, name, value), value) for name, value in wanted.items()}

    def _needs(self, back: Reversal, name: str, value: str, held: Product) -> bool:
        theirs = self._theirs(name, held)
        if theirs is None:
            return True
        if value == OFF_SALE and theirs in ("", DELETED) and DELETED not in back.ours.get(name, ()):
            return False
        return value != theirs

    def _unknown(self, back: Reversal, held: Product | None) -> Iterator[Held]:
        for name in back.unknown:
            yield Held(
                sku=back.sku, reason="manual", field=name, before=None, after=back.sent.get(name),
                theirs=None if held is None else held.get(name), place=place_of(self._field(name), back.sku),
                message="nobody knows what stood here before: the API doesn't show this field",
            )  # fmt: skip

    # ── small questions ────────────────────────────────────────────────────────────────────

    def _theirs(self, name: str, held: Product) -> str | None:
        """What the shop holds, None where it can't be known."""
        if name in held:
            return held[name] or ""
        known = self._field(name)
        return "" if known.readable and name in self.shown else None

    def _old(self, back: Reversal, name: str) -> tuple[str, ...]:
        old = back.values.get(name)
        return () if old is None else (old,)

    def _same(self, name: str, one: str, other: str) -> bool:
        known = self._field(name)
        return one == other or comparable(known, one, self.context) == comparable(known, other, self.context)

    def _is_deleted(self, held: Product) -> bool:
        states = [value for name, value in held.items() if name.rpartition(".")[2] == "Status"]
        return bool(states) and all(value == DELETED for value in states)

    def _deleted_by_us(self, back: Reversal) -> bool:
        ours = back.ours.items()
        return any(name.rpartition(".")[2] == "Status" and DELETED in texts for name, texts in ours)

    def _field(self, name: str) -> Field:
        try:
            return field_named(name, self.dialect)
        except UnknownField:
            return Field(name=name, kind=Kind.TEXT)
