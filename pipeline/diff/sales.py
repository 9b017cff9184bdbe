"""A promotional price and its window belong together: the shop takes them, and ends them, as one. Pure.

Reference 4.1 and 4.4: a sale price needs at least one date, a date needs a sale price; an empty sale
price ends the promotion, window included; an empty date alone is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_PLAIN = ("SalePrice", "SaleStartDate", "SaleEndDate")
_UNIT = ("SpecialPrice", "SpecialFromDate", "SpecialToDate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Names of the three fields of one promotion: of the product, or of one business unit."""

    price: str
    start: str
    end: str

    @property
    def names(self) -> tuple[str, str, str]:
        return (self.price, self.start, self.end)

    @property
    def dates(self) -> tuple[str, str]:
        return (self.start, self.end)


@lru_cache(maxsize=4096)
def sale_of(name: str) -> Sale | None:
    """The promotion that a field belongs to."""
    prefix, dot, tag = name.rpartition(".")
    tags = _UNIT if prefix.startswith("BusinessUnits.") else _PLAIN
    if tag not in tags or (prefix and tags is _PLAIN):
        return None
    price, start, end = (f"{prefix}{dot}{part}" for part in tags)
    return Sale(price=price, start=start, end=end)


def sales_in(names: Iterable[str]) -> Sequence[Sale]:
    """The promotions that some fields touch, each once, in order."""
    return _sales_in(tuple(names))


@lru_cache(maxsize=4096)
def _sales_in(names: tuple[str, ...]) -> tuple[Sale, ...]:
    return tuple(dict.fromkeys(sale for name in names if (sale := sale_of(name))))


def companions(changes: Mapping[str, str], known: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """What has to ride along unchanged so that the shop accepts the changes of promotions.

    Args:
        changes: field → value to send.
        known: field → the value that holds anyway, "" for none.
    """
    along: list[tuple[str, str]] = []
    for sale in sales_in(changes):
        if changes.get(sale.price) == "":
            continue
        rest = [(name, known(name)) for name in sale.names if name not in changes]
        price = changes.get(sale.price) or known(sale.price)
        if not price and any(changes.get(name) == "" for name in sale.dates):
            along.append((sale.price, ""))
        elif price:
            along.extend((name, value) for name, value in rest if value)
    return tuple(along)
