"""Request bodies: records → the exact bytes to send, and back.

Built with lxml only, so that a value can never become an element. The same records give the same
bytes, whatever the order of their fields: `SellerSku` first, the vocabulary's order, business units
by operator, attributes by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from lxml import etree

from pipeline.errors import InputRefused
from pipeline.market.feeds import Action
from pipeline.market.nodes import Unreadable, local, xml_root
from schemas.fields import KEY, Dialect, Place, UnknownField, field_named, fields_of

FIRST = b'<?xml version="1.0" encoding="UTF-8"?>\n<Request>'
LAST = b"</Request>"
CHUNK = 250

Record = tuple[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Slot:
    """Where a field stands in a record; sorts as the body does."""

    group: int
    operator: str
    rank: int
    tag: str
    place: Place


_GROUPS = {Place.PRODUCT: 0, Place.BUSINESS_UNIT: 1, Place.PRODUCT_DATA: 2, Place.IMAGE: 3}


def feed_body(action: Action, records: Iterable[Record], dialect: Dialect) -> bytes:
    """The body of one feed.

    Args:
        records: (sku, {canonical field: value in sendable text}); "" gives an empty element.
            `ProductRemove` takes no fields, `Image` only `Images` (addresses joined by line feeds).

    Raises:
        InputRefused: a field that this action can't carry, a character that XML can't hold.
    """
    return b"".join(body_chunks(action, records, dialect))


def body_chunks(action: Action, records: Iterable[Record], dialect: Dialect) -> Iterator[bytes]:
    """The same body piece by piece, some records at a time."""
    yield FIRST
    waiting = iter(records)
    make, tag, fill = etree.SubElement, "ProductImage" if action is Action.IMAGE else "Product", _FILL[action]
    while some := list(islice(waiting, CHUNK)):
        request = etree.Element("Request")
        for sku, fields in some:
            record = make(request, tag)
            _write(make(record, KEY), sku, sku, KEY)
            fill(record, sku, fields, dialect)
        yield etree.tostring(request, encoding="UTF-8")[len("<Request>") : -len(LAST)]
    yield LAST


def _add_fields(record: etree._Element, sku: str, fields: Mapping[str, str], dialect: Dialect) -> None:
    make, names = etree.SubElement, tuple(fields)
    parents: dict[tuple[Place, str], etree._Element] = {}
    for name, tag, nest in _LAYOUTS[dialect].get(names) or _layout(names, sku, dialect):
        element = make(record if nest is None else _parent(record, parents, nest), tag)
        if value := fields[name]:
            try:  # not by `_write`: a call costs as much as all that is done here besides lxml's work
                element.text = value
            except (ValueError, UnicodeEncodeError):
                raise _illegal(sku, name, value) from None


#: A field's name and tag, in the order of the body; the slot of those that stand in an element of their own.
_Layout = list[tuple[str, str, _Slot | None]]
#: Layouts by the names of a record, kept, for most records are alike.
_LAYOUTS: dict[Dialect, dict[tuple[str, ...], _Layout]] = {dialect: {} for dialect in Dialect}
MOST_LAYOUTS = 10_000


def _layout(names: tuple[str, ...], sku: str, dialect: Dialect) -> _Layout:
    """Where each field stands."""
    slots = sorted((_slot_of(name, sku, dialect), name) for name in names if name != KEY)
    found = [(name, slot.tag, None if slot.place is Place.PRODUCT else slot) for slot, name in slots]
    if len(_LAYOUTS[dialect]) < MOST_LAYOUTS:
        _LAYOUTS[dialect][names] = found
    return found


def _slot_of(name: str, sku: str, dialect: Dialect) -> _Slot:
    """
    Raises:
        InputRefused: there is no such field, or it's the images, which have an action of their own.
    """
    try:
        slot = _slot(name, dialect)
    except UnknownField:
        raise InputRefused(
            f"{sku}: there is no field {name!r} in the {dialect.value} dialect", hint="check the mapping"
        ) from None
    if slot.place is Place.IMAGE:
        raise InputRefused(f"{sku}: {name} can't ride with a product's fields; it needs an Image feed")
    return slot


@lru_cache(maxsize=10_000)
def _slot(name: str, dialect: Dialect) -> _Slot:
    field = field_named(name, dialect)
    return _Slot(
        group=_GROUPS[field.place],
        operator=field.operator,
        rank=_ranks(dialect).get(field.tag, 0) if field.place is not Place.PRODUCT_DATA else 0,
        tag=field.tag,
        place=field.place,
    )


@lru_cache(maxsize=2)
def _ranks(dialect: Dialect) -> dict[str, int]:
    """Tag → its place in the vocabulary's order, business units' tags behind the product's."""
    order: dict[str, int] = {}
    for field in fields_of(dialect, ["any"] if dialect is Dialect.FALABELLA else []):
        order.setdefault(field.tag, len(order))
    return order


