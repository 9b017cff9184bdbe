"""What a buyer pays, from now on, before and after a record: one move per country. Pure.

A price that stands in the shop isn't always paid: a promotional price counts while its window is open.
So both sides are laid out over time, and every stretch of time is judged, the worst of them counts: a
row that only moves the end of an expired promotion makes an old price live again, and is a fall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.diff.offers import Offer, offer_of, offers_in
from pipeline.diff.plan import Basis, Effect, Record
from pipeline.diff.prices import amount
from pipeline.diff.swift import swift
from pipeline.values.context import Context
from pipeline.values.dates import CANONICAL, comparable_datetime

#: Sorts after the second that it is appended to, and before the next one.
_JUST_AFTER = "~"
_UPDATE = Effect.UPDATE
Texts = Mapping[str, str | None]


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How one product's price moves in one country.

    Attributes:
        operator: country code of the business unit, or "".
        down: new over old price, the smallest of the regular price and of what is paid at any time
            from now on; 1 if none falls, 0 where a price becomes nothing.
        up: the same for the largest; the end of a promotion is no rise.
        typical: the ratio that stands for this product in a median; None where nothing can be said.
        pays: the least that a customer pays afterwards, None where it isn't known.
        alone: a first price that there is nothing to compare with.
        becomes: the regular price, where it moves from one number to another, in its shortest spelling.
        ended: a promotion that was open, or would have been, never will be: its dates were moved.
    """

    operator: str
    down: float = 1.0
    up: float = 1.0
    typical: float | None = None
    pays: Decimal | None = None
    alone: bool = False
    becomes: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What prices are judged by that isn't in a record.

    Attributes:
        since: canonical text of the earliest moment that matters, in the shop's zone; "" = any.
        ctx: the shop's zone.
        currencies: country → currency, as far as the settings name it.
    """

    since: str = ""
    ctx: Context = field(default_factory=Context)
    currencies: Mapping[str, str] = field(default_factory=dict)

    def currency(self, operator: str) -> str:
        """Currency of a country, "" if the settings don't name it: the shop's own need not be its."""
        return self.currencies.get(operator, "")


def market_of(basis: Basis) -> Market:
    """The market that a plan was made in."""
    ctx = Context(timezone=ZoneInfo(basis.zone))
    return Market(since=basis.since, ctx=ctx, currencies=dict(basis.currencies))


def turned(dates: Iterable[str], old: Basis, new: Basis) -> bool:
    """Whether one of the dates lies between the moments from which two bases judge prices.

    If none does, both find the same moves in records that name no other dates.
    """
    first, last = sorted((old.since, new.since))
    ctx = market_of(new).ctx
    return old.zone != new.zone or any(first <= _moment(date, ctx) <= last for date in dates)


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One side of an offer: price, promotional price, and its window in canonical text, "" = open."""

    price: Decimal | None
    sale: Decimal | None = None
    start: str = ""
    end: str = ""

    def pays(self, moments: Iterable[str]) -> list[Decimal | None]:
        """What a buyer pays at each moment; a promotional price that isn't below the price is none."""
        if self.sale is None:
            return [self.price for _ in moments]
        special = self.sale if self.price is None else min(self.price, self.sale)
        return [special if self.open(at) else self.price for at in moments]

    def open(self, at: str) -> bool:
        """Whether the promotion holds at a moment."""
        return self.sale is not None and at >= self.start and not (self.end and at > self.end)

    def turns(self, since: str) -> list[str]:
        """Moments from which on something else may be paid."""
        if self.sale is None:
            return []
        return [at for at in (self.start, self.end and self.end + _JUST_AFTER) if at > since]


def moves(record: Record, market: Market) -> Iterator[Move]:
    """The price moves of a record; none where it changes no offer, or only back to journaled values."""
    names = [change.field for change in record.changes]
    if record.acquitted:
        names = [name for name in names if name not in record.acquitted]
    offers = _touched(tuple(names))
    if not offers:
        return
    before: dict[str, str | None] = {**dict(record.facts), **dict(record.context)}
    after = before.copy()
    for change in record.changes:
        if offer_of(change.field) is not None:
            before[change.field] = change.before
            after[change.field] = change.after
    for offer in offers:
        yield _move(record, offer, before, after, market)


@lru_cache(maxsize=4096)
def _touched(names: tuple[str, ...]) -> Sequence[Offer]:
    """The offers that some fields touch, in the order of the fields' names."""
    return offers_in(sorted(names))


