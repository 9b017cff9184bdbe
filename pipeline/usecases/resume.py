"""`resume RUN`: go on with an interrupted run; of a finished one, repeat its outcome."""

from __future__ import annotations

from pipeline.errors import Exit, UsageError
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.states import Gate, Kind
from pipeline.push.writer import Errand
from pipeline.usecases.connection import Connected, connected, context_of, journal_of, observer
from pipeline.usecases.lookups import tree_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.push import learn_feeds, outcome_of
from pipeline.usecases.pushing import accept_source, go, header_of, lock, told
from pipeline.usecases.workspace import Workspace


def resume(ws: Workspace, run: str) -> Outcome:
    """Bring a run as far as it goes now.

    Raises:
        UsageError: no such run, or one of another shop.
        Locked: it's still running, or another run holds the shop.
    """
    with journal_of(ws) as journal:
        row = run_of(journal, run)
        own_shop(ws, row)
        state = journal.state(row.id)
        if state.gate:
            hint = f"`sellercenter approve {row.id}` sends it" if state.gate is Gate.WAITING else ""
            raise UsageError(f"run {row.id} can't go on: it's {state.word}", hint=hint)
        if not state.open and state.exit_code is not None:
            return outcome_of(ws, journal, row.id, Exit(state.exit_code), "resume")
        with lock(ws), connected(ws, observer(journal)) as shop, told(ws, journal, row.id, "resume"):
            journal.store.check()
            return outcome_of(ws, journal, row.id, take_up(ws, journal, shop, row), "resume")


def take_up(ws: Workspace, journal: Journal, shop: Connected, row: RunRow, *, sending: bool = True) -> Exit:
    """Go on with a run; the shop's lock is held.

    Args:
        sending: False finds out what became of what was sent, and sends nothing more.
    """
    context = context_of(ws.shop, tree_of(shop.client))
    errand = Errand.PUSH if sending else Errand.FOLLOW
    if sending:
        learn_feeds(ws, shop)
    journal.append(row.id, Kind.RESUMED, at=ws.clock.now())
    ended = go(ws, journal, shop, row, context, errand=errand)
    accept_source(ws, journal, header_of(journal, row.id), row.id, ended)
    return ended.exit_code


def run_of(journal: Journal, run: str) -> RunRow:
    """A run by its id, or by the beginning of it.

    Raises:
        UsageError: none, or several.
    """
    row = journal.run(run)
    if row is None:
        raise UsageError(f"no run {run!r} in this state folder", hint="`sellercenter runs` lists them")
    return row


def own_shop(ws: Workspace, row: RunRow) -> None:
    """A run belongs to one shop.

    Raises:
        UsageError: the shop of the command is another one.
    """
    if row.identity == ws.identity(ws.shop):
        return
    if row.shop == ws.shop_name:
        raise UsageError(
            f"run {row.id} went to another shop: url, user or operators of {row.shop!r} changed since",
            hint="set them back in the settings to go on with it",
        )
    message = f"run {row.id} belongs to shop {row.shop!r}, not to {ws.shop_name!r}"
    raise UsageError(message, hint=f"--shop {row.shop}")
