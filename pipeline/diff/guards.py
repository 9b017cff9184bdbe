"""Which plans are suspicious, in commerce's terms. One pure function, asked at diff and again at push.

Shares are of the products of the file that the shop holds, but for deactivations (of the products
known to be active), removals and new products (of all products in the shop), rows (of the last
accepted file). So few products as `floor` never trip a share or the median; they do trip a limit on
one product, and a number that the settings name.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Literal

from pipeline.diff.measure import Measures
from pipeline.diff.paid import market_of
from pipeline.diff.plan import Basis, Guard, Record
from pipeline.errors import UsageError
from pipeline.settings import Guards
from pipeline.values.counted import grouped, plural

FILLED = "was a column filled down?"
FACTOR = "a tax, a currency, another price list?"
RULES = (
    "source-empty",
    "source-shrunk",
    "columns-vanished",
    "snapshot-incomplete",
    "fields-untold",
    "changed",
    "created",
    "deactivated",
    "removed",
    "blanked",
    "price-up",
    "price-down",
    "price-median",
    "below-cost",
    "below-floor",
    "zero-stock",
    "category-moved",
    "text-shrunk",
)


def judge(records: Iterable[Record], basis: Basis, limits: Guards) -> tuple[Guard, ...]:
    """Every guard's verdict on these records, in the order of RULES."""
    measures = Measures(market=market_of(basis))
    for record in records:
        measures.see(record)
    return verdicts(measures, basis, limits)


def verdicts(measures: Measures, basis: Basis, limits: Guards) -> tuple[Guard, ...]:
    """As `judge`, for records that have been counted."""
    guards = (
        *_inputs(basis, limits),
        _untold(measures, basis, limits),
        *_sizes(measures, basis, limits),
        *_meanings(measures, basis, limits),
    )
    return tuple(sorted(guards, key=lambda guard: RULES.index(guard.rule)))


