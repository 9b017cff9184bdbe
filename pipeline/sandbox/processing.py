"""What a feed's records do to the shop, one by one: a refused record leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.sandbox.body import Record
from pipeline.sandbox.catalog import Catalog
from pipeline.sandbox.lookups import Lookups
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.product import DATES, PLAIN_NAMES, UNIT_NAMES, Product, kept
from pipeline.sandbox.validation import LARGEST_IMAGES, MANDATORY, Validator, problem

_PLAIN_SALE = ("Price", "SalePrice", "SaleStartDate", "SaleEndDate")
_UNIT_SALE = ("Price", "SpecialPrice", "SpecialFromDate", "SpecialToDate")
_QUIET = frozenset({"Price", "SalePrice", "SaleStartDate", "SaleEndDate", "Quantity", "Status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a record: its faults, or the product that it makes."""

    errors: tuple[str, ...] = ()
    product: Product | None = None
    renames: str = ""


class Processor:
    """The four writing actions over one shop."""

    def __init__(self, options: SandboxOptions, catalog: Catalog, lookups: Lookups, known: set[str]) -> None:
        self._options = options
        self._catalog = catalog
        self._lookups = lookups
        self._validator = Validator(options, lookups, known)
        self._by_units = options.dialect == "falabella"
        self._judges: Mapping[str, Callable[[Record, float], Verdict]] = {
            "ProductCreate": self._create,
            "ProductUpdate": self._update,
            "ProductRemove": self._remove,
            "Image": self._images,
        }

    def judge(self, action: str, record: Record, now: float) -> Verdict:
        """The verdict on one record, nothing stored yet."""
        if not record.sku:
            return Verdict(errors=("SellerSku cannot be empty",))
        return self._judges[action](record, now)

    def store(self, verdict: Verdict, shown_from: float) -> None:
        """Take over what a good record makes."""
        if verdict.product is None:
            return
        if verdict.renames:
            self._catalog.rename(verdict.renames, verdict.product)
        else:
            self._catalog.put(verdict.product, shown_from)

    def _create(self, record: Record, now: float) -> Verdict:
        if record.sku in self._catalog.products:
            text = problem("SellerSku", record.sku, "This seller SKU already exists.")
            return Verdict(errors=(text,))
        bare = Product(
            sku=record.sku,
            fields={} if self._by_units else {"Status": "active", "Quantity": "0"},
            data={},
            units={},
            images=(),
            created=now,
            updated=now,
            number=self._catalog.next_number(),
        )
        missing = list(self._missing(record))
        return self._merge(bare, record, now, missing)

    def _update(self, record: Record, now: float) -> Verdict:
        product = self._catalog.products.get(record.sku)
        if product is None:
            return _not_found(record)
        faults = [] if self._unit_given(record) else [_NO_UNIT]
        return self._merge(product, record, now, faults)

    def _remove(self, record: Record, now: float) -> Verdict:
        product = self._catalog.products.get(record.sku)
        if product is None:
            return _not_found(record)
        units = {op: {**unit, "Status": "deleted"} for op, unit in product.units.items()}
        fields = product.fields if units else {**product.fields, "Status": "deleted"}
        return Verdict(product=replace(product, fields=fields, units=units, updated=now))

    def _images(self, record: Record, now: float) -> Verdict:
        """All images are replaced, the first one is the main image (reference 4.6)."""
        product = self._catalog.products.get(record.sku)
        if product is None:
            return _not_found(record)
        images = record.images or ()
        if len(images) > LARGEST_IMAGES and self._options.extra_images == "reject":
            text = problem("Images", str(len(images)), f"At most {LARGEST_IMAGES} images are allowed.")
            return Verdict(errors=(text,))
        if not images:
            return Verdict(product=product)
        return Verdict(product=replace(product, images=images[:LARGEST_IMAGES], updated=now))

    def _merge(self, product: Product, record: Record, now: float, faults: list[str]) -> Verdict:
        category = record.fields.get("PrimaryCategory", "").strip()
        category = category or product.fields.get("PrimaryCategory", "")
        faults.extend(self._validator.sent(record, category))
        faults.extend(self._validator.units(record.units or ()))
        if faults:
            return Verdict(errors=tuple(faults))
        fields = self._merged_fields(product, record)
        units = self._merged_units(product, record)
        faults.extend(self._cross_checks(record, fields, units))
        faults.extend(self._parent(record))
        renamed = fields.pop("NewSellerSku", "").strip()
        if renamed and renamed in self._catalog.products:
            faults.append(problem("NewSellerSku", renamed, "This seller SKU already exists."))
        if faults:
            return Verdict(errors=tuple(faults))
        merged = replace(
            product,
            sku=renamed or product.sku,
            fields=fields,
            data={**product.data, **{k: v for k, v in record.data.items() if v.strip()}},
            units=units,
            updated=now,
            pending_until=self._pending_until(product, record, now),
        )
        return Verdict(product=merged, renames=product.sku if renamed else "")

    def _parent(self, record: Record) -> list[str]:
        """A parent is created before its variations (reference 9.13)."""
        parent = record.fields.get("ParentSku", "").strip()
        known = not parent or parent == record.sku or parent in self._catalog.products
        if known or self._options.parents == "any":
            return []
        return [problem("ParentSku", parent, "This parent SKU does not exist.")]

    def _merged_fields(self, product: Product, record: Record) -> dict[str, str]:
        """Empty elements are ignored; an empty SalePrice ends the promotion (reference 4.4)."""
        plain = {} if self._by_units else record.fields
        fields = dict(product.fields)
        if self._options.empty_sale_price == "clears" and plain.get("SalePrice", "x").strip() == "":
            for name in _PLAIN_SALE[1:]:
                fields.pop(name, None)
        for name, text in record.fields.items():
            if text.strip() and not (self._by_units and name in UNIT_NAMES):
                fields[name] = _tidy(name, text)
        return fields

    def _merged_units(self, product: Product, record: Record) -> dict[str, Mapping[str, str]]:
        units: dict[str, Mapping[str, str]] = dict(product.units)
        for sent in self._sent_units(record):
            operator = sent.get("OperatorCode", "").strip().lower()
            unit = dict(units.get(operator, {"Status": "active", "Stock": "0"}))
            if self._options.empty_sale_price == "clears" and sent.get("SpecialPrice", "x").strip() == "":
                for name in _UNIT_SALE[1:]:
                    unit.pop(name, None)
            for name, text in sent.items():
                if name != "OperatorCode" and text.strip():
                    unit[name] = _tidy(name, text)
            units[operator] = unit
        return units

    def _sent_units(self, record: Record) -> tuple[dict[str, str], ...]:
        """Plain fields hold for every operator where the shop takes both product forms."""
        units = record.units or ()
        plain = {UNIT_NAMES[k]: v for k, v in record.fields.items() if k in UNIT_NAMES}
        if not self._by_units or not plain:
            return units
        return (*({"OperatorCode": op, **plain} for op in self._options.operator_codes), *units)

    def _cross_checks(
        self, record: Record, fields: Mapping[str, str], units: Mapping[str, Mapping[str, str]]
    ) -> list[str]:
        """Price against sale price on the merged product, where the record touches either."""
        alone = self._options.price_check == "record"
        faults: list[str] = []
        if not self._by_units and any(record.fields.get(name, "").strip() for name in _PLAIN_SALE):
            values = {k: _tidy(k, v) for k, v in record.fields.items()} if alone else fields
            faults.extend(self._validator.sale(values, _PLAIN_SALE))
        for sent in self._sent_units(record):
            unit = units[sent.get("OperatorCode", "").strip().lower()]
            if not unit.get("Price"):
                faults.append(problem("Price", "", "This field is mandatory."))
            if any(sent.get(name, "").strip() for name in _UNIT_SALE):
                values = {k: _tidy(k, v) for k, v in sent.items()} if alone else unit
                faults.extend(self._validator.sale(values, _UNIT_SALE))
        return faults

    def _missing(self, record: Record) -> list[str]:
        names = MANDATORY if self._by_units else (*MANDATORY, "Price")
        faults = list(self._validator.mandatory(record.fields, names))
        if self._by_units and not self._sent_units(record):
            faults.append(_NO_UNIT)
        return faults

    def _unit_given(self, record: Record) -> bool:
        """An update names at least one business unit and one of its values (reference 4.4)."""
        if not self._by_units or self._options.require_units == "no":
            return True
        return any(
            text.strip() and name != "OperatorCode"
            for unit in self._sent_units(record)
            for name, text in unit.items()
        )

    def _pending_until(self, product: Product, record: Record, now: float) -> float:
        """New or changed content goes to quality control; price and stock alone do not (9.15)."""
        content = any(text.strip() for name, text in record.fields.items() if name not in _QUIET)
        touched = content or any(text.strip() for text in record.data.values())
        return now + self._options.qc_delay if touched else product.pending_until


_NO_UNIT = problem("BusinessUnits", "", "At least one business unit with its operator code is needed.")


def _not_found(record: Record) -> Verdict:
    return Verdict(errors=(f"Seller SKU '{record.sku}' not found",))


def _tidy(name: str, text: str) -> str:
    """Free text is kept as it was sent; words, ids, numbers and dates lose their surrounding blanks."""
    if name in ("Name", "Description", "Brand"):
        return text
    stripped = text.strip()
    return kept(name, stripped) if name in DATES or name in UNIT_NAMES or name in PLAIN_NAMES else stripped