def _move(record: Record, offer: Offer, before: Texts, after: Texts, market: Market) -> Move:
    operator = operator_of(offer)
    new = _terms(offer, after, market)
    old = _before(offer, before, after, new, market)
    moments = sorted({market.since, *old.turns(market.since), *new.turns(market.since)})
    paid, will_pay = old.pays(moments), new.pays(moments)
    least = min([price for price in will_pay if price is not None], default=None)
    moved = before.get(offer.price) != after.get(offer.price)
    if moved and old.price and new.price is None:
        return Move(operator=operator, down=0.0, pays=least)
    if moved and is_first(record, offer):
        return _first(offer, new, least, before, market)
    both = zip(paid, will_pay, strict=True)
    ratios = [_effective(old.price, was, will) for was, will in both if was and will]
    if not ratios:
        return Move(operator=operator, pays=least)
    becomes = ""
    if moved and old.price and new.price:
        typical = float(new.price / old.price)
        ratios.append(typical)
        becomes = f"{new.price.normalize():f}"
    else:
        typical = max(ratios, key=lambda ratio: max(ratio, 1 / ratio))
    dated = (old.start, old.end) != (new.start, new.end) and new.sale is not None
    ended = dated and any(map(old.open, moments)) and not any(map(new.open, moments))
    return Move(
        operator=operator, down=min(*ratios, 1.0), up=max(*ratios, 1.0), pays=least, becomes=becomes,
        typical=typical if moved or typical != 1.0 else None, ended=ended,
    )  # fmt: skip


def is_first(record: Record, offer: Offer) -> bool:
    """The first price of a product that the shop holds: it shows none there, and will."""
    if record.effect is not _UPDATE:
        return False
    for change in record.changes:
        if change.field == offer.price:
            return change.before is not None and amount(change.before) is None
    return False


def operator_of(offer: Offer) -> str:
    """Country code of the business unit, or ""."""
    return _operator(offer.price)


@lru_cache(maxsize=4096)
def _operator(price: str) -> str:
    return price.rpartition(".")[0].partition(".")[2]


def _first(offer: Offer, new: Terms, least: Decimal | None, before: Texts, market: Market) -> Move:
    """A first price is held against the product's prices in countries of the same currency; a
    promotion with it against its own regular price."""
    operator = operator_of(offer)
    if new.price is None or least is None:
        return Move(operator=operator, pays=least)
    peers = list(peers_of(offer, before, market))
    down = [float(new.price / min(peers))] if peers else []
    up = float(new.price / max(peers)) if peers else 1.0
    return Move(
        operator=operator, down=min(*down, float(least / new.price), 1.0), up=max(up, 1.0), pays=least,
        alone=not peers,
    )  # fmt: skip


def peers_of(offer: Offer, texts: Texts, market: Market) -> Iterator[Decimal]:
    """The product's regular prices in other countries of the same currency."""
    currency = market.currency(operator_of(offer))
    for name, text in texts.items():
        other = offer_of(name)
        if not currency or other is None or other == offer or name != other.price:
            continue
        price = amount(text)
        if price is not None and market.currency(operator_of(other)) == currency:
            yield price


def _before(offer: Offer, before: Texts, after: Texts, new: Terms, market: Market) -> Terms:
    """What is offered now; a promotion whose window nobody can tell isn't taken for open.

    Who doesn't touch the window leaves it as it is, told or not: then it is the same on both sides.
    """
    sale, *window = [(before.get(name), after.get(name)) for name in offer.sale.names]
    same = all(was == will for was, will in window)
    if same and sale[0] == sale[1]:
        return Terms(price=amount(before.get(offer.price)), sale=new.sale, start=new.start, end=new.end)
    terms = _terms(offer, before, market)
    if same:
        return terms
    hidden = any(was is None and will is not None for was, will in window)
    odd = any(was and not _moment(was, market.ctx) for was, _ in window)
    if hidden or odd or not (terms.start or terms.end):
        return Terms(price=terms.price)
    return terms


def _terms(offer: Offer, texts: Texts, market: Market) -> Terms:
    sale, told = offer.sale, texts.get
    price, special, start, end = told(offer.price), told(sale.price), told(sale.start), told(sale.end)
    return Terms(
        price=amount(price) if price else None,
        sale=amount(special) if special else None,
        start=_moment(start, market.ctx) if start else "",
        end=_moment(end, market.ctx) if end else "",
    )


def _moment(text: str, ctx: Context) -> str:
    """Canonical text; what is no date bounds nothing."""
    found = comparable_datetime(text, ctx)
    return found if CANONICAL.fullmatch(found) else ""


def _effective(old_price: Decimal | None, was: Decimal, will: Decimal) -> float:
    """New over old price as paid; above the old regular price only what exceeds that counts."""
    if will < was:
        return float(will / was)
    return max(1.0, float(will / max(was, old_price or was)))
