"""`run CATALOG…`: snapshot, validate, diff and push in one go, for schedules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial as bind
from pathlib import Path

from pipeline.diff.build import plan_path
from pipeline.diff.planfile import records
from pipeline.errors import PipelineError, worst
from pipeline.journal.journal import Journal
from pipeline.store.atomic import private_folder
from pipeline.usecases.connection import Connected, connected, journal_of, observer
from pipeline.usecases.diff import Comparison, comparison
from pipeline.usecases.diff import report as report_diff
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms
from pipeline.usecases.push import OnDrift, Records, allowances, carry_out, confirm
from pipeline.usecases.pushing import lock, run_folder
from pipeline.usecases.results import error_document, write_result
from pipeline.usecases.workspace import Workspace


def run(
    ws: Workspace,
    sources: Sequence[str],
    *,
    yes: bool = False,
    reports: Sequence[Path] = (),
    source: str | None = None,
    partial: bool = False,
    on_drift: OnDrift = "skip",
    canary: int | None = None,
    allow: tuple[str, ...] = (),
    reason: str | None = None,
) -> Outcome:
    """Import a catalog; guards decide whether it's sent.

    Raises:
        InputRefused: nothing of the catalog can be used.
        GuardRefused: a guard stands against it; report and plan are written.
    """
    check_forms(reports)
    run_id = ws.new_id()
    with _told(ws, run_id), lock(ws), journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        found = comparison(
            ws, journal, shop, sources, snapshot="fresh", reports=reports, source=source, partial=partial
        )
        shown = report_diff(ws, found, reports=(*reports, _own_report(ws, run_id)))
        allowed = allowances(found.plan, allow, reason)
        confirm(ws, found.plan, yes=yes)
        pushed = _push(ws, journal, shop, found, run_id, on_drift, canary, allowed)
    code = worst(pushed.exit_code, shown.exit_code if found.rejected else 0)
    content = {**pushed.document, "plan": shown.document["plan"], "exit_code": int(code)}
    write_result(run_folder(ws, run_id), "run", content)
    return Outcome(document=content, exit_code=code, lines=pushed.lines, report=shown.report)


def _own_report(ws: Workspace, run_id: str) -> Path:
    """Every run leaves its report beside its kit."""
    return private_folder(run_folder(ws, run_id)) / "report.html"


def _push(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    found: Comparison,
    run_id: str,
    on_drift: OnDrift,
    canary: int | None,
    allowed: dict[str, str],
) -> Outcome:
    path, plan = plan_path(found.folder, found.plan.id), found.plan
    read: Records = bind(records, path)
    if canary:
        from pipeline.usecases.repack import with_canary

        plan, read = with_canary(ws, plan, path, canary)
    return carry_out(
        ws, journal, shop, plan, path, read, run=run_id, on_drift=on_drift, allowed=allowed, command="run"
    )


@contextmanager
def _told(ws: Workspace, run_id: str) -> Iterator[None]:
    """Whatever goes wrong, `result.json` says so too."""
    try:
        yield
    except PipelineError as error:
        if not (run_folder(ws, run_id) / "result.json").exists():  # once begun, it's told by the push
            write_result(run_folder(ws, run_id), "run", error_document(run_id, error))
        raise
