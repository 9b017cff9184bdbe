"""A GetProducts answer → a page of rows in canonical names, columnar.

Canonical names: classic tags as they stand, Falabella units as `BusinessUnits.<operator>.<Tag>`,
attributes as `ProductData.<FeedName>`, all image addresses joined by a line feed as `Images`.
Read-only tags (`ShopSku`, `QCStatus`, `Url` …) are kept. A missing element leaves null, an empty one "".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import orjson
import pyarrow as pa

from pipeline.market.nodes import Node, as_list, children, get, leaf, text
from schemas.fields import KEY, UNIT_TAGS, Dialect, fields_of

_TAGS = {field.tag.casefold(): field.name for dialect in Dialect for field in fields_of(dialect)}
Columns = dict[str, list[str | None]]
_NESTED = frozenset({"images", "productdata", "businessunits"})
_UNIT_TAGS = {tag.casefold(): own for tag, own in UNIT_TAGS.items()} | {"ispublished": "IsPublished"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Products of one answer.

    Attributes:
        table: a string column per canonical name that any product had; `SellerSku` always, never null.
        rows: products with a SellerSku.
        nameless: products without one: they can't be told apart and aren't in the table.
    """

    table: pa.Table
    rows: int
    nameless: int = 0

    def skus(self) -> list[str]:
        """The SKUs in the order of the answer."""
        found: list[str] = self.table.column(KEY).to_pylist()
        return found

    def records(self) -> dict[str, dict[str, str]]:
        """SKU → {canonical name: text}, for a few products; the last of a repeated SKU wins."""
        return {
            row[KEY]: {name: value for name, value in row.items() if value is not None}
            for row in self.table.to_pylist()
        }


def page_of(body: Node) -> Page:
    """The products in an answer's body."""
    return page_from(children(get(body, "Products"), "Product"))


def page_from(products: Iterable[Node]) -> Page:
    """Products → columns, without a row object of our own."""
    told = list(products)
    named = [one for one in told if isinstance(one, dict) and (one.get(KEY) or text(one, KEY))]
    columns = _alike(named) or _one_by_one(named)
    return Page(table=_table(columns, len(named)), rows=len(named), nameless=len(told) - len(named))


def _alike(products: Sequence[dict[str, Node]]) -> Columns | None:
    """Products that all have the same elements (as shops send them), tag by tag; None where they don't."""
    tags = list(products[0]) if products else []
    if any(list(product) != tags for product in products):
        return None
    if len({_TAGS.get(tag.casefold(), tag) for tag in tags}) < len(tags):
        return None
    columns: Columns = {KEY: []}
    for tag in tags:
        values = [product[tag] for product in products]
        folded = tag.casefold()
        if folded not in _NESTED and set(map(type, values)) == {str}:
            columns[_TAGS.get(folded, tag)] = values
        elif folded == "images":
            columns["Images"] = ["\n".join(_addresses(value)) for value in values]
        elif folded != "productdata" or not _attributes(columns, values):
            for at, value in enumerate(values):
                _cells(columns, {}, at, tag, value)
    if "MainImage" in tags and not all(columns.get("Images", [None])):
        for at, product in enumerate(products):
            _images(columns, at, product)
    return columns


def _attributes(columns: Columns, values: Sequence[Node]) -> bool:
    """Attributes that all products have alike, as columns; False where they aren't."""
    names = values[0].keys() if type(values[0]) is dict else ()
    if any(type(value) is not dict or value.keys() != names for value in values):
        return False
    found = {f"ProductData.{name}": [value[name] for value in values] for name in names}
    if found.keys() & columns.keys() or set(map(type, chain.from_iterable(found.values()))) != {str}:
        return False
    columns.update(found)
    return True


def _one_by_one(products: Iterable[dict[str, Node]]) -> Columns:
    """Products of any make, in one pass."""
    columns: Columns = {KEY: []}
    begun: Columns = {}
    for index, product in enumerate(products):
        for tag, value in product.items():
            column = begun.get(tag)
            if column is not None and type(value) is str and len(column) == index:
                column.append(value)
            else:
                _cells(columns, begun, index, tag, value)
        _images(columns, index, product)
    return columns


def _cells(columns: Columns, begun: Columns, at: int, tag: str, value: Node) -> None:
    """Everything that isn't the next text of a column already begun."""
    folded = tag.casefold()
    if folded == "images":
        _cell(columns, at, "Images", "\n".join(_addresses(value)))
    elif folded == "productdata":
        for attribute, given in value.items() if isinstance(value, dict) else ():
            _cell(columns, at, f"ProductData.{attribute}", given if type(given) is str else _text(given))
    elif folded == "businessunits":
        for unit in children(value, "BusinessUnit"):
            _unit(columns, at, unit)
    else:
        name = _TAGS.get(folded, tag)
        _cell(columns, at, name, _text(value))
        begun[tag] = columns[name]


def _unit(columns: Columns, at: int, unit: Node) -> None:
    operator = text(unit, "OperatorCode").strip().lower()
    if not operator:
        return
    for tag, value in unit.items():
        if tag.casefold() != "operatorcode":
            name = _UNIT_TAGS.get(tag.casefold(), tag)
            _cell(columns, at, f"BusinessUnits.{operator}.{name}", _text(value))


def _images(columns: Columns, at: int, product: Node) -> None:
    """MainImage stands for the images where none are listed."""
    main = product.get("MainImage")
    if not main:
        return
    listed = columns.get("Images", [])
    if isinstance(main, str) and not (len(listed) > at and listed[at]):
        _cell(columns, at, "Images", main)


def _addresses(value: Node) -> list[str]:
    if isinstance(value, dict):
        listed = value.get("Image")
        if type(listed) is list and all(type(address) is str for address in listed):
            return [address for address in listed if address]
    return [address for image in children(value, "Image") for address in map(leaf, as_list(image)) if address]


def _text(value: Node) -> str:
    """A value's text; what holds children of an unknown kind is kept as JSON."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value else ""
    return leaf(value)


def _cell(columns: Columns, at: int, name: str, value: str) -> None:
    column = columns.get(name)
    if column is None:
        column = columns[name] = []
    missing = at - len(column)
    if missing < 0:
        column[at] = value
        return
    if missing:
        column.extend([None] * missing)
    column.append(value)


def _table(columns: Columns, rows: int) -> pa.Table:
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
