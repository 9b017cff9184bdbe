"""A GetProducts answer → a page of rows in canonical names, columnar.

Canonical names: classic tags as they stand, Falabella units as `BusinessUnits.<operator>.<Tag>`,
attributes as `ProductData.<FeedName>`, all image addresses joined by a line feed as `Images`.
Read-only tags (`ShopSku`, `QCStatus`, `Url` …) are kept. A missing element leaves null, an empty one "".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.market.nodes import Node, as_list, children, get, leaf, text
from schemas.fields import KEY, UNIT_TAGS, Dialect, fields_of

_TAGS = {field.tag.casefold(): field.name for dialect in Dialect for field in fields_of(dialect)}
Columns = dict[str, list[str | None]]
Column: TypeAlias = "list[str | None] | pa.Array"
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


def name_of(tag: str) -> str:
    """The canonical name of an element that holds a text."""
    return _TAGS.get(tag.casefold(), tag)


def is_nested(tag: str) -> bool:
    """Whether an element of a product holds others."""
    return tag.casefold() in _NESTED


def listed(body: Node) -> list[Node]:
    """The products of an answer's body, in the usual form."""
    return as_list(get(get(body, "Products"), "Product"))


def page_of(body: Node | Page) -> Page:
    """The products in an answer's body; one that was read as a page already is that."""
    if isinstance(body, Page):
        return body
    return page_from(children(get(body, "Products"), "Product"))


def page_of_columns(found: Iterable[tuple[str, pa.Array]]) -> Page | None:
    """A page of columns that stand ready; None where a product has no SKU, or two columns have one name."""
    columns: dict[str, pa.Array] = {}
    for name, column in found:
        if name in columns:
            return None
        columns[name] = column
    skus = columns.pop(KEY, None)
    if skus is None or skus.null_count or pc.any(pc.equal(skus, "")).as_py():
        return None
    if "MainImage" in columns:
        columns["Images"] = with_main(columns.get("Images"), columns["MainImage"])
    told = {name: column for name, column in columns.items() if column.null_count < len(column)}
    return Page(table=pa.table({KEY: skus, **told}), rows=len(skus))


def page_from(products: Iterable[Node]) -> Page:
    """Products → columns, without a row object of our own."""
    told = list(products)
    named = [one for one in told if isinstance(one, dict) and (one.get(KEY) or text(one, KEY))]
    columns = (named and _alike(named)) or _one_by_one(named)
    return Page(table=_table(columns, len(named)), rows=len(named), nameless=len(told) - len(named))


def _alike(products: Sequence[dict[str, Node]]) -> dict[str, Column] | None:
    """Products that all have the same elements (as shops send them), read by Arrow; None where they don't."""
    tags = list(products[0])
    texts = _texts(products, [tag for tag in tags if not is_nested(tag)], len(tags))
    if texts is None or any(tag not in product for tag in tags for product in products):
        return None
    columns: dict[str, Column] = {}
    for tag in tags:
        nested = is_nested(tag)
        made = _nested(tag, [product[tag] for product in products]) if nested else {name_of(tag): texts[tag]}
        if not columns.keys().isdisjoint(made):
            return None  # two elements of one name
        columns |= made
    if "MainImage" in columns:
        images = with_main(columns.get("Images"), columns["MainImage"])
        columns |= {"Images": images} if images.null_count < len(images) else {}
    return {KEY: columns.pop(KEY), **columns}


def with_main(listed: Column | None, main: Column) -> pa.Array:
    """MainImage stands for the images where none are listed."""
    main = pa.array(main, pa.string())
    listed = pa.nulls(len(main), pa.string()) if listed is None else pa.array(listed, pa.string())
    none = pc.fill_null(pc.equal(listed, ""), True)
    given = pc.fill_null(pc.not_equal(main, ""), False)
    return pc.if_else(pc.and_(none, given), main, listed)


def _texts(objects: Sequence[dict[str, Node]], names: Sequence[str], size: int) -> dict[str, pa.Array] | None:
    """The texts under these names; None unless all objects have all of them, and `size` elements in all."""
    if sum(map(len, objects)) != size * len(objects):
        return None
    try:
        rows = pa.array(objects, pa.struct([(name, pa.string()) for name in names]))
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # what stands there is no text
        return None
    columns = rows.flatten()
    missing = any(column.null_count for column in columns)
    return None if missing else dict(zip(names, columns, strict=True))


def _nested(tag: str, values: Sequence[Node]) -> dict[str, Column]:
    """What the elements with children make."""
    folded, first = tag.casefold(), values[0]
    if folded == "images":
        return {"Images": ["\n".join(_addresses(value)) for value in values]}
    if folded == "productdata" and first and all(type(value) is dict for value in values):
        texts = _texts(values, list(first), len(first))
        if texts is not None:
            return {f"ProductData.{name}": column for name, column in texts.items()}
    columns: Columns = {}
    for at, value in enumerate(values):
        _cells(columns, {}, at, tag, value)
    return {**columns}


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
        if type(listed) is list and set(map(type, listed)) == {str}:
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


def _table(columns: Mapping[str, Column], rows: int) -> pa.Table:
    for column in columns.values():
        if isinstance(column, list):
            column.extend([None] * (rows - len(column)))
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
