"""GetProducts answers in JSON, read by Arrow, which is told the types of what it will find.

Arrow's parser takes half the time of Python objects, and is strict: it refuses another kind of value,
an element that it wasn't told of, a key that stands twice and what is no JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from pipeline.market.answers import Answer, success
from pipeline.market.nodes import Node
from pipeline.market.products import Page, is_nested, name_of, page_of_columns

#: What stands for nothing in JSON reads as "", and what doesn't stand there at all as null.
_NULL = re.compile(rb"[:,\[]\s*null")
_ROOT = "SuccessResponse"
_TEXTS = pa.list_(pa.string())


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer with products holds: the names of elements and their kinds."""

    types: pa.Schema

    def read(self, body: bytes) -> Answer | None:
        """The answer, if it has this shape."""
        if b"null" in body and _NULL.search(body):
            return None
        try:
            table = pj.read_json(
                pa.BufferReader(body),
                read_options=pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
                parse_options=pj.ParseOptions(
                    explicit_schema=self.types, newlines_in_values=True, unexpected_field_behavior="error"
                ),
            )
            table.validate(full=True)
        except pa.ArrowInvalid:
            return None
        if table.num_rows != 1:
            return None
        root = table.column(_ROOT).combine_chunks()
        head, inner = root.field("Head"), root.field("Body")
        listed = inner.field("Products").field("Product")
        page = _page(listed.flatten()) if listed.null_count == 0 else None
        if page is None:
            return None
        told = {name: text for name, text in (head[0].as_py() or {}).items() if text is not None}
        return success(told, page)


def learnt(root: Node, before: object = None) -> Shape | None:
    """The shape of an answer with products, and of those before; None where Arrow can't read such."""
    known = [_example(before.types.field(_ROOT).type)] if isinstance(before, Shape) else []
    made = _type([*known, root])
    if made is None:
        return None
    try:
        if not pa.types.is_struct(made.field("Head").type):
            return None
        product = made.field("Body").type.field("Products").type.field("Product").type.value_type
    except (KeyError, AttributeError):
        return None
    readable = pa.types.is_struct(product) and all(map(_readable, product))
    return Shape(pa.schema([(_ROOT, made)])) if readable else None


def _type(values: Sequence[Node]) -> pa.DataType | None:
    """What all of these values are; None where they're of several kinds, or of one that isn't read here."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return pa.string()
    if kinds == {int}:
        return pa.int64()
    if kinds == {list}:
        inner = _type([each for value in values for each in value])
        return None if inner is None else pa.list_(inner)
    if kinds != {dict}:
        return None
    names = dict.fromkeys(name for value in values for name in value)
    fields = {name: _type([value[name] for value in values if name in value]) for name in names}
    return pa.struct(list(fields.items())) if fields and None not in fields.values() else None


def _example(of: pa.DataType) -> Node:
    """A node of this type, with all elements that it may have."""
    if pa.types.is_struct(of):
        return {field.name: _example(field.type) for field in of}
    if pa.types.is_list(of):
        return [_example(of.value_type)]
    return 0 if pa.types.is_integer(of) else ""


def _readable(field: pa.Field) -> bool:
    """Whether an element of a product is of a kind that becomes columns here."""
    if not is_nested(field.name):
        return bool(field.type == pa.string())
    if field.name.casefold() == "images" and pa.types.is_struct(field.type) and field.type.num_fields == 1:
        image = field.type.field(0)
        return image.name.casefold() == "image" and image.type in (pa.string(), _TEXTS)
    texts = pa.types.is_struct(field.type) and all(each.type == pa.string() for each in field.type)
    return bool(texts) and field.name.casefold() == "productdata"


def _page(products: pa.StructArray) -> Page | None:
    """The products as columns; None where one has no SKU, or two elements mean one column."""
    found: list[tuple[str, pa.Array]] = []
    for field, values in zip(products.type, products.flatten(), strict=True):
        made = _columns(field, values)
        if made is None:
            return None
        found += made
    return None if products.null_count else page_of_columns(found)


def _columns(field: pa.Field, values: pa.Array) -> Sequence[tuple[str, pa.Array]] | None:
    """The columns that an element makes; null where a product lacks it."""
    if not is_nested(field.name):
        return [(name_of(field.name), values)]
    if field.name.casefold() == "productdata":
        parts = zip(field.type, values.flatten(), strict=True)
        return [(f"ProductData.{of.name}", texts) for of, texts in parts]
    (images,) = values.flatten()
    if images.null_count != values.null_count:
        return None  # an element without addresses isn't a missing one
    if images.type == _TEXTS:
        every = images.flatten()
        if every.null_count or pc.any(pc.equal(every, "")).as_py():
            return None
        images = pc.binary_join(images, "\n")
    return [("Images", images)]
