"""Numbers as sellers write them → plain ASCII decimals, never guessed, never rounded.

What counts as unambiguous without a declared format:

- both separators in their order, grouped by three: `1,234.50`, `1.234,50`, `1 234,50`;
- one separator repeated: `1.234.567`;
- one separator that can't be a thousands separator: `12,5`, `1234.567`, `0.234`.

`1.234` and `1,234` alone may be either: refused for money and stock until the mapping declares
`decimal`. For plain numbers (weights, sizes) the dot is decimal, as on the wire.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pipeline.values.context import Context, Format, Problem
from pipeline.values.currency import strip_currency
from schemas.fields import Field

MAX_DIGITS = 12
#: Spaces and apostrophes that only ever group thousands.
_GROUPERS = " \u00a0\u202f\u2009'\u2019"
_NUMBER = re.compile(r"(-?)([0-9]*)(?:([.,])([0-9]+))?", re.ASCII)
#: The same number whatever is declared, unless the comma is decimal: no fraction that could be thousands.
_PLAINEST = re.compile(r"-?[0-9]{1,12}(?:\.(?:[0-9]{1,2}|[0-9]{4,12}))?", re.ASCII)
_GROUPED = re.compile(
    rf"(-?)([0-9]{{1,3}}(?:([.,{_GROUPERS}])[0-9]{{3}})(?:\3[0-9]{{3}})*)(?:([.,])([0-9]+))?", re.ASCII
)
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)

Parsed = tuple[str | None, Problem | None]


def parse_money(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:
    """Source text → decimal with a dot and at least two decimals, as the shop demands of prices."""
    bare, problem = strip_currency(text.strip(), ctx.currency_of(field))
    if problem:
        return None, problem
    number, problem = read_number(bare, fmt, dot_is_decimal=False)
    if number is None:
        return None, problem
    return _fit(number, text, ctx.decimals_of(field))


def parse_quantity(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Source text → integer; `12.0` is 12, `12.5` is a problem."""
    number, problem = read_number(text.strip(), fmt, dot_is_decimal=False)
    if number is None:
        return None, problem
    if number != number.to_integral_value():
        return None, Problem(code="not-an-integer", message=f"{text!r} is no whole number of pieces")
    return str(int(number)), None


def parse_number(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Source text → decimal with a dot, its decimals as given."""
    number, problem = read_number(text.strip(), fmt, dot_is_decimal=True)
    return (None if number is None else f"{number:f}"), problem


def read_number(text: str, fmt: Format, *, dot_is_decimal: bool) -> tuple[Decimal | None, Problem | None]:
    """The number a text stands for under a format, exactly."""
    if fmt.decimal != "," and _PLAINEST.fullmatch(text):
        return Decimal(text), None
    parts = _declared(text, fmt) if fmt.decimal else _undeclared(text, dot_is_decimal=dot_is_decimal)
    if isinstance(parts, Problem):
        return None, parts
    sign, whole, fraction = parts
    if len(whole.lstrip("0")) > MAX_DIGITS:
        return None, Problem(
            code="number-out-of-range", message=f"{text!r} is larger than any price or stock"
        )
    return Decimal(f"{sign}{whole or '0'}.{fraction or '0'}" if fraction else f"{sign}{whole}"), None


def comparable_number(text: str) -> str:
    """Two texts of one number share this: no sign of zero, no leading or trailing zeros."""
    text = text.strip()
    if not _PLAIN.fullmatch(text):
        return text
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    bare = f"{whole}.{fraction}" if fraction else whole
    return bare if bare == "0" else sign + bare


def comparable_money(field: Field, text: str) -> str:
    """As a number; a promotional price of zero is the shop's way of saying that there is none."""
    bare = comparable_number(text)
    return "" if bare == "0" and field.clearable else bare


def _fit(number: Decimal, text: str, decimals: int) -> Parsed:
    sent = max(decimals, 2)
    rounded = number.quantize(Decimal(1).scaleb(-decimals))
    if rounded != number:
        message = f"{text!r} has more decimals than the currency, which has {decimals}"
        return None, Problem(
            code="too-many-decimals", message=message, hint="round it in the source or the mapping"
        )
    return f"{number:.{sent}f}", None


_Parts = tuple[str, str, str]


def _declared(text: str, fmt: Format) -> _Parts | Problem:
    """A number under a declared decimal separator; grouping only as declared, or where nothing else fits."""
    if (match := _NUMBER.fullmatch(text)) and (match[2] or match[4]) and match[3] in (None, fmt.decimal):
        return match[1], match[2], match[4] or ""
    match = _GROUPED.fullmatch(text)
    if match is None or match[3] == fmt.decimal or match[4] not in (None, fmt.decimal):
        return _not_a_number(
            text, f"digits, with {fmt.decimal!r} before the decimals as declared in the mapping"
        )
    if not _may_group(match, fmt):
        hint = f'declare thousands = "{match[3]}" if it groups thousands'
        return Problem(code="ambiguous-number", message=f"{text!r} may be two different numbers", hint=hint)
    return match[1], _digits(match[2]), match[5] or ""


def _may_group(match: re.Match[str], fmt: Format) -> bool:
    if fmt.thousands:
        return match[3] == fmt.thousands or (fmt.thousands in _GROUPERS and match[3] in _GROUPERS)
    return match[3] in _GROUPERS or match[4] is not None or match[2].count(match[3]) > 1


def _undeclared(text: str, *, dot_is_decimal: bool) -> _Parts | Problem:
    grouped, plain = _GROUPED.fullmatch(text), _NUMBER.fullmatch(text)
    if grouped is None or grouped[2].startswith("0") or (grouped[4] is not None and grouped[4] == grouped[3]):
        if plain and (plain[2] or plain[4]):
            return plain[1], plain[2], plain[4] or ""
        return _not_a_number(text)
    if plain is None or grouped[3] in _GROUPERS:
        return grouped[1], _digits(grouped[2]), grouped[5] or ""
    if dot_is_decimal and plain[3] == ".":
        return plain[1], plain[2], plain[4]
    hint = 'declare decimal = "." or decimal = "," for this column in the mapping'
    return Problem(code="ambiguous-number", message=f"{text!r} may be {_both(text)}", hint=hint)


def _both(text: str) -> str:
    whole, fraction = re.split(r"[.,]", text)
    return f"{whole}{fraction} or {whole} and {fraction} thousandths"


def _digits(grouped: str) -> str:
    return re.sub(r"[^0-9]", "", grouped)


def _not_a_number(text: str, form: str = "digits and one decimal separator only") -> Problem:
    return Problem(code="not-a-number", message=f"{text!r} is no number", hint=f"write {form}")
