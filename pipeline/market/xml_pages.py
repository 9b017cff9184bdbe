"""GetProducts answers in XML, read by one pattern that is told the elements and their order.

A pattern's matches are laid end to end over all products: what isn't matched in every byte isn't read here.
What stands around the products is read by the parser that reads all XML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.market.answers import Answer, success
from pipeline.market.nodes import Node, Unreadable, document, get
from pipeline.market.products import Page, is_nested, listed, name_of, page_of_columns

_BEGIN, _END = b"<Products>", b"</Products>"
#: Stands for the products where what is around them is read: only there a list of products may be.
_HERE = b"<Here/>"
#: Elements of a product from which on a pattern is slower than the parser, and learning it takes long.
_MOST = 400
_UTF8 = re.compile(rb"""<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-?8["'])?\s*+\?>""", re.IGNORECASE)
_IMAGES = rb"((?:\s*+<Image>[^<]+</Image>)*+\s*+)"
_ADDRESS = re.compile(rb"<Image>([^<]+)")
#: What stands for a character in XML; the last, since only then no other can come of it.
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_LONGEST = max(map(len, _ENTITIES))
#: Ends a CDATA section, or isn't a character of XML 1.0: then a parser has the say.
_ODD = (b"]]>", b"\xef\xbf\xbe", b"\xef\xbf\xbf")


@dataclass(frozen=True, slots=True)
class Shape:
    """The elements of a product.

    Attributes:
        product: matches one, with what it holds as groups; no group matched is no element.
        columns: canonical name of each group.
        example: a product that has all elements, in their order.
    """

    product: re.Pattern[bytes]
    columns: tuple[str, ...]
    example: dict[str, Node]

    def read(self, body: bytes) -> Answer | None:
        """The answer, if its products have this shape."""
        begin, end = body.find(_BEGIN) + len(_BEGIN), body.rfind(_END)
        if body[:1] != b"<" or begin < len(_BEGIN) or end < begin:
            return None
        head = _around(body[:begin], body[end:])
        page = None if head is None or not _plain(body) else self._page(body, begin, end)
        return None if page is None else success(head, page)

    def _page(self, body: bytes, begin: int, end: int) -> Page | None:
        products: list[tuple[bytes | None, ...]] = []
        while found := self.product.match(body, begin, end):
            products.append(found.groups())
            begin = found.end()
        if begin != end or not products:
            return None
        try:
            return page_of_columns(
                (name, _images(texts) if name == "Images" else _texts(texts))
                for name, texts in zip(self.columns, zip(*products, strict=True), strict=True)
            )
        except pa.ArrowInvalid:
            return None  # no UTF-8


def learnt(root: Node, before: object = None) -> Shape | None:
    """The shape of an answer with products, and of those before; None where there's another nesting."""
    products = listed(get(root, "Body"))
    if not all(type(product) is dict for product in products):
        return None
    if isinstance(before, Shape):
        products = [before.example, *products]
    parts, columns, example = list[bytes](), list[str](), dict[str, Node]()
    if _are_many(products):
        return None
    for tag in _in_order(products):
        values = [product[tag] for product in products if tag in product]
        folded = tag.casefold()
        example[tag] = ""
        if folded == "images":
            parts.append(_element(tag, _IMAGES))
            columns.append("Images")
        elif folded == "productdata":
            attributes = [value for value in values if type(value) is dict]
            texts = all(type(text) is str for each in attributes for text in each.values())
            if not texts or _are_many(attributes):
                return None
            names = _in_order(attributes)
            example[tag] = dict.fromkeys(names, "")
            parts.append(_element(tag, rb"\s*+" + b"".join(map(_element, names))))
            columns += [f"ProductData.{name}" for name in names]
        elif is_nested(tag) or not all(type(value) is str for value in values):
            return None
        else:
            parts.append(_element(tag))
            columns.append(name_of(tag))
    product = rb"\s*+<Product>\s*+" + b"".join(parts) + rb"</Product>\s*+"
    return Shape(re.compile(product), tuple(columns), example)


def _are_many(objects: Iterable[dict[str, Node]]) -> bool:
    """Whether they have more names than a pattern is worth."""
    return len({name for each in objects for name in each}) > _MOST


def _in_order(objects: Iterable[dict[str, Node]]) -> list[str]:
    """All names, each behind the one that it follows where it's first met."""
    names: list[str] = []
    for each in objects:
        at = 0
        for name in each:
            if name in names:
                at = names.index(name) + 1
            else:
                names.insert(at, name)
                at += 1
    return names


def _element(tag: str, inner: bytes = rb"([^<]*)") -> bytes:
    """An element that may be missing."""
    name = re.escape(tag.encode())
    return rb"(?:<%b>%b</%b>\s*+)?+" % (name, inner, name)


def _around(before: bytes, after: bytes) -> Node | None:
    """The head of the answer around the products; None where it isn't plain."""
    told = _UTF8.match(before)
    if b"<!" in before + after or b"<?" in before[told.end() if told else 0 :] + after:
        return None
    try:
        name, root = document(before + _HERE + after)
    except Unreadable:
        return None
    there = get(get(root, "Body"), "Products") == {"Here": ""}
    return get(root, "Head") if name == "SuccessResponse" and there else None


def _plain(body: bytes) -> bool:
    """Whether every `&` begins one of the five entities, and a parser leaves all other characters alone."""
    letters = np.frombuffer(body, np.uint8)
    controls = letters[letters < ord(" ")]
    odd = any(each[:1] in body and each in body for each in _ODD)
    if odd or not np.all((controls == ord("\n")) | (controls == ord("\t"))):
        return False
    begun = np.flatnonzero(letters == ord("&"))
    if not len(begun):
        return True
    if begun[-1] + _LONGEST > len(body):
        return False
    known = np.zeros(len(begun), bool)
    for entity in _ENTITIES:
        same = [letters[begun + at] == ord(letter) for at, letter in enumerate(entity)]
        known |= np.logical_and.reduce(same)
    return bool(known.all())


def _texts(found: Sequence[bytes | None]) -> pa.Array:
    texts = pa.array(found, pa.binary()).cast(pa.string())
    if pc.any(pc.match_substring(texts, "&")).as_py():
        for entity, character in _ENTITIES.items():
            texts = pc.replace_substring(texts, entity, character)
    return texts


def _images(found: Sequence[bytes | None]) -> pa.Array:
    """Addresses joined by a line feed."""
    return _texts([None if each is None else b"\n".join(_ADDRESS.findall(each)) for each in found])
