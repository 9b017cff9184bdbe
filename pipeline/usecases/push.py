"""`push PLAN`: send a saved plan, and check what the shop then holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pipeline.diff.guards import allow as lift
from pipeline.diff.plan import Plan, Record
from pipeline.diff.planfile import check, open_plan, records
from pipeline.diff.planfile import plan_path as plan_file
from pipeline.errors import Exit, GuardRefused, PlanRefused, UsageError
from pipeline.journal.journal import Journal
from pipeline.journal.states import Gate, RunCounts
from pipeline.market.feeds import Action
from pipeline.push.examine import Examiner, Product, Skip
from pipeline.usecases.connection import Connected, connected, context_of, journal_of, observer
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.no_plan import refuse_catalog
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.pushing import (
    accept_source,
    go,
    header_of,
    lock,
    remember_source,
    run_folder,
    settle_others,
    start,
    told,
)
from pipeline.usecases.results import document, endings, facts, lines, told_endings, write_result
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context
from pipeline.values.counted import plural

#: Records that didn't end well which the end of a push names.
SHOWN = 5

OnDrift = Literal["skip", "abort"]
Records = Callable[[], Iterable[Record]]
Seen = dict[str, tuple[float, Product | None]]


def push(
    ws: Workspace,
    plan_path: Path,
    *,
    yes: bool = False,
    on_drift: OnDrift = "skip",
    canary: int | None = None,
    rehearse: bool = False,
    allow: tuple[str, ...] = (),
    reason: str | None = None,
) -> Outcome:
    """Send a plan.

    Raises:
        PlanRefused: changed, used, too old, of another shop or other settings, or (with
            `on_drift` "abort") not what the shop holds any more.
        GuardRefused: a guard stands against it and wasn't allowed.
        UsageError: nobody was there to say yes.
    """
    plan_path = found_plan(ws, plan_path)
    plan = open_plan(plan_path)
    ws = ws.under(job=plan.source if plan.source in ws.settings.jobs else None)
    with journal_of(ws) as journal:
        refuse_used(journal, plan)
    check_plan(ws, plan)
    allowed = allowances(plan, allow, reason)
    if not plan.records:
        return nothing_to_do(ws, plan)
    confirm(ws, plan, yes=yes)
    read: Records = partial(records, plan_path)
    if canary:
        from pipeline.usecases.repack import with_canary

        plan, read = with_canary(ws, plan, plan_path, canary)
    if rehearse:
        from pipeline.usecases.rehearsal import rehearsal

        rehearsal(ws, plan, read)
    with lock(ws), journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        return carry_out(
            ws, journal, shop, plan, plan_path, read,
            run=ws.new_id(), on_drift=on_drift, allowed=allowed, command="push",
        )  # fmt: skip


def nothing_to_do(ws: Workspace, plan: Plan) -> Outcome:
    """The end of a plan without changes: no run, no feed; its file went through all the same."""
    with journal_of(ws) as journal:
        remember_source(ws, journal, plan, "")
    counts = dict.fromkeys((one.name for one in fields(RunCounts)), 0)
    content: dict[str, Any] = {
        "run": None,
        "state": "done",
        "counts": counts,
        "feeds": [],
        "why": "",
        "exit_code": 0,
    }
    said = "nothing to do: the plan changes nothing, and nothing was sent"
    return Outcome(document=content, exit_code=Exit.DONE, lines=(said,))


def found_plan(ws: Workspace, named: Path) -> Path:
    """A plan's file: as named, or by its id among those of the state folder.

    Raises:
        UsageError: the file is a catalog.
    """
    stored = plan_file(ws.state / "plans", str(named))
    found = stored if not named.exists() and stored.exists() else named
    refuse_catalog(found)
    return found


def carry_out(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    plan: Plan,
    path: Path,
    read: Records,
    *,
    run: str,
    on_drift: OnDrift,
    allowed: Mapping[str, str],
    command: str,
) -> Outcome:
    """Push a plan that was checked and agreed to; the shop's lock is held."""
    refuse_used(journal, plan)
    journal.store.check()
    context = context_of(ws.shop, tree_of(shop.client) if plan.records else None)
    settle_others(ws, journal, shop, context)
    seen = unmoved(ws, shop, plan, read, context) if on_drift == "abort" else {}
    learn_feeds(ws, shop)
    row = start(ws, journal, plan, path, read, run=run, allowed=allowed)
    with told(ws, journal, run, command):
        ended = go(ws, journal, shop, row, context, seen=seen)
        accept_source(ws, journal, plan, run, ended)
        return outcome_of(ws, journal, run, ended.exit_code, command)


def outcome_of(ws: Workspace, journal: Journal, run: str, exit_code: Exit, command: str) -> Outcome:
    """A run's outcome as the journal has it; also written to the run's folder."""
    told = facts(journal, run)
    content = document(told, exit_code)
    folder = run_folder(ws, run)
    write_result(folder, command, content)
    badly = told_endings(endings(journal, run), SHOWN, f"`sellercenter show {run}`")
    return Outcome(document=content, exit_code=exit_code, lines=(*lines(told, folder, exit_code), *badly))


