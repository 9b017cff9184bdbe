"""`runs`: the runs of this state folder; `--check` verifies the record, `--compact` makes it smaller."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.errors import Exit
from pipeline.journal.journal import Journal, RunRow
from pipeline.usecases.alive import abandoned, living
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.results import RunFacts
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural

DAY = 86_400.0


def runs(
    ws: Workspace,
    *,
    check: bool = False,
    compact: bool = False,
    since: str | None = None,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    last: int | None = None,
) -> Outcome:
    """List runs, oldest first; or say whether the record is whole (exit 1 if it isn't); or compact it.

    Args:
        since: only runs that began since then; states, kinds: only such; last: only so many, the newest.

    Raises:
        UsageError: the time can't be read.
        StateError: what is to be forgotten is damaged.
    """
    after = _since(ws, since)
    with journal_of(ws, trusted=not check) as journal:
        if check:
            return _checked(journal)
        if compact:
            return _compacted(ws, journal)
        rows = [row for row in journal.runs() if row.started >= after and row.kind in (kinds or (row.kind,))]
        if ws.asked_shop is not None:
            rows = [row for row in rows if row.shop == ws.asked_shop]
        found = ((row, *living(ws, journal, row)) for row in rows)
        listed = [one for one in found if not states or one[1].state.word in states]
    return _listed(listed[-last:] if last else listed)


def _listed(found: list[tuple[RunRow, RunFacts, bool | None]]) -> Outcome:
    rows = [
        {
            "run": run.id, "shop": run.shop, "kind": run.kind, "started": _moment(run.started),
            "state": told.state.word, "counts": asdict(told.counts), "source": run.source, "held": held,
        }
        for run, told, held in found
    ]  # fmt: skip
    shown = tuple(_line(run, told, abandoned(told, held)) for run, told, held in found)
    return Outcome(document={"runs": rows}, lines=shown or ("no run yet",))


def _line(run: RunRow, told: RunFacts, advice: str) -> str:
    counts = asdict(told.counts).items()
    shown = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts if number)
    line = f"{run.id}  {run.shop}  {told.state.word:<12} {shown or 'nothing to do'}"
    return f"{line}\n  {advice}" if advice else line


def _checked(journal: Journal) -> Outcome:
    from pipeline.journal.check import check as check_record

    found = check_record(journal)
    document = {"events": found.events, "whole": found.whole, "problems": list(found.problems)}
    if found.whole:
        return Outcome(document=document, lines=(f"the record is whole: {found.events} events",))
    told = ("the record is damaged; nothing should be pushed from this folder:", *found.problems)
    return Outcome(document=document, exit_code=Exit.UNEXPECTED, lines=told)


def _compacted(ws: Workspace, journal: Journal) -> Outcome:
    from pipeline.journal.compact import compact

    days, now = ws.settings.retention.requests_days, ws.clock.now()
    done = compact(journal, before=now - days * DAY, at=now)
    if done.bytes and not journal.store.shrink():
        ws.progress.say("the file keeps its size for now: another program reads it, or the disk has no room")
    told = (
        f"bodies and requests of {plural(done.runs, 'run')} "
        f"that ended more than {days:g} days ago are forgotten: "
        f"{plural(done.events, 'event')}, {plural(done.bytes, 'byte')} of bodies; "
        "every change and outcome is kept"
    )
    return Outcome(document=asdict(done), lines=(told,))


def _since(ws: Workspace, since: str | None) -> float:
    """A time as typed; what can read it is heavy, and this command is to answer at once."""
    if since is None:
        return 0.0
    from pipeline.usecases.snapshot import moment

    return moment(ws, since)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
