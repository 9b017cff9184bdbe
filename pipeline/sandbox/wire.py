"""A product as GetProducts shows it (reference 3.3), complete enough for every known client (11.16)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.sandbox.catalog import qc_status
from pipeline.sandbox.lookups import Lookups
from pipeline.sandbox.nodes import Node, Style, fragment
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.product import PLAIN_NAMES, UNIT_NAMES, Product

_PACKAGE = ("PackageHeight", "PackageWidth", "PackageLength", "PackageWeight")
_UNIT_ORDER = ("Price", "SpecialPrice", "SpecialFromDate", "SpecialToDate", "Stock", "Status")
_WRITTEN = frozenset(
    {
        *UNIT_NAMES,
        "ShopSku",
        "ProductSin",
        "Name",
        "Variation",
        "ParentSku",
        "ProductId",
        "Url",
        "Description",
        "TaxClass",
        "Brand",
        "PrimaryCategory",
        "Categories",
        "QCStatus",
    }
)
_MOST_BYTES = 1024 * 1024 * 1024


class ProductWriter:
    """Writes products and remembers what it wrote; a changed product is another object, so never stale."""

    def __init__(self, options: SandboxOptions, lookups: Lookups) -> None:
        self._options = options
        self._lookups = lookups
        self._kept: dict[tuple[str, Style], tuple[Product, bytes]] = {}
        self._bytes = 0

    def write(self, product: Product, style: Style, now: float, gone: Collection[str] = frozenset()) -> bytes:
        """One ``Product`` element or object, without the tags that an API of another day no longer has."""
        if gone:
            return fragment("Product", _without(self.node(product, now), gone), style)
        key = (product.sku, style)
        kept = self._kept.get(key)
        if kept is not None and kept[0] is product:
            return kept[1]
        written = fragment("Product", self.node(product, now), style)
        if now >= product.pending_until:
            self._keep(key, product, written)
        return written

    def _keep(self, key: tuple[str, Style], product: Product, written: bytes) -> None:
        self._bytes += len(written)
        if self._bytes > _MOST_BYTES:
            self._kept.clear()
            self._bytes = len(written)
        self._kept[key] = (product, written)

    def node(self, product: Product, now: float) -> dict[str, Node]:
        """The product's elements in the order of the published samples."""
        classic = self._options.dialect == "classic"
        node: dict[str, Node] = {"SellerSku": product.sku}
        node.update(self._head(product))
        if classic or self._options.shapes == "both":
            node.update(_plain(product))
        if not classic or self._options.shapes == "both":
            node["BusinessUnits"] = {"BusinessUnit": _units(product, self._options)}
        node.update(self._tail(product))
        if not classic or "QCStatus" in product.fields:
            node["QCStatus"] = qc_status(product, now)
        for name in sorted(product.fields.keys() - _WRITTEN):
            node.setdefault(name, product.fields[name])
        node["ProductData"] = self._attributes(product)
        return node

    def _head(self, product: Product) -> dict[str, Node]:
        given = product.fields
        return {
            "ShopSku": given.get("ShopSku", f"SB{product.number:09d}"),
            "ProductSin": given.get("ProductSin", ""),
            "Name": given.get("Name", ""),
            "Variation": given.get("Variation", "..."),
            "ParentSku": given.get("ParentSku", product.sku),
        }

    def _tail(self, product: Product) -> dict[str, Node]:
        given = product.fields
        category = given.get("PrimaryCategory", "")
        return {
            "ProductId": given.get("ProductId", ""),
            "Url": given.get("Url", ""),
            "MainImage": product.images[0] if product.images else "",
            "Images": {"Image": list(product.images)},
            "Description": given.get("Description", ""),
            "TaxClass": given.get("TaxClass", ""),
            "Brand": given.get("Brand", ""),
            "PrimaryCategory": self._lookups.name_of(category),
            "Categories": self._category_names(given.get("Categories", "")),
        }

    def _category_names(self, ids: str) -> str:
        """``Categories`` are written as ids and read as names, joined by a comma without a blank."""
        if not ids:
            return ""
        return ",".join(self._lookups.name_of(part.strip()) for part in ids.split(","))

    def _attributes(self, product: Product) -> Mapping[str, Node]:
        if self._options.fill == "no":
            return product.data
        filled: dict[str, Node] = {"ConditionType": "Nuevo", **dict.fromkeys(_PACKAGE, "")}
        filled.update(product.data)
        return filled


def _without(node: Mapping[str, Node], tags: Collection[str]) -> dict[str, Node]:
    kept = {name: value for name, value in node.items() if name not in tags}
    units = kept.get("BusinessUnits")
    listed = units.get("BusinessUnit") if isinstance(units, Mapping) else None
    if isinstance(listed, list):
        inner: list[Node] = [_without(unit, tags) for unit in listed if isinstance(unit, Mapping)]
        kept["BusinessUnits"] = {"BusinessUnit": inner}
    return kept


def _plain(product: Product) -> dict[str, Node]:
    given: Mapping[str, str] = product.fields
    if product.units:
        first = next(iter(product.units.values()))
        given = {PLAIN_NAMES.get(name, name): text for name, text in first.items()}
    quantity = given.get("Quantity", "0")
    return {
        "Quantity": quantity,
        "Available": quantity,
        "Price": given.get("Price", ""),
        "SalePrice": given.get("SalePrice", ""),
        "SaleStartDate": given.get("SaleStartDate", ""),
        "SaleEndDate": given.get("SaleEndDate", ""),
        "Status": given.get("Status", "active"),
    }


def _units(product: Product, options: SandboxOptions) -> list[Node]:
    units: Mapping[str, Mapping[str, str]] = product.units
    if options.dialect == "classic":
        plain = {wire: product.fields.get(name, "") for name, wire in UNIT_NAMES.items()}
        units = {options.operator_codes[0]: plain}
    return [_unit(operator, unit) for operator, unit in units.items()]


def _unit(operator: str, unit: Mapping[str, str]) -> dict[str, Node]:
    node: dict[str, Node] = {
        "BusinessUnit": unit.get("BusinessUnit", "Falabella"),
        "OperatorCode": operator,
        **{name: unit.get(name, "") for name in _UNIT_ORDER},
    }
    node["IsPublished"] = unit.get("IsPublished", "1" if unit.get("Status") == "active" else "0")
    node.update({name: text for name, text in unit.items() if name not in node})
    return node
