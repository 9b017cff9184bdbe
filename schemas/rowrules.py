"""Rules between the fields of one row, as functions of a whole pandas frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from schemas.fields import KEY, Dialect, Field, Place, fields_of
from schemas.product import NEW, NO, YES, Sale, Shop, sales_of, units_of
from schemas.rules import Severity

FrameJudge = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """One rule between the fields of a row.

    Attributes:
        field: the column the finding belongs to, "" for the whole row.
        severity: where it differs from the rule's own.
        reads: the fields it looks at: if one of them has no readable value, nothing follows.
    """

    code: str
    field: str
    keeps: FrameJudge
    limit: object = ""
    severity: Severity | None = None
    known: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


def row_rules(fields: tuple[Field, ...], shop: Shop) -> Iterator[RowRule]:
    """The rules that hold between these fields."""
    yield RowRule(code="blank-sku", field=KEY, keeps=lambda frame: given(frame, KEY))
    yield from _required(fields, shop)
    for sale in sales_of(fields):
        yield from _sale_rules(sale, shop)


def given(frame: pd.DataFrame, name: str | None) -> pd.Series[bool]:
    """Where a field has a value: neither left alone nor cleared."""
    if name is None or name not in frame:
        return pd.Series(data=False, index=frame.index)
    column = frame[name]
    return (column.notna() & (column != "")).fillna(value=False).astype(bool)


def required_names(fields: tuple[Field, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Required fields that a table has, and those that it lacks; the key apart."""
    names = {field.name for field in fields}
    falabella = any(field.place is Place.BUSINESS_UNIT for field in fields)
    dialect = Dialect.FALABELLA if falabella else Dialect.CLASSIC
    plain = [one.name for one in fields_of(dialect) if one.required and one.name != KEY]
    missing = [name for name in plain if name not in names]
    if falabella and not any(field.required and field.place is Place.BUSINESS_UNIT for field in fields):
        missing.append("Price")
    return tuple(name for name in plain if name in names), tuple(missing)


def _required(fields: tuple[Field, ...], shop: Shop) -> Iterator[RowRule]:
    """A product that the shop lacks needs these; where that isn't known, it's only said."""
    severity: Severity = "error" if shop.new_known else "warning"
    present, missing = required_names(fields)
    for name in present:
        yield RowRule(code="missing-required", field=name, keeps=_needs(name, shop), severity=severity)
    for names in units_of(fields).values():
        if price := next((name for name in names if name.endswith(".Price")), None):
            keeps = _unit_needs(price, names, shop)
            yield RowRule(code="missing-required", field=price, keeps=keeps, severity=severity)
    if missing and shop.new_known:
        limit = ", ".join(missing)
        yield RowRule(
            code="incomplete-product", field="", keeps=lambda frame: ~_new(frame, shop), limit=limit
        )


def _needs(name: str, shop: Shop) -> FrameJudge:
    return lambda frame: ~_new(frame, shop) | given(frame, name)


def _unit_needs(price: str, names: list[str], shop: Shop) -> FrameJudge:
    """A business unit that a new product is offered in has a price."""
    return lambda frame: ~_new(frame, shop) | given(frame, price) | ~_any_given(frame, names)


def _new(frame: pd.DataFrame, shop: Shop) -> pd.Series[bool]:
    return (frame[NEW] == YES) if shop.new_known else (frame[NEW] != NO)


def _any_given(frame: pd.DataFrame, names: list[str]) -> pd.Series[bool]:
    found = pd.Series(data=False, index=frame.index)
    for name in names:
        found |= given(frame, name)
    return found


def _sale_rules(sale: Sale, shop: Shop) -> Iterator[RowRule]:
    if sale.sale and sale.price:
        keeps = _below(sale.sale, sale.price)
        yield RowRule(
            code="sale-not-below-price", field=sale.sale, keeps=keeps, limit=sale.price, reads=(sale.price,)
        )
    if sale.sale:
        yield _needs_window(sale, shop)
    if sale.start:
        yield _needs_sale(sale, sale.start, None, shop)
    if sale.end:
        yield _needs_sale(sale, sale.end, sale.start, shop)
    if sale.start and sale.end:
        keeps = _ordered(sale.start, sale.end)
        yield RowRule(
            code="window-inverted", field=sale.end, keeps=keeps, limit=sale.start, reads=(sale.start,)
        )


def _needs_window(sale: Sale, shop: Shop) -> RowRule:
    """Where the file has dates, each sale price has one; where it has none, new products lack theirs."""
    assert sale.sale is not None
    dated = sale.start is not None or sale.end is not None

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        lacks = given(frame, sale.sale) & ~given(frame, sale.start) & ~given(frame, sale.end)
        return ~(lacks if dated else lacks & _new(frame, shop))

    severity: Severity | None = None if dated or shop.new_known else "warning"
    reads = tuple(filter(None, (sale.start, sale.end)))
    return RowRule(code="sale-without-window", field=sale.sale, keeps=keeps, severity=severity, reads=reads)


def _needs_sale(sale: Sale, date: str, earlier: str | None, shop: Shop) -> RowRule:
    """Said of a window's first date only: one price is lacking, not two."""

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        lacks = given(frame, date) & ~given(frame, sale.sale) & ~given(frame, earlier)
        return ~(lacks if sale.sale else lacks & _new(frame, shop))

    severity: Severity | None = None if sale.sale or shop.new_known else "warning"
    reads = tuple(filter(None, (sale.sale, earlier)))
    return RowRule(code="window-without-sale", field=date, keeps=keeps, severity=severity, reads=reads)


def _both(frame: pd.DataFrame, one: str, other: str) -> pd.Series[bool]:
    return given(frame, one) & given(frame, other)


def _below(sale: str, price: str) -> FrameJudge:
    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        lower, higher = (pd.to_numeric(frame[name], errors="coerce") for name in (sale, price))
        fault = (lower >= higher) & (higher > 0)  # a price of zero is a fault of its own
        return ~_both(frame, sale, price) | ~fault.fillna(value=False).astype(bool)

    return keeps


def _ordered(start: str, end: str) -> FrameJudge:
    """Canonical dates are ordered as text."""

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        return ~_both(frame, start, end) | (frame[start] <= frame[end]).fillna(value=True).astype(bool)

    return keeps
