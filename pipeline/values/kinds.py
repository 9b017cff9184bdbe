"""Every kind's three forms: `parse` (source text → value), `comparable` (value → what equals share)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import blake2b

from pipeline.values import categories, dates, lists, numbers, text
from pipeline.values.context import Context, Format, Problem
from schemas.fields import CLEAR, Field, Kind

Parsed = tuple[str | None, Problem | None]
Parser = Callable[[Field, str, Format, Context], Parsed]

_PARSERS: dict[Kind, Parser] = {
    Kind.SKU: text.parse_text,
    Kind.TEXT: text.parse_text,
    Kind.BRAND: text.parse_text,
    Kind.URL: text.parse_text,
    Kind.HTML: text.parse_html,
    Kind.ENUM: text.parse_enum,
    Kind.EAN: text.parse_ean,
    Kind.MONEY: numbers.parse_money,
    Kind.QUANTITY: numbers.parse_quantity,
    Kind.NUMBER: numbers.parse_number,
    Kind.DATETIME: dates.parse_datetime,
    Kind.CATEGORY: categories.parse_category,
    Kind.CATEGORIES: lists.parse_categories,
    Kind.IDS: lists.parse_ids,
    Kind.IMAGES: lists.parse_images,
}


def parse(field: Field, source: str, fmt: Format, ctx: Context) -> Parsed:
    """The value of a cell: (value, None), or (None, why it has none).

    (None, None) means "leave alone" (a blank under blank = "keep"), ("", None) means "clear".
    """
    bare = text.trim(source)
    if bare == CLEAR:
        return "", None
    return _PARSERS[field.kind](field, source, fmt, ctx) if bare else blank(fmt)


def blank(fmt: Format) -> Parsed:
    """What an empty cell of a column means."""
    if fmt.blank == "error":
        problem = Problem(
            code="blank-cell", message="the cell is empty", hint='fill it, or set blank = "keep"'
        )
        return None, problem
    return ("" if fmt.blank == "clear" else None), None


def comparable(field: Field, value: str, ctx: Context) -> str:
    """What two equal values of a field share, whichever side they come from; "" for empty."""
    if not value:
        return ""
    return _comparer(field, ctx)(value)


def _comparer(field: Field, ctx: Context) -> Callable[[str], str]:
    """The function of one column, looked up once."""
    match field.kind:
        case Kind.MONEY:
            return partial(numbers.comparable_money, field)
        case Kind.QUANTITY | Kind.NUMBER:
            return numbers.comparable_number
        case Kind.DATETIME:
            return partial(dates.comparable_datetime, ctx=ctx)
        case Kind.BRAND | Kind.ENUM:
            return partial(text.comparable_choice, field)
        case Kind.CATEGORY:
            return partial(categories.comparable_category, ctx=ctx)
        case Kind.CATEGORIES:
            return partial(lists.comparable_categories, ctx=ctx)
        case Kind.IDS:
            return lists.comparable_ids
        case Kind.IMAGES:
            return lists.comparable_images
        case Kind.HTML:
            return _html
        case _:
            return partial(text.comparable_text, field)


def _html(value: str) -> str:
    from pipeline.values.html import comparable_html

    return comparable_html(value)


def digest(field: Field, value: str, ctx: Context) -> str:
    """A short stable name of a value's meaning: equal values share it."""
    return blake2b(comparable(field, value, ctx).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
