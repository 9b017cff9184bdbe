"""What records do in the terms that guards judge by, counted as they stream past. Pure.

A change back to a value that the journal holds as a before-value (`Record.acquitted`, see
`settle.acquitted`) isn't counted: an incident must be undoable.
"""

from __future__ import annotations

import html
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pipeline.diff.alike import Alike
from pipeline.diff.paid import Market, moves
from pipeline.diff.plan import Change, Effect, Record
from pipeline.diff.prices import amount, is_price
from pipeline.diff.settle import LAST_HELD
from pipeline.diff.untold import EVERY_TAG, own_tag
from pipeline.market.feeds import Action

_STOCK = frozenset({"Quantity", "Stock"})
_TEXTS = frozenset({"Name", "Description"})
_MARKUP = re.compile(r"<[^>]*>")
#: Looked up once: to ask an enum for a member takes as long as three calls.
_CREATE, _UPDATE, _REMOVE = Effect.CREATE, Effect.UPDATE, Effect.REMOVE
_NEW, _GONE = Action.CREATE, Action.REMOVE
#: A set that remembers its order.
Skus = dict[str, None]


@dataclass(slots=True)
class Measures:
    """Counts over all records seen so far; each set of SKUs keeps the order of the plan.

    Attributes:
        market: what prices are judged by.
        alike: country → what its regular prices become.
        up, down: SKU → the largest rise and the largest fall of a price of it, as new over old.
        typical: one ratio per product and country whose price changes, for the median.
        blind: tag → products that would get a value of it, and whose value now nobody knows.
        alone: products that get a first price in a country, with none to compare it with.
        below: "@cost" and "@floor" → SKUs that would be sold below it.
        back: "prices", and all "values", that go back to what the shop held, and so aren't judged.
        held: when it held the latest of them, seconds since the epoch; 0 = not known.
    """

    market: Market = field(default_factory=Market)
    changed: Skus = field(default_factory=dict)
    created: Skus = field(default_factory=dict)
    deactivated: Skus = field(default_factory=dict)
    removed: Skus = field(default_factory=dict)
    blanked: Skus = field(default_factory=dict)
    zeroed: Skus = field(default_factory=dict)
    moved: Skus = field(default_factory=dict)
    shrunk: Skus = field(default_factory=dict)
    up: dict[str, float] = field(default_factory=dict)
    down: dict[str, float] = field(default_factory=dict)
    priced: Skus = field(default_factory=dict)
    blind: dict[str, Skus] = field(default_factory=lambda: {tag: {} for tag in sorted(EVERY_TAG)})
    alone: Skus = field(default_factory=dict)
    alike: dict[str, Alike] = field(default_factory=lambda: defaultdict(Alike))
    typical: array[float] = field(default_factory=lambda: array("d"))
    below: dict[str, Skus] = field(default_factory=lambda: {"@cost": {}, "@floor": {}})
    back: Counter[str] = field(default_factory=Counter)
    held: float = 0.0

    def see(self, record: Record) -> None:
        """Count one record."""
        live: Sequence[Change] = record.changes
        effect = record.effect
        if effect is _UPDATE:
            self._blind(record)
        if record.acquitted:
            self._acquit(record)
            live = [change for change in live if change.field not in record.acquitted]
            if record.changes and not live:
                return
        if effect is _UPDATE:
            self.changed[record.sku] = None
            self._update(record.sku, live)
        elif effect is _CREATE:
            if record.action is _NEW:
                self.created[record.sku] = None
        elif effect is _REMOVE:
            self.removed[record.sku] = None
        else:
            self.deactivated[record.sku] = None
        if (effect is _UPDATE or effect is _CREATE) and record.action is not _GONE:
            self._prices(record)

    def _blind(self, record: Record) -> None:
        """Also what is let through: whether the shop still holds our last write is a guess then."""
        for change in record.changes:
            if not change.before and own_tag(change.field) in EVERY_TAG:
                self.blind[own_tag(change.field)][record.sku] = None

    def _acquit(self, record: Record) -> None:
        """Remember what is let through, and since when the shop holds it no more."""
        self.back["values"] += len(record.acquitted)
        self.back["prices"] += sum(is_price(name) for name in record.acquitted)
        times = [float(text) for name, text in record.facts if name.startswith(LAST_HELD)]
        self.held = max(self.held, *times) if times else self.held

    def _update(self, sku: str, live: Iterable[Change]) -> None:
        for change in live:
            for measure in self._about(change):
                measure[sku] = None

    def _about(self, change: Change) -> Iterator[Skus]:
        tag = own_tag(change.field)
        if not change.after:
            yield self.blanked
        elif tag in _STOCK and amount(change.after) is None and amount(change.before or "1"):
            yield self.zeroed
        elif tag == "Status":
            yield from self._status(change)
        elif change.field == "PrimaryCategory" and change.before:
            yield self.moved
        elif change.field in _TEXTS and _visible(change.after) * 2 < _visible(change.before or ""):
            yield self.shrunk

    def _status(self, change: Change) -> Iterator[Skus]:
        before, after = (change.before or "active").strip().lower(), change.after.strip().lower()
        if after == "deleted" != before:
            yield self.removed
        elif after == "inactive" and before == "active":
            yield self.deactivated

    def _prices(self, record: Record) -> None:
        if record.effect is _CREATE and not record.facts:
            return  # what is new had no price: only cost and floor could judge it
        facts = dict(record.facts)
        for move in moves(record, self.market):
            if move.alone:
                self.alone[record.sku] = None
            if move.ended and record.effect is _UPDATE:
                self.blanked[record.sku] = None
            if move.becomes and move.typical is not None:
                self.alike[move.operator].see(record.sku, move.becomes, move.typical)
            if move.up > 1:
                self.up[record.sku] = max(move.up, self.up.get(record.sku, 1.0))
            if move.down < 1:
                self.down[record.sku] = min(move.down, self.down.get(record.sku, 1.0))
            if move.typical is not None:
                self.typical.append(move.typical)
                self.priced[record.sku] = None
            if facts and move.pays is not None:
                self._below(record.sku, move.operator, move.pays, facts)

    def _below(self, sku: str, operator: str, pays: Decimal, facts: Mapping[str, str]) -> None:
        for name, skus in self.below.items():
            told = facts.get(f"{name}.{operator}") or facts.get(name)
            least = amount(told) if told else None
            if least is not None and pays < least:
                skus[sku] = None


def _visible(text: str) -> int:
    """Characters that a reader sees of a text that may be HTML."""
    return len(" ".join(html.unescape(_MARKUP.sub(" ", text)).split()))
