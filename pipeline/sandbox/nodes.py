"""One answer, two forms: a tree of dicts, lists and text, written as XML or as its JSON projection.

JSON is a mechanical projection of the XML (reference 2.3): every scalar is a string, an empty element is
``""``, a single child is bare, and a slash is escaped as PHP does it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Node = str | Mapping[str, "Node"] | Sequence["Node"]

#: Lists that some clients need as lists even with one entry (reference 11.13).
ALWAYS_LISTS = frozenset({("Brands", "Brand"), ("Body", "Attribute")})
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an answer is written."""

    json: bool = False
    always_array: bool = False
    escape_slash: bool = True


def escaped(text: str) -> str:
    """Text inside an element; a carriage return is written so that no parser drops it."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


def xml(name: str, node: Node) -> str:
    """One element, or one per entry of a list."""
    if isinstance(node, str):
        return _leaf(name, node)
    if isinstance(node, Mapping):
        inner = _children(node)
        return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"
    return "".join([xml(name, entry) for entry in node])


def _children(node: Mapping[str, Node]) -> str:
    """The inside of an element; a page has tens of thousands of leaves, so they are written in place."""
    parts: list[str] = []
    for name, value in node.items():
        if type(value) is not str:
            parts.append(xml(name, value))
        elif not value:
            parts.append(f"<{name}/>")
        elif "&" in value or "<" in value or ">" in value or "\r" in value:
            parts.append(f"<{name}>{escaped(value)}</{name}>")
        else:
            parts.append(f"<{name}>{value}</{name}>")
    return "".join(parts)


def _leaf(name: str, text: str) -> str:
    return f"<{name}>{escaped(text)}</{name}>" if text else f"<{name}/>"


def projected(name: str, node: Node, always: bool) -> object:
    """A node as the JSON value that PHP's projection makes of it."""
    if isinstance(node, str):
        return node
    if isinstance(node, Mapping):
        return _projected_children(name, node, always)
    return [projected(name, entry, always) for entry in node]


def json_text(value: object, escape_slash: bool) -> str:
    """JSON as PHP writes it: ASCII only, compact, slashes escaped."""
    text = _ENCODER.encode(value)
    return text.replace("/", "\\/") if escape_slash else text


def document(root: str, head: Node, body: Node | bytes, style: Style) -> bytes:
    """A whole answer; a body that was already written in this style is taken as it is."""
    if style.json:
        return _json_document(root, head, body, style)
    inner = body if isinstance(body, bytes) else _inner_xml(body).encode()
    start = f"{_XML_HEAD}<{root}>{xml('Head', head)}".encode()
    middle = b"<Body>" + inner + b"</Body>" if inner else b"<Body/>"
    return start + middle + f"</{root}>".encode()


def element_list(parent: str, name: str, fragments: Sequence[bytes], style: Style) -> bytes:
    """A body of one list whose entries are already written."""
    if not style.json:
        inner = b"".join(fragments)
        return f"<{parent}>".encode() + inner + f"</{parent}>".encode() if inner else f"<{parent}/>".encode()
    if not fragments:
        return f'{{"{parent}":""}}'.encode()
    bare = len(fragments) == 1 and not style.always_array and (parent, name) not in ALWAYS_LISTS
    inner = fragments[0] if bare else b"[" + b",".join(fragments) + b"]"
    return f'{{"{parent}":{{"{name}":'.encode() + inner + b"}}"


def fragment(name: str, node: Node, style: Style) -> bytes:
    """One entry of such a list."""
    if style.json:
        return json_text(projected(name, node, style.always_array), style.escape_slash).encode()
    return xml(name, node).encode()


def _inner_xml(body: Node | bytes) -> str:
    if isinstance(body, Mapping):
        return _children(body)
    return escaped(body) if isinstance(body, str) else ""


def _json_document(root: str, head: Node, body: Node | bytes, style: Style) -> bytes:
    opened = json_text(projected("Head", head, False), style.escape_slash)
    if isinstance(body, bytes):
        inner = body or b'""'
    else:
        inner = json_text(projected("Body", body, style.always_array), style.escape_slash).encode()
    return f'{{"{root}":{{"Head":{opened},"Body":'.encode() + inner + b"}}"


def _projected_children(name: str, node: Mapping[str, Node], always: bool) -> object:
    result: dict[str, object] = {}
    for key, value in node.items():
        if type(value) is str:
            result[key] = value
        elif isinstance(value, str | Mapping):
            result[key] = projected(key, value, always)
        elif value:
            entries = [projected(key, entry, always) for entry in value]
            bare = len(entries) == 1 and not always and (name, key) not in ALWAYS_LISTS
            result[key] = entries[0] if bare else entries
    return result or ""