def check_plan(ws: Workspace, plan: Plan) -> None:
    """Refuse a plan that isn't for this shop, these settings and this day."""
    check(
        plan, shop=ws.shop_name, identity=ws.identity(ws.shop), now=ws.clock.now(),
        max_age=ws.shop.limits.plan_max_age, settings_digest=ws.settings_digest(ws.shop),
    )  # fmt: skip


def refuse_used(journal: Journal, plan: Plan) -> None:
    """A plan is used once: say so before anything else is asked, of the shop or of a person."""
    for row in journal.runs(plan.identity):
        if row.plan_digest == plan.digest:
            message = f"plan {plan.id} was already used by run {row.id}"
            raise PlanRefused(message, code="plan-used", hint=_instead(journal, row.id))
        if row.started >= plan.created and header_of(journal, row.id).narrows == plan.digest:
            raise PlanRefused(
                f"plan {plan.id} was reviewed, and run {row.id} sent what was approved of it",
                code="plan-superseded",
                hint="a new `diff` makes a new plan",
            )


def _instead(journal: Journal, run: str) -> str:
    """What to do about a run instead of sending its plan once more."""
    state = journal.state(run)
    if state.gate is Gate.WAITING:
        return f"it waits for approval: `sellercenter approve {run}` sends it"
    if state.open and not state.gate:
        return f"`sellercenter resume {run}` goes on with it"
    return f"`sellercenter show {run}` tells what became of it; a new `diff` makes a new plan"


def allowances(plan: Plan, allow: tuple[str, ...], reason: str | None) -> dict[str, str]:
    """Rule → reason, of the guards that are overridden for this plan.

    Raises:
        UsageError: an override without a reason, or of a rule that doesn't exist.
        GuardRefused: a guard stands that nobody allowed.
    """
    guards = plan.guards
    for rule in allow:
        guards = lift(guards, rule, reason or "")
    left = [guard for guard in guards if guard.verdict == "refused"]
    if left:
        rules = " ".join(f"--allow {guard.rule}" for guard in left)
        raise GuardRefused(
            f"{plural(len(left), 'guard')} refused the plan:"
            + "".join(f"\n  {guard.rule}: {guard.message}" for guard in left),
            hint=f"read the report and correct the file, or {rules} --reason TEXT",
        )
    return {guard.rule: guard.reason for guard in guards if guard.verdict == "allowed"}


def confirm(ws: Workspace, plan: Plan, *, yes: bool) -> None:
    """Ask, unless told not to.

    Raises:
        UsageError: no terminal and no --yes, or the answer was no.
    """
    if yes or plan.records == 0:
        return
    if ws.ask is None:
        raise UsageError("nobody to ask whether to send this plan", hint="--yes sends it without asking")
    counts = plan.counts
    size = plural(plan.records, "record")
    question = (
        f"Send {size} to {plan.shop}: {counts.create} created, {counts.update} updated, "
        f"{counts.deactivate} deactivated, {counts.remove} removed. Go on?"
    )
    if not ws.ask(question):
        raise UsageError("not sent: the answer was no")


def unmoved(ws: Workspace, shop: Connected, plan: Plan, read: Records, context: Context) -> Seen:
    """Read every touched product; the plan goes on only if not one of them moved.

    Raises:
        PlanRefused: something moved; nothing was sent.
    """
    skus = list(dict.fromkeys(record.sku for record in read()))
    at = ws.clock.now()
    held = shop.market.products(skus, deleted=True)
    examiner = Examiner(dialect=ws.shop.dialect, context=context)
    moved = [
        f"{record.sku}: {found.message}"
        for record in read()
        if isinstance(found := examiner.examine(record, held.get(record.sku)), Skip)
    ]
    if moved:
        shown = "\n".join(f"  {line}" for line in moved[:20])
        more = f"\n  … and {len(moved) - 20} more" if len(moved) > 20 else ""
        raise PlanRefused(
            f"{len(moved)} of {plan.records} records changed in the shop since the plan was made; "
            f"nothing was sent:\n{shown}{more}",
            code="plan-stale",
            hint="`sellercenter diff` makes a new plan; --on-drift skip leaves these out and sends the rest",
        )
    return {sku: (at, held.get(sku)) for sku in skus}


def learn_feeds(ws: Workspace, shop: Connected) -> None:
    """Feeds that others made today count in the budget too."""
    from pipeline.budget.quota import SeenFeed
    from pipeline.market.times import epoch_of

    day = 86_400.0
    listed = shop.market.feeds_since(min(ws.clock.now(), shop.market.server_now()) - day)
    quota = {action.value for action in Action}
    zone = context_of(ws.shop).timezone
    seen = ((feed.id, epoch_of(feed.created, zone)) for feed in listed if feed.action in quota)
    new = shop.ledger.learn(SeenFeed(id=number, created=at) for number, at in seen if at is not None)
    if new:
        ws.progress.say(f"{plural(new, 'feed')} of this seller made elsewhere in the last 24 hours: counted")
