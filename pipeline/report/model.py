"""What a report says, as values: counted once here, so that every renderer agrees.

Rows are never held: `records`, `held` and `findings` are iterated once to count, if anyone asks for
counts, and once by each renderer, so each must be a sequence, or a `Stream` over a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.diff.plan import Change, Effect, Guard, Held, Plan, Record
from pipeline.journal.states import RunCounts
from pipeline.read.finding import Finding
from pipeline.report.counting import FieldCount, FindingCounts, LineCounter, count_findings
from pipeline.report.prices import Prices
from pipeline.report.rows import Line, lasting, lines_of, name_of
from pipeline.report.rows import Stream as Stream

_CATEGORIES = frozenset({"PrimaryCategory", "Categories"})


@dataclass(frozen=True, kw_only=True)
class DiffReport:
    """What a plan would change; also a rollback's and a restore's.

    Attributes:
        plan: the header, which says what each SKU's fate is (`counts`), guards and forecast.
        records, held, findings: rows, read anew by each renderer.
        names: SKU → product name, as far as known.
        images: SKU → address of the main image, as far as known.
        categories: id → path of names, as far as known.
        path: where the plan lies, for the command that pushes it; "" if it was not saved.
    """

    plan: Plan
    records: Iterable[Record]
    held: Iterable[Held]
    findings: Iterable[Finding]
    names: Mapping[str, str]
    images: Mapping[str, str]
    categories: Mapping[str, str]
    path: str

    @cached_property
    def _counted(self) -> LineCounter:
        """One pass over the records: a plan's document alone doesn't need it."""
        counter = LineCounter(names=self.names)
        for record in self.records:
            counter.take(record)
        return counter

    @cached_property
    def fields(self) -> tuple[FieldCount, ...]:
        """Lines by field, most changed first."""
        return self._counted.fields()

    @property
    def lines(self) -> int:
        """Change lines over all records."""
        return self._counted.lines

    @property
    def samples(self) -> Mapping[Effect, Sequence[Record]]:
        """The first records of each effect, for renderers that can't show all."""
        return self._counted.samples

    @cached_property
    def prices(self) -> Prices:
        """What happens to prices."""
        return self._counted.prices.result()

    @cached_property
    def held_by_reason(self) -> Mapping[str, int]:
        """What is held back, commonest reason first."""
        return dict(Counter(each.reason for each in self.held).most_common())

    @cached_property
    def finding_counts(self) -> FindingCounts:
        """Findings by severity, code and file."""
        return count_findings(self.findings)

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

    def spelled(self, change: Change) -> str:
        """The value to be sent, as a person reads it: a category by its names, its id beside them."""
        if change.field not in _CATEGORIES or not change.after:
            return change.after
        ids = [part.strip() for part in change.after.split(",")]
        return "\n".join(f"{self.categories[id_]} ({id_})" if id_ in self.categories else id_ for id_ in ids)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsReport:
    """What validation found.

    Attributes:
        rows: rows judged = accepted + rejected.
        choices: what was taken for granted about the files, as (file, what, why, override).
        notices: what is to be read before all findings.
    """

    findings: Iterable[Finding]
    rows: int
    accepted: int
    rejected: int
    choices: tuple[tuple[str, str, str, str], ...]
    notices: tuple[str, ...]
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    categories: Mapping[str, str] | None = None,
    path: str = "",
) -> DiffReport:
    """All that the renderers of a plan will say; what has to be counted is counted when it's asked for.

    Raises:
        TypeError: rows were given that can be read once only.
    """
    for rows in (records, held, findings):
        lasting(rows)
    return DiffReport(
        plan=plan,
        records=records,
        held=held,
        findings=findings,
        names=names or {},
        images=images or {},
        categories=categories or {},
        path=path,
    )


def findings_report(
    findings: Iterable[Finding],
    *,
    rows: int,
    accepted: int,
    rejected: int,
    choices: Iterable[tuple[str, str, str, str]] = (),
    notices: Iterable[str] = (),
) -> FindingsReport:
    """The answer of a validation."""
    lasting(findings)
    return FindingsReport(
        findings=findings,
        rows=rows,
        accepted=accepted,
        rejected=rejected,
        choices=tuple(choices),
        notices=tuple(notices),
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
    lasting(endings)
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
