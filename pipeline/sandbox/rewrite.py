"""A shop that changes what it is given: the same value always in the same way, and only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pipeline.sandbox.faults import Rule, share
from pipeline.sandbox.product import Product

_NUMBER = re.compile(r"\d+(\.\d)?", re.ASCII)
_IDS = frozenset(
    {"PrimaryCategory", "Categories", "BrowseNodes", "ParentSku", "ProductId", "ShopSku", "Brand"}
)
_COUNTS = frozenset({"Quantity", "Stock"})
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BOLD = re.compile(r"<(/?)b>", re.IGNORECASE)
_QUOTED = re.compile(r"""(<[^<>]*?=)'([^'"<>]*)'""")


def number(name: str, text: str) -> str:
    """``10`` comes back as ``10.00``."""
    if name in _COUNTS or not _NUMBER.fullmatch(text):
        return text
    return f"{float(text):.2f}"


def trim(name: str, text: str) -> str:
    """Surrounding blanks go, inner ones become one."""
    return " ".join(text.split())


def html(name: str, text: str) -> str:
    """The same text in other markup."""
    if "<" not in text:
        return text
    text = _BREAK.sub("<br />", text)
    return _QUOTED.sub(r'\1"\2"', _BOLD.sub(r"<\1strong>", text))


def unicode(name: str, text: str) -> str:
    """Letters and their accents apart (NFD)."""
    return unicodedata.normalize("NFD", text)


def case(name: str, text: str) -> str:
    """First letters of the name in capitals."""
    return text.title() if name == "Name" else text


KINDS: Mapping[str, Callable[[str, str], str]] = {
    "number": number,
    "trim": trim,
    "html": html,
    "unicode": unicode,
    "case": case,
}
#: What a rule without ``kinds`` does.
USUAL = ("number", "trim", "html")


def rewritten(product: Product, rules: Iterable[Rule]) -> Product:
    """The product as these rules leave it; a rule with a rate takes its share of the SKUs, always the same."""
    kinds = [kind for rule in rules if _takes(rule, product.sku) for kind in rule.kinds or USUAL]
    changes = [KINDS[kind] for kind in dict.fromkeys(kinds) if kind in KINDS]
    if "images" in kinds:
        product = replace(product, images=tuple(sorted(product.images)))
    if not changes:
        return product
    return replace(
        product,
        fields=_mapped(product.fields, changes),
        data=_mapped(product.data, changes),
        units={operator: _mapped(unit, changes) for operator, unit in product.units.items()},
    )


def _takes(rule: Rule, sku: str) -> bool:
    if rule.skus and sku not in rule.skus:
        return False
    return rule.rate is None or share(rule.seed, rule.fault, sku) < rule.rate


def _mapped(values: Mapping[str, str], changes: list[Callable[[str, str], str]]) -> dict[str, str]:
    result = dict(values)
    for name, text in values.items():
        if name not in _IDS:
            for change in changes:
                text = change(name, text)
            result[name] = text
    return result
