"""What the shop refuses in a record, in the words that it uses for it (reference 4.1, 4.4, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.sandbox import canon
from pipeline.sandbox.attributes import DROPDOWNS
from pipeline.sandbox.body import Record
from pipeline.sandbox.lookups import Lookups
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.product import COUNTS, DATES, MONEY, UNIT_NAMES

CONTENT = frozenset(
    {
        "NewSellerSku",
        "ParentSku",
        "Name",
        "Variation",
        "PrimaryCategory",
        "Categories",
        "BrowseNodes",
        "Description",
        "Brand",
        "TaxClass",
        "ShipmentType",
        "ProductId",
        "Condition",
        "ProductGroup",
    }
)
FALABELLA_CONTENT = frozenset({"Color", "ColorBasico", "Talla", "Size", "NameEn", "NameCN"})
UNIT_FIELDS = frozenset({"OperatorCode", "BusinessUnit", "IsPublished", *UNIT_NAMES.values()})
MANDATORY = ("Name", "PrimaryCategory", "Description", "Brand")
STATUSES = ("active", "inactive", "deleted")
LARGEST_IMAGES = 8
_ENUMS = {
    "Status": STATUSES,
    "ShipmentType": ("dropshipping", "crossdocking"),
    "Condition": ("new", "used", "refurbished"),
}
_LENGTHS = {"Name": (2, 255), "Description": (6, 25_000)}
_PRICE = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,10}", re.ASCII)


def problem(name: str, value: str, text: str) -> str:
    """The form of most feed messages."""
    return f"Field {name} with value '{value}' has a problem: {text}"


class Validator:
    """Judges values against the shop's lists and rules."""

    def __init__(self, options: SandboxOptions, lookups: Lookups, known_fields: set[str]) -> None:
        self._options = options
        self._lookups = lookups
        plain = frozenset() if self._by_units else frozenset(UNIT_NAMES)
        own = FALABELLA_CONTENT if self._by_units else frozenset()
        self._allowed = CONTENT | plain | own
        self._introduced = known_fields

    @property
    def _by_units(self) -> bool:
        return self._options.dialect == "falabella"

    def sent(self, record: Record, category: str) -> Iterator[str]:
        """What is wrong with the values of a record as such."""
        unknown = [name for name in record.fields if not self._knows(name)]
        if record.images is not None:
            unknown.append("Images")
        if record.units is not None and not self._by_units:
            unknown.append("BusinessUnits")
        if unknown:
            yield f"Field(s) {', '.join(unknown)} is/are invalid"
        for name, text in record.fields.items():
            if text.strip():
                yield from self.value(name, text)
        yield from self._attributes(record, category)

    def value(self, name: str, text: str) -> Iterator[str]:
        """What is wrong with one value that is not empty."""
        if name in MONEY and not _good_price(text.strip()):
            yield _price_problem(name, text)
        elif name in COUNTS and not _WHOLE.fullmatch(text.strip()):
            yield problem(name, text, "This value should be a whole number.")
        elif name in COUNTS and text.strip().startswith("-"):
            yield "Negative value is not allowed"
        elif name in DATES and canon.instant(text) is None:
            yield problem(name, text, "This value is not a valid date.")
        elif name in _ENUMS and text.strip() not in _ENUMS[name]:
            yield problem(name, text, f"This value should be one of: {', '.join(_ENUMS[name])}")
        elif name == "Brand" and text not in self._lookups.brands:
            yield problem(
                name, text, "This brand does not exist in our database. Please contact our support."
            )
        elif name == "PrimaryCategory":
            yield from self._category(text.strip())
        elif name == "Categories":
            yield from self._categories(text)
        elif name in _LENGTHS:
            yield from _length(name, text)

    def mandatory(self, values: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
        """A product without these cannot be created."""
        for name in names:
            if not values.get(name, "").strip():
                yield problem(name, "", "This field is mandatory.")

    def sale(self, values: Mapping[str, str], names: tuple[str, str, str, str]) -> Iterator[str]:
        """A sale price is below the price and has a date; a date needs a sale price."""
        price, sale, start, end = (values.get(name, "") for name in names)
        if self._options.price_check == "off":
            return
        if not sale:
            if start or end:
                yield problem(names[2] if start else names[3], start or end, f"{names[1]} is mandatory.")
            return
        if not start and not end:
            yield problem(names[1], sale, f"{names[2]} or {names[3]} is mandatory.")
        if _good_price(price) and _good_price(sale) and float(sale) >= float(price):
            yield problem(names[1], sale, f"{names[1]} must be lower than {names[0]}.")
        if start and end and start > end:
            yield problem(names[3], end, f"{names[3]} must not be before {names[2]}.")

    def units(self, units: tuple[dict[str, str], ...]) -> Iterator[str]:
        """Every business unit names one of the shop's operators and only what a unit has."""
        for unit in units:
            operator = unit.get("OperatorCode", "").strip().lower()
            if operator not in self._options.operator_codes:
                yield problem("OperatorCode", operator, "This operator code is invalid.")
            unknown = [name for name in unit if name not in UNIT_FIELDS]
            if unknown:
                yield f"Field(s) {', '.join(unknown)} is/are invalid"
            for name, text in unit.items():
                if text.strip():
                    yield from self.value(name, text)

    def _knows(self, name: str) -> bool:
        if name in self._allowed or name in self._introduced:
            return True
        return self._options.shapes == "both" and name in UNIT_NAMES

    def _category(self, text: str) -> Iterator[str]:
        category = self._lookups.categories.get(text)
        if category is None:
            yield problem("PrimaryCategory", text, "Primary category Id is invalid")
        elif not category.leaf:
            yield problem("PrimaryCategory", text, "Primary category must be on a lower level")

    def _categories(self, text: str) -> Iterator[str]:
        for part in text.split(","):
            if part.strip() not in self._lookups.categories:
                yield f"{part.strip()} is not a valid category id."

    def _attributes(self, record: Record, category: str) -> Iterator[str]:
        for name, text in record.data.items():
            options = DROPDOWNS.get(name)
            if options and text.strip() and text not in (*options, *self._lookups.options.get(name, ())):
                yield problem(name, text, "This value is not one of the attribute's options.")
        if self._options.unknown_attributes == "reject":
            yield from self._foreign(record, category)

    def _foreign(self, record: Record, category: str) -> Iterator[str]:
        known = self._lookups.attribute_names(category)
        names = ", ".join(name for name in record.data if name not in known)
        if names:
            yield (
                f"Field {names} (for Seller SKU: {record.sku}) with value 'Invalid Field' has a problem:"
                f" Field(s) {names} is/are not part of the attribute set 1 of the primary category {category}"
            )


def _good_price(text: str) -> bool:
    return bool(_PRICE.fullmatch(text)) and float(text) > 0


def _price_problem(name: str, text: str) -> str:
    if text.strip().startswith("-"):
        return "Negative value is not allowed"
    return problem(name, text, "The price must be positive, with a dot as separator and at most 2 decimals.")


def _length(name: str, text: str) -> Iterator[str]:
    low, high = _LENGTHS[name]
    if not low <= len(text) <= high:
        yield problem(name, text[:50], f"The length must be between {low} and {high} characters.")
