"""A finding that nearly every row has isn't a matter of rows: one line says what it's a matter of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pipeline.read.finding import Finding
from pipeline.settings import Shop
from pipeline.values.counted import grouped
from pipeline.values.currency import currencies_of

#: Share of the rows above which it's the column, the mapping or the settings that is wrong.
NEARLY_ALL = 0.9
#: So few rows tell nothing of a column.
FEW = 3
CURRENCY = "wrong-currency"


@dataclass(slots=True, kw_only=True)
class _Spread:
    """One kind of finding in one column.

    Attributes:
        rows: different rows that have it; last: the row counted last.
        currencies: codes that every value so far may stand in; None = before the first.
    """

    sample: Finding
    rows: int = 0
    last: tuple[str, str, int] | None = None
    currencies: frozenset[str] | None = None

    def take(self, found: Finding) -> None:
        row = (found.file, found.sheet, found.row)
        self.rows += row != self.last
        self.last = row
        if found.code == CURRENCY:
            said = currencies_of(found.value)
            self.currencies = said if self.currencies is None else self.currencies & said


def widespread(findings: Collection[Finding], rows: int, shop: Shop, shop_name: str) -> tuple[str, ...]:
    """A line for each kind of finding that more than 90 % of the rows have in one column, in file order.

    Args:
        rows: all rows that were judged.
    """
    if rows < FEW or len(findings) <= NEARLY_ALL * rows:
        return ()
    found = [one for one in _spreads(findings) if one.rows > NEARLY_ALL * rows]
    return tuple(_line(one, rows, shop, shop_name) for one in found)


def _spreads(findings: Iterable[Finding]) -> Iterable[_Spread]:
    found: dict[tuple[str, str], _Spread] = {}
    for one in findings:
        if not one.row:
            continue
        spread = found.get((one.code, one.column))
        if spread is None:
            spread = found[one.code, one.column] = _Spread(sample=one)
        spread.take(one)
    return found.values()


def _line(one: _Spread, rows: int, shop: Shop, shop_name: str) -> str:
    many = f"all {grouped(rows)} rows" if one.rows == rows else f"{grouped(one.rows)} of {grouped(rows)} rows"
    if one.sample.code == CURRENCY:
        return f"{many} {_currency(one, shop, shop_name)}"
    where = f" in column {one.sample.column}" if one.sample.column else ""
    hint = f"; {one.sample.hint}" if one.sample.hint else ""
    return (
        f"{many} have {one.sample.code}{where}, such as: {one.sample.message}{hint}. Where nearly every row "
        "has it, the column, its mapping or a setting is wrong rather than the rows"
    )


def _currency(one: _Spread, shop: Shop, shop_name: str) -> str:
    codes = sorted(one.currencies or ())
    known = codes[0] if len(codes) == 1 else ""
    carried = known or f"prices such as {one.sample.value!r}"
    said = f"settings say {shop.currency}"
    if "currency" not in shop.model_fields_set:
        said = f"settings name no currency, so {shop.currency} is assumed"
    told = f'set currency = "{known or "…"}" in [shops.{shop_name}]'
    if len(codes) > 1:
        told += f" ({', '.join(codes)})"
    if shop.currency_by_operator:
        told += ", or currency_by_operator"
    return f"carry {carried} in column {one.sample.column}, {said}: {told}, or convert the prices"
