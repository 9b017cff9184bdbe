"""Every rule a value can break: stable code, default severity, what it says. docs/findings.md explains each.

A shop's settings may turn any severity (`catalog.severity`): "error" refuses the row, "warning" only
tells, "off" is silent. A text that can't be read as its kind has no value that could be sent: with
"warning" or "off" its cell is left alone and the rest of the row goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        says: the message, `{field}` and `{limit}` filled in; "" where the parser writes its own.
        hint: what to do about it.
        readable: False where the text is no value at all (see above).
        fixed: no setting can soften it: what it refuses can't be compared or sent.
    """

    code: str
    severity: Severity
    says: str = ""
    hint: str = ""
    readable: bool = True
    fixed: bool = False


def _rules(*rules: Rule) -> dict[str, Rule]:
    return {rule.code: rule for rule in rules}


def _unreadable(code: str) -> Rule:
    return Rule(code=code, severity="error", readable=False)


def _error(code: str, says: str, hint: str = "") -> Rule:
    return Rule(code=code, severity="error", says=says, hint=hint)


def _warning(code: str, says: str, hint: str = "") -> Rule:
    return Rule(code=code, severity="warning", says=says, hint=hint)


#: A text is no value of its kind.
READING = _rules(
    *map(
        _unreadable,
        (
            "not-a-number",
            "ambiguous-number",
            "too-many-decimals",
            "number-out-of-range",
            "not-an-integer",
            "wrong-currency",
            "bad-date",
            "not-an-option",
            "not-an-id",
            "ean-scientific",
            "ambiguous-category",
            "control-character",
            "blank-cell",
        ),
    )
)

#: A value breaks a rule of its field.
FIELD = _rules(
    Rule(
        code="blank-sku",
        severity="error",
        says="the row has no {field}",
        hint="fill it, or delete the row",
        fixed=True,
    ),
    _error("sku-too-long", "{field} is longer than {limit} characters"),
    _error("sku-pattern", "{field} doesn't match the pattern {limit}", "the pattern is catalog.sku_pattern"),
    _error("sku-characters", "{field} holds an invisible character", "type it again instead of pasting it"),
    _error("too-short", "{field} is shorter than {limit} characters"),
    _error("too-long", "{field} is longer than {limit} characters"),
    _error(
        "not-positive", "{field} must be more than zero", "leave the cell empty if there is no such price"
    ),
    _error("negative-quantity", "{field} can't be negative"),
    _error("bad-ean", "the check digit or length of {field} is wrong", "it is an EAN, UPC, GTIN or ISBN"),
    _error(
        "too-many-images", "more than {limit} images", "the first is the main image; delete the least useful"
    ),
    _error("image-not-https", "an image address doesn't begin with https://"),
    _error(
        "image-address", "an image address is no public web address", "the shop must be able to download it"
    ),
    _warning("image-type", "an image seems to be neither JPEG nor PNG"),
    _error(
        "unsafe-html",
        "{field} holds active content",
        "delete scripts, frames, forms, event handlers and CSS urls",
    ),
    _error("unknown-brand", "the shop knows no such brand"),
    _error("unknown-category", "the shop knows no such category"),
    _error("not-a-leaf", "the category has categories below it", "products stand in the lowest level"),
    _warning("too-many-categories", "more than {limit} further categories"),
    _error("unknown-option", "{field} has no such option in this category"),
    _warning(
        "unknown-attribute", "this category has no attribute {field}", "the shop may refuse the record for it"
    ),
    _warning("replacement-character", "{field} holds U+FFFD: text was lost when its encoding was misread"),
    _warning("mojibake", "{field} looks as if its encoding had been misread", "set the encoding of the file"),
    _warning("bidi-control", "{field} holds a character that reverses the writing direction"),
    _warning("markup-in-text", "{field} holds html, which the shop shows as it is"),
)

#: Fields of one row contradict each other, or one is missing.
ROW = _rules(
    _error("missing-required", "a new product needs {field}"),
    _error("incomplete-product", "a new product needs fields that the file doesn't have: {limit}"),
    _error("sale-not-below-price", "{field} isn't below {limit}"),
    _error("sale-without-window", "{field} needs a start or an end date"),
    _error("window-without-sale", "{field} needs a sale price"),
    _error("window-inverted", "{field} is before {limit}"),
)

#: Rows contradict each other.
ROWS = _rules(
    Rule(
        code="duplicate-sku",
        severity="error",
        says="another row has the same SKU",
        hint="keep one of them: none is taken until then",
        fixed=True,
    ),
    _error(
        "similar-sku",
        "another row's SKU differs only in case, spaces or form",
        "keep one of them, or rename one",
    ),
    _error("parent-unknown", "no product of this SKU in the file or the shop"),
    _error("parent-cycle", "the row is its own ancestor"),
    _error("parent-refused", "the parent's row was refused", "correct it first"),
    _error(
        "group-refused",
        "another variant of this product was refused",
        'on_error = "skip-row" would take this one',
    ),
    _error("group-brand", "the variants of one product have different brands"),
    _error("group-category", "the variants of one product stand in different categories"),
)

RULES: Mapping[str, Rule] = {**READING, **FIELD, **ROW, **ROWS}


def severity_of(code: str, overrides: Mapping[str, Severity], default: Severity | None = None) -> Severity:
    """What a rule's breach means here: the settings' word, else the rule's."""
    rule = RULES[code]
    return rule.severity if rule.fixed else overrides.get(code) or default or rule.severity
