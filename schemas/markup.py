"""Does a description hold active content? Judged by nh3 on what a browser would make of it."""

from __future__ import annotations

import re

import nh3

#: More than this isn't judged but refused: cleaning deeply nested tags takes quadratic time.
LONGEST = 100_000
MOST_TAGS = 5_000
_SAFE = set(nh3.ALLOWED_TAGS) | {
    "font",
    "big",
    "section",
    "article",
    "main",
    "u",
    "s",
    "label",
    "video",
    "audio",
    "source",
}
_ACTIVE = {
    *(
        "script",
        "style",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "form",
        "input",
        "button",
        "select",
    ),
    *(
        "option",
        "textarea",
        "meta",
        "base",
        "link",
        "svg",
        "math",
        "template",
        "noscript",
        "portal",
        "isindex",
    ),
}
_HARMLESS = {
    *(
        "class",
        "id",
        "style",
        "title",
        "lang",
        "dir",
        "align",
        "valign",
        "width",
        "height",
        "border",
        "bgcolor",
        "color",
    ),
    *(
        "href",
        "src",
        "alt",
        "target",
        "rel",
        "colspan",
        "rowspan",
        "cellpadding",
        "cellspacing",
        "size",
        "face",
        "start",
    ),
}
_ARMED = {
    "srcdoc",
    "formaction",
    "action",
    "background",
    "xlink:href",
    "poster",
    "ping",
    "dynsrc",
    "lowsrc",
    "srcset",
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_SCHEMES_ARMED = {
    "javascript",
    "vbscript",
    "data",
    "file",
    "ftp",
    "blob",
    "about",
    "jar",
    "livescript",
    "mocha",
}
#: What else was ever active in a rule (behaviours, bindings) takes an address.
_ACTIVE_CSS = re.compile(r"url\s*\(|expression\s*\(|@import|\\", re.IGNORECASE)


def has_active_content(text: str) -> bool:
    """True if cleaning takes away anything that could act: scripts, frames, forms, handlers, odd schemes."""
    if "<" not in text:
        return False
    if len(text) > LONGEST or text.count("<") > MOST_TAGS:
        return True
    return _everything(text) != _harmless(text)


def _everything(text: str) -> str:
    return nh3.clean(
        text,
        tags=_SAFE | _ACTIVE,
        clean_content_tags=set(),
        attributes={"*": _HARMLESS | _ARMED},
        generic_attribute_prefixes={"on", "data-"},
        url_schemes=_SCHEMES | _SCHEMES_ARMED,
        link_rel=None,
    )


def _harmless(text: str) -> str:
    return nh3.clean(
        text,
        tags=_SAFE,
        clean_content_tags=set(),
        attributes={"*": _HARMLESS},
        generic_attribute_prefixes={"data-"},
        attribute_filter=_without_active_css,
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def _without_active_css(tag: str, name: str, value: str) -> str | None:  # noqa: ARG001
    return None if name == "style" and _ACTIVE_CSS.search(value) else value
