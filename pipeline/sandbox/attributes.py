"""The attributes of a category as GetCategoryAttributes tells them (reference 7, 11.17)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.sandbox.nodes import Node

DROPDOWNS: dict[str, tuple[str, ...]] = {
    "ConditionType": ("Nuevo", "Reacondicionado", "Open Box", "Usado"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One thing that a product of a category may or must say."""

    feed_name: str
    label: str
    system: bool = False
    mandatory: bool = False
    input_type: str = "textfield"
    longest: str = ""
    example: str = ""
    options: tuple[str, ...] = ()

    def node(self) -> dict[str, Node]:
        """All elements that clients read."""
        return {
            "Label": self.label,
            "Name": snake(self.feed_name),
            "FeedName": self.feed_name,
            "GlobalIdentifier": snake(self.feed_name),
            "GroupName": "" if self.system else "General",
            "isMandatory": "1" if self.mandatory else "0",
            "IsGlobalAttribute": "1" if self.system else "0",
            "Description": self.label,
            "ProductType": "simple" if self.feed_name in _PER_ITEM else "config",
            "InputType": self.input_type,
            "AttributeType": "system" if self.system else _TYPES.get(self.input_type, "value"),
            "ExampleValue": self.example,
            "MaxLength": self.longest,
            "Options": {"Option": [_option(name) for name in self.options]},
        }


_TYPES = {"dropdown": "option", "multiselect": "multi_option"}
_PER_ITEM = frozenset({"Variation", "Quantity", "ProductId", "SellerSku"})
_COMMON = (
    Attribute(feed_name="Name", label="Name", system=True, mandatory=True, longest="255", example="Mug"),
    Attribute(feed_name="Description", label="Description", system=True, mandatory=True, longest="25000"),
    Attribute(feed_name="Brand", label="Brand", system=True, mandatory=True, example="GENERIC"),
    Attribute(feed_name="PrimaryCategory", label="Primary category", system=True, mandatory=True),
    Attribute(feed_name="ProductId", label="EAN, UPC or ISBN", system=True),
    Attribute(feed_name="TaxClass", label="Tax class", system=True),
    Attribute(feed_name="Variation", label="Variation", system=True),
)
_PLAIN = (
    Attribute(feed_name="Price", label="Price", system=True, mandatory=True, example="12.90"),
    Attribute(feed_name="SalePrice", label="Sale price", system=True),
    Attribute(feed_name="Quantity", label="Quantity", system=True, example="7"),
)
_DATA = (
    Attribute(
        feed_name="ConditionType",
        label="Condition",
        input_type="dropdown",
        example="Nuevo",
        options=DROPDOWNS["ConditionType"],
    ),
    Attribute(feed_name="PackageHeight", label="Package height (cm)", longest="10", example="10"),
    Attribute(feed_name="PackageWidth", label="Package width (cm)", longest="10", example="10"),
    Attribute(feed_name="PackageLength", label="Package length (cm)", longest="10", example="10"),
    Attribute(feed_name="PackageWeight", label="Package weight (kg)", longest="10", example="0.5"),
    Attribute(feed_name="Color", label="Colour"),
    Attribute(feed_name="ShortDescription", label="Short description"),
)
DATA_NAMES = frozenset(attribute.feed_name for attribute in _DATA)


def attributes_of(dialect: str, introduced: set[str], options: dict[str, list[str]]) -> list[Attribute]:
    """What any category has, and what its products brought along."""
    plain = _PLAIN if dialect == "classic" else ()
    data = [_with_options(item, options.get(item.feed_name, [])) for item in _DATA]
    extra = [Attribute(feed_name=name, label=name) for name in sorted(introduced) if name not in DATA_NAMES]
    return [*_COMMON, *plain, *data, *extra]


def snake(name: str) -> str:
    """``PackageHeight`` has the id ``package_height``; the id is not the element's name (9.8)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _with_options(attribute: Attribute, extra: list[str]) -> Attribute:
    if attribute.input_type != "dropdown" or not extra:
        return attribute
    return Attribute(
        feed_name=attribute.feed_name,
        label=attribute.label,
        input_type=attribute.input_type,
        example=attribute.example,
        options=(*attribute.options, *extra),
    )


def _option(name: str) -> dict[str, Node]:
    return {"GlobalIdentifier": snake(name), "Name": name, "isDefault": "0"}
