"""What was decided about one product → the records that carry it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pipeline.diff.memory import Befores, Resting, Written, content_of
from pipeline.diff.offers import offers_in
from pipeline.diff.plan import Change, Effect, Held, Origin, Record
from pipeline.diff.prices import amount, is_price
from pipeline.diff.rules import Rules, known_field
from pipeline.diff.sales import companions
from pipeline.diff.swift import swift
from pipeline.market.feeds import Action
from pipeline.read.finding import Severity
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, Field, Place

Fate = Literal["create", "update", "deactivate", "remove", "unchanged", "blocked", "not_listed"]
#: Internal columns that guards judge prices by.
INTERNAL_FACTS = ("@cost", "@floor")
#: Facts that say when the shop held last what a field goes back to, seconds since the epoch.
LAST_HELD = "@held."
#: Looked up once: to ask an enum for a member takes as long as three calls.
_CREATE, _UPDATE, _REMOVE = Effect.CREATE, Effect.UPDATE, Effect.REMOVE
_NEW, _OLD, _IMAGE = Action.CREATE, Action.UPDATE, Action.IMAGE
_FATES: dict[Effect, Fate] = {effect: effect.value for effect in Effect}


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is known of one product when it is decided.

    Attributes:
        ours: field → value of the file, nulls left out; internal columns as "@name". A meeting leaves out
            what no decision about the differing fields asks for, on both sides.
        theirs: field → the shop's text, nulls as ""; {} for a product that is new.
        unreadable: fields that GetProducts doesn't return, or never returned.
        written, befores: memory of this SKU, by field.
        resting: quarantine of this SKU, by action.
        origin: where the file's value of a field stands.
    """

    sku: str
    ours: Mapping[str, str]
    theirs: Mapping[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    written: Mapping[str, Written] = field(default_factory=dict)
    befores: Mapping[str, Befores] = field(default_factory=dict)
    resting: Mapping[str, Resting] = field(default_factory=dict)
    origin: Callable[[str], Origin | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that a value of the file breaks only beside what the shop holds.

    Attributes:
        origin: the cell to correct; value: what the file says there, as we read it.
    """

    code: str
    severity: Severity
    sku: str
    field: str
    message: str
    value: str
    origin: Origin | None


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What becomes of one product of the file or of the shop."""

    sku: str
    fate: Fate
    records: tuple[Record, ...] = ()
    held: tuple[Held, ...] = ()
    breaches: tuple[Breach, ...] = ()


def settled(
    side: Side, rules: Rules, effect: Effect, changes: Sequence[Change], held: Sequence[Held]
) -> Decided:
    """Records by action, quarantine taken out."""
    if not changes and effect is not _REMOVE:
        return Decided(sku=side.sku, fate="blocked" if held else "unchanged", held=tuple(held))
    records: list[Record] = []
    rest = list(held)
    kept = frozenset([one.field for one in held])
    for action, group in _by_action(effect, changes, rules):
        resting = side.resting.get(action) if side.resting else None
        if resting is not None and resting.content == content_of(action, ((c.field, c.after) for c in group)):
            rest.extend(_resting(side.sku, resting, change) for change in group)
        else:
            records.append(_record(side, rules, effect, action, group, kept))
    if effect is _CREATE and records and records[0].action is _IMAGE:
        records = []
    fate: Fate = "blocked" if rest else "unchanged"
    if records:
        fate = _FATES[effect]
    return Decided(sku=side.sku, fate=fate, records=tuple(records), held=tuple(rest))


def _by_action(
    effect: Effect, changes: Sequence[Change], rules: Rules
) -> Iterable[tuple[Action, tuple[Change, ...]]]:
    """Images are sent apart from the rest, by an action of their own."""
    if effect is _REMOVE:
        return [(Action.REMOVE, tuple(changes))]
    first = _NEW if effect is _CREATE else _OLD
    names = _images(tuple([change.field for change in changes]), rules.dialect)
    if not names:
        return [(first, tuple(changes))] if changes else []
    images = tuple([change for change in changes if change.field in names])
    rest = tuple([change for change in changes if change.field not in names])
    return [(action, group) for action, group in ((first, rest), (_IMAGE, images)) if group]


@lru_cache(maxsize=4096)
def _images(names: tuple[str, ...], dialect: Dialect) -> frozenset[str]:
    """Those of some fields that are images."""
    places = ((name, known_field(name, dialect)) for name in names)
    return frozenset(name for name, of in places if of is not None and of.place is Place.IMAGE)


def _resting(sku: str, resting: Resting, change: Change) -> Held:
    return Held(
        sku=sku,
        reason="quarantine",
        field=change.field,
        before=change.before,
        after=change.after,
        message=f"refused again and again: {resting.reason}",
    )


def _record(
    side: Side,
    rules: Rules,
    effect: Effect,
    action: Action,
    changes: tuple[Change, ...],
    kept: frozenset[str],
) -> Record:
    """Args: kept: fields whose value stays the shop's, whatever the file says."""
    context: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    if (effect is _UPDATE or effect is _CREATE) and offers_in([change.field for change in changes]):
        after = {change.field: change.after for change in changes}
        facts = _facts(side, after)
        if effect is _UPDATE:
            context = companions(after, lambda name: _known(side, rules, name, kept))
    back = acquitted(side, rules, changes)
    held = tuple([(f"{LAST_HELD}{name}", f"{back[name]:.0f}") for name in sorted(back)]) if back else ()
    return Record(
        no=0,
        batch=0,
        sku=side.sku,
        action=action,
        effect=effect,
        changes=changes,
        acquitted=tuple(back),
        context=context,
        facts=facts + held,
    )


def _known(side: Side, rules: Rules, name: str, kept: frozenset[str]) -> str:
    """The value of a field that isn't changed: ours where the file gives it and it holds, else the shop's."""
    of = rules.field(name)
    ours = "" if name in kept and name not in side.unreadable else side.ours.get(name)
    value = ours or side.theirs.get(name, "")
    return value if of is not None and comparable(of, value, rules.ctx) else ""


def _facts(side: Side, after: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What guards need beside the changes, where they are some of an offer: what it is now.

    A first price is held against those of other countries.
    """
    facts = [
        (n, v) for n, v in side.ours.items() if n[:1] == "@" and n.partition(".")[0] in INTERNAL_FACTS and v
    ]
    if theirs := side.theirs:
        prices, names = _beside(tuple(after))
        if any(amount(theirs.get(price)) is None for price in prices):
            names |= {name for name in theirs if is_price(name) and name not in after}
        facts += [(name, text) for name in names if (text := theirs.get(name))]
    return tuple(sorted(facts))


@lru_cache(maxsize=4096)
def _beside(names: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Regular prices among some fields, and the rest of the offers that they touch."""
    offers = offers_in(names)
    prices = tuple(offer.price for offer in offers if offer.price in names)
    return prices, frozenset(name for offer in offers for name in offer.names).difference(names)


def acquitted(side: Side, rules: Rules, changes: Iterable[Change]) -> dict[str, float]:
    """Fields that go back to a value which the journal holds as one it replaced → when the shop held it.

    A rollback or restore may go back to any of them. An import only takes our last write back, while
    it stands in the shop: an old export, fed by mistake, is judged like any file.
    """
    if not side.befores:
        return {}
    ctx = rules.ctx
    found: dict[str, float] = {}
    for change in changes:
        of = rules.field(change.field)
        earlier = side.befores.get(change.field)
        if of is None or not earlier or not (rules.undoing or _takes_back(side, of, change, rules)):
            continue
        wanted = comparable(of, change.after, ctx)
        times = [at for text, at in earlier.items() if comparable(of, text, ctx) == wanted]
        if times:
            found[change.field] = max(times)
    return found


def _takes_back(side: Side, of: Field, change: Change, rules: Rules) -> bool:
    """The shop still holds what we wrote last, and the change puts back what that replaced."""
    written = side.written.get(change.field)
    if written is None:
        return False
    ours = written.sent if written.stored is None else written.stored
    held = ours if change.before is None else change.before
    pairs = ((held, ours), (change.after, written.before or ""))
    return all(comparable(of, one, rules.ctx) == comparable(of, other, rules.ctx) for one, other in pairs)
