"""Counts that every renderer shows, gathered in one pass over the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.diff.plan import Effect, Record
from pipeline.diff.prices import is_price
from pipeline.read.finding import Finding, Severity
from pipeline.report.prices import PriceCollector
from pipeline.report.rows import name_of

#: Records of each effect that are kept for short renderings.
SAMPLES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCount:
    """How many lines a field has.

    Attributes:
        lines: over all effects.
        changed: in products that exist and stay (update, deactivate): the plan's `fields_changed`.
    """

    field: str
    lines: int
    changed: int
    effects: Mapping[Effect, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCounts:
    """Findings by severity, and by (code, severity) and file, commonest first."""

    errors: int = 0
    warnings: int = 0
    codes: tuple[tuple[str, Severity, int], ...] = ()
    files: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        return self.errors + self.warnings


def count_findings(findings: Iterable[Finding]) -> FindingCounts:
    """Findings by severity, code and file, commonest first."""
    codes = Counter((finding.code, finding.severity) for finding in findings)
    files = Counter(finding.file for finding in findings)
    by_severity: Counter[Severity] = Counter()
    for (_, severity), number in codes.items():
        by_severity[severity] += number
    return FindingCounts(
        errors=by_severity[Severity.ERROR],
        warnings=by_severity[Severity.WARNING],
        codes=tuple((code, severity, number) for (code, severity), number in codes.most_common()),
        files=tuple(files.most_common()),
    )


@dataclass(kw_only=True)
class LineCounter:
    """Takes one record after the other and counts what reports say about them."""

    names: Mapping[str, str]
    lines: int = 0
    prices: PriceCollector = field(default_factory=PriceCollector)
    samples: dict[Effect, list[Record]] = field(default_factory=lambda: {effect: [] for effect in Effect})
    by_field: Counter[tuple[str, Effect]] = field(default_factory=Counter)

    def take(self, record: Record) -> None:
        self.lines += max(1, len(record.changes))
        if len(self.samples[record.effect]) < SAMPLES:
            self.samples[record.effect].append(record)
        for change in record.changes:
            self.by_field[change.field, record.effect] += 1
            if record.effect is Effect.UPDATE and is_price(change.field):
                self.prices.add(
                    sku=record.sku,
                    name=name_of(record, self.names),
                    field=change.field,
                    before=change.before,
                    after=change.after,
                )

    def fields(self) -> tuple[FieldCount, ...]:
        effects: dict[str, dict[Effect, int]] = {}
        for (name, effect), number in self.by_field.items():
            effects.setdefault(name, {})[effect] = number
        counts = (
            FieldCount(
                field=name,
                lines=sum(numbers.values()),
                changed=numbers.get(Effect.UPDATE, 0) + numbers.get(Effect.DEACTIVATE, 0),
                effects=numbers,
            )
            for name, numbers in effects.items()
        )
        return tuple(sorted(counts, key=lambda each: (-each.changed, -each.lines, each.field)))
