"""After the feed: what became of each record, by what the shop said and what it holds. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Change, Effect, Record
from pipeline.journal.states import Outcome
from pipeline.market.feeds import Action, RecordError
from pipeline.push.examine import Product
from pipeline.push.words import code_of
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, Field, Kind, UnknownField, field_named

#: Kinds whose text a shop may rewrite and still mean ours; a price it holds otherwise isn't ours.
REWRITABLE = (
    Kind.TEXT,
    Kind.HTML,
    Kind.IMAGES,
    Kind.URL,
    Kind.BRAND,
    Kind.CATEGORY,
    Kind.CATEGORIES,
    Kind.IDS,
    Kind.EAN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of one record.

    Attributes:
        outcome: None = not to be seen yet: look again, until the deadline.
        stored: field → the shop's text, for every field that was read back.
        volatile: those of them that change by themselves.
    """

    outcome: Outcome | None
    code: str = ""
    message: str = ""
    warning: str = ""
    stored: Mapping[str, str] = field(default_factory=dict)
    volatile: frozenset[str] = frozenset()

    @property
    def remembered(self) -> dict[str, str]:
        """What the shop made of what was sent: stock it holds otherwise was sold, not rewritten."""
        return {name: value for name, value in self.stored.items() if name not in self.volatile}


def refusals(records: Iterable[Record], errors: Iterable[RecordError]) -> dict[int, Judgement]:
    """Record number → refused, for those that the feed's errors name."""
    by_sku = _by_sku(errors)
    found = {}
    for record in records:
        messages = by_sku.get(record.sku) or by_sku.get(_loose(record.sku))
        if messages:
            text = "; ".join(messages)
            found[record.no] = Judgement(outcome=Outcome.REFUSED, code=code_of(messages[0]), message=text)
    return found


def warnings(records: Iterable[Record], rows: Iterable[RecordError]) -> dict[int, str]:
    """Record number → the shop's warnings about it."""
    by_sku = _by_sku(rows)
    texts = {record.no: by_sku.get(record.sku) or by_sku.get(_loose(record.sku)) for record in records}
    return {no: "; ".join(messages) for no, messages in texts.items() if messages}


def _by_sku(rows: Iterable[RecordError]) -> dict[str, list[str]]:
    """Messages by SKU as sent, and by its loose form: shops trim and change case."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for key in {row.sku, _loose(row.sku)} - {""}:
            found.setdefault(key, []).append(row.message)
    return found


def _loose(sku: str) -> str:
    return sku.strip().casefold()


def shown(record: Record, held: Product | None, dialect: Dialect, context: Context) -> bool:
    """Whether a product shows that the record was applied: all that can be read of it, stock too.

    Evidence, where `Judge.judge` takes a feed's word: nothing readable shows nothing.
    """
    if record.action is Action.REMOVE:
        return held is None or _is_deleted(held)
    if held is None:
        return False
    judge = Judge(dialect=dialect, context=context)
    return judge.shows(record, held)


def _is_deleted(held: Product) -> bool:
    return any(name.rpartition(".")[2] == "Status" and value == "deleted" for name, value in held.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Compares what was sent with what a re-read shows.

    Attributes:
        returned: fields that the shop showed of any product just read; one that it shows of none
            can't be verified and counts as done, with a warning, when the feed reports no error.
        final: the deadline is over: what isn't there now is not applied.
    """

    dialect: Dialect
    context: Context
    returned: Collection[str] = frozenset()
    final: bool = False

    def judge(self, record: Record, held: Product | None, warning: str = "") -> Judgement:
        """What became of a record that the feed didn't refuse.

        Law: done only when a re-read shows the value (stock and unreadable fields excepted).
        """
        if record.action is Action.REMOVE:
            return self._removed(held, warning)
        if held is None:
            return self._missing(record, warning)
        stored = {c.field: held.get(c.field) or "" for c in record.changes if c.field in held}
        wrong = [change for change in record.changes if not self._done(record, change, held)]
        if wrong:
            return self._not_yet(wrong, held, stored, warning)
        notes = (warning, self._rewritten(record, stored), self._unseen(record, held))
        moving = frozenset(name for name in stored if self._field(name).volatile)
        warning = "; ".join(filter(None, notes))
        return Judgement(outcome=Outcome.VERIFIED, warning=warning, stored=stored, volatile=moving)

    def shows(self, record: Record, held: Product) -> bool:
        """Whether every readable field holds what was sent, and at least one can be read."""
        seen = [c for c in record.changes if self._field(c.field).readable]
        return bool(seen) and all(self._equal(c, {c.field: held.get(c.field) or ""}) for c in seen)

    def _rewritten(self, record: Record, stored: Mapping[str, str]) -> str:
        names = [c.field for c in record.changes if self._readable(c) and not self._equal(c, stored)]
        return f"the shop stored its own form of {', '.join(names)}" if names else ""

    def _unseen(self, record: Record, held: Product) -> str:
        names = [
            c.field for c in record.changes if c.field not in held and self._readable(c) and c.after != ""
        ]
        return f"the shop doesn't show {', '.join(names)}, so it can't be verified" if names else ""

    def _removed(self, held: Product | None, warning: str) -> Judgement:
        if held is None or _is_deleted(held):
            return Judgement(outcome=Outcome.VERIFIED, warning=warning)
        return self._failed("not-removed", "the shop still lists the product", warning)

    def _missing(self, record: Record, warning: str) -> Judgement:
        if any(c.after == "deleted" and c.field.rpartition(".")[2] == "Status" for c in record.changes):
            return Judgement(outcome=Outcome.VERIFIED, warning=warning)
        return self._failed("not-listed", "the shop doesn't list the product", warning)

    def _failed(
        self, code: str, message: str, warning: str, stored: Mapping[str, str] | None = None
    ) -> Judgement:
        outcome = Outcome.NOT_APPLIED if self.final else None
        return Judgement(outcome=outcome, code=code, message=message, warning=warning, stored=stored or {})

    def _done(self, record: Record, change: Change, held: Product) -> bool:
        known = self._field(change.field)
        if known.volatile or not known.readable:
            return True
        if change.field not in held and change.field not in self.returned and not _expected(known):
            return True
        theirs = comparable(known, held.get(change.field) or "", self.context)
        if theirs == comparable(known, change.after, self.context):
            return True
        before = comparable(known, change.before or "", self.context)
        untouched = theirs == before if record.effect is not Effect.CREATE else theirs == ""
        return known.kind in REWRITABLE and not untouched and change.after != ""

    def _not_yet(
        self, wrong: list[Change], held: Product, stored: Mapping[str, str], warning: str
    ) -> Judgement:
        parts = (f"{c.field}: sent {c.after!r}, the shop holds {held.get(c.field) or ''!r}" for c in wrong)
        return self._failed("not-applied", "; ".join(parts), warning, stored)

    def _equal(self, change: Change, stored: Mapping[str, str]) -> bool:
        known = self._field(change.field)
        if change.field not in stored:
            return True
        return comparable(known, stored[change.field], self.context) == comparable(
            known, change.after, self.context
        )

    def _readable(self, change: Change) -> bool:
        known = self._field(change.field)
        return known.readable and not known.volatile

    def _field(self, name: str) -> Field:
        try:
            return field_named(name, self.dialect)
        except UnknownField:
            return Field(name=name, kind=Kind.TEXT)


def _expected(known: Field) -> bool:
    """GetProducts returns these of every product; attributes and optional fields it may leave out."""
    return known.required or known.kind is Kind.MONEY
