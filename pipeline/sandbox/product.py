"""One product as the shop keeps it, and the two ways between it and a canonical JSON object."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.sandbox import canon
from pipeline.sandbox.attributes import DROPDOWNS
from pipeline.sandbox.lookups import Lookups

#: Plain name and its name inside a business unit (reference 3.3).
UNIT_NAMES = {
    "Price": "Price",
    "SalePrice": "SpecialPrice",
    "SaleStartDate": "SpecialFromDate",
    "SaleEndDate": "SpecialToDate",
    "Quantity": "Stock",
    "Status": "Status",
}
PLAIN_NAMES = {unit: plain for plain, unit in UNIT_NAMES.items()}
MONEY = frozenset({"Price", "SalePrice", "SpecialPrice"})
DATES = frozenset({"SaleStartDate", "SaleEndDate", "SpecialFromDate", "SpecialToDate"})
COUNTS = frozenset({"Quantity", "Stock"})
#: What GetProducts works out itself; given values of these are not kept.
DERIVED = frozenset({"Available", "MainImage", "CreatedAt", "UpdatedAt"})

_ELEMENT_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_LINK_LIST = re.compile(r"\s*\|\s*|\s*[,;]\s*(?=https?:)|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product's values, all text; a change makes a new one, so what was rendered of it stays right."""

    sku: str
    fields: Mapping[str, str]
    data: Mapping[str, str]
    units: Mapping[str, Mapping[str, str]]
    images: tuple[str, ...]
    created: float
    updated: float
    number: int = 0
    pending_until: float = 0.0

    @property
    def status(self) -> str:
        """One word over all business units: deleted only if all are, active if any is."""
        if not self.units:
            return self.fields.get("Status", "active")
        words = {unit.get("Status", "active") for unit in self.units.values()}
        if words == {"deleted"}:
            return "deleted"
        return "active" if "active" in words else "inactive"

    @property
    def stock(self) -> int:
        """Pieces for sale, over all business units."""
        if self.units:
            return max((_pieces(unit.get("Stock", "")) for unit in self.units.values()), default=0)
        return _pieces(self.fields.get("Quantity", ""))


def kept(name: str, text: str) -> str:
    """A value in the form in which the shop stores that field."""
    if name in MONEY:
        return canon.money(text)
    if name in DATES:
        return canon.moment(text)
    return canon.count(text) if name in COUNTS else text


def image_list(value: object) -> tuple[str, ...]:
    """URLs from a list, or from one text separated by ``|``, blanks, or commas before ``http``."""
    if isinstance(value, list | tuple):
        return tuple(text for text in (canon.text_of(item).strip() for item in value) if text)
    return tuple(part for part in _LINK_LIST.split(canon.text_of(value).strip()) if part)


@functools.cache
def _split(name: str) -> tuple[str, str, str]:
    """A flat name's parts; it must be able to stand as an element."""
    if not _ELEMENT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a field")
    return name.partition(".")


class Row:
    """A canonical object (nested or flat) taken apart into the parts of a product; blank means absent."""

    def __init__(self, row: Mapping[str, object], operators: tuple[str, ...], lookups: Lookups) -> None:
        self.fields: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.units: dict[str, dict[str, str]] = {}
        self.plain: dict[str, str] = {}
        self.images: tuple[str, ...] | None = None
        self._operators = operators
        self._lookups = lookups
        for name, value in row.items():
            self._take(str(name).strip(), value)
        for operator in operators if self.plain else ():
            own = self.units.get(operator, {})
            self.units[operator] = {**self.plain, **own}

    def _take(self, name: str, value: object) -> None:
        head, dot, rest = _split(name)
        if name == "ProductData" or name == "BusinessUnits":
            self._take_nested(name, value)
        elif dot and head == "ProductData":
            self.data[rest] = canon.text_of(value)
        elif dot and head == "BusinessUnits":
            operator, _, field_name = rest.partition(".")
            self._take_unit(operator, field_name, value)
        elif name == "Images":
            self.images = image_list(value)
        elif name not in DERIVED:
            self._take_field(name, canon.text_of(value))

    def _take_nested(self, name: str, value: object) -> None:
        inner = value if isinstance(value, Mapping) else {}
        for key, item in inner.items():
            if name == "ProductData":
                self.data[_split(str(key))[0]] = canon.text_of(item)
            elif isinstance(item, Mapping):
                for field_name, text in item.items():
                    self._take_unit(str(key), str(field_name), text)

    def _take_unit(self, operator: str, name: str, value: object) -> None:
        if not self._operators:
            raise ValueError("BusinessUnits belong to the falabella dialect")
        wire = UNIT_NAMES.get(name, name)
        self.units.setdefault(operator.lower(), {})[wire] = kept(wire, canon.text_of(value))

    def _take_field(self, name: str, text: str) -> None:
        if self._operators and (name in UNIT_NAMES or name in PLAIN_NAMES):
            wire = UNIT_NAMES.get(name, name)
            self.plain[wire] = kept(wire, text)
        elif name == "PrimaryCategory":
            self.fields[name] = self._lookups.join_category(text)
        else:
            self.fields[name] = kept(name, text)
        if name == "Brand":
            self._lookups.join_brand(text)


