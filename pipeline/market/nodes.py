"""An answer's document as plain values: XML and JSON read into the same shapes.

A node is a `str` (a leaf; "" for an empty element), a `dict` (element with children) or a `list`
(repeated children). JSON answers are a mechanical projection of the XML, so one reader does both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import orjson
from lxml import etree

#: dict, list, str; JSON of careless shops also holds int, bool and None.
Node = Any

#: Real documents stay far below; a bomb doesn't.
MAX_DEPTH = 100
MAX_NODES = 2_500_000
#: Bytes of a document from which on its elements are counted before it is read.
BIG = 8_000_000

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL | re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
_BOM = b"\xef\xbb\xbf"


class Unreadable(ValueError):
    """A document that isn't whole, isn't what was promised, or isn't safe to read."""


def document(body: bytes) -> tuple[str, Node]:
    """The root's name and its content, whatever the format.

    Raises:
        Unreadable: empty, HTML, truncated, or anything else that isn't one whole document.
    """
    text = body.removeprefix(_BOM).strip() if body[:3] == _BOM or body[:1].isspace() else body
    if not text:
        raise Unreadable("the answer is empty")
    if text[:1] == b"{":
        return _only_root(json_node(text))
    if text[:1] == b"<":
        root = xml_root(text)
        return local(root), xml_node(root)
    raise Unreadable("the answer is neither XML nor JSON")


def _only_root(node: Node) -> tuple[str, Node]:
    if len(node) != 1:
        raise Unreadable("the answer has no single root")
    ((name, content),) = node.items()
    return str(name), content


def json_node(text: bytes) -> Node:
    """A JSON object, refused where a key stands twice or a number would lose its look.

    Raises:
        Unreadable: truncated, NaN, duplicate keys, nested too deep.
    """
    if len(text) > BIG and text.count(b"{") + text.count(b"[") > MAX_NODES:
        raise Unreadable("the answer holds too many elements")
    try:
        node = orjson.loads(text)
        keys, numbers = _census(node)
        if numbers or _colons(text) != keys:
            node = _slow_json(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the answer isn't whole JSON: {_short(error)}") from None
    return node


def _census(root: Node) -> tuple[int, bool]:
    """How many keys all objects hold together, and whether any number stands as a float."""
    keys, floats, level, depth = 0, False, [root], 0
    while level:
        objects = [node for node in level if type(node) is dict]
        held: list[Iterable[Node]] = [node.values() for node in objects]
        held += [node for node in level if type(node) is list]
        keys += sum(map(len, objects))
        floats = floats or float in set(map(type, level))
        level, depth = [value for value in chain.from_iterable(held) if type(value) is not str], depth + 1
        if depth > MAX_DEPTH:
            raise Unreadable("the answer is nested too deep")
    return keys, floats


def _colons(text: bytes) -> int:
    """How often a colon follows a quote directly: once a key, and rarely in a value.

    As many as there are keys prove that no key was dropped as a duplicate; a key with a blank before
    its colon, or a value with `":` in it, only costs the slow reader.
    """
    letters = np.frombuffer(text, np.uint8)
    colons = np.flatnonzero(letters == ord(":"))
    return int(np.count_nonzero(letters[colons - 1] == ord('"')))


def _slow_json(text: bytes) -> Node:
    """The standard library's reader, which can be told to see duplicates and to keep numbers' text."""
    return json.loads(text.decode(), object_pairs_hook=_unique, parse_float=str, parse_constant=_refuse)


def _unique(pairs: list[tuple[str, Node]]) -> dict[str, Node]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a key stands twice")
    return found


def _refuse(constant: str) -> Node:
    raise Unreadable(f"{constant} isn't JSON")


def xml_root(text: bytes) -> etree._Element:
    """The root element, read without entities, DTD or network, and never "recovered".

    Raises:
        Unreadable: a DOCTYPE, an odd encoding, a truncated or malformed document, too many elements.
    """
    if b"\x00" in text[:64] or _PROLOG.match(text):
        raise Unreadable(_html(text) or "the answer has a DOCTYPE")
    declared = _ENCODING.match(text)
    if declared and declared[1].lower() not in _ENCODINGS:
        raise Unreadable(f"the answer is in {declared[1].decode()}")
    if len(text) > BIG and text.count(b"<") > MAX_NODES:
        raise Unreadable("the answer holds too many elements")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=False,
        remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(_html(text) or f"the answer isn't whole XML: {_short(error)}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the answer has a DOCTYPE")
    return root


def _html(text: bytes) -> str:
    start = text[:2000].lower()
    return "the answer is an HTML page" if b"<html" in start or b"<!doctype html" in start else ""


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if tag[:1] == "{" else tag


def xml_node(element: etree._Element, depth: int = 0) -> Node:
    """An element as JSON would show it.

    Raises:
        Unreadable: nested too deep.
    """
    if depth > MAX_DEPTH:
        raise Unreadable("the answer is nested too deep")
    if len(element) == 0:
        return element.text or ""
    found: dict[str, Node] = {}
    for child in element:
        name = child.tag  # asked for once: each time costs as much as the text
        if name[0] == "{":
            name = local(child)
        node = xml_node(child, depth + 1) if len(child) else child.text or ""
        if name not in found:
            found[name] = node
        elif isinstance(found[name], list):
            found[name].append(node)
        else:
            found[name] = [found[name], node]
    return found


def get(node: Node, name: str) -> Node:
    """The child of that name, its letters' case aside; None where there is none."""
    if not isinstance(node, dict):
        return None
    if name in node:
        return node[name]
    folded = name.casefold()
    return next((value for key, value in node.items() if key.casefold() == folded), None)


def as_list(node: Node) -> list[Node]:
    """None and "" are nothing, a list is itself, anything else is one."""
    if node is None or node == "" or node == {}:
        return []
    return node if isinstance(node, list) else [node]


def children(node: Node, name: str) -> list[Node]:
    """All children of that name.

    Reads `{"Brand": […]}`, `{"Brand": {…}}`, `[{"Brand": {…}}, …]` and a bare list alike.
    """
    return list(_children(node, name))


def _children(node: Node, name: str) -> Iterator[Node]:
    for part in as_list(node):
        inner = get(part, name)
        if inner is not None:
            yield from as_list(inner)
        elif isinstance(node, list) and part not in ("", None):
            yield part


def leaf(node: Node) -> str:
    """A scalar as the XML would show it; "" for what holds children or nothing."""
    if isinstance(node, str):
        return node
    if isinstance(node, bool):
        return "1" if node else "0"
    return str(node) if isinstance(node, int | float) else ""


def text(node: Node, name: str) -> str:
    """The text of the child of that name, "" where it's missing or empty."""
    return leaf(get(node, name))


def truth(node: Node, name: str) -> bool:
    """A flag: 1, true and yes in any case."""
    return text(node, name).strip().casefold() in ("1", "true", "yes")


def number(node: Node, name: str) -> int:
    """A count; 0 where it isn't one."""
    found = text(node, name).strip()
    return int(found) if found.isascii() and found.isdigit() else 0
