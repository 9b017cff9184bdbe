"""What a report says, as values: counted once here, so that every renderer agrees.

Rows are never held: `records`, `held` and `findings` are iterated once to count and once by each
renderer, so each must be a sequence, or a `Stream` over a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pipeline.diff.plan import Change, Effect, Guard, Held, Plan, Record
from pipeline.diff.prices import is_price
from pipeline.journal.states import RunCounts
from pipeline.read.finding import Finding, Severity
from pipeline.report.prices import PriceCollector, Prices

T = TypeVar("T")
#: Records of each effect that are kept for short renderings.
SAMPLES = 50


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """Rows that are read anew each time they are asked for: `Stream(partial(planfile.records, path))`."""

    open: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.open()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change as a row of a table; a record without changes is one line with an empty field.

    Attributes:
        acquitted: it goes back to a value that the journal holds, so guards left it alone.
    """

    record: Record
    name: str
    change: Change | None
    acquitted: bool = False


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


@dataclass(frozen=True, kw_only=True)
class DiffReport:
    """What a plan would change; also a rollback's and a restore's.

    Attributes:
        plan: the header, which says what each SKU's fate is (`counts`), guards and forecast.
        records, held, findings: rows, read anew by each renderer.
        names: SKU → product name, as far as known.
        images: SKU → address of the main image, as far as known.
        path: where the plan lies, for the command that pushes it; "" if it was not saved.
        fields: lines by field, most changed first.
        lines: change lines over all records.
        samples: the first records of each effect, for renderers that can't show all.
        prices: what happens to prices.
        held_by_reason, finding_counts: derived from the rows.
    """

    plan: Plan
    records: Iterable[Record]
    held: Iterable[Held]
    findings: Iterable[Finding]
    names: Mapping[str, str]
    images: Mapping[str, str]
    path: str
    fields: tuple[FieldCount, ...]
    lines: int
    samples: Mapping[Effect, tuple[Record, ...]]
    prices: Prices
    held_by_reason: Mapping[str, int]
    finding_counts: FindingCounts

    @property
    def command(self) -> str:
        return "diff" if self.plan.kind == "import" else self.plan.kind

    @property
    def counts(self) -> dict[str, int]:
        """SKUs by what becomes of them, in the order in which reports show them."""
        counts = self.plan.counts
        return {name: getattr(counts, name) for name in counts.__slots__}

    @property
    def held_total(self) -> int:
        return sum(self.held_by_reason.values())

    @property
    def refused(self) -> tuple[Guard, ...]:
        return self.plan.refused

    def rows(self) -> Iterator[Line]:
        """Every change in sending order."""
        for record in self.records:
            yield from lines_of(record, name_of(record, self.names))

    def sample(self, limit: int) -> list[Record]:
        """Some records of every effect, updates first and most of them."""
        order = (Effect.UPDATE, Effect.CREATE, Effect.DEACTIVATE, Effect.REMOVE)
        share = max(1, limit // 5)
        taken = {effect: list(self.samples[effect][:share]) for effect in order}
        for effect in order:
            room = limit - sum(map(len, taken.values()))
            taken[effect] += self.samples[effect][share : share + max(room, 0)]
        return [record for effect in order for record in taken[effect]][:limit]


@dataclass(frozen=True, kw_only=True)
class FindingsReport:
    """What validation found.

    Attributes:
        rows: rows judged = accepted + rejected.
        choices: what was taken for granted about the files, as (file, what, why, override).
    """

    findings: Iterable[Finding]
    rows: int
    accepted: int
    rejected: int
    choices: tuple[tuple[str, str, str, str], ...]
    finding_counts: FindingCounts

    command = "validate"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed of a run; id "" while the shop has given none."""

    id: str
    action: str
    records: int
    status: str
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A field that doesn't hold what was planned: what it held, what we meant, what it holds now."""

    field: str
    before: str | None
    ours: str
    theirs: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A record that didn't end as planned, in the shop's own words.

    Attributes:
        outcome: the count it belongs to: not_applied, refused, skipped, unknown or pending.
        message: what the shop said, or why it was skipped.
        code: our name for that, or "".
        fields: those that the shop holds differently.
    """

    sku: str
    action: str
    outcome: str
    message: str = ""
    code: str = ""
    fields: tuple[Moved, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """How a push, resume or run ended.

    Attributes:
        state: the run's state word.
        endings: records that are not verified, read anew by each renderer.
        exit_code: what the command ends with.
        kit: folder of the manual rollback kit, or "".
        ending_counts: listed records by outcome, derived from the rows.
    """

    command: str
    run: str
    shop: str
    state: str
    counts: RunCounts
    feeds: tuple[FeedLine, ...]
    endings: Iterable[Ending]
    exit_code: int
    started: float
    ended: float
    plan: str
    kit: str
    notes: tuple[str, ...]
    ending_counts: Mapping[str, int] = field(default_factory=dict)


Report = DiffReport | FindingsReport | RunReport


def diff_report(
    plan: Plan,
    records: Iterable[Record],
    *,
    held: Iterable[Held] = (),
    findings: Iterable[Finding] = (),
    names: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    path: str = "",
) -> DiffReport:
    """Count everything that the renderers of a plan will say, in one pass over its records.

    Raises:
        TypeError: rows were given that can be read once only.
    """
    for rows in (records, held, findings):
        _lasting(rows)
    counter = _LineCounter(names=names or {})
    for record in records:
        counter.take(record)
    return DiffReport(
        plan=plan,
        records=records,
        held=held,
        findings=findings,
        names=names or {},
        images=images or {},
        path=path,
        fields=counter.fields(),
        lines=counter.lines,
        samples={effect: tuple(records) for effect, records in counter.samples.items()},
        prices=counter.prices.result(),
        held_by_reason=dict(Counter(each.reason for each in held).most_common()),
        finding_counts=count_findings(findings),
    )


def findings_report(
    findings: Iterable[Finding],
    *,
    rows: int,
    accepted: int,
    rejected: int,
    choices: Iterable[tuple[str, str, str, str]] = (),
) -> FindingsReport:
    """The answer of a validation."""
    _lasting(findings)
    return FindingsReport(
        findings=findings,
        rows=rows,
        accepted=accepted,
        rejected=rejected,
        choices=tuple(choices),
        finding_counts=count_findings(findings),
    )


def run_report(
    *,
    command: str,
    run: str,
    state: str,
    counts: RunCounts,
    exit_code: int,
    feeds: Iterable[FeedLine] = (),
    endings: Iterable[Ending] = (),
    shop: str = "",
    started: float = 0.0,
    ended: float = 0.0,
    plan: str = "",
    kit: str = "",
    notes: Iterable[str] = (),
) -> RunReport:
    """How a run ended; `endings` lists the records that are not verified."""
    _lasting(endings)
    return RunReport(
        command=command,
        run=run,
        shop=shop,
        state=state,
        counts=counts,
        feeds=tuple(feeds),
        endings=endings,
        exit_code=exit_code,
        started=started,
        ended=ended,
        plan=plan,
        kit=kit,
        notes=tuple(notes),
        ending_counts=dict(Counter(ending.outcome for ending in endings)),
    )


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


def lines_of(record: Record, name: str) -> Iterator[Line]:
    """A record's changes as lines; at least one line."""
    for change in record.changes:
        yield Line(record=record, name=name, change=change, acquitted=change.field in record.acquitted)
    if not record.changes:
        yield Line(record=record, name=name, change=None)


def name_of(record: Record, names: Mapping[str, str]) -> str:
    """A product's name: the one known, else the one it gets."""
    known = names.get(record.sku)
    if known:
        return known
    return next((change.after for change in record.changes if change.field == "Name"), "")


def _lasting(rows: Iterable[object]) -> None:
    if isinstance(rows, Iterator):
        raise TypeError("a report reads its rows several times: give a sequence or a Stream")


@dataclass(kw_only=True)
class _LineCounter:
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