def from_row(
    row: Mapping[str, object], operators: tuple[str, ...], lookups: Lookups, now: float, number: int
) -> Product:
    """A product that the shop is given, as it is: nothing is refused but a missing SKU.

    Raises:
        ValueError: there is no SellerSku, or business units are given to a classic shop.
    """
    taken = Row(row, operators, lookups)
    sku = taken.fields.pop("SellerSku", "").strip()
    if not sku:
        raise ValueError(f"product {number + 1} has no SellerSku")
    created = canon.instant(canon.text_of(row.get("CreatedAt"))) or now
    product = Product(
        sku=sku,
        fields=_filled(_present(taken.fields), () if operators else ("Quantity", "Status")),
        data=_present(taken.data),
        units={
            op: _filled(_present(unit), ("Stock", "Status"))
            for op, unit in taken.units.items()
            if any(unit.values())
        },
        images=taken.images if taken.images is not None else image_list(row.get("MainImage")),
        created=created,
        updated=canon.instant(canon.text_of(row.get("UpdatedAt"))) or created,
        number=number,
    )
    _join_attributes(product, lookups)
    return product


def edited(
    product: Product,
    row: Mapping[str, object],
    operators: tuple[str, ...],
    lookups: Lookups,
    now: float,
) -> Product:
    """The product after a person's edit: named fields change, blank ones are emptied, others stay."""
    taken = Row(row, operators, lookups)
    taken.fields.pop("SellerSku", None)
    units = {op: dict(unit) for op, unit in product.units.items()}
    for operator, unit in taken.units.items():
        units[operator] = _present({**units.get(operator, {}), **unit})
    return Product(
        sku=product.sku,
        fields=_present({**product.fields, **taken.fields}),
        data=_present({**product.data, **taken.data}),
        units=units,
        images=product.images if taken.images is None else taken.images,
        created=product.created,
        updated=now,
        number=product.number,
        pending_until=product.pending_until,
    )


def as_row(product: Product, lookups: Lookups) -> dict[str, object]:
    """The canonical object: what ``PUT products`` takes to make the same product again."""
    row: dict[str, object] = {"SellerSku": product.sku, **product.fields}
    if "PrimaryCategory" in row:
        row["PrimaryCategory"] = lookups.label_of(product.fields["PrimaryCategory"])
    for operator, unit in product.units.items():
        row.update({f"BusinessUnits.{operator}.{name}": text for name, text in unit.items()})
    row["Images"] = list(product.images)
    row["ProductData"] = dict(product.data)
    return row


def _join_attributes(product: Product, lookups: Lookups) -> None:
    lookups.note_attributes(product.fields.get("PrimaryCategory", ""), product.data)
    for name in DROPDOWNS:
        lookups.note_option(name, product.data.get(name, ""))


def _present(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if text.strip()}


def _filled(values: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    for name in names:
        values.setdefault(name, "active" if name == "Status" else "0")
    return values


def _pieces(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
