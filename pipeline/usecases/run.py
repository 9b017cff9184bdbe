"""`run CATALOG…` or `run JOB`: snapshot, validate, diff and push in one go, for schedules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path

from pipeline.diff.planfile import plan_path, records
from pipeline.errors import PipelineError, UsageError, worst
from pipeline.journal.journal import Journal
from pipeline.journal.standing import in_flight
from pipeline.settings.meant import meant
from pipeline.store.atomic import private_folder
from pipeline.usecases.connection import Connected, connected, context_of, journal_of, observer
from pipeline.usecases.diff import Comparison, comparison
from pipeline.usecases.diff import report as report_diff
from pipeline.usecases.fleet import all_shops, of_shop
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms
from pipeline.usecases.push import OnDrift, Records, allowances, carry_out, confirm
from pipeline.usecases.pushing import lock, run_folder, settle_others
from pipeline.usecases.results import error_document, write_result
from pipeline.usecases.running import running
from pipeline.usecases.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a run is to be done: what the command line says beside the catalog."""

    yes: bool = False
    reports: tuple[Path, ...] = ()
    source: str | None = None
    partial: bool = False
    on_drift: OnDrift = "skip"
    canary: int | None = None
    allow: tuple[str, ...] = ()
    reason: str | None = None

    def at(self, shop: str) -> How:
        """The same for one shop of several: its reports under names of their own."""
        return replace(self, reports=of_shop(self.reports, shop))


#: The report that every run leaves in its folder, for people.
REPORT = "report.html"

Gate = Callable[[Comparison, Outcome], Outcome | None]


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
    every_shop: bool = False,
    now: bool = False,
) -> Outcome:
    """Import a catalog, or run a job of the settings; guards decide whether it's sent.

    Args:
        every_shop: for all shops of the settings, one after the other.
        now: a job is run outside its window too.

    Raises:
        InputRefused: nothing of the catalog can be used.
        GuardRefused: a guard stands against it; report and plan are written.
    """
    check_forms(reports)
    how = How(
        yes=yes, reports=tuple(reports), source=source, partial=partial, on_drift=on_drift, canary=canary,
        allow=allow, reason=reason,
    )  # fmt: skip
    if len(sources) == 1 and sources[0] in ws.settings.jobs:
        from pipeline.usecases.job import run_job

        if source is not None:
            raise UsageError(f"{sources[0]} is a job: it is its own source", hint="leave out --source")
        return run_job(ws, sources[0], how, now=now, every_shop=every_shop)
    _no_slip_of_a_job(sources, ws.settings.jobs)
    if now:
        raise UsageError("--now is for jobs", hint=f"jobs here: {', '.join(ws.settings.jobs) or 'none'}")
    if every_shop:
        return all_shops(ws, lambda each: run_once(each, sources, how.at(each.shop_name)))
    return run_once(ws, sources, how)


def _no_slip_of_a_job(sources: Sequence[str], jobs: Collection[str]) -> None:
    """A word that is no file and nearly a job is no catalog that is missing.

    Raises:
        UsageError: there is such a word.
    """
    for word in sources:
        told = meant(word, jobs)
        if told.startswith("Did you mean") and not Path(word).exists():
            raise UsageError(f"there is no job and no file {word!r}", hint=told)


def run_once(ws: Workspace, sources: Sequence[str], how: How) -> Outcome:
    """Import a catalog into one shop."""
    run_id = ws.new_id()
    with (
        running(run_id),
        _told(ws, run_id),
        lock(ws),
        journal_of(ws) as journal,
        connected(ws, observer(journal)) as shop,
    ):
        return bring(ws, journal, shop, sources, run_id, how)


def bring(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    sources: Sequence[str],
    run_id: str,
    how: How,
    gate: Gate = lambda _found, _shown: None,
) -> Outcome:
    """Compare, and send unless something stands against it; the shop's lock is held.

    Args:
        gate: is shown the plan before guards and people are asked; its outcome, if any, is the end.
    """
    if in_flight(journal, ws.identity(ws.shop)):
        settle_others(ws, journal, shop, context_of(ws.shop, tree_of(shop.client)))
    own = private_folder(run_folder(ws, run_id)) / REPORT
    found = comparison(
        ws, journal, shop, sources,
        snapshot="fresh", reports=(*how.reports, own), source=how.source, partial=how.partial,
    )  # fmt: skip
    shown = report_diff(ws, found, reports=(*how.reports, own))
    held = gate(found, shown)
    if held is not None:
        return held
    allowed = allowances(found.plan, how.allow, how.reason)
    confirm(ws, found.plan, yes=how.yes)
    pushed = _push(ws, journal, shop, found, run_id, how, allowed)
    code = worst(pushed.exit_code, shown.exit_code if found.rejected else 0)
    content = {**pushed.document, "plan": shown.document["plan"], "report": str(own), "exit_code": int(code)}
    write_result(run_folder(ws, run_id), "run", content)
    return Outcome(document=content, exit_code=code, lines=pushed.lines, report=shown.report)


def _push(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    found: Comparison,
    run_id: str,
    how: How,
    allowed: dict[str, str],
) -> Outcome:
    path, plan = plan_path(found.folder, found.plan.id), found.plan
    read: Records = bind(records, path)
    if how.canary:
        from pipeline.usecases.repack import with_canary

        plan, read = with_canary(ws, plan, path, how.canary)
    return carry_out(
        ws, journal, shop, plan, path, read,
        run=run_id, on_drift=how.on_drift, allowed=allowed, command="run",
    )  # fmt: skip


@contextmanager
def _told(ws: Workspace, run_id: str) -> Iterator[None]:
    """Whatever goes wrong, `result.json` says so too."""
    try:
        yield
    except PipelineError as error:
        if not (run_folder(ws, run_id) / "result.json").exists():  # once begun, it's told by the push
            write_result(run_folder(ws, run_id), "run", error_document(run_id, error))
        raise
