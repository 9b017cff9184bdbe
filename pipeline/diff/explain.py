"""Why a field of a product is a change, or is none: from the source's cell to both sides' meaning.

Asked of the same functions that make the plan, so that the two can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.diff.decide import decide_create, decide_update
from pipeline.diff.memory import Memory, Written
from pipeline.diff.origins import Origins
from pipeline.diff.plan import Change, Held, Origin
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Decided, Fate, Side
from pipeline.diff.tables import shop_columns
from pipeline.diff.told import findings_of
from pipeline.read.catalog import LINE, PART, ROW
from pipeline.read.finding import Finding
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Field

OtherFate = Literal["rejected", "absent", "unknown"]
Verdict = Literal["change", "held", "equal", "echo", "as-sent", "left-alone", "not-owned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldExplanation:
    """One field's way from the file to the verdict.

    Attributes:
        source: text of the cells that feed it, by header, as the file shows them.
        origin: the cell, and the mapping's expression.
        mapped: text after the mapping, before validation; None = blank.
        ours, theirs: value of the file (None = leave alone), text of the shop (None = not shown).
        ours_means, theirs_means: what is compared.
        written: what we last wrote there.
        why: the verdict as a sentence.
    """

    field: str
    verdict: Verdict
    why: str
    source: Mapping[str, str]
    origin: Origin | None
    mapped: str | None
    ours: str | None
    theirs: str | None
    ours_means: str | None
    theirs_means: str | None
    written: Written | None
    change: Change | None = None
    held: Held | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One product's verdict, field by field.

    Attributes:
        fate: as in the counts; "rejected" where its row was refused, "absent" where neither the file
            nor a refused row has it, "unknown" where the shop hasn't either.
        findings: those of this SKU.
    """

    sku: str
    fate: Fate | OtherFate
    why: str
    fields: tuple[FieldExplanation, ...]
    findings: tuple[Finding, ...]


def explain(
    sku: str,
    field: str | None,
    *,
    accepted: Accepted,
    snapshot: Snapshot,
    memory: Memory,
    rules: Rules,
) -> Explanation:
    """Why this is a change, or is none; of one field, or of all that the file speaks of."""
    findings = tuple(finding for finding in accepted.findings if finding.sku == sku)
    ours, theirs = _row(accepted.batches(), KEY, sku), _row(snapshot.batches(), KEY, sku)
    if ours is None:
        fate, why = _not_in_file(sku, accepted, listed=theirs is not None)
        return Explanation(sku=sku, fate=fate, why=why, fields=(), findings=findings)
    names = [name for name in accepted.fields if name != KEY]
    fields = [of for name in names if (of := rules.field(name))]
    side = _side(sku, ours, theirs, fields, accepted, snapshot, memory)
    decided, why = _product(side, fields, rules, listed=theirs is not None)
    one = _One(side, decided, why, rules, accepted, ours)
    findings = (*findings, *findings_of(decided.breaches, accepted))
    asked = names if field is None else [field]
    told = tuple(one.told(name) for name in asked)
    return Explanation(sku=sku, fate=decided.fate, why=why, fields=told, findings=findings)


def after_review(found: Explanation, declined: Iterable[Held], *, left: bool) -> Explanation:
    """The same once someone has reviewed the plan: a change that got a no is held back.

    Args:
        declined: of this product; left: something of it is still to be sent.
    """
    noes = {held.field: held for held in declined}
    fields = tuple(
        replace(one, verdict="held", why=noes[one.field].message, change=None, held=noes[one.field])
        if one.verdict == "change" and one.field in noes
        else one
        for one in found.fields
    )
    if not noes:
        return found
    if left or found.fate not in ("create", "update"):
        return replace(found, fields=fields, why=f"{found.why}; some of it was declined in review")
    why = f"{found.why}, but all of it was declined in review: nothing is sent"
    return replace(found, fate="blocked", fields=fields, why=why)


def _not_in_file(sku: str, accepted: Accepted, *, listed: bool) -> tuple[OtherFate, str]:
    if sku in accepted.rejected_skus:
        return "rejected", "its row was refused; what the shop holds is left alone"
    if listed:
        return "absent", "the shop holds it and the file doesn't mention it"
    return "unknown", "neither the file nor the shop knows it"


def _row(batches: Iterable[pa.RecordBatch], column: str, value: object) -> dict[str, Any] | None:
    """The first row that holds a value in a column."""
    for batch in batches:
        found = batch.filter(pc.equal(batch.column(column), value))
        if found.num_rows:
            row: dict[str, Any] = found.slice(0, 1).to_pylist()[0]
            return row
    return None


