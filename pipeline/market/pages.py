"""GetProducts answers in JSON, read by Arrow once a page has shown what the shop's products look like.

Arrow's parser takes half the time of Python objects, and is strict: it refuses another kind of value,
an element that it wasn't told of, a key that stands twice and what is no JSON. A page in which anything
is otherwise than on the page that was learnt from is read by the reader that takes all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from pipeline.market.answers import Answer, ErrorAnswer, answer_of, success
from pipeline.market.nodes import BIG, Node, as_list, document, get
from pipeline.market.products import Page, is_nested, name_of, with_main
from schemas.fields import KEY

#: Bytes of a page from which on learning from it, and trying what was learnt, pays.
_WORTH = 30_000
#: Pages in a row that were otherwise than the one before; then nobody tries any longer.
_MISSES = 3
#: What stands for nothing in JSON reads as "", and what doesn't stand there at all as null.
_NULL = re.compile(rb"[:,\[]\s*null")
_ROOT = "SuccessResponse"
_TEXTS = pa.list_(pa.string())


class PageReader:
    """Reads answers to GetProducts; `Answer.body` is a `Page` where Arrow read it. Threads may share it."""

    def __init__(self) -> None:
        self._shape: pa.Schema | None = None
        self._misses = 0

    def read(self, body: bytes) -> Answer | ErrorAnswer:
        """The same as `answers.read`.

        Raises:
            Unreadable: it's no whole answer of this API.
        """
        worth = len(body) >= _WORTH and body[:1] == b"{" and self._misses < _MISSES
        if worth and self._shape is not None and (found := quick_answer(body, self._shape)) is not None:
            self._misses = 0
            return found
        name, root = document(body)
        if worth:
            self._misses += 1
            self._shape = shape_of(name, root) or self._shape
        return answer_of(name, root)


def shape_of(name: str, root: Node) -> pa.Schema | None:
    """The types of an answer with products that Arrow can read; None where it can't, or there are none."""
    if name != _ROOT or not as_list(get(get(get(root, "Body"), "Products"), "Product")):
        return None
    made = _type([root])
    if made is None:
        return None
    try:
        if not pa.types.is_struct(made.field("Head").type):
            return None
        product = made.field("Body").type.field("Products").type.field("Product").type.value_type
    except (KeyError, AttributeError):
        return None
    return pa.schema([(name, made)]) if pa.types.is_struct(product) and all(map(_readable, product)) else None


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


def _readable(field: pa.Field) -> bool:
    """Whether an element of a product is of a kind that becomes columns here."""
    if not is_nested(field.name):
        return bool(field.type == pa.string())
    if field.name.casefold() == "images" and pa.types.is_struct(field.type) and field.type.num_fields == 1:
        image = field.type.field(0)
        return image.name.casefold() == "image" and image.type in (pa.string(), _TEXTS)
    texts = pa.types.is_struct(field.type) and all(each.type == pa.string() for each in field.type)
    return bool(texts) and field.name.casefold() == "productdata"


def quick_answer(body: bytes, shape: pa.Schema) -> Answer | None:
    """The answer, if it has this shape."""
    if len(body) > BIG or (b"null" in body and _NULL.search(body)):
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(body),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=shape, newlines_in_values=True, unexpected_field_behavior="error"
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
    return success({name: told for name, told in (head[0].as_py() or {}).items() if told is not None}, page)


def _page(products: pa.StructArray) -> Page | None:
    """The products as columns; None where one has no SKU, or two elements mean one column."""
    columns: dict[str, pa.Array] = {}
    for field, values in zip(products.type, products.flatten(), strict=True):
        made = _columns(field, values)
        if made is None or not columns.keys().isdisjoint(made):
            return None
        columns |= made
    skus = columns.pop(KEY, None)
    if products.null_count or skus is None or skus.null_count or pc.any(pc.equal(skus, "")).as_py():
        return None
    if "MainImage" in columns:
        columns["Images"] = with_main(columns.get("Images"), columns["MainImage"])
    told = {name: column for name, column in columns.items() if column.null_count < len(column)}
    return Page(table=pa.table({KEY: skus, **told}), rows=len(skus))


def _columns(field: pa.Field, values: pa.Array) -> Mapping[str, pa.Array] | None:
    """The columns that an element makes; null where a product lacks it."""
    if not is_nested(field.name):
        return {name_of(field.name): values}
    if field.name.casefold() == "productdata":
        parts = zip(field.type, values.flatten(), strict=True)
        return {f"ProductData.{of.name}": texts for of, texts in parts}
    (images,) = values.flatten()
    if images.null_count != values.null_count:
        return None  # an element without addresses isn't a missing one
    if images.type == _TEXTS:
        every = images.flatten()
        if every.null_count or pc.any(pc.equal(every, "")).as_py():
            return None
        images = pc.binary_join(images, "\n")
    return {"Images": images}
