"""The shop's own words for a refused record → our codes. Unknown words stay "shop-refused".

Messages as seen in feeds (FeedStatus fixtures, Seller Center docs).
"""

from __future__ import annotations

import re

_CODES = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        ("unknown-sku", r"seller sku .* not found"),
        ("sku-exists", r"already exists|already in use|duplicate"),
        ("parent-missing", r"parent sku .* not found"),
        ("missing-sku", r"sellersku cannot be empty"),
        ("negative-number", r"negative value"),
        ("price-below-minimum", r"price is lower than"),
        ("sale-price-too-high", r"sale ?price|special ?price"),
        ("unknown-brand", r"brand .*(does not exist|not exist|invalid)"),
        ("category-not-leaf", r"must be on a lower level"),
        ("unknown-category", r"category (id|is)|not a valid category"),
        (
            "unknown-attribute",
            r"not part of the attribute set|not applicable to|field\(s\) .* is/are invalid",
        ),
        ("invalid-option", r"option|variation value is wrong"),
        ("too-short", r"less than \d+ characters"),
        ("too-long", r"more than \d+ characters|too long"),
        ("missing-mandatory", r"mandatory|required|cannot be empty"),
        ("invalid-image", r"image"),
        ("invalid-price", r"price"),
    )
)


def code_of(message: str) -> str:
    """The code for what the shop said of a record."""
    return next((code for code, pattern in _CODES if pattern.search(message)), "shop-refused")
