"""What the shop knows, asked once a command: brands, tree, and the attributes of the categories in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pipeline.errors import LoginRefused, Refused
from pipeline.market.lookups import Attribute, Lookups
from pipeline.settings import CatalogSettings

if TYPE_CHECKING:
    from pipeline.market.client import Client


def tree_of(client: Client) -> Mapping[str, str]:
    """Category id → name."""
    return {number: category.name for number, category in client.category_tree().items()}


def lookups_of(client: Client, settings: CatalogSettings, categories: Iterable[str] = ()) -> Lookups:
    """Everything that validation asks of the shop.

    Args:
        categories: ids whose attributes are wanted.
    """
    return Lookups(
        brands=client.brands() if settings.check_brands else frozenset(),
        categories=client.category_tree(),
        attributes=attributes_of(client, categories) if settings.check_attributes else {},
    )


def attributes_of(client: Client, categories: Iterable[str]) -> dict[str, tuple[Attribute, ...]]:
    """Category id → its attributes; a category that the shop refuses to describe is left out, unchecked."""
    found: dict[str, tuple[Attribute, ...]] = {}
    for category in dict.fromkeys(categories):
        try:
            found[category] = client.category_attributes(category)
        except LoginRefused:
            raise
        except Refused:
            continue
    return found
