"""A shop that changes what it is given: the same value always in the same way, and only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pipeline.sandbox.faults import Rule, share
from pipeline.sandbox.product import Product

_UNTOUCHED = frozenset(
    {
        "PrimaryCategory",
        "Categories",
        "BrowseNodes",
        "ParentSku",
        "ProductId",
        "ShopSku",
        "Brand",
        "Quantity",
        "Stock",
    }
)
_NUMBER = re.compile(r"\d+(\.\d)?", re.ASCII)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BOLD = re.compile(r"<(/?)b>", re.IGNORECASE)
_QUOTED = re.compile(r"""(<[^<>]*?=)'([^'"<>]*)'""")


def number(text: str) -> str:
    """``10`` comes back as ``10.00``."""
    return f"{float(text):.2f}" if _NUMBER.fullmatch(text) else text


def trim(text: str) -> str:
    """Surrounding blanks go, inner ones become one."""
    return " ".join(text.split())


def html(text: str) -> str:
    """The same text in other markup."""
    if "<" not in text:
        return text
    text = _BREAK.sub("<br />", text)
    return _QUOTED.sub(r'\1"\2"', _BOLD.sub(r"<\1strong>", text))


def unicode(text: str) -> str:
    """Letters and their accents apart (NFD)."""
    return unicodedata.normalize("NFD", text)


def case(text: str) -> str:
    """First letters of the name in capitals."""
    return text.title()


KINDS: Mapping[str, Callable[[str], str]] = {
    "number": number,
    "trim": trim,
    "html": html,
    "unicode": unicode,
    "case": case,
}
#: What a rule without ``kinds`` does.
USUAL = ("number", "trim", "html")


def rewritten(product: Product, rules: Iterable[Rule]) -> Product:
    """The product as these rules leave it; a rule with a rate takes a share of the SKUs, always the same."""
    kinds = [kind for rule in rules if _takes(rule, product.sku) for kind in rule.kinds or USUAL]
    if "images" in kinds:
        product = replace(product, images=tuple(sorted(product.images)))
    if not kinds:
        return product
    return replace(
        product,
        fields=_mapped(product.fields, kinds),
        data=_mapped(product.data, kinds),
        units={operator: _mapped(unit, kinds) for operator, unit in product.units.items()},
    )


def _takes(rule: Rule, sku: str) -> bool:
    if rule.skus and sku not in rule.skus:
        return False
    return rule.rate is None or share(rule.seed, rule.fault, sku) < rule.rate


def _mapped(values: Mapping[str, str], kinds: Iterable[str]) -> dict[str, str]:
    return {
        name: text if name in _UNTOUCHED else _changed(name, text, kinds) for name, text in values.items()
    }


def _changed(name: str, text: str, kinds: Iterable[str]) -> str:
    for kind in kinds:
        if kind in KINDS and (kind != "case" or name == "Name"):
            text = KINDS[kind](text)
    return text
