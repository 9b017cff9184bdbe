"""Html by meaning: what two descriptions share when a browser shows them alike.

Attribute order, quotes, entities, self-closing, comments, white space around blocks and inside
style and class are form; tags, texts and the space between two words are meaning. What the parser
can't take whole (nested too deep, misplaced document tags) is compared as text.
"""

from __future__ import annotations

import re

from lxml import etree, html

from pipeline.values.text import SPACES, collapse, trim

MAX_CHARACTERS = 200_000
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "center", "dd", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"}
    | {"main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_PREFORMATTED = frozenset({"pre", "textarea", "script", "style"})
#: Tags are marked so that no text can look like one, and so is white space that counts.
_COUNTS = str.maketrans({" ": "\x01", "\n": "\x05", "\r": "\x06", "\t": "\x07"})
_OPEN, _CLOSE, _END = "\x02", "\x03", "\x04"


def comparable_html(text: str) -> str:
    """The text's meaning as one string; equal strings mean equal descriptions."""
    text = trim(text)
    if "<" not in text and "&" not in text:
        return collapse(text)
    if len(text) > MAX_CHARACTERS or text.rfind("<") > text.rfind(">"):
        return collapse(text)  # an open tag at the end would swallow what follows
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(f"<html><body>{text}</body></html>".encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, UnicodeEncodeError):
        return collapse(text)
    body = root.find("body")
    if body is None or len(parser.error_log) > 0:
        return collapse(text)
    return _joined(_tokens(body))


def _tokens(body: html.HtmlElement) -> list[str]:
    """Start tags, texts and end tags in document order; no recursion."""
    tokens: list[str] = [body.text or ""]
    preformatted = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element is body or not isinstance(element.tag, str):
            continue
        preformatted += (element.tag in _PREFORMATTED) * (1 if event == "start" else -1)
        if event == "start":
            tokens += [_start(element), _kept(element.text, preformatted)]
        else:
            closing = [] if element.tag in _VOID else [f"{_CLOSE}{element.tag}{_END}"]
            tokens += [*closing, _kept(element.tail, preformatted)]
    return tokens


def _kept(text: str | None, preformatted: int) -> str:
    return (text or "").translate(_COUNTS) if preformatted else (text or "")


def _start(element: html.HtmlElement) -> str:
    attributes = sorted((name, _attribute(name, value)) for name, value in element.items())
    return f"{_OPEN}{element.tag}" + "".join(f" {name}={value!r}" for name, value in attributes) + _END


def _attribute(name: str, value: str) -> str:
    if name == "style":
        rules = (re.sub(r"\s*([:,])\s*", r"\1", collapse(rule)) for rule in value.split(";"))
        return ";".join(rule for rule in rules if rule)
    return collapse(value) if name == "class" else value.strip()


def _joined(tokens: list[str]) -> str:
    """White space collapsed, and dropped beside blocks."""
    out: list[str] = []
    space, after_block = False, True
    for token in tokens:
        if token[:1] in (_OPEN, _CLOSE):
            block = token[1:].rstrip(_END).split(" ", 1)[0] in _BLOCKS
            if space and not block and not after_block:
                out.append(" ")
                space, after_block = False, True
            space, after_block = (False, True) if block else (space, after_block)
            out.append(token)
        else:
            space, after_block = _add_text(out, token, space, after_block)
    return "".join(out)


def _add_text(out: list[str], token: str, space: bool, after_block: bool) -> tuple[bool, bool]:
    bare = SPACES.sub(" ", token)
    words = bare.strip(" ")
    if not words:
        return space or bool(bare), after_block
    lead = space or bare.startswith(" ")
    out.append((" " if lead and not after_block else "") + collapse(words))
    return bare.endswith(" "), False
