"""A reviewed plan → the narrower plan with only what was approved.

What a reviewer may say is yes or no. A cell that shows something else than the plan is refused: the
plan is what was looked at, and new values come in by a catalog, through validation and guards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.diff.build import Assembly, Seconds
from pipeline.diff.decide import missing_to_create
from pipeline.diff.offers import Offer, faults, offers_in
from pipeline.diff.paid import market_of
from pipeline.diff.plan import Change, Counts, Effect, Held, Plan, Record
from pipeline.diff.planfile import held, open_plan, plan_path, records
from pipeline.diff.prices import is_price
from pipeline.diff.reviewed import Answer, Review
from pipeline.diff.rules import known_field
from pipeline.diff.sales import sales_in
from pipeline.errors import PlanRefused
from pipeline.market.feeds import Action
from pipeline.settings import Shop
from pipeline.values.context import Context
from pipeline.values.counted import plural
from pipeline.values.kinds import comparable

#: A value as the workbook shows it (too long ones are cut there).
Shown = Callable[[str], str]
Lines = Mapping[tuple[int, str], Answer]
#: What declining a part of an offer may leave behind.
TORN = ("sale-not-below-price", "window-inverted")


def narrow(
    path: Path,
    review: Review,
    *,
    shop: Shop,
    plan_id: str,
    folder: Path,
    scratch: Path,
    forecast: Seconds,
    shown: Shown,
) -> Plan:
    """Seal the approved part of the plan at `path`, in `folder`/<plan_id>.plan.jsonl.

    It is as old as the plan that was reviewed: approving makes nothing fresher.

    Args:
        scratch: an existing folder for what is needed only meanwhile.
        shown: how the report spells a value.

    Raises:
        PlanRefused: the workbook reviews another plan, shows other values, lacks lines or has too many.
    """
    plan = open_plan(path)
    reviewed, digest = review.plan()
    if (reviewed, digest) != (plan.id, plan.digest):
        hint = f"its plan was {reviewed}; review a report of {plan.id}"
        raise PlanRefused(f"the workbook doesn't review plan {plan.id} as it is", hint=hint)
    narrowing = _Narrowing(plan, _declined(path, review, shown), shop)
    with Assembly(scratch, shop, market_of(plan.basis)) as assembly:
        assembly.take((), held(path))
        for record in records(path):
            assembly.take(*narrowing.of(record))
        counts, fields = narrowing.counts()
        was = plural(narrowing.declined, "change was", "changes were")
        said = f"{was} declined in review of plan {plan.id}."
        header = replace(
            plan,
            id=plan_id,
            counts=counts,
            fields_changed=fields,
            notices=(*plan.notices, said),
            digest="",
            narrows=plan.digest,
        )
        return assembly.seal(plan_path(folder, plan_id), header, seconds=forecast)


def _declined(path: Path, review: Review, shown: Shown) -> frozenset[tuple[int, str]]:
    """(record, field) of every change that got a no, once every line has been found to be the plan's."""
    lines = sum(max(1, len(record.changes)) for record in records(path))
    answers = _by_line(review.answers(lines))
    whole = review.declined_fields()
    declined: set[tuple[int, str]] = set()
    for record in records(path):
        for change in record.changes or (Change(field="", before=None, after=""),):
            key = (record.no, change.field)
            answer = _checked(answers.pop(key, None), record, change, shown)
            if not answer.approved or change.field in whole:
                declined.add(key)
    if answers:
        stray = next(iter(answers.values()))
        raise PlanRefused(
            f"{stray.place('record')}: the plan has no record {stray.cells['record']!r} "
            f"with field {stray.cells['field']!r}",
            hint="review the report of this plan, without adding lines",
        )
    return frozenset(declined)


def _by_line(answers: Iterator[Answer]) -> dict[tuple[int, str], Answer]:
    found: dict[tuple[int, str], Answer] = {}
    for answer in answers:
        number = answer.cells["record"].strip()
        key = (int(number) if number.isascii() and number.isdigit() else 0, answer.cells["field"])
        if key in found:
            where = f"{found[key].place('record')} and {answer.place('record')}"
            raise PlanRefused(f"{where} are the same line", hint="delete one of them")
        found[key] = answer
    return found


def _checked(answer: Answer | None, record: Record, change: Change, shown: Shown) -> Answer:
    """The answer to a change, if the line still shows that change."""
    if answer is None:
        raise PlanRefused(
            f"the workbook lacks the line of record {record.no} ({record.sku}), field {change.field!r}",
            hint="leave lines in and write no in their approve column",
        )
    expected = {"sku": record.sku, "before": change.before or "", "after": change.after}
    for column, value in expected.items():
        if _plain(answer.cells[column]) != _plain(shown(value)):
            raise PlanRefused(
                f"{answer.place(column)} shows {answer.cells[column]!r}, the plan says {value!r}: "
                "values can't be edited in a review",
                hint="write no in its approve column, and correct the value in the catalog",
            )
    return answer


