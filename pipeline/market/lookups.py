"""What the shop knows: brands, category tree, attributes of categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What the shop knows: its brands, its category tree, the attributes of its categories.

    Attributes:
        brands: names exactly as the shop spells them; empty set = not known, not checked.
        categories: id → (name, is_leaf, path); {} = not known, not checked.
        attributes: category id → its attributes; a category that is missing isn't checked.
    """

    brands: frozenset[str] = frozenset()
    categories: Mapping[str, Category] = field(default_factory=dict)
    attributes: Mapping[str, tuple[Attribute, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A node of the shop's tree."""

    id: str
    name: str
    leaf: bool
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What a category says of one attribute (GetCategoryAttributes).

    Attributes:
        feed_name: element name to send; system attributes stand at product level.
        mandatory: ProductCreate needs it.
        options: allowed values, exact text; () = free text.
        max_length: characters, or None.
        name: the shop's own snake_case id of it; never an element name.
    """

    feed_name: str
    label: str
    mandatory: bool
    system: bool
    multiple: bool
    options: tuple[str, ...]
    max_length: int | None
    name: str = ""
