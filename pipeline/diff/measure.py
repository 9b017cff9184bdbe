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
from typing import Any

from pipeline.diff.alike import Alike
from pipeline.diff.paid import Market, moves
from pipeline.diff.plan import Change, Effect, Record
from pipeline.diff.prices import amount, is_price
from pipeline.diff.settle import INTERNAL_FACTS, LAST_HELD
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
#: What one record says: which of the measures, of which product, and what of it. Plain values: they may
#: come from another process.
Told = tuple[str, str, Any]


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
    below: dict[str, Skus] = field(default_factory=lambda: {name: {} for name in INTERNAL_FACTS})
    back: Counter[str] = field(default_factory=Counter)
    held: float = 0.0

    def see(self, record: Record) -> None:
        """Count one record."""
        self.count(told_by(record, self.market))

    def count(self, told: Iterable[Told]) -> None:
        """Count what records say, in their order."""
        for what, sku, value in told:
            if what == "up":
                self.up[sku] = max(value, self.up.get(sku, 1.0))
            elif what == "down":
                self.down[sku] = min(value, self.down.get(sku, 1.0))
            elif what == "typical":
                self.typical.append(value)
                self.priced[sku] = None
            elif what == "alike":
                operator, becomes, ratio = value
                self.alike[operator].see(sku, becomes, ratio)
            elif what == "blind" or what == "below":
                getattr(self, what)[value][sku] = None
            elif what == "back":
                values, prices, held = value
                self.back["values"] += values
                self.back["prices"] += prices
                self.held = max(self.held, held)
            else:
                getattr(self, what)[sku] = None


def told_by(record: Record, market: Market) -> list[Told]:
    """What a record says in the terms of `Measures`."""
    told: list[Told] = []
    live: Sequence[Change] = record.changes
    effect, sku = record.effect, record.sku
    if effect is _UPDATE:
        # Also what is let through: whether the shop still holds our last write is a guess then.
        empty = [own_tag(change.field) for change in live if not change.before]
        told += [("blind", sku, tag) for tag in empty if tag in EVERY_TAG]
    if record.acquitted:
        told.append(("back", sku, _let_through(record)))
        live = [change for change in live if change.field not in record.acquitted]
        if record.changes and not live:
            return told
    if effect is _UPDATE:
        told.append(("changed", sku, None))
        told += [(about, sku, None) for change in live if (about := _about(change)) is not None]
    elif effect is _CREATE:
        if record.action is _NEW:
            told.append(("created", sku, None))
    elif effect is _REMOVE:
        told.append(("removed", sku, None))
    else:
        told.append(("deactivated", sku, None))
    if (effect is _UPDATE or effect is _CREATE) and record.action is not _GONE:
        told.extend(_prices(record, market))
    return told


def _let_through(record: Record) -> tuple[int, int, float]:
    """How many values, how many prices among them, and when the shop held the last (0 = not known)."""
    times = [float(text) for name, text in record.facts if name.startswith(LAST_HELD)]
    return len(record.acquitted), sum(map(is_price, record.acquitted)), max(times, default=0.0)


def _about(change: Change) -> str | None:
    """The set that a product belongs to for the sake of a change."""
    tag = own_tag(change.field)
    if not change.after:
        return "blanked"
    if tag in _STOCK:
        zero = amount(change.after) is None and amount(change.before or "1")
        return "zeroed" if zero else None
    if tag == "Status":
        return _status(change)
    if change.field == "PrimaryCategory" and change.before:
        return "moved"
    if change.field in _TEXTS and _visible(change.after) * 2 < _visible(change.before or ""):
        return "shrunk"
    return None


def _status(change: Change) -> str | None:
    before, after = (change.before or "active").strip().lower(), change.after.strip().lower()
    if after == "deleted" != before:
        return "removed"
    return "deactivated" if after == "inactive" and before == "active" else None


def _prices(record: Record, market: Market) -> Iterator[Told]:
    if record.effect is _CREATE and not record.facts:
        return  # what is new had no price: only cost and floor could judge it
    facts, sku = dict(record.facts), record.sku
    for move in moves(record, market):
        if move.alone:
            yield "alone", sku, None
        if move.ended and record.effect is _UPDATE:
            yield "blanked", sku, None
        if move.becomes and move.typical is not None:
            yield "alike", sku, (move.operator, move.becomes, move.typical)
        if move.up > 1:
            yield "up", sku, move.up
        if move.down < 1:
            yield "down", sku, move.down
        if move.typical is not None:
            yield "typical", sku, move.typical
        if facts and move.pays is not None:
            yield from (("below", sku, name) for name in _below(move.operator, move.pays, facts))


def _below(operator: str, pays: Decimal, facts: Mapping[str, str]) -> Iterator[str]:
    """ "@cost" and "@floor", where a product would be sold below it."""
    for name in INTERNAL_FACTS:
        told = facts.get(f"{name}.{operator}") or facts.get(name)
        least = amount(told) if told else None
        if least is not None and pays < least:
            yield name


def _visible(text: str) -> int:
    """Characters that a reader sees of a text that may be HTML."""
    return len(" ".join(html.unescape(_MARKUP.sub(" ", text)).split()))
