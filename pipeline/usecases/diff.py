"""`diff CATALOG…`: what a catalog would change, saved as a plan; nothing is sent, no run is made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.diff.build import make_plan, plan_path
from pipeline.diff.plan import Plan
from pipeline.diff.planfile import records
from pipeline.errors import Exit, worst
from pipeline.journal.journal import Journal
from pipeline.journal.memory import JournalMemory
from pipeline.read.finding import Finding
from pipeline.rollback.invert import status_fields
from pipeline.snapshot.snapshot import Snapshot
from pipeline.usecases.connection import Connected, connected, journal_of, observer
from pipeline.usecases.judged import judge, of_kit, read
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms, planned
from pipeline.usecases.review import reviewed
from pipeline.usecases.snapshot import named
from pipeline.usecases.validate import write_findings
from pipeline.usecases.workspace import Workspace
from schemas.fields import KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A plan and what led to it."""

    plan: Plan
    folder: Path
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    rejected: int
    skipped: Mapping[str, int]


def compare(
    ws: Workspace,
    sources: Sequence[str],
    *,
    snapshot: str = "fresh",
    out: Path | None = None,
    reports: Sequence[Path] = (),
    decisions: Path | None = None,
    source: str | None = None,
    partial: bool = False,
    exit_code: bool = False,
) -> Outcome:
    """Compare a catalog with the shop; the plan and the report are written also where a guard refuses.

    Raises:
        InputRefused: nothing of the catalog can be used; the findings are reported all the same.
    """
    check_forms(reports)
    if decisions is not None:
        plan, folder = reviewed(ws, sources, decisions)
        codes = (Exit.CHANGES,) if exit_code and plan.records else ()
        return planned(ws, plan, folder, out=out, reports=reports, codes=codes)
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        found = comparison(
            ws, journal, shop, sources, snapshot=snapshot, reports=reports, source=source, partial=partial
        )
    return report(ws, found, out=out, reports=reports, exit_code=exit_code)


def comparison(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    sources: Sequence[str],
    *,
    snapshot: str,
    reports: Sequence[Path] = (),
    source: str | None,
    partial: bool,
) -> Comparison:
    """Read, validate, compare.

    Raises:
        InputRefused: nothing of the catalog can be used; the findings are reported first.
    """
    plans = ws.open_state() / "plans"
    partial = partial or of_kit(ws, sources)
    with tempfile.TemporaryDirectory(prefix="diff-", dir=ws.state) as scratch:
        folder = Path(scratch)
        mapped = read(ws, sources, folder)
        held = named(ws, shop, snapshot)
        judged = judge(ws, mapped, folder, shop=shop, known=skus_of(held))
        if judged.refusal:
            write_findings(ws, judged, reports)
            raise judged.refusal
        status = status_fields(ws.shop.dialect, ws.shop.operators)
        with ws.progress.stage("compare", total=judged.accepted.rows, unit="rows") as stage:
            plan = make_plan(
                judged.accepted, held, JournalMemory(journal.store, ws.identity(ws.shop), status),
                shop=ws.shop, shop_name=ws.shop_name, identity=ws.identity(ws.shop), ctx=judged.context,
                settings_digest=ws.settings_digest(ws.shop),
                source=source or " ".join(sources), sources=tuple(sources), partial=partial,
                now=ws.clock.now(), plan_id=ws.new_id(), folder=plans,
                forecast=lambda requests, feeds: shop.ledger.forecast(feeds, requests),
            )  # fmt: skip
            stage.advance(judged.accepted.rows)
    return Comparison(
        plan=plan, folder=plans, snapshot=held, findings=judged.accepted.findings,
        rejected=judged.accepted.rejected, skipped=mapped.skipped,
    )  # fmt: skip


def report(
    ws: Workspace,
    found: Comparison,
    *,
    out: Path | None = None,
    reports: Sequence[Path] = (),
    exit_code: bool = False,
) -> Outcome:
    """What a comparison found, in every form asked for."""
    codes = [Exit.INCOMPLETE] if found.rejected else []
    if exit_code and found.plan.records:
        codes.append(Exit.CHANGES)
    skus = (record.sku for record in records(plan_path(found.folder, found.plan.id)))
    return planned(
        ws, found.plan, found.folder, out=out, reports=reports, findings=found.findings,
        products=shown(found.snapshot, skus), codes=(worst(*codes),), skipped=found.skipped,
    )  # fmt: skip


def skus_of(snapshot: Snapshot) -> frozenset[str]:
    """What the shop lists."""
    return frozenset(pq.read_table(snapshot.path, columns=[KEY]).column(KEY).to_pylist())


def shown(snapshot: Snapshot, skus: Iterable[str]) -> Mapping[str, Mapping[str, str | None]]:
    """Names and pictures of some products, for the report."""
    wanted = pc.SetLookupOptions(value_set=pa.array(dict.fromkeys(skus), pa.string()))
    found: dict[str, Mapping[str, str | None]] = {}
    for batch in snapshot.batches():
        names = [name for name in (KEY, "Name", "Images") if name in batch.schema.names]
        picked = batch.select(names).filter(pc.is_in(batch.column(KEY).cast("string"), options=wanted))
        found |= {row[KEY]: row for row in picked.to_pylist()}
    return found
