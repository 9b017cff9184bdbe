"""`run JOB`: an import that nobody watches. It sends what may be sent, and says what it did and didn't."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.diff.planfile import plan_path, records
from pipeline.errors import Exit, Incomplete, UsageError
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import Gate, Kind, RunCounts
from pipeline.settings import Job
from pipeline.usecases.connection import connected, journal_of, observer
from pipeline.usecases.diff import Comparison
from pipeline.usecases.fleet import over_shops
from pipeline.usecases.job_end import Notes, recorded
from pipeline.usecases.job_record import attempts, imported
from pipeline.usecases.job_source import SourceFile, candidate, nothing_new
from pipeline.usecases.notify import zone_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.push import refuse_used
from pipeline.usecases.pushing import lock, run_folder, start
from pipeline.usecases.results import document, facts
from pipeline.usecases.run import REPORT, How, bring
from pipeline.usecases.running import running
from pipeline.usecases.schedule import Go, NotNow, decide
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural

log = logging.getLogger("sellercenter.job")


def run_job(ws: Workspace, name: str, how: How, *, now: bool = False, every_shop: bool = False) -> Outcome:
    """One attempt of a job at each of its shops.

    Args:
        now: whatever its window and quiet hours say.
        every_shop: for all shops of the settings, whatever the job says.

    Raises:
        UsageError: `--shop` names one that isn't among the job's.
    """
    job = ws.settings.job(name)
    shops = tuple(ws.settings.shops) if every_shop else ws.settings.shops_of(job)
    if ws.asked_shop is not None:
        if ws.asked_shop not in shops:
            raise UsageError(
                f"job {name} isn't for shop {ws.asked_shop!r}", hint=f"its shops: {', '.join(shops)}"
            )
        shops = (ws.asked_shop,)
    ws, how = ws.under(job=name), _as_job(name, job, how)
    if len(shops) == 1:
        return attempt(ws.under(shop=shops[0]), job, how, now=now)
    return over_shops(ws, shops, lambda each: attempt(each, job, how.at(each.shop_name), now=now))


def _as_job(name: str, job: Job, how: How) -> How:
    """What the command line says goes before what the job says."""
    return replace(
        how,
        source=name,
        partial=how.partial or job.partial,
        on_drift=job.on_drift if how.on_drift == "skip" else how.on_drift,
        canary=how.canary or job.canary,
    )


def attempt(ws: Workspace, job: Job, how: How, *, now: bool) -> Outcome:
    """One attempt at one shop; whatever becomes of it is written down and told."""
    notes = Notes(run=ws.new_id(), job=str(ws.job), started=ws.clock.now())
    with running(notes.run), recorded(ws, notes):
        log.info("job %s at shop %s begins", notes.job, ws.shop_name)
        with journal_of(ws) as journal:
            outcome = _attempt(ws, journal, job, how, notes, now=now)
        return notes.ended(outcome)


def _attempt(ws: Workspace, journal: Journal, job: Job, how: How, notes: Notes, *, now: bool) -> Outcome:
    identity = ws.identity(ws.shop)
    last = next(attempts(journal, job=notes.job, identity=identity), None)
    choice: Go | NotNow = Go(closes=None, why="asked for") if now else decide(
        job, zone_of(ws), ws.clock.now(), last.ended if last else None
    )  # fmt: skip
    if isinstance(choice, NotNow):
        return _idle(notes, "not-now", f"not now: {choice.why}", "--now runs it all the same")
    ws.progress.say(f"job {notes.job} at {ws.shop_name}: {choice.why}")
    notes.file = file = candidate(ws, job)
    with lock(ws):
        if nothing_new(file, imported(journal, notes.job, identity), job):
            return _idle(notes, "nothing-new", f"nothing new: {_short(file)} was imported before", "")
        if (row := _waiting(ws, journal, notes.job, file)) is not None:
            return _waits_still(journal, notes, row)
        with connected(ws, observer(journal)) as shop:
            gate = partial(_gate, ws, journal, job, notes, choice.closes)
            return bring(ws, journal, shop, file.names, notes.run, how, gate)


def _idle(notes: Notes, word: Any, said: str, hint: str) -> Outcome:
    """An attempt that had nothing to do."""
    notes.word, notes.message, notes.hint = word, said, hint
    content = {"run": notes.run, "state": word, "counts": asdict(RunCounts()), "feeds": [], "why": said}
    return Outcome(document={**content, "exit_code": 0}, lines=(said, *((hint,) if hint else ())))


def _gate(
    ws: Workspace,
    journal: Journal,
    job: Job,
    notes: Notes,
    closes: float | None,
    found: Comparison,
    shown: Outcome,
) -> Outcome | None:
    """What stands between a plan and the shop: a person who is to approve it, and time.

    Raises:
        Incomplete: it can't be done before the window closes.
    """
    plan = found.plan
    notes.planned(found, shown, run_folder(ws, notes.run) / REPORT)
    _withdraw_others(ws, journal, notes)
    if (plan.refused and job.on_guard == "ask") or (plan.records and job.approval == "always"):
        return _wait(ws, journal, found, notes)
    now = ws.clock.now()
    if closes is not None and plan.records and now + plan.forecast.seconds > closes:
        feeds = plural(plan.forecast.feeds, "feed")
        raise Incomplete(
            f"nothing was sent: it takes {_span(plan.forecast.seconds)} ({feeds}), "
            f"and the window closes in {_span(closes - now)}",
            hint="a longer `window`, fewer changes, or --now; `sellercenter budget` shows what is used up; "
            f"what would change: {notes.report}",
            code="window-too-short",
        )
    return None


# ── waiting for approval ───────────────────────────────────────────────────────────────────


def _wait(ws: Workspace, journal: Journal, found: Comparison, notes: Notes) -> Outcome:
    """Write the run down as one that waits; nothing of it leaves before `approve RUN`."""
    plan, path = found.plan, plan_path(found.folder, found.plan.id)
    code = Exit.GUARD if plan.refused else Exit.DONE
    refuse_used(journal, plan)
    waiting = {"job": notes.job, "file": asdict(notes.file) if notes.file else None, "exit_code": int(code),
               "guards": [list(guard) for guard in notes.guards], "report": notes.report}  # fmt: skip
    start(ws, journal, plan, path, partial(records, path), run=notes.run, allowed={}, waiting=waiting)
    return _waits(journal, notes, notes.run, code)


def _waits(journal: Journal, notes: Notes, run: str, code: Exit) -> Outcome:
    notes.word = "waiting"
    notes.message = f"run {run} waits for approval"
    notes.hint = f"`sellercenter approve {run}` sends it, with --decline it is dropped"
    content = {**document(facts(journal, run), code), "plan": notes.plan, "report": notes.report}
    shown = tuple(f"  {rule}: {message}" for rule, message in notes.guards)
    lines = (notes.message, *shown, f"report: {notes.report}", notes.hint)
    return Outcome(document=content, exit_code=code, lines=lines)


def _waits_still(journal: Journal, notes: Notes, row: RunRow) -> Outcome:
    """The same file was planned before, and nobody has decided yet."""
    waiting = journal.started(row.id)["waiting"]
    notes.guards = tuple((rule, message) for rule, message in waiting["guards"])
    notes.plan, notes.report = row.plan_path, waiting["report"]
    return _waits(journal, notes, row.id, Exit(waiting["exit_code"]))


def _waiting(ws: Workspace, journal: Journal, job: str, file: SourceFile) -> RunRow | None:
    """The run of this very file that waits and can be approved still."""
    for row in waiting_runs(journal, ws.identity(ws.shop), job):
        waiting = journal.started(row.id)["waiting"]["file"] or {}
        fresh = ws.clock.now() - row.started < ws.shop.limits.plan_max_age
        if fresh and file.digest and waiting.get("digest") == file.digest:
            return row
    return None


def waiting_runs(journal: Journal, identity: str, job: str) -> list[RunRow]:
    """Runs of a job that wait for approval, newest first."""
    rows = [row for row in reversed(journal.runs(identity)) if row.source == job]
    return [row for row in rows if journal.state(row.id).gate is Gate.WAITING]


def _withdraw_others(ws: Workspace, journal: Journal, notes: Notes) -> None:
    """A newer plan takes the place of those that wait."""
    for row in waiting_runs(journal, ws.identity(ws.shop), notes.job):
        data = {"why": f"run {notes.run} took its place"}
        journal.append(row.id, Kind.WITHDRAWN, at=ws.clock.now(), data=data)
        ws.progress.say(f"run {row.id}, which waited for approval, is withdrawn: {data['why']}")


def _short(file: SourceFile) -> str:
    return ", ".join(Path(name).name for name in file.names)


def _span(seconds: float) -> str:
    minutes = round(max(0.0, seconds) / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
