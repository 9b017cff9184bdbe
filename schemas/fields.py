"""The vocabulary: every field of a product, its kind, and where it stands on the wire.

One `Field` a canonical name. A canonical name is what a catalog's header, a plan, the journal and
the reports say: `SellerSku`, `Price`, `ProductData.<FeedName>` for attributes of a category, and,
where price and stock live per country, `BusinessUnits.<operator>.<Field>`.

Source of tags and rules: Seller Center docs, ProductCreate / ProductUpdate / GetProducts / Image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a value is; decides how its text is parsed and when two of them are equal."""

    SKU = "sku"
    TEXT = "text"
    HTML = "html"
    MONEY = "money"
    QUANTITY = "quantity"
    NUMBER = "number"
    DATETIME = "datetime"
    ENUM = "enum"
    EAN = "ean"
    BRAND = "brand"
    CATEGORY = "category"
    CATEGORIES = "categories"
    IDS = "ids"
    IMAGES = "images"
    URL = "url"


class Place(StrEnum):
    """Where a field stands in a request body."""

    PRODUCT = "product"
    PRODUCT_DATA = "product-data"
    BUSINESS_UNIT = "business-unit"
    IMAGE = "image"
    NOWHERE = "nowhere"


class Dialect(StrEnum):
    CLASSIC = "classic"
    FALABELLA = "falabella"


