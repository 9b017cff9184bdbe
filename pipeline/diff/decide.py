"""One product: ours × theirs × memory → records to send, and what is held back. Pure.

The order of the questions for each field of the file:

1. are they equal, or an echo (what we sent last time, as the shop stored it)? nothing to do;
2. can the API do it at all? else it's held, with the place where a person can;
3. did someone edit it in the shop since we last wrote it? the policy decides;
4. else it's a change. A promotion's fields are completed, quarantined content is held;
5. do price, sale price and window still hold together in the shop? else the whole row is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from pipeline.diff.merged import breaches, contradicted
from pipeline.diff.places import place_of
from pipeline.diff.plan import Change, Effect, Held, HeldReason
from pipeline.diff.rules import Rules, known_field
from pipeline.diff.sales import sale_of, sales_in
from pipeline.diff.settle import Decided, Side, settled
from pipeline.read.finding import Severity
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Dialect, Field

#: Looked up once: to ask an enum for a member takes as long as three calls.
_CREATE, _UPDATE = Effect.CREATE, Effect.UPDATE


def decide_update(
    side: Side, differing: Iterable[Field], rules: Rules, *, also: Iterable[Field] = ()
) -> Decided:
    """A product that the shop holds.

    Args:
        differing: fields whose meaning is known to differ; also: fields that may.
    """
    one = _One(side, rules)
    for of in differing:
        one.judge(of)
    for of in also:
        if of.name in side.ours and of.name != KEY:
            one.compare(of)
    one.end_promotions()
    found = breaches(side, one.changes, rules)
    if found and any(breach.severity is Severity.ERROR for breach in found):
        held = (*one.held, *contradicted(found, one.changes))
        return Decided(sku=side.sku, fate="blocked", held=held, breaches=found)
    decided = settled(side, rules, _UPDATE, one.changes, one.held)
    return replace(decided, breaches=found) if found else decided


def decide_create(side: Side, fields: Iterable[Field], rules: Rules) -> Decided:
    """A product that the shop doesn't hold."""
    ours, origin = side.ours, side.origin
    given = tuple([of.name for of in fields if ours.get(of.name) and of.name != KEY])
    if missing := _missing(given, rules.dialect, rules.operators):
        held = Held(
            sku=side.sku,
            reason="incomplete",
            message=f"a new product needs {', '.join(missing)} as well; the file doesn't give it",
        )
        return Decided(sku=side.sku, fate="blocked", held=(held,))
    changes = [Change(field=name, before=None, after=ours[name], origin=origin(name)) for name in given]
    return settled(side, rules, _CREATE, changes, [])


def decide_absent(side: Side, rules: Rules) -> Decided:
    """A product of the shop that the file lacks, where absence is to mean something."""
    active = [name for name in status_fields(rules) if _word(side.theirs.get(name)) == "active"]
    if not active:
        return Decided(sku=side.sku, fate="unchanged")
    if rules.absent == "deactivate":
        changes = [Change(field=name, before=side.theirs[name], after="inactive") for name in active]
        return settled(side, rules, Effect.DEACTIVATE, changes, [])
    lost = [
        Change(field=name, before=text, after="")
        for name, text in side.theirs.items()
        if text and name != KEY and rules.field(name)
    ]
    return settled(side, rules, Effect.REMOVE, lost, [])


def status_fields(rules: Rules) -> tuple[str, ...]:
    """Where the shop keeps whether a product is for sale."""
    if rules.dialect is Dialect.CLASSIC:
        return ("Status",)
    return tuple(f"BusinessUnits.{operator}.Status" for operator in rules.operators)


def _word(text: str | None) -> str:
    return (text or "").strip().lower()


def missing_to_create(given: Iterable[Field], dialect: Dialect, operators: Sequence[str] = ()) -> list[str]:
    """What the shop demands of a new product beside these; a name it may make up itself (reference 4.1)."""
    given = tuple(given)
    names = {of.name for of in given}
    plain = ["PrimaryCategory", "Description", "Brand"]
    if dialect is Dialect.CLASSIC:
        return [name for name in (*plain, "Price") if name not in names]
    units = list(dict.fromkeys(of.operator for of in given if of.operator)) or list(operators)
    prices = [f"BusinessUnits.{operator}.Price" for operator in units]
    return [name for name in (*plain, *prices) if name not in names]


