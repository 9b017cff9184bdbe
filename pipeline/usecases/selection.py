"""Which part of a run a rollback is about: by product, field, time, feed, or by what a product holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from pipeline.errors import UsageError
from pipeline.journal.states import BatchState
from pipeline.rollback.conflicts import Product
from pipeline.rollback.invert import Reversal
from pipeline.settings import Shop
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import UNIT_TAGS, Field, Kind, canonical_names, field_named, fields_of

_CONDITION = re.compile(r"\s*([\w.\-]+)\s*(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
_NUMBERS = (Kind.MONEY, Kind.QUANTITY, Kind.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """FIELD=VALUE, FIELD!=VALUE, or, for numbers, < <= > >=: what a product must fulfil.

    Attributes:
        fields: of several (one a country), any may fulfil it.
    """

    fields: tuple[Field, ...]
    sign: str
    value: str

    def holds(self, back: Reversal, held: Product | None, ctx: Context) -> bool:
        """Asked of what the run wrote to the field, else of what the shop holds there."""
        texts = ((of, back.sent.get(of.name, (held or {}).get(of.name) or "")) for of in self.fields)
        return any(self._true(of, text, ctx) for of, text in texts)

    def _true(self, of: Field, text: str, ctx: Context) -> bool:
        compare = _COMPARE[self.sign]
        if of.kind in _NUMBERS:
            one, other = _number(text), _number(self.value)
            return compare(one, other) if one is not None and other is not None else self.sign == "!="
        return compare(comparable(of, text, ctx), comparable(of, self.value, ctx))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions that all must hold.

    Attributes:
        since: sent at or after this time (seconds since the epoch); 0 = whenever.
        feeds: rode in one of these; empty = in any.
        where: what the product must fulfil.
    """

    since: float = 0.0
    feeds: frozenset[str] = frozenset()
    where: tuple[Condition, ...] = ()

    def takes(self, batch: BatchState) -> bool:
        """Whether what rode in this batch is meant."""
        return batch.intent_at >= self.since and (not self.feeds or batch.feed in self.feeds)

    def fits(self, back: Reversal, held: Product | None, ctx: Context) -> bool:
        """Whether this product is meant."""
        return all(condition.holds(back, held, ctx) for condition in self.where)


def conditions(texts: str | Iterable[str] | None, shop: Shop) -> tuple[Condition, ...]:
    """What `--where` says.

    Raises:
        UsageError: one isn't FIELD=VALUE, its field doesn't exist, or it can't be put in order.
    """
    given = (texts,) if isinstance(texts, str) else (texts or ())
    return tuple(_condition(text, shop) for text in given)


def _condition(text: str, shop: Shop) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        hint = "for example --where Status=inactive, --where 'Price<5'"
        raise UsageError(f"--where {text!r} isn't FIELD=VALUE", hint=hint)
    fields = tuple(field_named(name, shop.dialect) for name in sorted(field_names([match[1]], shop)))
    value = match[3].strip()
    ordered = all(of.kind in _NUMBERS for of in fields)
    if match[2] not in ("=", "!=") and (not ordered or _number(value) is None):
        hint = "only prices, stock and other numbers have an order"
        raise UsageError(f"--where {text!r} can't be told: {match[2]} needs numbers", hint=hint)
    return Condition(fields=fields, sign=match[2], value=value)


def field_names(names: Sequence[str], shop: Shop) -> frozenset[str]:
    """Canonical names; a plain `Price` means that of every country.

    Raises:
        UsageError: no such field.
    """
    found = {name: canonical_names(name, shop.dialect, shop.operators) for name in names}
    unknown = next((name for name, canonical in found.items() if not canonical), None)
    if unknown is not None:
        plain = [of.name for of in fields_of(shop.dialect)]
        known = sorted({*plain, *(UNIT_TAGS if shop.operators else ())})
        raise UsageError(f"there is no field {unknown!r}", hint=f"fields: {', '.join(known)}, ProductData.…")
    return frozenset(name for canonical in found.values() for name in canonical)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
