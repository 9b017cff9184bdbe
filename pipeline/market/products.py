"""A GetProducts answer → a page of rows in canonical names, columnar.

Canonical names: classic tags as they stand, Falabella units as `BusinessUnits.<operator>.<Tag>`,
attributes as `ProductData.<FeedName>`, all image addresses joined by a line feed as `Images`.
Read-only tags (`ShopSku`, `QCStatus`, `Url` …) are kept. A missing element leaves null, an empty one "".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
import pyarrow as pa

from pipeline.market.nodes import Node, as_list, children, get, leaf, text
from schemas.fields import KEY, UNIT_TAGS, Dialect, fields_of

_TAGS = {field.tag.casefold(): field.name for dialect in Dialect for field in fields_of(dialect)}
_UNIT_TAGS = {tag.casefold(): own for tag, own in UNIT_TAGS.items()} | {"ispublished": "IsPublished"}
_WRAPPERS = {"images", "productdata", "businessunits"}


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
    """Products → columns, in one pass and without a row object of our own."""
    columns: dict[str, list[str | None]] = {KEY: []}
    names: dict[str, str] = {}
    index = nameless = 0
    for product in products:
        if not (isinstance(product, dict) and text(product, KEY)):
            nameless += 1
            continue
        for tag, value in product.items():
            if type(value) is str and (name := names.get(tag)) is not None:
                column = columns[name]
                if len(column) == index:
                    column.append(value)
                    continue
            _slow_cell(columns, names, index, tag, value)
        _images(columns, index, product)
        index += 1
    return Page(table=_table(columns, index), rows=index, nameless=nameless)


def _slow_cell(
    columns: dict[str, list[str | None]], names: dict[str, str], at: int, tag: str, value: Node
) -> None:
    folded = tag.casefold()
    if folded == "images":
        _cell(columns, at, "Images", "\n".join(_addresses(value)))
    elif folded == "productdata":
        for attribute, given in value.items() if isinstance(value, dict) else ():
            _cell(columns, at, f"ProductData.{attribute}", _text(given))
    elif folded == "businessunits":
        for unit in children(value, "BusinessUnit"):
            _unit(columns, at, unit)
    else:
        name = names.setdefault(tag, _TAGS.get(folded, tag))
        columns.setdefault(name, [])
        _cell(columns, at, name, _text(value))


def _unit(columns: dict[str, list[str | None]], at: int, unit: Node) -> None:
    operator = text(unit, "OperatorCode").strip().lower()
    if not operator:
        return
    for tag, value in unit.items():
        if tag.casefold() != "operatorcode":
            name = _UNIT_TAGS.get(tag.casefold(), tag)
            _cell(columns, at, f"BusinessUnits.{operator}.{name}", _text(value))


def _images(columns: dict[str, list[str | None]], at: int, product: Node) -> None:
    """MainImage stands for the images where none are listed."""
    main = product.get("MainImage")
    listed = columns.get("Images")
    if main and isinstance(main, str) and not (listed and len(listed) > at and listed[at]):
        _cell(columns, at, "Images", main)


def _addresses(value: Node) -> list[str]:
    return [address for image in children(value, "Image") for address in map(leaf, as_list(image)) if address]


def _text(value: Node) -> str:
    """A value's text; what holds children of an unknown kind is kept as JSON."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value else ""
    return leaf(value)


def _cell(columns: dict[str, list[str | None]], at: int, name: str, value: str) -> None:
    column = columns.setdefault(name, [])
    if len(column) > at:
        column[at] = value
        return
    column.extend([None] * (at - len(column)))
    column.append(value)


def _table(columns: dict[str, list[str | None]], rows: int) -> pa.Table:
    for column in columns.values():
        column.extend([None] * (rows - len(column)))
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