class Lane(StrEnum):
    """Urgency of a change, most urgent first: what waits for a feed slot is ordered by it."""

    PRICE_STOCK = "price-stock"
    CONTENT = "content"
    IMAGES = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a product.

    Attributes:
        name: canonical name.
        kind: what its values are.
        place: where it stands in a request body.
        tag: element name on the wire, in requests and answers.
        operator: country code of the business unit, or "" where there is none.
        required: ProductCreate refuses a product without it.
        readable: GetProducts returns it; if not, it's compared with what we last sent.
        settable: ProductUpdate can change it.
        clearable: an empty element clears it (only promotions; the shop ignores all other empties).
        volatile: sales change it while we look (stock).
        choices: the closed set of values, or ().
        length: shortest and longest text, in characters.
        lane: urgency of a change to it.
    """

    name: str
    kind: Kind
    place: Place = Place.PRODUCT
    tag: str = ""
    operator: str = ""
    required: bool = False
    readable: bool = True
    settable: bool = True
    clearable: bool = False
    volatile: bool = False
    choices: tuple[str, ...] = ()
    length: tuple[int, int] | None = None
    lane: Lane = Lane.CONTENT


KEY = "SellerSku"
#: What a cell says to ask for clearing a field, whatever a blank means in its column.
CLEAR = "__CLEAR__"

STATUSES = ("active", "inactive", "deleted")


def _field(name: str, kind: Kind, **more: object) -> Field:
    return replace(Field(name=name, kind=kind, tag=name), **more)  # type: ignore[arg-type]


_COMMON = (
    _field(KEY, Kind.SKU, required=True, settable=False),
    _field("ParentSku", Kind.SKU),
    _field("Name", Kind.TEXT, required=True, length=(2, 255)),
    _field("Variation", Kind.TEXT, length=(1, 255)),
    _field("PrimaryCategory", Kind.CATEGORY, required=True),
    _field("Description", Kind.HTML, required=True, length=(6, 25_000)),
    _field("Brand", Kind.BRAND, required=True),
    _field("TaxClass", Kind.TEXT),
    _field("ProductId", Kind.EAN),
    _field("Images", Kind.IMAGES, place=Place.IMAGE, lane=Lane.IMAGES),
)

_CLASSIC = (
    *_COMMON,
    _field("Status", Kind.ENUM, choices=STATUSES),
    _field("Price", Kind.MONEY, required=True, lane=Lane.PRICE_STOCK),
    _field("SalePrice", Kind.MONEY, clearable=True, lane=Lane.PRICE_STOCK),
    _field("SaleStartDate", Kind.DATETIME, clearable=True, lane=Lane.PRICE_STOCK),
    _field("SaleEndDate", Kind.DATETIME, clearable=True, lane=Lane.PRICE_STOCK),
    _field("Quantity", Kind.QUANTITY, volatile=True, lane=Lane.PRICE_STOCK),
    _field("Categories", Kind.CATEGORIES),
    _field("BrowseNodes", Kind.IDS),
    # The docs name the first two; instances that store goods themselves know the third.
    _field("ShipmentType", Kind.ENUM, choices=("dropshipping", "crossdocking", "warehouse")),
    _field("Condition", Kind.ENUM, choices=("new", "used", "refurbished")),
)

_FALABELLA = (
    *_COMMON,
    _field("Color", Kind.TEXT),
    _field("ColorBasico", Kind.TEXT),
    _field("Talla", Kind.TEXT),
    _field("NameEn", Kind.TEXT, length=(2, 255), readable=False),
    _field("NameCN", Kind.TEXT, length=(2, 255), readable=False),
)

_UNIT = (
    _field("Price", Kind.MONEY, required=True, lane=Lane.PRICE_STOCK),
    _field("SpecialPrice", Kind.MONEY, clearable=True, lane=Lane.PRICE_STOCK),
    _field("SpecialFromDate", Kind.DATETIME, clearable=True, lane=Lane.PRICE_STOCK),
    _field("SpecialToDate", Kind.DATETIME, clearable=True, lane=Lane.PRICE_STOCK),
    _field("Stock", Kind.QUANTITY, volatile=True, lane=Lane.PRICE_STOCK),
    _field("Status", Kind.ENUM, choices=STATUSES),
)

#: Plain names that mean "in every business unit", and the unit's own tag for each.
UNIT_TAGS = {
    "Price": "Price",
    "SalePrice": "SpecialPrice",
    "SaleStartDate": "SpecialFromDate",
    "SaleEndDate": "SpecialToDate",
    "Quantity": "Stock",
    "Status": "Status",
    "SpecialPrice": "SpecialPrice",
    "SpecialFromDate": "SpecialFromDate",
    "SpecialToDate": "SpecialToDate",
    "Stock": "Stock",
}

_BY_NAME = {
    Dialect.CLASSIC: {field.name: field for field in _CLASSIC},
    Dialect.FALABELLA: {field.name: field for field in _FALABELLA},
}
_UNIT_BY_TAG = {field.tag: field for field in _UNIT}
#: An attribute's FeedName is an XML element name.
_ATTRIBUTE = re.compile(r"ProductData\.([A-Za-z_][\w.-]*)")
#: Attributes that every category has and that are numbers: "0.5" and "0.500" are one weight.
_ATTRIBUTE_KINDS = dict.fromkeys(
    ("PackageHeight", "PackageWidth", "PackageLength", "PackageWeight"), Kind.NUMBER
)
_BUSINESS_UNIT = re.compile(r"BusinessUnits\.([A-Za-z]\w*)\.(\w+)")


class UnknownField(LookupError):
    """A name that stands for no field of this dialect."""


def field_named(name: str, dialect: Dialect) -> Field:
    """The field of a canonical name.

    Raises:
        UnknownField: the name stands for nothing in this dialect (plain `Price` on Falabella
            included: it means several fields there, see `canonical_names`).
    """
    if (plain := _BY_NAME[dialect].get(name)) is not None:
        return plain
    if attribute := _ATTRIBUTE.fullmatch(name):
        kind = _ATTRIBUTE_KINDS.get(attribute[1], Kind.TEXT)
        return Field(name=name, kind=kind, place=Place.PRODUCT_DATA, tag=attribute[1])
    unit = _BUSINESS_UNIT.fullmatch(name)
    if unit and dialect is Dialect.FALABELLA and unit[2] in _UNIT_BY_TAG:
        known = _UNIT_BY_TAG[unit[2]]
        return replace(known, name=name, operator=unit[1], place=Place.BUSINESS_UNIT)
    raise UnknownField(name)


def canonical_names(header: str, dialect: Dialect, operators: Iterable[str] = ()) -> tuple[str, ...]:
    """The canonical names a catalog's header stands for; () if it stands for none.

    A plain `Price` on Falabella means that field of every operator; `BusinessUnits.facl.Quantity`
    is accepted for `BusinessUnits.facl.Stock`.
    """
    if dialect is Dialect.FALABELLA:
        if header in UNIT_TAGS:
            return tuple(f"BusinessUnits.{code}.{UNIT_TAGS[header]}" for code in operators)
        unit = _BUSINESS_UNIT.fullmatch(header)
        if unit and unit[2] in UNIT_TAGS:
            return (f"BusinessUnits.{unit[1].lower()}.{UNIT_TAGS[unit[2]]}",)
    try:
        return (field_named(header, dialect).name,)
    except UnknownField:
        return ()


def fields_of(dialect: Dialect, operators: Iterable[str] = ()) -> tuple[Field, ...]:
    """All fields with a fixed name, in the order in which reports and files show them."""
    plain = tuple(_BY_NAME[dialect].values())
    if dialect is Dialect.CLASSIC:
        return plain
    units = (field_named(f"BusinessUnits.{code}.{unit.tag}", dialect) for code in operators for unit in _UNIT)
    return (*plain, *units)