def _plain(text: str) -> str:
    """Without what spreadsheet programs change by themselves: line ends, blanks at the ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "").strip()


@dataclass(slots=True)
class _Fate:
    """What becomes of one SKU: which effect it was to have, and whether anything of it is left."""

    effect: Effect
    left: bool = False


@dataclass(slots=True)
class _Narrowing:
    """Takes the declined changes out, record by record, in the order of the plan."""

    plan: Plan
    lines: frozenset[tuple[int, str]]
    shop: Shop
    declined: int = 0
    fates: dict[str, _Fate] = field(default_factory=dict)
    fields: Counter[str] = field(default_factory=Counter)
    unborn: set[str] = field(default_factory=set)

    def of(self, record: Record) -> tuple[list[Record], list[Held]]:
        """What is left of a record, and what is held of it."""
        lines = [change.field for change in record.changes] or [""]
        said_no = frozenset(name for name in lines if (record.no, name) in self.lines)
        gone = said_no | self._falls_with(record, said_no)
        kept = [_without(record, gone)] if len(gone) < len(lines) else []
        self.declined += len(gone)
        fate = self.fates.setdefault(record.sku, _Fate(record.effect))
        fate.left = fate.left or bool(kept)
        if record.action is Action.CREATE and not kept:
            self.unborn.add(record.sku)
        if record.effect in (Effect.UPDATE, Effect.DEACTIVATE):
            self.fields.update(change.field for one in kept for change in one.changes)
        return kept, [_held(record, change, said_no) for change in record.changes if change.field in gone]

    def counts(self) -> tuple[Counts, dict[str, int]]:
        """The new plan's counts: a product of which nothing is left counts as blocked."""
        counts = self.plan.counts
        for fate in self.fates.values():
            if not fate.left:
                fewer = {fate.effect.value: getattr(counts, fate.effect.value) - 1}
                ours = fate.effect in (Effect.CREATE, Effect.UPDATE)
                counts = replace(counts, **fewer, blocked=counts.blocked + ours)
        return counts, dict(sorted(self.fields.items()))

    def _falls_with(self, record: Record, gone: frozenset[str]) -> frozenset[str]:
        """What can't be sent any more once those fields aren't."""
        everything = frozenset(change.field for change in record.changes)
        parent = next((change.after for change in record.changes if change.field == "ParentSku"), "")
        if record.effect is Effect.CREATE and {record.sku, parent} & self.unborn:
            return everything
        if not gone:
            return gone
        if record.action is Action.REMOVE:
            return everything
        if record.action is Action.CREATE:
            given = [of for name in sorted(everything - gone) if (of := known_field(name, self.shop.dialect))]
            return everything if missing_to_create(given, self.shop.dialect, self.shop.operators) else gone
        return everything & {name for offer in offers_in(gone) for name in self._torn(record, offer, gone)}

    def _torn(self, record: Record, offer: Offer, gone: frozenset[str]) -> tuple[str, ...]:
        """What of an offer can't stay: price and window without each other, or what contradicts itself."""
        values = {**dict(record.facts), **dict(record.context)}
        for change in record.changes:
            values[change.field] = (change.before or "") if change.field in gone else change.after
        sale = offer.sale
        if any(fault.code in TORN for fault in faults(offer, _value_in(values), self._means_in(values))):
            return (offer.price, *sale.names)
        paired = bool(values.get(sale.price)) == any(values.get(name) for name in sale.dates)
        return () if paired or not gone & set(sale.names) else sale.names

    def _means_in(self, values: Mapping[str, str]) -> Callable[[str], str]:
        ctx = Context(timezone=ZoneInfo(self.shop.timezone))

        def means(name: str) -> str:
            of = known_field(name, self.shop.dialect)
            return comparable(of, values.get(name, ""), ctx) if of else ""

        return means


def _value_in(values: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: values.get(name, "")


def _without(record: Record, gone: frozenset[str]) -> Record:
    """A record without some of its changes; what they leave standing is known to guards and shop."""
    if not gone:
        return record
    dropped = {change.field: change.before or "" for change in record.changes if change.field in gone}
    beside = sales_in(change.field for change in record.changes if change.field not in gone)
    along = [(n, v) for n, v in dropped.items() if v and any(n in sale.names for sale in beside)]
    prices = [(name, value) for name, value in dropped.items() if value and is_price(name)]
    return replace(
        record,
        changes=tuple(change for change in record.changes if change.field not in gone),
        acquitted=tuple(name for name in record.acquitted if name not in gone),
        context=tuple(sorted({**dict(record.context), **dict(along)}.items())),
        facts=tuple(sorted({**dict(record.facts), **dict(prices)}.items())),
    )


def _held(record: Record, change: Change, said_no: frozenset[str]) -> Held:
    direct = change.field in said_no
    return Held(
        sku=record.sku,
        reason="declined",
        field=change.field,
        before=change.before,
        after=change.after,
        message="declined in review" if direct else "can't be sent without what was declined in review",
    )
