"""What the page's scripts work on: compact arrays, and as much of them as a browser stays quick with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.diff.plan import Change, Effect, Held, Origin, Record
from pipeline.diff.prices import is_price
from pipeline.read.finding import Finding
from pipeline.report.model import DiffReport, Ending
from pipeline.report.prices import percent_moved
from pipeline.report.rows import name_of
from pipeline.report.text import message, visible
from pipeline.report.words import REASON_WORDS, RUN_WORDS, ending_words, held_words

#: A page holds at most so many products, notes and characters of them; it says what it left out.
MAX_ROWS = 100_000
MAX_TEXT = 48_000_000
#: Longest value that a page shows whole; a longer one is cut, and says so.
MAX_VALUE = 60_000

EFFECTS = tuple(str(effect) for effect in Effect)
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

Row = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Rows for one list of the page.

    Attributes:
        data: what the script gets.
        shown: rows in it.
        total: rows there are; more than `shown` where the page had to stop.
        marks: how many products have drift, and acquitted changes.
    """

    data: dict[str, Any]
    shown: int
    total: int
    drift: int = 0
    acquitted: int = 0


def embedded(data: object) -> str:
    """JSON that can stand in a `<script>` element: nothing in it can end the element or a line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign, spelled in _UNSAFE.items():
        text = text.replace(sign, spelled)
    return text


def shown_value(value: str) -> str:
    """A value for the page: steering characters spelled out, cut where it's absurdly long."""
    if len(value) > MAX_VALUE:
        value = f"{value[:MAX_VALUE]} … [{len(value) - MAX_VALUE} characters cut]"
    return visible(value, keep="\n\t")


@dataclass(kw_only=True)
class _Table:
    """Each distinct entry once, and its index."""

    entries: dict[Any, int] = field(default_factory=dict)

    def index(self, entry: Any) -> int:
        return self.entries.setdefault(entry, len(self.entries))


def change_payload(report: DiffReport, *, max_rows: int = MAX_ROWS) -> Payload:
    """The products that change, one row a SKU, with all changes of its records.

    Its kind is that of its first record: a new product whose images ride in a later feed is new.
    """
    fields, sources, rows, text = _Table(), _Table(), dict[str, Row](), 0
    total = set[str]()
    for record in report.records:
        total.add(record.sku)
        row = rows.get(record.sku)
        if row is None:
            if len(rows) >= max_rows or text > MAX_TEXT:
                continue
            row = rows[record.sku] = _product(record, report)
        for change in record.changes:
            row[4].append(_change(change, report.spelled(change), record, fields, sources))
            text += len(change.before or "") + len(change.after)
    changes = [change for row in rows.values() for change in row[4]]
    guards = {guard.rule: [shown_value(sku) for sku in guard.skus] for guard in report.plan.guards}
    data = {
        "effects": EFFECTS,
        "fields": list(fields.entries),
        "sources": list(sources.entries),
        "guards": guards,
        "products": list(rows.values()),
    }
    return Payload(
        data=data,
        shown=len(rows),
        total=len(total),
        drift=sum(1 for change in changes if change[5] is not None),
        acquitted=sum(1 for change in changes if change[6]),
    )


def _product(record: Record, report: DiffReport) -> Row:
    image = report.images.get(record.sku, "")
    name = shown_value(name_of(record, report.names))
    return [shown_value(record.sku), name, EFFECTS.index(record.effect), shown_value(image), []]


def _change(change: Change, after: str, record: Record, fields: _Table, sources: _Table) -> Row:
    origin = change.origin or Origin()
    source = tuple(visible(part) for part in (origin.file, origin.sheet, origin.expression))
    place = origin.cell or (str(origin.row) if origin.row else "")
    return [
        fields.index(visible(change.field)),
        None if change.before is None else shown_value(change.before),
        shown_value(after),
        sources.index(source),
        visible(place),
        None if change.drift is None else shown_value(change.drift),
        int(change.field in record.acquitted),
        _moved(change),
    ]


def _moved(change: Change) -> float | None:
    if not is_price(change.field):
        return None
    moved = percent_moved(change.before, change.after)
    return None if moved is None else round(moved, 4)


def held_payload(held: Iterable[Held]) -> Payload:
    """Held changes; facets: reason, field."""
    return _notes(("reason", "field"), (_held(each) for each in held))


def finding_payload(findings: Iterable[Finding]) -> Payload:
    """Findings; facets: severity, code, file."""
    return _notes(("severity", "code", "file"), (_finding(each) for each in findings))


def ending_payload(endings: Iterable[Ending]) -> Payload:
    """Records that didn't end as planned; facets: outcome, action."""
    return _notes(("outcome", "action"), (_ending(each) for each in endings))


def _notes(facets: tuple[str, ...], notes: Iterable[Row]) -> Payload:
    rows: list[Row] = []
    total = text = 0
    for note in notes:
        total += 1
        if len(rows) < MAX_ROWS and text < MAX_TEXT:
            rows.append(note)
            text += len(note[4]) + len(note[6] or "") + len(note[7] or "")
    return Payload(data={"facets": facets, "rows": rows}, shown=len(rows), total=total)


def _optional(value: str | None) -> str | None:
    return None if value is None else shown_value(value)


def _pairs(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, shown_value(value)) for label, value in pairs if value]


def _held(held: Held) -> Row:
    hue = "remove" if held.reason == "conflict" else "deactivate"
    pairs = _pairs(
        ("The shop holds", held.theirs or ""),
        ("By hand at", held.place),
        ("Why", REASON_WORDS.get(held.reason, held.reason)),
    )
    words = message(held_words(held))
    facets = [held.reason, visible(held.field)]
    title = visible(held.field) or "Whole record"
    before, after = _optional(held.before), _optional(held.after)
    return [hue, held.reason, title, visible(held.sku), words, facets, before, after, pairs]


def _finding(found: Finding) -> Row:
    hue = "remove" if found.severity == "error" else "deactivate"
    place = found.cell or (f"row {found.row}" if found.row else "")
    where = " › ".join(part for part in (found.file, found.sheet, place) if part)
    pairs = _pairs(
        ("Value", found.value),
        ("What to do", message(found.hint)),
        ("Column", found.column),
        ("Product", found.sku),
        ("Where", where),
        ("Code", found.code),
    )
    facets = [str(found.severity), visible(found.code), visible(found.file)]
    title = visible(f"{place} {found.column}".strip() or found.file)
    words = message(found.message)
    return [
        hue,
        str(found.severity),
        title,
        visible(found.sku or found.code),
        words,
        facets,
        None,
        None,
        pairs,
    ]


def _ending(ending: Ending) -> Row:
    hue = "remove" if ending.outcome in ("refused", "not_applied", "unknown") else "deactivate"
    first = ending.fields[0] if ending.fields else None
    theirs = (f"{each.field}: {each.theirs or 'nothing'}" for each in ending.fields)
    pairs = _pairs(("The shop holds", "\n".join(theirs)), ("Action", ending.action), ("Code", ending.code))
    facets = [ending.outcome, visible(ending.action)]
    before, after = (_optional(first.before), shown_value(first.ours)) if first else (None, None)
    title, outcome = visible(ending.sku), RUN_WORDS.get(ending.outcome, ending.outcome)
    words = message(ending_words(ending))
    return [hue, outcome, title, visible(ending.action), words, facets, before, after, pairs]
