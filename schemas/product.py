"""What a table of products is judged by: the shop's side of the rules, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from schemas.fields import Field, Kind, Place
from schemas.rules import Severity

#: Column of a judged table that says whether the shop lacks the product: YES, NO or UNKNOWN.
NEW = "@new"
YES, NO, UNKNOWN = "yes", "no", "?"

MOST_CATEGORIES = 3


class AttributeLike(Protocol):
    """What a category says of one attribute (GetCategoryAttributes)."""

    @property
    def feed_name(self) -> str: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def system(self) -> bool: ...
    @property
    def multiple(self) -> bool: ...
    @property
    def options(self) -> tuple[str, ...]: ...
    @property
    def max_length(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What only the shop knows; an empty collection means "not known, not checked".

    Attributes:
        brands: exact names.
        categories: id → is it a leaf.
        category_names: id → name, for suggestions.
        attributes: category id → its attributes.
        sku_pattern, sku_longest: what a SKU may be.
        new_known: False where nobody asked the shop which products it holds: a missing required
            field is then a warning.
        severity: the settings' severities by rule.
    """

    brands: frozenset[str] = frozenset()
    categories: Mapping[str, bool] = field(default_factory=dict)
    category_names: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, tuple[AttributeLike, ...]] = field(default_factory=dict)
    sku_pattern: str | None = None
    sku_longest: int = 255
    new_known: bool = True
    severity: Mapping[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The four fields of one promotion, as far as a table has them."""

    price: str | None
    sale: str | None
    start: str | None
    end: str | None


def sales_of(fields: tuple[Field, ...]) -> tuple[Sale, ...]:
    """The promotions a table can hold: one, or one a business unit."""
    names = {field.name for field in fields}
    prefixes = sorted(
        {field.name.rpartition(".")[0] for field in fields if field.place is Place.BUSINESS_UNIT}
    )
    plain = _sale("", ("Price", "SalePrice", "SaleStartDate", "SaleEndDate"), names)
    units = (
        _sale(f"{prefix}.", ("Price", "SpecialPrice", "SpecialFromDate", "SpecialToDate"), names)
        for prefix in prefixes
    )
    return tuple(sale for sale in (plain, *units) if sale.sale or sale.start or sale.end)


def _sale(prefix: str, tags: tuple[str, str, str, str], names: set[str]) -> Sale:
    price, sale, start, end = (prefix + tag if prefix + tag in names else None for tag in tags)
    return Sale(price=price, sale=sale, start=start, end=end)


def units_of(fields: tuple[Field, ...]) -> dict[str, list[str]]:
    """Operator → names of its fields."""
    units: dict[str, list[str]] = {}
    for one in fields:
        if one.place is Place.BUSINESS_UNIT:
            units.setdefault(one.operator, []).append(one.name)
    return units


def texts(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields that people wrote."""
    return tuple(one for one in fields if one.kind in (Kind.TEXT, Kind.HTML, Kind.BRAND))