@lru_cache(maxsize=4096)
def _missing(names: tuple[str, ...], dialect: Dialect, operators: tuple[str, ...]) -> list[str]:
    """The same, by names: most products of a file give the same fields."""
    given = [of for name in names if (of := known_field(name, dialect))]
    return missing_to_create(given, dialect, operators)


class _One:
    """The comparison of one product, field by field."""

    def __init__(self, side: Side, rules: Rules) -> None:
        self._side = side
        self._rules = rules
        self.changes: list[Change] = []
        self.held: list[Held] = []

    def compare(self, of: Field) -> None:
        """Judge a field where the sides differ in meaning."""
        after = self._side.ours[of.name]
        if of.name in self._side.unreadable:
            self._unreadable(of, after)
        elif not self._same(of, after, self._side.theirs.get(of.name, "")):
            self.judge(of)

    def judge(self, of: Field) -> None:
        """What follows from a difference that the shop shows."""
        after, before = self._side.ours[of.name], self._side.theirs.get(of.name, "")
        drift = None
        if (written := self._side.written.get(of.name)) is not None and written.stored is not None:
            stands = self._same(of, written.stored, before)
            if stands and self._same(of, written.sent, after):
                return  # an echo: the shop shows, in its own words, what we sent
            drift = None if stands or of.volatile else written.sent
        if not of.settable:
            self._hold(of, before, after, "unsettable", "no update can change this field")
        elif after == "" and (why := self._uncleanable(of)):
            self._hold(of, before, after, "manual", why)
        elif drift is not None and self._rules.policy(of) != "file-wins":
            said = f"someone changed it in the shop; we had written {drift!r}"
            self._hold(of, before, after, "drift", said, theirs=before)
        else:
            self._change(of.name, before, after, drift)

    def end_promotions(self) -> None:
        """The shop drops a promotion's window with its price: the plan says so, and can bring it back."""
        ended = {change.field for change in self.changes if not change.after}
        if not ended:
            return
        for sale in sales_in(ended):
            for name in sale.dates if sale.price in ended else ():
                theirs = self._side.theirs.get(name, "")
                if theirs and name not in ended and not self._side.ours.get(name):
                    self._change(name, theirs, "", None)

    def _unreadable(self, of: Field, after: str) -> None:
        """Compared with what we last sent: nobody can say what the shop holds."""
        written = self._side.written.get(of.name)
        if self._same(of, after, written.sent if written else ""):
            return
        if after == "" and not of.clearable:
            self._hold(of, None, after, "manual", "the API has no way to empty this field")
        else:
            self._change(of.name, None, after, None)

    def _same(self, of: Field, one: str, other: str) -> bool:
        ctx = self._rules.ctx
        return one == other or comparable(of, one, ctx) == comparable(of, other, ctx)

    def _uncleanable(self, of: Field) -> str:
        """Why the API can't empty a field, or "" where it can."""
        sale = sale_of(of.name)
        if not of.clearable or sale is None:
            return "the API has no way to empty this field"
        if not self._rules.empty_clears_sale:
            return "this shop doesn't end a promotion by an empty value"
        ours, theirs = self._side.ours.get(sale.price), self._side.theirs.get(sale.price, "")
        stays = theirs if ours is None else ours
        if of.name != sale.price and stays:
            return "the shop ignores an empty date while the promotion goes on"
        return ""

    def _change(self, name: str, before: str | None, after: str, drift: str | None) -> None:
        origin = self._side.origin(name) if name in self._side.ours else None
        self.changes.append(Change(field=name, before=before, after=after, origin=origin, drift=drift))

    def _hold(
        self,
        of: Field,
        before: str | None,
        after: str,
        reason: HeldReason,
        message: str,
        *,
        theirs: str | None = None,
    ) -> None:
        place = place_of(of, self._side.sku) if reason in ("manual", "unsettable") else ""
        self.held.append(
            Held(
                sku=self._side.sku,
                reason=reason,
                field=of.name,
                before=before,
                after=after,
                theirs=theirs,
                message=message,
                place=place,
            )
        )
