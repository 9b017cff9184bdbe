"""`explain SKU [FIELD]`: why a product is a change, or is none, by the shop's newest plan."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.diff.explain import Explanation, FieldExplanation, after_review
from pipeline.diff.explain import explain as explanation_of
from pipeline.diff.plan import Plan
from pipeline.diff.planfile import held, open_plan, records
from pipeline.diff.rules import rules_of
from pipeline.errors import PlanRefused, UsageError
from pipeline.journal.memory import JournalMemory
from pipeline.rollback.invert import status_fields
from pipeline.snapshot import shelf
from pipeline.usecases.connection import connected, journal_of, observer
from pipeline.usecases.diff import skus_of
from pipeline.usecases.judged import judge, read
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace


def explain(ws: Workspace, sku: str, field: str | None = None, *, sources: Sequence[str] = ()) -> Outcome:
    """Follow a product from its cells to the verdict.

    Args:
        sources: the catalog; that of the shop's newest plan unless said.

    Raises:
        UsageError: nothing was compared yet, or the plan's snapshot is gone.
    """
    plan, path = _newest(ws)
    with (
        journal_of(ws) as journal,
        connected(ws, observer(journal)) as shop,
        tempfile.TemporaryDirectory(prefix="explain-", dir=ws.state) as scratch,
    ):
        folder = Path(scratch)
        mapped = read(ws, sources or plan.sources, folder)
        snapshot = shelf.load(ws.state / "snapshots", plan.snapshot)
        judged = judge(ws, mapped, folder, shop=shop, known=skus_of(snapshot))
        status = status_fields(ws.shop.dialect, ws.shop.operators)
        found = explanation_of(
            sku, field, accepted=judged.accepted, snapshot=snapshot,
            memory=JournalMemory(journal.store, ws.identity(ws.shop), status),
            rules=rules_of(ws.shop, judged.context, partial=plan.partial),
        )  # fmt: skip
    if plan.narrows and tuple(sources or plan.sources) == plan.sources:
        found = _reviewed(found, path)
    return Outcome(document=asdict(found), lines=_lines(found))


def _reviewed(found: Explanation, path: Path) -> Explanation:
    """What the decisions, which this plan was made by, left of the product."""
    declined = [one for one in held(path) if one.sku == found.sku and one.reason == "declined"]
    left = any(record.sku == found.sku for record in records(path)) if declined else True
    return after_review(found, declined, left=left)


def _newest(ws: Workspace) -> tuple[Plan, Path]:
    """The newest import plan of this shop, and where it lies."""
    identity = ws.identity(ws.shop)
    for path in sorted((ws.state / "plans").glob("*.plan.jsonl"), key=_age, reverse=True):
        try:
            plan = open_plan(path)
        except PlanRefused:
            continue
        if plan.identity == identity and plan.kind == "import" and plan.sources:
            return plan, path
    hint = "`sellercenter diff CATALOG` first; explain tells of its newest plan"
    raise UsageError("nothing was compared with this shop yet", hint=hint)


def _age(path: Path) -> tuple[str, int]:
    """The second that an id begins with; within one, the file's own time."""
    return path.name[: len("20261123-171502")], path.stat().st_mtime_ns


def _lines(found: Explanation) -> tuple[str, ...]:
    head = f"{found.sku}: {found.fate}: {found.why}"
    findings = (f"  {f.severity} {f.code} {f.cell}: {f.message}" for f in found.findings)
    return (head, *findings, *(line for one in found.fields for line in _field(one)))


def _field(one: FieldExplanation) -> tuple[str, ...]:
    cells = ", ".join(f"{header} = {text!r}" for header, text in one.source.items()) or "(no cell)"
    place = f" at {one.origin.cell}" if one.origin and one.origin.cell else ""
    rule = f", made by {one.origin.expression}" if one.origin and one.origin.expression else ""
    wrote = f"; we last wrote {one.written.sent!r} (run {one.written.run})" if one.written else ""
    return (
        f"  {one.field}: {one.verdict}: {one.why}",
        f"    file: {cells}{place}{rule} → {_shown(one.ours)}, meaning {_shown(one.ours_means)}",
        f"    shop: {_shown(one.theirs)}, meaning {_shown(one.theirs_means)}{wrote}",
    )


def _shown(value: str | None) -> str:
    if value is None:
        return "nothing"
    flat = " ".join(value.split())
    return repr(flat if len(flat) <= 80 else flat[:79] + "…")