def _parent(
    root: etree._Element, parents: dict[tuple[Place, str], etree._Element], slot: _Slot
) -> etree._Element:
    known = parents.get((slot.place, slot.operator))
    if known is not None:
        return known
    if slot.place is Place.PRODUCT_DATA:
        made = etree.SubElement(root, "ProductData")
    else:
        units = parents.get((slot.place, ""))
        if units is None:
            units = parents[slot.place, ""] = etree.SubElement(root, "BusinessUnits")
        made = etree.SubElement(units, "BusinessUnit")
        etree.SubElement(made, "OperatorCode").text = slot.operator
    parents[slot.place, slot.operator] = made
    return made


def _add_images(record: etree._Element, sku: str, fields: Mapping[str, str], _: Dialect) -> None:
    if strange := sorted(set(fields) - {KEY, "Images"}):
        raise InputRefused(f"{sku}: {strange[0]} can't ride in an Image feed")
    images = etree.SubElement(record, "Images")
    for address in fields.get("Images", "").split("\n"):
        if address:
            _write(etree.SubElement(images, "Image"), address, sku, "Images")


def _add_nothing(record: etree._Element, sku: str, fields: Mapping[str, str], dialect: Dialect) -> None:
    """To remove a product its SKU is enough."""


_FILL = {
    Action.CREATE: _add_fields,
    Action.UPDATE: _add_fields,
    Action.REMOVE: _add_nothing,
    Action.IMAGE: _add_images,
}


def _write(element: etree._Element, value: str, sku: str, name: str) -> None:
    try:
        element.text = value
    except (ValueError, UnicodeEncodeError):
        raise _illegal(sku, name, value) from None


def _illegal(sku: str, name: str, value: str) -> InputRefused:
    return InputRefused(
        f"{sku!r}: {name} holds a character that XML can't carry: {value[:200]!r}",
        hint="remove control characters from this cell",
    )


def read_body(body: bytes, dialect: Dialect) -> list[tuple[str, dict[str, str]]]:
    """What a body says: the inverse of `feed_body`, for bodies of every action.

    Raises:
        Unreadable: it's no whole request.
    """
    root = xml_root(body)
    if local(root) != "Request":
        raise Unreadable(f"a request's root is Request, not {local(root)}")
    return [_read_record(element, dialect) for element in root]


def _read_record(element: etree._Element, dialect: Dialect) -> tuple[str, dict[str, str]]:
    fields: dict[str, str] = {}
    for child in element:
        tag = local(child)
        if tag == "ProductData":
            fields |= {f"ProductData.{local(data)}": data.text or "" for data in child}
        elif tag == "Images":
            fields["Images"] = "\n".join(image.text or "" for image in child)
        elif tag == "BusinessUnits" and dialect is Dialect.FALABELLA:
            for unit in child:
                fields |= _read_unit(unit)
        else:
            fields[tag] = child.text or ""
    sku = fields.pop(KEY, "")
    if not sku:
        raise Unreadable("a record has no SellerSku")
    return sku, fields


def _read_unit(unit: etree._Element) -> dict[str, str]:
    said = {local(child): child.text or "" for child in unit}
    operator = said.pop("OperatorCode", "")
    return {f"BusinessUnits.{operator}.{tag}": value for tag, value in said.items()}


def body_digest(body: bytes) -> str:
    """ "sha256:…" of a body's bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def same_body(ours: bytes, raw_input: bytes) -> bool:
    """Whether a feed's raw input is our body: byte for byte, or the same XML in other dress.

    Forgiven are the declaration, the encoding, CDATA for escapes, `<A/>` for `<A></A>`, and line
    ends and blanks outside the root: what Canonical XML calls the same. Nothing else is.
    """
    if ours == raw_input:
        return True
    try:
        return _canonical(ours) == _canonical(raw_input)
    except Unreadable:
        return False


def _canonical(body: bytes) -> bytes:
    return etree.tostring(xml_root(body.strip()), method="c14n")
