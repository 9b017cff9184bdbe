"""Where in Seller Center a person does by hand what the API can't."""

from __future__ import annotations

from schemas.fields import UNIT_TAGS, Field, Place

_SECTIONS = {
    Place.PRODUCT: "Product information",
    Place.PRODUCT_DATA: "Attributes",
    Place.BUSINESS_UNIT: "Price and stock",
    Place.IMAGE: "Images",
    Place.NOWHERE: "Product information",
}
_PRICING = frozenset(UNIT_TAGS)


def place_of(field: Field, sku: str) -> str:
    """The way through Seller Center's pages to one field of one product."""
    section = "Price and stock" if field.tag in _PRICING else _SECTIONS[field.place]
    country = f" > {field.operator}" if field.operator else ""
    return f"Products > Manage Products > search {sku} > Edit > {section}{country} > {field.tag}"
