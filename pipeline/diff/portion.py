"""What became of some products, in the form in which a plan takes it. Pure; plain values only, since it may
come from another process."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.diff.batches import Entry
from pipeline.diff.entries import entry_of
from pipeline.diff.measure import Told, told_by
from pipeline.diff.paid import Market
from pipeline.diff.plan import Effect, Held, Record
from pipeline.diff.recordjson import body_of
from pipeline.diff.settle import Breach, Decided
from schemas.fields import Dialect

#: Looked up once: to ask an enum for a member takes as long as three calls.
_UPDATE, _DEACTIVATE = Effect.UPDATE, Effect.DEACTIVATE


@dataclass(slots=True)
class Portion:
    """Decisions about some products.

    Attributes:
        bodies: records as JSON without their numbers, one behind the other; lengths: of each;
            entries: what packing has to know of each; told: what they say to guards.
        fates: what became of how many; fields_changed: field → products that exist and change in it.
        breaches: what contradicts the shop.
    """

    bodies: bytes = b""
    lengths: array[int] = field(default_factory=lambda: array("q"))
    entries: list[Entry] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    fields_changed: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)


def fields_changed(records: Iterable[Record]) -> list[str]:
    """The fields in which records change a product that exists, one for each change."""
    return [
        change.field
        for record in records
        if record.effect is _UPDATE or record.effect is _DEACTIVATE
        for change in record.changes
    ]


def portion_of(products: Iterable[Decided], dialect: Dialect, market: Market) -> Portion:
    """Decisions, written down."""
    made = Portion()
    bodies, fates, changed = list[bytes](), list[str](), list[str]()
    for decided in products:
        fates.append(decided.fate)
        made.held += decided.held
        made.breaches += decided.breaches
        for record in decided.records:
            bodies.append(body_of(record))
            made.entries.append(entry_of(record, dialect))
            made.told += told_by(record, market)
        changed += fields_changed(decided.records)
    made.bodies, made.lengths = b"".join(bodies), array("q", map(len, bodies))
    made.fates, made.fields_changed = Counter(fates), Counter(changed)
    return made
