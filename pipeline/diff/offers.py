"""What a product is offered at once a change is laid over what the shop holds: does it hold together? Pure.

A file may say one half of an offer and the shop the other: a sale price above the shop's price, a
price below the shop's sale price, a window that ends before the shop's start. The shop judges the
merged product (reference 4.4), and so do we, by the codes that validation has for rows of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.diff.prices import amount
from pipeline.diff.sales import Sale, sale_of

_REGULAR = "Price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Names of the fields that say what a product costs: of the product, or of one business unit."""

    price: str
    sale: Sale

    @property
    def names(self) -> tuple[str, str, str, str]:
        return (self.price, *self.sale.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Two fields of an offer that contradict each other.

    Attributes:
        code: of a finding.
        fields: those that it is about, the one to blame first if both were changed.
        says: what is wrong, told from each of them.
    """

    code: str
    fields: tuple[str, ...]
    says: Mapping[str, str]


@lru_cache(maxsize=4096)
def offer_of(name: str) -> Offer | None:
    """The offer that a field belongs to."""
    prefix, dot, tag = name.rpartition(".")
    unit = prefix.startswith("BusinessUnits.")
    if tag == _REGULAR and (unit or not prefix):
        sale = sale_of(f"{prefix}{dot}{'SpecialPrice' if unit else 'SalePrice'}")
    else:
        sale = sale_of(name)
    return None if sale is None else Offer(price=f"{prefix}{dot}{_REGULAR}", sale=sale)


def needed(columns: Iterable[str], asked: Collection[str]) -> list[str]:
    """Columns that a decision about some fields may ask for.

    An offer is judged whole, in all countries, and by what is internal ("@…"); other fields by themselves.
    """
    offer = any(map(offer_of, asked))
    return [name for name in columns if name in asked or (offer and (name[:1] == "@" or offer_of(name)))]


def offers_in(names: Iterable[str]) -> Sequence[Offer]:
    """The offers that some fields touch, each once, in order."""
    return _offers_in(tuple(names))


@lru_cache(maxsize=4096)
def _offers_in(names: tuple[str, ...]) -> tuple[Offer, ...]:
    return tuple(dict.fromkeys(offer for name in names if (offer := offer_of(name))))


def faults(offer: Offer, value: Callable[[str], str], means: Callable[[str], str]) -> Iterator[Fault]:
    """What of an offer contradicts itself.

    Args:
        value: field → its value, "" for none.
        means: field → its meaning, "" for none; dates are ordered by it.
    """
    name, start, end = offer.sale.names
    price, sale = amount(value(offer.price)), amount(value(name))
    starts, ends = means(start), means(end)
    dates = [date for date, meant in ((start, starts), (end, ends)) if meant]
    if price is not None and sale is not None and sale >= price:
        says = {
            name: f"{name} isn't below {offer.price}, which is {value(offer.price)}",
            offer.price: f"{offer.price} isn't above {name}, which is {value(name)}",
        }
        yield Fault(code="sale-not-below-price", fields=(name, offer.price), says=says)
    if starts and ends and ends < starts:
        says = {
            end: f"{end} is before {start}, which is {value(start)}",
            start: f"{start} is after {end}, which is {value(end)}",
        }
        yield Fault(code="window-inverted", fields=(end, start), says=says)
    if sale is not None and not dates:
        says = {name: f"{name} needs a start or an end date, and the shop has none"}
        yield Fault(code="sale-without-window", fields=(name,), says=says)
    if sale is None and dates:
        says = {date: f"{date} needs a sale price, and the shop has none" for date in dates}
        yield Fault(code="window-without-sale", fields=tuple(dates), says=says)