def allow(guards: Iterable[Guard], rule: str, reason: str) -> tuple[Guard, ...]:
    """The same verdicts with one refusal lifted, and why; a guard that is content stays so.

    Raises:
        UsageError: no such rule, or no reason.
    """
    if rule not in RULES:
        near = difflib.get_close_matches(rule, RULES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"rules: {', '.join(RULES)}"
        raise UsageError(f"no guard is called {rule!r}", hint=hint)
    if not reason.strip():
        raise UsageError(f"allowing {rule} needs a reason", hint='--reason "who decided, and why"')
    return tuple(
        replace(guard, verdict="allowed", reason=reason.strip())
        if guard.rule == rule and guard.verdict == "refused"
        else guard
        for guard in guards
    )


def _inputs(basis: Basis, limits: Guards) -> Iterable[Guard]:
    yield _count("source-empty", 1.0 if basis.rows == 0 else 0.0, "The file holds no products at all.")
    lost = max(0, (basis.rows_before or 0) - (basis.rows or 0))
    if basis.partial or basis.rows is None:
        lost = 0
    now = plural(basis.rows or 0, "row")
    rows = f"The file has {now}; the last accepted one of this source had {basis.rows_before}"
    yield _share("source-shrunk", lost, basis.rows_before or 0, limits.source_shrunk_pct, limits, rows)
    names = ", ".join(basis.columns_lost)
    text = f"The last accepted file of this source had columns that this one lacks: {names}."
    yield _count("columns-vanished", len(basis.columns_lost), text)
    unproven = 0 if basis.complete else basis.unproven
    text = (
        f"{_products(unproven)} seem to be missing, but what the shop holds isn't known whole: {basis.doubt}."
    )
    yield _count("snapshot-incomplete", unproven, text)


def _untold(seen: Measures, basis: Basis, limits: Guards) -> Guard:
    """Before-values that nobody has: of a field that every product has, and the shop tells of none."""
    hidden = [tag for tag in basis.untold if seen.blind[tag]] if basis.shop > limits.floor else []
    skus = tuple(dict.fromkeys(sku for tag in hidden for sku in seen.blind[tag]))
    text = (
        f"The shop tells no {' and no '.join(hidden)} of any of its {_products(basis.shop)}, as if its API"
        f" had changed; {_products(len(skus))} would get one, and nobody knows what to put back."
    )
    return _count("fields-untold", len(skus), text, skus)


def _sizes(seen: Measures, basis: Basis, limits: Guards) -> Iterable[Guard]:
    def sized(
        rule: str, skus: Collection[str], of: int, pct: float | None, words: str, most: int | None = None
    ) -> Guard:
        return _share(rule, len(skus), of, pct, limits, f"{_products(len(skus))} would {words}", skus, most)

    shop, listed = basis.shop, basis.listed
    yield sized("changed", seen.changed, listed, limits.changed_pct, "change", limits.changed_max)
    most = limits.created_max if shop else None
    yield sized("created", seen.created, shop, limits.created_pct, "be new", most)
    gone = seen.deactivated
    yield sized(
        "deactivated", gone, basis.active, limits.deactivated_pct, "be deactivated", limits.deactivated_max
    )
    yield sized("removed", seen.removed, shop, limits.removed_pct, "be removed", limits.removed_max)
    words = "lose a value or an open promotion"
    yield sized("blanked", seen.blanked, listed, limits.blanked_pct, words, limits.blanked_max)
    words = "go out of stock"
    yield sized("zero-stock", seen.zeroed, listed, limits.zero_stock_pct, words, limits.zero_stock_max)
    words = "move to another category"
    yield sized("category-moved", seen.moved, listed, limits.category_moved_pct, words)
    words = "lose more than half of a name or description"
    yield sized("text-shrunk", seen.shrunk, listed, limits.text_shrunk_pct, words)


def _meanings(seen: Measures, basis: Basis, limits: Guards) -> Iterable[Guard]:
    del basis
    let = f"{went_back(seen, 'prices')}: they were let through." if seen.back["prices"] else ""
    risen = {sku: (ratio - 1) * 100 for sku, ratio in seen.up.items()}
    yield _each("price-up", risen, limits.price_up_pct, "become more expensive", "rises", let)
    fallen = {sku: (1 - ratio) * 100 for sku, ratio in seen.down.items()}
    yield _each("price-down", fallen, limits.price_down_pct, "become cheaper", "falls", let)
    yield _median(seen, limits, let)
    for name, rule in (("@cost", "below-cost"), ("@floor", "below-floor")):
        skus = tuple(seen.below[name])
        yield _count(rule, len(skus), f"{_products(len(skus))} would be sold below their {name[1:]}.", skus)


def went_back(seen: Measures, what: Literal["prices", "values"]) -> str:
    """How many of them go back to what the shop held, and until when it held the latest of them."""
    number = seen.back[what]
    goes = f"1 {what[:-1]} goes" if number == 1 else f"{grouped(number)} {what} go"
    day = f" (last on {datetime.fromtimestamp(seen.held, UTC).date()})" if seen.held else ""
    return f"{goes} back to what the shop held before{day}"


def _median(seen: Measures, limits: Guards, let: str) -> Guard:
    """Cents for units, a wrong currency, a wrong price list: all prices move by about as much."""
    rule, limit, count = "price-median", limits.price_median_pct, len(seen.priced)
    middle = median(seen.typical) if seen.typical else 1.0
    value = abs(middle - 1) * 100
    if not _above(value, limit):
        return _content(rule, limit, value, let)
    moved = (
        f"Half of the {grouped(count)} changed prices become {number(middle)} times what they were, or"
        f" {'more' if middle > 1 else 'less'}: allowed is {number(limit)} % up or down."
    )
    if count <= limits.floor:
        return _content(rule, limit, value, f"{moved} {_too_few(limits)}")
    return _refused(rule, limit, value, tuple(seen.priced), f"{moved} Cents for units? Another currency?")


def one_price(seen: Measures, limits: Guards) -> str:
    """A column that was filled down: products of different prices would all cost the same; "" for none.

    Told, not refused: a shop may well mean it.
    """
    for country, found in seen.alike.items():
        price, skus = found.one_price()
        if len(skus) > limits.floor:
            where = f" in {country}" if country else ""
            of = f"{_products(len(skus))} of different prices would all cost {price}{where}"
            return f"{of}, of {plural(found.changed, 'price')} that change: {FILLED}"
    return ""


def one_factor(seen: Measures, limits: Guards) -> str:
    """A part of all prices that moves by one factor, where the median doesn't tell of it; "" for none."""
    for country, found in seen.alike.items():
        factor, count = found.one_factor(limits.price_median_pct)
        if limits.floor < count < found.changed:
            where = f" in {country}" if country else ""
            of = f"{plural(count, 'price')} of {grouped(found.changed)} that change{where}"
            return f"{of} become {number(factor)} times what they were: {FACTOR}"
    return ""


def _too_few(limits: Guards) -> str:
    """Why a number above its limit is ok all the same."""
    return f"Not judged, since so few as {limits.floor} never trip a share or a median (guards.floor)."


def _each(rule: str, percents: Mapping[str, float], limit: float, words: str, verb: str, let: str) -> Guard:
    """A limit on every single product."""
    over = {sku: value for sku, value in percents.items() if _above(value, limit)}
    worst = max(percents, key=percents.__getitem__, default="")
    value = percents.get(worst, 0.0)
    if not over:
        return _content(rule, limit, value, let)
    message = (
        f"{_products(len(over))} would {words} by more than {number(limit)} %:"
        f" {worst} {verb} by {number(value)} %."
    )
    return _refused(rule, limit, value, tuple(over), message)


def _count(rule: str, value: float, message: str, skus: tuple[str, ...] = ()) -> Guard:
    """What must not happen once."""
    if not value:
        return Guard(rule=rule, verdict="ok", limit=0, value=0)
    return _refused(rule, 0, value, skus, message)


def _share(
    rule: str,
    count: int,
    of: int,
    pct: float | None,
    limits: Guards,
    words: str,
    skus: Iterable[str] = (),
    most: int | None = None,
) -> Guard:
    """A limit on how many, as a number and as a share; the number is judged first, and has no floor."""
    share = 100.0 * count / of if of else (100.0 if count else 0.0)
    if most is not None and count > most:
        message = f"{words}, more than {most}."
        return _refused(rule, most, count, tuple(skus), message)
    if pct is None:
        return Guard(rule=rule, verdict="ok", limit=most if most is not None else 0, value=count)
    if not _above(share, pct):
        return _content(rule, pct, share)
    message = f"{words}: {number(share)} % of {grouped(of)}, more than {number(pct)} %."
    if count <= limits.floor:
        return _content(rule, pct, share, f"{message} {_too_few(limits)}")
    return _refused(rule, pct, share, tuple(skus), message)


def _products(count: int) -> str:
    return plural(count, "product")


def number(value: float) -> str:
    """A measured number in plain digits, as exact as anyone needs: 0.01, 12.5, 10 480."""
    if abs(value) >= 1000:
        return grouped(round(value))
    return f"{float(f'{value:.4g}'):.10f}".rstrip("0").rstrip(".")


def _above(value: float, limit: float) -> bool:
    """More than the limit, and not merely by the way fractions are stored."""
    return value > limit + 1e-9


def _content(rule: str, limit: float, value: float, message: str = "") -> Guard:
    return Guard(rule=rule, verdict="ok", limit=limit, value=round(value, 4), message=message)


def _refused(rule: str, limit: float, value: float, skus: tuple[str, ...], message: str) -> Guard:
    return Guard(rule=rule, verdict="refused", limit=limit, value=round(value, 4), skus=skus, message=message)