def _side(
    sku: str,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any] | None,
    fields: Iterable[Field],
    accepted: Accepted,
    snapshot: Snapshot,
    memory: Memory,
) -> Side:
    shown = set(shop_columns(snapshot.path))
    return Side(
        sku=sku,
        ours={
            name: text for name, text in ours.items() if text is not None and name not in (ROW, PART, LINE)
        },
        theirs={name: text or "" for name, text in (theirs or {}).items()},
        unreadable=frozenset(of.name for of in fields if not of.readable or of.name not in shown),
        written={name: written for (_, name), written in memory.written([sku]).items()},
        befores={name: values for (_, name), values in memory.befores([sku]).items()},
        resting={action: rest for (name, action), rest in memory.resting().items() if name == sku},
        origin=Origins(accepted.mapped).of_row(ours[PART], ours[LINE]),
    )


def _product(side: Side, fields: Iterable[Field], rules: Rules, *, listed: bool) -> tuple[Decided, str]:
    """What becomes of a product of the file, and why."""
    if listed and rules.mode == "create-only":
        why = "the shop holds it already, and mode create-only changes nothing that exists"
        return Decided(sku=side.sku, fate="unchanged"), why
    if not listed and rules.mode == "update-only":
        why = "the shop doesn't hold it, and mode update-only creates nothing"
        return Decided(sku=side.sku, fate="not_listed"), why
    decided = decide_update(side, (), rules, also=fields) if listed else decide_create(side, fields, rules)
    words = {
        "create": "the shop doesn't hold it: it would be created",
        "update": "the shop holds it: what differs would be sent",
        "unchanged": "the shop holds it, and nothing is to be sent",
        "blocked": "; ".join(dict.fromkeys(held.message for held in decided.held)),
    }
    return decided, words[decided.fate]


class _One:
    """Tells of the fields of one product that the file holds."""

    def __init__(
        self,
        side: Side,
        decided: Decided,
        why: str,
        rules: Rules,
        accepted: Accepted,
        ours: Mapping[str, Any],
    ) -> None:
        catalog = accepted.mapped.catalog
        lines = (batch.filter(pc.equal(batch.column(PART), ours[PART])) for batch in catalog.batches())
        self._side = side
        self._why = why
        self._rules = rules
        self._sources = accepted.mapped.sources
        self._cells = _row(lines, LINE, ours[LINE]) or {}
        self._mapped = _row(accepted.mapped.batches(), ROW, ours[ROW]) or {}
        self._changes = {change.field: change for record in decided.records for change in record.changes}
        self._held = {held.field: held for held in decided.held}

    def told(self, name: str) -> FieldExplanation:
        side, of = self._side, self._rules.field(name)
        ours = side.ours.get(name)
        theirs = side.theirs.get(name, "") if side.theirs and name not in side.unreadable else None
        verdict, why = self._verdict(name, of)
        return FieldExplanation(
            field=name,
            verdict=verdict,
            why=why,
            source=self._source(name),
            origin=side.origin(name) if name in self._mapped else None,
            mapped=self._mapped.get(name),
            ours=ours,
            theirs=theirs,
            ours_means=self._means(of, ours),
            theirs_means=self._means(of, theirs),
            written=side.written.get(name),
            change=self._changes.get(name),
            held=self._held.get(name),
        )

    def _source(self, name: str) -> dict[str, str]:
        """Texts of the cells that feed a field."""
        source = self._sources.get(name)
        headers = source.columns if source else (name,)
        return {header: self._cells[header] for header in headers if self._cells.get(header) is not None}

    def _means(self, of: Field | None, value: str | None) -> str | None:
        return None if of is None or value is None else comparable(of, value, self._rules.ctx)

    def _verdict(self, name: str, of: Field | None) -> tuple[Verdict, str]:
        if change := self._changes.get(name):
            return "change", self._changed(change)
        if held := self._held.get(name):
            return "held", held.message
        if of is None or name not in self._mapped:
            return "not-owned", "no column of the file gives this field, so it's never written"
        if name not in self._side.ours:
            return "left-alone", "the file leaves it blank, which means: leave it alone"
        return self._unchanged(of, self._side.ours[name])

    def _changed(self, change: Change) -> str:
        if change.before is None and not self._side.theirs:
            return "the product is new"
        if change.before is None:
            return "the shop doesn't show this field, and we haven't sent this value yet"
        if change.drift is not None:
            return f"file and shop differ; someone edited it in the shop since we wrote {change.drift!r}"
        return "file and shop differ in meaning"

    def _unchanged(self, of: Field, ours: str) -> tuple[Verdict, str]:
        theirs = self._side.theirs.get(of.name, "")
        if not self._side.theirs or self._rules.mode == "create-only":
            return "left-alone", self._why
        if of.name in self._side.unreadable:
            return "as-sent", "the shop doesn't show this field; it's what we sent last"
        if self._means(of, ours) == self._means(of, theirs):
            same = "to the letter" if ours == theirs else "in meaning"
            return "equal", f"file and shop are equal {same}"
        return "echo", "the shop shows in its own words what we sent, and the file still says the same"
