"""What a record does to a product's prices: one move per country, regular and promotional together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from pipeline.diff.plan import Record

#: Regular price and promotional price, by what stands before the last dot of a name.
_PAIRS = {"": ("Price", "SalePrice"), "BusinessUnits": ("Price", "SpecialPrice")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How one product's price moves in one country.

    Attributes:
        operator: country code of the business unit, or "".
        down: new over old price, the smallest of the regular and the effective one; 1 if none falls.
        up: the same for the largest; the end of a promotion is no rise.
        typical: the ratio that stands for this product in a median; None where nothing can be said.
        pays: what a customer pays afterwards, None where it isn't known.
    """

    operator: str
    down: float = 1.0
    up: float = 1.0
    typical: float | None = None
    pays: Decimal | None = None


@lru_cache(maxsize=4096)
def is_price(name: str) -> bool:
    """A price of the product, regular or promotional; no attribute that happens to be called so."""
    prefix, _, tag = name.rpartition(".")
    return tag in _PAIRS.get(prefix.partition(".")[0], ())


def moves(record: Record) -> Iterator[Move]:
    """The price moves of a record; none where it changes no price, or only back to journaled ones."""
    touched = sorted(c.field for c in record.changes if is_price(c.field) and c.field not in record.acquitted)
    if not touched:
        return
    after = {change.field: change.after for change in record.changes}
    before = {change.field: change.before or "" for change in record.changes}
    facts = dict(record.facts)
    for prefix in dict.fromkeys(name.rpartition(".")[0] for name in touched):
        yield _move(prefix, {**facts, **before}, {**facts, **after}, price_moves=_name(prefix, 0) in after)


def _name(prefix: str, which: int) -> str:
    tag = _PAIRS[prefix.partition(".")[0]][which]
    return f"{prefix}.{tag}" if prefix else tag


def _move(prefix: str, old: Mapping[str, str], new: Mapping[str, str], *, price_moves: bool) -> Move:
    regular, sale = _name(prefix, 0), _name(prefix, 1)
    old_price, new_price = amount(old.get(regular)), amount(new.get(regular))
    old_pays, new_pays = _pays(old_price, amount(old.get(sale))), _pays(new_price, amount(new.get(sale)))
    operator = prefix.partition(".")[2]
    if old_pays is None or new_pays is None:
        return Move(operator=operator, pays=new_pays)
    ratios = [_effective(old_price, old_pays, new_pays)]
    if price_moves and old_price and new_price:
        ratios.insert(0, float(new_price / old_price))
    typical = ratios[0] if price_moves or ratios[0] != 1.0 else None
    return Move(
        operator=operator, down=min(*ratios, 1.0), up=max(*ratios, 1.0), typical=typical, pays=new_pays
    )


def _effective(old_price: Decimal | None, old_pays: Decimal, new_pays: Decimal) -> float:
    """New over old price as paid; above the old regular price only what exceeds that counts."""
    if new_pays < old_pays:
        return float(new_pays / old_pays)
    return max(1.0, float(new_pays / max(old_pays, old_price or old_pays)))


def _pays(price: Decimal | None, sale: Decimal | None) -> Decimal | None:
    known = [value for value in (price, sale) if value is not None]
    return min(known, default=None)


def amount(text: str | None) -> Decimal | None:
    """A price as a number; None for nothing, for zero (the shop's "none"), and for what is no number."""
    try:
        value = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and value > 0 else None
