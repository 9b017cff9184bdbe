"""Just before sending: does the shop still hold what the plan saw? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Change, Effect, Record
from pipeline.market.feeds import Action
from pipeline.push.beside import contradictions, refreshed
from pipeline.rollback.units import along, bare
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, Field, UnknownField, field_named

Product = Mapping[str, str | None]
_SINCE = "changed in the shop since the plan was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A before-value that isn't the shop's any more."""

    field: str
    before: str | None
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A record that may be sent.

    Attributes:
        body: field → value, as it goes into the feed: what rides along, as the shop holds it now.
        refreshed: field → before-value as just read, where that differs from the plan's (stock).
    """

    body: Mapping[str, str]
    refreshed: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A record that isn't sent, and why."""

    code: str
    message: str
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """What judging a record needs beside the record.

    Attributes:
        failed: SKUs whose create or removal in this run didn't happen.
        created: SKUs this run creates: their images come before the shop shows them.
    """

    dialect: Dialect
    context: Context
    failed: Collection[str] = frozenset()
    created: Collection[str] = frozenset()

    def examine(self, record: Record, current: Product | None) -> Ready | Skip:
        """Whether a record may be sent, given what the shop holds now (None = not there)."""
        if record.effect is Effect.CREATE:
            return self._create(record, current)
        if current is None:
            return Skip(code="product-gone", message="the shop doesn't list this product any more")
        moved, fresh = [], {}
        for change in record.changes:
            held = current.get(change.field) or ""
            if self._same(change, held):
                continue
            if self._field(change.field).volatile:
                fresh[change.field] = held
            else:
                moved.append(Moved(field=change.field, before=change.before, theirs=held, ours=change.after))
        if moved and all(self._there(change, current) for change in record.changes):
            return Skip(code="already-there", message="the shop holds it as planned by now: nothing to send")
        if moved:
            return Skip(code="changed-in-shop", message=_moved_message(moved), moved=tuple(moved))
        body = self._body(record, current)
        if torn := tuple(self._torn(record, body, current)):
            return Skip(code="changed-in-shop", message=f"{_SINCE}: {'; '.join(torn)}")
        return Ready(body=body, refreshed=fresh)

    def _create(self, record: Record, current: Product | None) -> Ready | Skip:
        if record.sku in self.failed:
            return Skip(code="create-failed", message="the product wasn't created, so this can't follow")
        parent = next((c.after for c in record.changes if c.field == "ParentSku"), "")
        if parent and parent != record.sku and parent in self.failed:
            return Skip(code="parent-refused", message=f"its parent {parent} wasn't created")
        if record.action is Action.CREATE and current is not None:
            return Skip(
                code="sku-exists", message="the shop lists this product by now; a new diff updates it"
            )
        return Ready(body=self._body(record, current or {}))

    def _same(self, change: Change, held: str) -> bool:
        known = self._field(change.field)
        if change.before is None or not known.readable:
            return True
        return comparable(known, change.before, self.context) == comparable(known, held, self.context)

    def _there(self, change: Change, current: Product) -> bool:
        """The value that is to be sent stands there by now, whoever set it."""
        known = self._field(change.field)
        if not known.readable:
            return False
        held = comparable(known, current.get(change.field) or "", self.context)
        return held == comparable(known, change.after, self.context)

    def _torn(self, record: Record, body: Mapping[str, str], current: Product) -> Iterator[str]:
        """What of an offer doesn't hold together any more, beside what the shop holds by now."""
        for name, planned in record.context:
            held = current.get(name) or ""
            if not planned and self._means(name, held):
                yield f"{name}: the shop held none, and now holds {held!r}"
        yield from contradictions(record, body, current, self._means)

    def _body(self, record: Record, current: Product) -> dict[str, str]:
        if record.action is Action.REMOVE:
            return {}
        along_with = refreshed(record, current, self._means)
        fields = {**along_with, **{change.field: change.after for change in record.changes}}
        if record.action is Action.UPDATE and bare(fields, self.dialect):
            return {**along(fields, {name: str(value or "") for name, value in current.items()}), **fields}
        return fields

    def _means(self, name: str, text: str) -> str:
        return comparable(self._field(name), text, self.context)

    def _field(self, name: str) -> Field:
        try:
            return field_named(name, self.dialect)
        except UnknownField:
            return Field(name=name, kind="text")  # type: ignore[arg-type]


def _moved_message(moved: list[Moved]) -> str:
    parts = (
        f"{m.field}: planned from {m.before!r}, the shop now holds {m.theirs!r}, ours is {m.ours!r}"
        for m in moved
    )
    return f"{_SINCE}: " + "; ".join(parts)
