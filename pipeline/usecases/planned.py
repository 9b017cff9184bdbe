"""A plan, made: its report in every form asked for, its document, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.diff.build import plan_path
from pipeline.diff.plan import Plan
from pipeline.diff.planfile import held, records
from pipeline.errors import Exit, worst
from pipeline.read.finding import Finding
from pipeline.report.files import render, writer_for
from pipeline.report.json import document
from pipeline.report.model import DiffReport, Stream, diff_report
from pipeline.store.atomic import write_atomic
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace

Products = Mapping[str, Mapping[str, str | None]]


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
    report = report_of(plan, path, products or {}, findings, categories or {})
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
    names = {sku: name for sku, product in products.items() if (name := product.get("Name"))}
    images = {
        sku: urls.split("\n")[0] for sku, product in products.items() if (urls := product.get("Images"))
    }
    return diff_report(
        plan, Stream(partial(records, path)), held=Stream(partial(held, path)), findings=tuple(findings),
        names=names, images=images, path=str(path), categories=categories,
    )  # fmt: skip


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
