"""The rules as functions of pandas columns: True where a value keeps the rule.

Values are text (Arrow-backed); null = leave alone and "" = clear both keep every rule of a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import pandas as pd
import polars as pl
from stdnum import ean, isbn

from schemas.calmhtml import is_calm
from schemas.markup import has_active_content
from schemas.webaddress import image_fault

Judge = Callable[["pd.Series[str]"], "pd.Series[bool]"]

#: Characters without a shape, or that reorder their neighbours.
_INVISIBLE = r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\t\n\r]"
BIDI = r"[\u202a-\u202e\u2066-\u2069]"
REPLACED = "\ufffd"
#: UTF-8 read as cp1252 or latin-1.
MOJIBAKE = (
    "Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013-\u203a\u20ac\u2122]|â€|Â[\u00a0-\u00bf]|ï»¿"
)
MARKUP = r"</?[A-Za-z][A-Za-z0-9]*(\s[^<>]*)?/?>|&(amp|lt|gt|nbsp|quot|[a-z]{1,2}acute|#[0-9]+);"
CANONICAL_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"


def each(keeps: Callable[[str], bool]) -> Judge:
    """A rule of single values; each distinct value is judged once."""

    def judge(column: pd.Series[str]) -> pd.Series[bool]:
        cells = column.to_numpy(dtype=object).tolist()
        verdicts = {cell: not cell or keeps(cell) for cell in set(cells) if isinstance(cell, str)}
        return pd.Series([verdicts.get(cell, True) for cell in cells], index=column.index, dtype=bool)

    return judge


def without(pattern: str) -> Judge:
    """Holds no match of a pattern."""
    compiled = re.compile(pattern)
    return each(lambda value: compiled.search(value) is None)


def no_shorter(limit: int) -> Judge:
    return lambda column: (column.isna() | (column == "") | (column.str.len() >= limit)).astype(bool)


def no_longer(limit: int) -> Judge:
    return lambda column: (column.isna() | (column.str.len() <= limit)).astype(bool)


def matches(pattern: str) -> Judge:
    compiled = re.compile(pattern)
    return each(lambda value: compiled.fullmatch(value) is not None)


def one_of(known: Collection[str]) -> Judge:
    return lambda column: (column.isna() | (column == "") | column.isin(list(known))).astype(bool)


def positive(column: pd.Series[str]) -> pd.Series[bool]:
    return each(lambda value: not value.startswith("-") and any(digit in "123456789" for digit in value))(
        column
    )


def not_negative(column: pd.Series[str]) -> pd.Series[bool]:
    return each(lambda value: not value.startswith("-") or not any(digit in "123456789" for digit in value))(
        column
    )


def visible(column: pd.Series[str]) -> pd.Series[bool]:
    return without(_INVISIBLE)(column)


def is_article_number(value: str) -> bool:
    """EAN-8, UPC-A, EAN-13, GTIN-14 or an ISBN, with its check digit."""
    if not value.isascii():
        return False
    return bool(ean.is_valid(value) or (len(value) == 10 and isbn.is_valid(value)))


def harmless(column: pd.Series[str]) -> pd.Series[bool]:
    """No active content; parsers are asked about texts that aren't calm by their characters alone."""
    texts = pl.Series(
        [cell for cell in set(column.to_numpy(dtype=object).tolist()) if isinstance(cell, str)],
        dtype=pl.String,
    )
    calm = set(texts.to_frame("text").filter(is_calm(pl.col("text"))).to_series().to_list())
    return each(lambda value: value in calm or not has_active_content(value))(column)


def images_within(limit: int) -> Judge:
    return each(lambda value: value.count("\n") < limit)


def images_without(code: str) -> Judge:
    """No address breaks this one of the address rules."""
    return each(lambda value: all(image_fault(address) != code for address in value.split("\n")))


def every(known: Collection[str]) -> Judge:
    """Each item of a comma-joined list is known."""
    return each(lambda value: all(item in known for item in value.split(",")))


def items_within(limit: int) -> Judge:
    return each(lambda value: value.count(",") < limit)
