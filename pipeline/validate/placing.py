"""Verdicts and problems → findings at their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from pipeline.read.catalog import LINE, PART, ROW, Mapped
from pipeline.read.finding import Finding, Severity
from pipeline.values.context import Problem
from pipeline.values.text import suggest
from schemas.rules import RULES, severity_of
from schemas.rules import Severity as Word
from schemas.tables import Verdict

#: Longer texts are cut in findings: whoever reads one wants to recognise the cell, not to copy it.
LONGEST_VALUE = 500
#: Looking for near misses in long lists costs time: so many distinct values are looked up a run.
MOST_SUGGESTIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A row of the mapped catalog: its position, where it stands, its SKU as far as it's known."""

    row: int
    part: int
    line: int
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding, and what sorts it: part, line, column."""

    order: tuple[int, int, int]
    finding: Finding


@dataclass(slots=True, kw_only=True)
class Placer:
    """Makes findings of one catalog, and remembers which rows they refuse.

    Attributes:
        refused: rows with an error.
        unread: (row, field) that have no value: nothing else is said of them.
    """

    mapped: Mapped
    severity: Mapping[str, Word]
    placed: list[Placed] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    unread: set[tuple[int, str]] = field(default_factory=set)
    _suggested: dict[tuple[str, str], str] = field(default_factory=dict)
    _columns: dict[str, int] = field(default_factory=dict)
    _inherited: dict[tuple[int, int], list[Finding]] = field(default_factory=dict)

    def inherit(self) -> None:
        """Take over what reading and mapping found; their errors refuse rows as ours do."""
        numbers = {(part.file, part.sheet): number for number, part in enumerate(self.mapped.catalog.parts)}
        for finding in self.mapped.findings:
            part = numbers.get((finding.file, finding.sheet), 0)
            self.placed.append(Placed(order=(part, finding.row, -1), finding=finding))
            if finding.row and finding.severity is Severity.ERROR:
                self._inherited.setdefault((part, finding.row), []).append(finding)

    def adopt(self, places: pl.DataFrame) -> None:
        """Refuse those of some rows that carry an inherited error.

        Args:
            places: ROW, PART and LINE of each.
        """
        if not self._inherited:
            return
        lines = pl.Series(sorted({line for _, line in self._inherited}), dtype=pl.Int64).implode()
        for row, part, line in places.select(ROW, PART, LINE).filter(pl.col(LINE).is_in(lines)).iter_rows():
            for finding in self._inherited.get((part, line), []):
                self.refused.add(row)
                self.unread |= {(row, name) for name in self._fields_of(finding.column)}

    def _fields_of(self, column: str) -> list[str]:
        """The fields that a source column feeds."""
        sources = self.mapped.sources.items()
        return [name for name, source in sources if column == name or column in source.columns]

    def problem(self, spot: Spot, name: str, text: str, problem: Problem) -> None:
        """A cell that has no value."""
        self.unread.add((spot.row, name))
        severity = severity_of(problem.code, self.severity)
        if severity != "off":
            self._add(spot, name, text, problem.code, Severity(severity), problem.message, problem.hint)

    def verdict(self, spot: Spot, verdict: Verdict, text: str) -> None:
        """A rule that a value or a row breaks, unless it looks at a cell that has no value."""
        if any((spot.row, name) in self.unread for name in (verdict.field, *verdict.reads)):
            return
        hint = self._suggestion(verdict, text) or verdict.hint
        severity = Severity(verdict.severity)
        self._add(spot, verdict.field, text, verdict.code, severity, verdict.message, hint)

    def rule(self, spot: Spot, code: str, name: str, text: str) -> None:
        """A rule between rows that only the whole file can break."""
        severity = severity_of(code, self.severity)
        if severity != "off":
            self._add(spot, name, text, code, Severity(severity), RULES[code].says, RULES[code].hint)

    def whole_file(self, code: str, message: str, severity: Severity) -> None:
        """A finding that no row has of its own."""
        file = self.mapped.catalog.parts[0].file if self.mapped.catalog.parts else ""
        finding = Finding(code=code, severity=severity, message=message, hint=RULES[code].hint, file=file)
        self.placed.append(Placed(order=(0, 0, 0), finding=finding))

    def _add(
        self, spot: Spot, name: str, text: str, code: str, severity: Severity, message: str, hint: str
    ) -> None:
        if severity is Severity.ERROR:
            self.refused.add(spot.row)
        place = self.mapped.cell(spot.part, spot.line, name)
        finding = Finding(
            code=code, severity=severity, message=message, hint=hint, file=place.file, sheet=place.sheet,
            row=spot.line, column=place.column, cell=place.cell, value=_cut(text), sku=spot.sku,
        )  # fmt: skip
        self.placed.append(Placed(order=(spot.part, spot.line, self._column(name)), finding=finding))

    def _column(self, name: str) -> int:
        if not self._columns:
            self._columns = {field: number for number, field in enumerate(self.mapped.fields)}
        return self._columns.get(name, len(self._columns))

    def _suggestion(self, verdict: Verdict, text: str) -> str:
        if not verdict.known or not text:
            return ""
        key = (verdict.code + verdict.field, text)
        if key not in self._suggested:
            if len(self._suggested) >= MOST_SUGGESTIONS:
                return ""
            self._suggested[key] = suggest(text, verdict.known)
        return self._suggested[key]

    def findings(self) -> tuple[Finding, ...]:
        """All of them in file order, each place's own in the order of its columns."""
        return tuple(placed.finding for placed in sorted(self.placed, key=lambda placed: placed.order))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
