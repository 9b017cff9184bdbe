"""Rules between the fields of one row, as functions of a whole pandas frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from schemas.fields import KEY, Dialect, Field, Place, fields_of
from schemas.product import NEW, NO, UNKNOWN, YES, Sale, Shop, sales_of, units_of
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
    present = required_names(fields)[0]
    for sale in sales_of(fields):
        yield from _sale_rules(sale, shop, _telling(present, sale))


def _telling(present: tuple[str, ...], sale: Sale) -> tuple[str, ...]:
    """What tells of a product, and not of its price alone."""
    return tuple(name for name in present if name != sale.price)


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


def _sale_rules(sale: Sale, shop: Shop, required: tuple[str, ...]) -> Iterator[RowRule]:
    if sale.sale and sale.price:
        keeps = _below(sale.sale, sale.price)
        yield RowRule(
            code="sale-not-below-price", field=sale.sale, keeps=keeps, limit=sale.price, reads=(sale.price,)
        )
    alone = _stands_alone(required if sale.sale else ())
    if sale.sale:
        dated = sale.start is not None or sale.end is not None
        yield from _needs_window(sale, shop, _stands_alone(required if dated else ()))
    if sale.start:
        yield from _needs_sale(sale, sale.start, None, shop, alone)
    if sale.end:
        yield from _needs_sale(sale, sale.end, sale.start, shop, alone)
    if sale.start and sale.end:
        keeps = _ordered(sale.start, sale.end)
        yield RowRule(
            code="window-inverted", field=sale.end, keeps=keeps, limit=sale.start, reads=(sale.start,)
        )


def _stands_alone(required: tuple[str, ...]) -> FrameJudge:
    """Rows that nothing in the shop completes: new ones; where nobody asked it, those that tell of a product.

    Args:
        required: the fields that tell of one.
    """

    def alone(frame: pd.DataFrame) -> pd.Series[bool]:
        return (frame[NEW] == YES) | ((frame[NEW] == UNKNOWN) & _any_given(frame, list(required)))

    return alone


def _half(
    rule: RowRule, lacks: FrameJudge, cleared: FrameJudge, alone: FrameJudge, shop: Shop
) -> Iterator[RowRule]:
    """A row that lacks the other half of its offer: a blank leaves the shop's alone, and diff judges that.

    An error where the row stands alone or clears the other half; else, where nobody asked the shop, a
    warning.
    """

    def sure(frame: pd.DataFrame) -> pd.Series[bool]:
        return lacks(frame) & (alone(frame) | cleared(frame))

    yield replace(rule, keeps=lambda frame: ~sure(frame))
    if not shop.new_known:
        keeps: FrameJudge = lambda frame: ~(lacks(frame) & (frame[NEW] != NO) & ~sure(frame))  # noqa: E731
        yield replace(rule, keeps=keeps, severity="warning")


def _needs_window(sale: Sale, shop: Shop, alone: FrameJudge) -> Iterator[RowRule]:
    assert sale.sale is not None

    def lacks(frame: pd.DataFrame) -> pd.Series[bool]:
        return given(frame, sale.sale) & ~given(frame, sale.start) & ~given(frame, sale.end)

    def cleared(frame: pd.DataFrame) -> pd.Series[bool]:
        return _cleared(frame, sale.start) & _cleared(frame, sale.end)

    reads = tuple(filter(None, (sale.start, sale.end)))
    rule = RowRule(code="sale-without-window", field=sale.sale, keeps=lacks, reads=reads)
    yield from _half(rule, lacks, cleared, alone, shop)


def _needs_sale(
    sale: Sale, date: str, earlier: str | None, shop: Shop, alone: FrameJudge
) -> Iterator[RowRule]:
    """Said of a window's first date only: one price is lacking, not two."""

    def lacks(frame: pd.DataFrame) -> pd.Series[bool]:
        return given(frame, date) & ~given(frame, sale.sale) & ~given(frame, earlier)

    reads = tuple(filter(None, (sale.sale, earlier)))
    rule = RowRule(code="window-without-sale", field=date, keeps=lacks, reads=reads)
    yield from _half(rule, lacks, lambda frame: _cleared(frame, sale.sale), alone, shop)


def _cleared(frame: pd.DataFrame, name: str | None) -> pd.Series[bool]:
    """Where the row asks for a field to be emptied."""
    if name is None or name not in frame:
        return pd.Series(data=False, index=frame.index)
    return (frame[name] == "").fillna(value=False).astype(bool)


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
