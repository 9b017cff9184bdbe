"""A plan, made: its report in every form asked for, its document, and where it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from pipeline.diff.plan import Plan
from pipeline.diff.planfile import held, plan_path, records
from pipeline.errors import Exit, worst
from pipeline.read.finding import Finding
from pipeline.report.files import render, writer_for
from pipeline.report.json import document
from pipeline.report.model import DiffReport, Stream, diff_report
from pipeline.store.atomic import write_atomic
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace

Products = Mapping[str, Mapping[str, str | None]]
V = TypeVar("V")


def planned(
    ws: Workspace,
    plan: Plan,
    folder: Path,
    *,
    out: Path | None = None,
    reports: Sequence[Path] = (),
    products: Products | None = None,
    findings: Iterable[Finding] = (),
    codes: Sequence[Exit] = (),
    skipped: Mapping[str, int] | None = None,
    categories: Mapping[str, str] | None = None,
) -> Outcome:
    """Report a sealed plan.

    Args:
        out: where else to put the plan.
        products: what the shop holds of the touched products, for names and pictures.
        codes: what else the command ends with.
        skipped: rows that hold no product of their own, by reason.
        categories: id → path of names, as far as known.
    """
    path = plan_path(folder, plan.id)
    if out is not None:
        write_atomic(out, path.read_bytes())
        path = out
    report = report_of(plan, path, {} if products is None else products, findings, categories or {})
    for file in reports:
        render(report, file)
        ws.progress.say(f"report: {file}")
    code = worst(*codes, Exit.GUARD if plan.refused else Exit.DONE)
    content = {**document(report), "plan": str(path), "id": plan.id, "exit_code": int(code)}
    content["skipped"] = dict(skipped or {})
    content.pop("schema")
    return Outcome(
        document=content,
        exit_code=code,
        lines=(*told_skipped(skipped or {}), *_lines(plan, path)),
        report=report,
    )


def report_of(
    plan: Plan,
    path: Path,
    products: Products,
    findings: Iterable[Finding],
    categories: Mapping[str, str],
) -> DiffReport:
    """The one model that every form of the report is made of."""

    def names() -> Mapping[str, str]:
        return {sku: name for sku, product in products.items() if (name := product.get("Name"))}

    def images() -> Mapping[str, str]:
        urls = ((sku, product.get("Images")) for sku, product in products.items())
        return {sku: some.split("\n")[0] for sku, some in urls if some}

    return diff_report(
        plan, Stream(partial(records, path)), held=Stream(partial(held, path)), findings=tuple(findings),
        names=Looked(names), images=Looked(images), path=str(path), categories=categories,
    )  # fmt: skip


class Looked(Mapping[str, V]):
    """A mapping that is made when first asked: who prints the document alone needs no product's name."""

    def __init__(self, make: Callable[[], Mapping[str, V]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, V]:
        return self._make()

    def __getitem__(self, key: str) -> V:
        return self._made[key]

    def __bool__(self) -> bool:
        return True  # `names or {}` is no question to the shop's data

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def told_skipped(skipped: Mapping[str, int]) -> tuple[str, ...]:
    """Rows that hold no product of their own, so that every row of the file is accounted for."""
    return tuple(f"{rows} further rows hold no product: {reason}" for reason, rows in skipped.items())


def check_forms(reports: Iterable[Path]) -> None:
    """Refuse a report of no known form before the work, not after it.

    Raises:
        UsageError: no such form.
    """
    for file in reports:
        writer_for(file)


def _lines(plan: Plan, path: Path) -> tuple[str, ...]:
    if not plan.records:
        return ("nothing would change", f"plan: {path}")
    if plan.refused:
        rules = " ".join(f"--allow {guard.rule}" for guard in plan.refused)
        return (f"plan: {path}", f"guards refused it; correct the file, or push with {rules} --reason TEXT")
    return (f"plan: {path}", f"`sellercenter push {path}` sends it")
