"""Which fields are prices, and what a price is as a number. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache

#: Regular price and promotional price, by what stands before the last dot of a name.
_PAIRS = {"": ("Price", "SalePrice"), "BusinessUnits": ("Price", "SpecialPrice")}


@lru_cache(maxsize=4096)
def is_price(name: str) -> bool:
    """A price of the product, regular or promotional; no attribute that happens to be called so."""
    prefix, _, tag = name.rpartition(".")
    return tag in _PAIRS.get(prefix.partition(".")[0], ())


@lru_cache(maxsize=4096)
def amount(text: str | None) -> Decimal | None:
    """A price as a number; None for nothing, for zero (the shop's "none"), and for what is no number."""
    try:
        value = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and value > 0 else None
