"""`approve RUN`: releases a run that waits for approval, or drops it."""

from __future__ import annotations

from functools import partial
from typing import Any

from pipeline.diff.plan import Plan
from pipeline.errors import Exit, UsageError
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import Gate, Kind
from pipeline.usecases.connection import connected, context_of, journal_of, observer
from pipeline.usecases.job_end import Notes, recorded
from pipeline.usecases.job_record import file_of
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.push import OnDrift, check_plan, outcome_of, unmoved
from pipeline.usecases.pushing import header_of, lock, told
from pipeline.usecases.resume import own_shop, run_of, take_up
from pipeline.usecases.running import running
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural


def approve(
    ws: Workspace,
    run: str,
    *,
    yes: bool = False,
    on_drift: OnDrift = "skip",
    reason: str | None = None,
    decline: bool = False,
) -> Outcome:
    """Release a run: the command is the word; a person at a terminal is asked once more.

    Raises:
        UsageError: no such run, or it doesn't wait for anybody.
        PlanRefused: too old, made under other settings, or (with `on_drift` "abort") the shop
            holds something else by now.
    """
    with journal_of(ws) as journal:
        row = run_of(journal, run)
        waiting = _waiting(journal, row)
        ws = ws.under(shop=ws.asked_shop or row.shop, job=waiting["job"])
        own_shop(ws, row)
        plan = header_of(journal, row.id)
        if decline:
            return _decline(ws, journal, row, reason)
        check_plan(ws, plan)
        _ask(ws, plan, waiting, yes=yes)
    return _release(ws, row, waiting, on_drift, reason)


def _waiting(journal: Journal, row: RunRow) -> dict[str, Any]:
    """What the waiting run said to the person.

    Raises:
        UsageError: it doesn't wait.
    """
    state = journal.state(row.id)
    if state.gate is not Gate.WAITING:
        said = f"run {row.id} doesn't wait for approval: it's {state.word}"
        raise UsageError(said, hint=f"`sellercenter show {row.id}`")
    waiting: dict[str, Any] = journal.started(row.id)["waiting"]
    return waiting


def _decline(ws: Workspace, journal: Journal, row: RunRow, reason: str | None) -> Outcome:
    with lock(ws):
        _waiting(journal, row)
        data = {"why": reason or "declined"}
        journal.append(row.id, Kind.WITHDRAWN, at=ws.clock.now(), data=data)
    outcome = outcome_of(ws, journal, row.id, Exit.DONE, "approve")
    return Outcome(document=outcome.document, lines=(f"run {row.id} is declined; nothing was sent",))


def _ask(ws: Workspace, plan: Plan, waiting: dict[str, Any], *, yes: bool) -> None:
    if yes or ws.ask is None:
        return
    guards = "".join(f"\n  {rule}: {message}" for rule, message in waiting["guards"])
    against = f"\nGuards refused it:{guards}" if guards else ""
    if not ws.ask(f"Send {plural(plan.records, 'record')} to {plan.shop}?{against}\nGo on?"):
        raise UsageError("not sent: the answer was no; the run goes on waiting")


def _release(
    ws: Workspace, row: RunRow, waiting: dict[str, Any], on_drift: OnDrift, reason: str | None
) -> Outcome:
    notes = Notes(run=row.id, job=waiting["job"], started=ws.clock.now(), file=file_of(waiting["file"]))
    notes.plan, notes.report = row.plan_path, waiting["report"]
    with (
        running(row.id),
        recorded(ws, notes),
        lock(ws),
        journal_of(ws) as journal,
        connected(ws, observer(journal)) as shop,
    ):
        _waiting(journal, row)
        plan = header_of(journal, row.id)
        if on_drift == "abort":
            context = context_of(ws.shop, tree_of(shop.client))
            unmoved(ws, shop, plan, partial(journal.records, row.id), context)
        allowed = {rule: reason or "approved" for rule, _ in waiting["guards"]}
        journal.append(row.id, Kind.APPROVED, at=ws.clock.now(), data={"allowed": allowed})
        with told(ws, journal, row.id, "approve"):
            code = take_up(ws, journal, shop, row)
        return notes.ended(outcome_of(ws, journal, row.id, code, "approve"))
