"""When a cell's value, or what it is compared by, follows from its characters alone.

The regular expressions here say when, and expressions what follows; tests prove both equal to the
scalar functions of `kinds`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from pipeline.values.categories import comparable_names
from pipeline.values.context import Context, Format
from pipeline.values.text import REFUSED, SPACE
from schemas.fields import CLEAR, Field, Kind

_CELL = pl.col("cell")
#: What `SPACE` spells, one character after the other, but for what is refused wherever it stands.
_BLANKS = "".join(chr(code) for code in range(0x3001) if re.match(f"(?=[{SPACE}])[^{REFUSED}]", chr(code)))
#: Scripts whose characters are composed already and don't reorder: NFC leaves them alone.
_STABLE = (
    r"!-~\u00a1-\u02ff\u0391-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0621-\u064a\u0e01-\u0e30"
    r"\u1ea0-\u1ef9\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc"
    r"\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffee"
)
_ADDRESS = rf"https?://[^|;,{SPACE}{REFUSED}]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """When a cell is plain, and what follows then."""

    when: pl.Expr
    then: pl.Expr


def plain_source(field: Field, fmt: Format, ctx: Context) -> Plain | None:
    """Which source texts are plain, and their values; None = none are."""
    dots = fmt.decimal in ("", ".")
    match field.kind:
        case Kind.MONEY:
            return _plain_money(ctx.decimals_of(field)) if dots else None
        case Kind.QUANTITY:
            return Plain(when=_full(r"0|[1-9][0-9]{0,8}"), then=_CELL)
        case Kind.NUMBER:
            return Plain(when=_full(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?"), then=_CELL) if dots else None
        case Kind.DATETIME:
            return _plain_date()
        case Kind.ENUM:
            return Plain(when=_CELL.is_in(list(field.choices)), then=_CELL)
        case Kind.EAN:
            return Plain(when=_full(r"[0-9]{8,14}"), then=_CELL)
        case Kind.CATEGORY:
            return Plain(when=_full(r"[0-9]+"), then=_CELL)
        case Kind.CATEGORIES | Kind.IDS:
            return Plain(when=_full(r"[0-9]+(,[0-9]+)*"), then=_CELL) if not fmt.separator else None
        case Kind.IMAGES:
            return Plain(when=_full(rf"{_ADDRESS}(\n{_ADDRESS})*"), then=_CELL) if not fmt.separator else None
        case Kind.HTML:
            return Plain(when=_sendable() & ~_CELL.str.contains(rf"\A[{SPACE}]"), then=_CELL)
        case _:
            return _plain_text(field, ctx)


def tidied(field: Field, fmt: Format) -> pl.Expr | None:
    """Source texts without what makes no difference, or null where it may; None = all of it does.

    Blanks at the ends, as fields of a fixed width have them; a comma that can only be decimal; between the
    addresses of images whatever separates them.
    """
    bare = _CELL.str.strip_chars(_BLANKS)
    match field.kind:
        case Kind.HTML:
            return None
        case Kind.MONEY | Kind.NUMBER if fmt.decimal == fmt.thousands == ",":
            return None
        case Kind.MONEY | Kind.NUMBER if fmt.decimal != "." and fmt.thousands != ",":
            comma = bare.str.contains(r"\A[0-9]+,[0-9]{1,2}\z")
            sure = bare.str.contains(r"\A[0-9]+\z") if fmt.decimal else pl.lit(value=True)
            return pl.when(comma).then(bare.str.replace(",", ".", literal=True)).when(sure).then(bare)
        case Kind.IMAGES:
            return bare.str.replace_all(rf"[{_BLANKS};,|]+(https?://)", "\n${1}")
        case _:
            return bare


def plain_value(field: Field, ctx: Context) -> Plain | None:
    """Which values are plain, and their comparables; None = none are."""
    match field.kind:
        case Kind.MONEY | Kind.QUANTITY | Kind.NUMBER:
            return _plain_comparable_number(field)
        case Kind.DATETIME:
            pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
            return Plain(when=_full(pattern) & ~_CELL.str.starts_with("0000-00-00"), then=_CELL)
        case Kind.BRAND | Kind.ENUM:
            return Plain(when=_full(r"[!-~]+( [!-~]+)*"), then=_CELL.str.to_lowercase())
        case Kind.CATEGORY | Kind.CATEGORIES:
            return _plain_category(ctx, several=field.kind is Kind.CATEGORIES)
        case Kind.IDS:
            return Plain(when=_full(r"[0-9]+"), then=_CELL)
        case Kind.IMAGES:
            return Plain(when=_full(rf"{_ADDRESS}(\n{_ADDRESS})*"), then=_CELL)
        case Kind.HTML:
            return Plain(when=_collapsed() & ~_CELL.str.contains("[<&]"), then=_CELL)
        case _:
            commas = (
                ~_CELL.str.contains(" ,|, ") if field.name.startswith("ProductData.") else pl.lit(value=True)
            )
            return Plain(when=_collapsed() & commas, then=_CELL)


def _plain_category(ctx: Context, *, several: bool) -> Plain:
    """An id is its name; several are a set of them."""
    names = comparable_names(ctx)
    if not several:
        return Plain(when=_full(r"[0-9]+"), then=_CELL.replace(names))
    each = pl.element().replace(names).unique().sort()
    return Plain(when=_full(r"[0-9]+(,[0-9]+)*"), then=_CELL.str.split(",").list.eval(each).list.join("\n"))


def _full(pattern: str) -> pl.Expr:
    return _CELL.str.contains(rf"\A(?:{pattern})\z")


def _collapsed() -> pl.Expr:
    return _full(f"[{_STABLE}]+(?: [{_STABLE}]+)*")


def _sendable() -> pl.Expr:
    return (_CELL != "") & ~_CELL.str.starts_with(CLEAR) & ~_CELL.str.contains(f"[{REFUSED}]")


def _plain_text(field: Field, ctx: Context) -> Plain:
    edge = f"[^{SPACE}{REFUSED}]"
    trimmed = _full(f"{edge}(?:[^{REFUSED}]*{edge})?") & ~_CELL.str.starts_with(CLEAR)
    known = ctx.options.get(field.tag)
    spelled = _CELL.is_in(list(known.values())) if known else pl.lit(value=True)
    return Plain(when=trimmed & spelled, then=_CELL)


def _plain_money(decimals: int) -> Plain:
    """Digits, and no more decimals than the currency has; at least two are sent."""
    whole = r"(?:0|[1-9][0-9]{0,8})"
    if decimals < 2:
        zeros = r"(?:\.0{1,2})?" if decimals == 0 else r"(?:\.[0-9]0?)?"
    else:
        zeros = r"(?:\.[0-9]{1,2})?"
    if decimals > 2:
        return Plain(when=_full(rf"{whole}\.[0-9]{{1,2}}"), then=_padded(decimals))
    return Plain(when=_full(whole + zeros), then=_padded(2))


def _padded(decimals: int) -> pl.Expr:
    """Digits with exactly so many decimals, two at least, given no more than two."""
    rest = pl.lit("." + "0" * decimals)
    for given in (2, 1):
        ends_so = _CELL.str.slice(-given - 1, 1) == "."
        rest = pl.when(ends_so).then(pl.lit("0" * (decimals - given))).otherwise(rest)
    return pl.concat_str(_CELL, rest)


def _plain_date() -> Plain:
    """A real date of our time, with or without hours."""
    day = _full(r"(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}")
    long = _full(r"(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]")
    whole = pl.when(day).then(_CELL + " 00:00:00").otherwise(_CELL)
    real = whole.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).is_not_null()
    return Plain(when=(day | long) & real, then=whole)


def _plain_comparable_number(field: Field) -> Plain:
    """No leading zeros but one, no trailing ones; a promotional price of zero is none."""
    pattern = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
    fraction = _CELL.str.contains(".", literal=True)
    bare = pl.when(fraction).then(_CELL.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(_CELL)
    if field.kind is Kind.MONEY and field.clearable:
        bare = pl.when(bare == "0").then(pl.lit("")).otherwise(bare)
    return Plain(when=_full(pattern), then=bare)
