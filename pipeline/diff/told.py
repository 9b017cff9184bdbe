"""Rules broken beside the shop's values → findings at the cells of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.diff.settle import Breach
from pipeline.read.catalog import LINE, PART
from pipeline.read.finding import Finding, Severity
from pipeline.validate.accepted import Accepted
from schemas.rules import RULES

_HINT = "give the whole offer in the file, or end the shop's promotion (`__CLEAR__` as its sale price)"
_Place = tuple[int, int]


def findings_of(breaches: Sequence[Breach], accepted: Accepted) -> tuple[Finding, ...]:
    """A finding for each breach that validation, which saw the row alone, hasn't told already."""
    told = {(finding.code, finding.sku) for finding in accepted.findings} if breaches else set()
    new = [breach for breach in breaches if (breach.code, breach.sku) not in told]
    places = [_place(breach, accepted) for breach in new]
    texts = _texts(places, accepted)
    return tuple(_finding(breach, place, texts, accepted) for breach, place in zip(new, places, strict=True))


def with_findings(accepted: Accepted, found: Sequence[Finding]) -> Accepted:
    """The same; rows that contradict the shop count as refused, and are told among the others."""
    refused = {finding.sku for finding in found if finding.severity is Severity.ERROR}
    tables = {(part.file, part.sheet): n for n, part in enumerate(accepted.mapped.catalog.parts)}
    everything = sorted(
        (*accepted.findings, *found), key=lambda one: (tables.get((one.file, one.sheet), 0), one.row)
    )
    return replace(
        accepted, rows=accepted.rows - len(refused), rejected=accepted.rejected + len(refused),
        rejected_skus=accepted.rejected_skus | refused, findings=tuple(everything),
    )  # fmt: skip


def _place(breach: Breach, accepted: Accepted) -> _Place | None:
    """(part, line) of the row."""
    origin = breach.origin
    if origin is None:
        return None
    tables = [(part.file, part.sheet) for part in accepted.mapped.catalog.parts]
    wanted = (origin.file, origin.sheet)
    return (tables.index(wanted), origin.row) if wanted in tables else None


def _finding(
    breach: Breach, place: _Place | None, texts: dict[_Place, dict[str, str | None]], accepted: Accepted
) -> Finding:
    told = Finding(
        code=breach.code, severity=breach.severity, message=breach.message,
        hint=RULES[breach.code].hint or _HINT,
        column=breach.field, value=breach.value, sku=breach.sku,
    )  # fmt: skip
    if place is None:
        return told
    cell = accepted.mapped.cell(*place, breach.field)
    shown = texts.get(place, {}).get(cell.column) or breach.value
    return replace(
        told, file=cell.file, sheet=cell.sheet, row=cell.row, column=cell.column, cell=cell.cell, value=shown
    )


def _texts(places: Sequence[_Place | None], accepted: Accepted) -> dict[_Place, dict[str, str | None]]:
    """The rows of some places as the file shows them."""
    wanted = {place for place in places if place}
    if not wanted:
        return {}
    lines = pa.array(sorted({line for _, line in wanted}), pa.int64())
    found: dict[_Place, dict[str, str | None]] = {}
    for batch in accepted.mapped.catalog.batches():
        near = batch.filter(pc.is_in(batch.column(LINE).cast(pa.int64()), value_set=lines))
        for row in near.to_pylist():
            if (place := (row[PART], row[LINE])) in wanted:
                found[place] = row
    return found
