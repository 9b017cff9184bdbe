"""What rides along unchanged, as the shop holds it now; and what an offer would come to with it. Pure.

A plan knows the values beside its changes as they were when it was made. A person may have corrected
them since: sending the old ones would undo that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pipeline.diff.offers import Fault, Offer, faults, offers_in
from pipeline.diff.plan import Record
from pipeline.diff.prices import amount
from pipeline.diff.sales import sale_of, sales_in

#: (field, text) → what it means, "" for nothing.
Meaning = Callable[[str, str], str]


def refreshed(record: Record, current: Mapping[str, str | None], means: Meaning) -> dict[str, str]:
    """What rides along, with the shop's present values; what it holds no more stays at home."""
    found: dict[str, str] = {}
    for name, planned in record.context:
        held = planned if _unshown(name, current) else current.get(name) or ""
        if means(name, held) == means(name, planned):
            found[name] = planned
        elif means(name, held):
            found[name] = held
    return found


def contradictions(
    record: Record, body: Mapping[str, str], current: Mapping[str, str | None], means: Meaning
) -> tuple[str, ...]:
    """What of the changed offers is contradictory now, or deeper, and wasn't when it was planned.

    A contradiction that was planned (the settings let it pass, or it goes back to what the shop held)
    isn't one of these.
    """
    changed = {change.field: change.after for change in record.changes}
    then = {**dict(record.facts), **dict(record.context), **changed}
    now = {**{name: text or "" for name, text in current.items()}, **body}
    torn = (
        next(fault.says[name] for name in fault.fields if name in changed)
        for offer in offers_in(changed)
        for fault in _new(offer, then, now, means)
        if changed.keys() & set(fault.fields)
    )
    return (*torn, *_cheaper(record, body, means))


def _cheaper(record: Record, body: Mapping[str, str], means: Meaning) -> Iterator[str]:
    """Promotions that would be deeper, or open at other times, than those that the guards judged.

    A person's price with our dates, or our price with a person's dates, is what nobody has looked at.
    """
    changed = {change.field for change in record.changes}
    planned = dict(record.context)
    for sale in sales_in(changed):
        ours, along = amount(planned.get(sale.price)), amount(body.get(sale.price))
        if sale.price not in changed and ours and along and along < ours:
            yield f"{sale.price}: judged at {planned[sale.price]}, the shop now holds {body[sale.price]}"
        for name in sale.dates if sale.price in changed else ():
            was, held = means(name, planned.get(name, "")), means(name, body.get(name, ""))
            wider = was and (not held or (held < was if name == sale.start else held > was))
            if wider and name not in changed:
                yield f"{name}: judged with {planned[name]}, the shop now holds {body.get(name) or 'none'}"


def _new(offer: Offer, then: Mapping[str, str], now: Mapping[str, str], means: Meaning) -> Iterator[Fault]:
    known = {fault.code for fault in _faults(offer, then, means)}
    return (fault for fault in _faults(offer, now, means) if fault.code not in known)


def _faults(offer: Offer, values: Mapping[str, str], means: Meaning) -> Iterator[Fault]:
    def value(name: str) -> str:
        return values.get(name, "")

    return faults(offer, value, lambda name: means(name, value(name)))


def _unshown(name: str, current: Mapping[str, str | None]) -> bool:
    """A date of a promotion that the shop shows without any: it has some, so it doesn't tell them."""
    sale = sale_of(name)
    if sale is None or name == sale.price:
        return False
    return bool(current.get(sale.price)) and not any(current.get(date) for date in sale.dates)
