"""Brands, categories and attributes: the shop's own lists, joined by whatever its products name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.sandbox.attributes import DATA_NAMES, DROPDOWNS

PATH = " > "
_DEFAULT_BRANDS = ("GENERIC", "Sandbox Works", "Harbour & Sons")
_DEFAULT_TREE = (
    ("Home", ""),
    ("Kitchen", "Home"),
    ("Mugs", "Kitchen"),
    ("Tea", "Kitchen"),
    ("Outdoor", ""),
    ("Camping", "Outdoor"),
)
_FIRST_OWN_ID = 900_001


@dataclass(slots=True, kw_only=True)
class Category:
    """A node of the tree. Products are filed by ``number``; ``label`` is how state shows it."""

    number: str
    name: str
    label: str
    parent: str = ""
    children: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)

    @property
    def leaf(self) -> bool:
        """Only leaves take products."""
        return not self.children


class Lookups:
    """What a product may name."""

    def __init__(self) -> None:
        self.brands: dict[str, str] = {}
        self.categories: dict[str, Category] = {}
        self.options: dict[str, list[str]] = {}
        self._by_label: dict[str, str] = {}
        self._next_id = _FIRST_OWN_ID
        for brand in _DEFAULT_BRANDS:
            self.join_brand(brand)
        for name, parent in _DEFAULT_TREE:
            self._add_named(name, name, self.find(parent))

    def join_brand(self, name: str) -> None:
        """A brand that a given product names exists."""
        if name and name not in self.brands:
            self.brands[name] = str(len(self.brands) + 1)

    def join_category(self, token: str) -> str:
        """The id of the category that a given product names: an id, a name, or a path ``A > B > C``."""
        token = token.strip()
        if not token:
            return ""
        known = self.find(token)
        if known:
            return known
        if token.isascii() and token.isdigit():
            return self._add(Category(number=token, name=f"Category {token}", label=token))
        parts = [part.strip() for part in token.split(PATH)]
        return self._add_path(parts) if len(parts) > 1 and all(parts) else self._add_named(token, token, "")

    def restore_category(self, category: Category) -> None:
        """A category as it was kept."""
        self.categories[category.number] = category
        self._by_label[category.label] = category.number

    def find(self, token: str) -> str:
        """An existing category's id by id or label, or nothing."""
        token = token.strip()
        return token if token in self.categories else self._by_label.get(token, "")

    def label_of(self, number: str) -> str:
        """How state names a category."""
        category = self.categories.get(number)
        return category.label if category else number

    def name_of(self, number: str) -> str:
        """How GetProducts names a category: reads show the name, writes take the id (reference 3.3)."""
        category = self.categories.get(number)
        return category.name if category else number

    def note_attributes(self, number: str, names: Iterable[str]) -> None:
        """Attributes of a given product belong to its category from now on."""
        category = self.categories.get(number)
        if category is not None:
            category.attributes.update(names)

    def note_option(self, name: str, value: str) -> None:
        """A given product's value of a dropdown is one of its options."""
        kept = self.options.setdefault(name, [])
        if value and value not in DROPDOWNS[name] and value not in kept:
            kept.append(value)

    def attribute_names(self, number: str) -> frozenset[str]:
        """The ProductData elements that a category's products may have."""
        category = self.categories.get(number)
        return DATA_NAMES | frozenset(category.attributes if category else ())

    def roots(self) -> list[Category]:
        """The tree's top."""
        return [category for category in self.categories.values() if not category.parent]

    def take(self, brands: Iterable[str], categories: Iterable[Mapping[str, str]]) -> None:
        """Another shop's lists join ours: brands, and categories as `as_json` shows them.

        Raises:
            KeyError: a category without id or name.
        """
        for brand in brands:
            self.join_brand(brand)
        for given in categories:
            number = str(given["id"])
            known = self.categories.get(number)
            children = known.children if known else []
            attributes = known.attributes if known else set()
            label = given.get("label") or number
            self.restore_category(
                Category(
                    number=number, name=str(given["name"]), label=label, parent=str(given.get("parent", "")),
                    children=children, attributes=attributes,
                )
            )  # fmt: skip
        for category in self.categories.values():
            above = self.categories.get(category.parent)
            if above is not None and category.number not in above.children:
                above.children.append(category.number)

    def as_json(self) -> dict[str, object]:
        """For the control API."""
        rows = [
            {"id": c.number, "name": c.name, "label": c.label, "leaf": c.leaf, "parent": c.parent}
            for c in self.categories.values()
        ]
        return {"brands": list(self.brands), "categories": rows}

    def _add_path(self, parts: list[str]) -> str:
        parent = ""
        for depth, name in enumerate(parts, start=1):
            label = PATH.join(parts[:depth])
            parent = self.find(label) or self._add_named(name, label, parent)
        return parent

    def _add_named(self, name: str, label: str, parent: str) -> str:
        while str(self._next_id) in self.categories:
            self._next_id += 1
        return self._add(Category(number=str(self._next_id), name=name, label=label, parent=parent))

    def _add(self, category: Category) -> str:
        self.categories[category.number] = category
        self._by_label[category.label] = category.number
        if category.parent:
            self.categories[category.parent].children.append(category.number)
        return category.number
