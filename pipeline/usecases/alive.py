"""Whether anyone is still at a run: one whose process was killed goes on nowhere, and no record says so."""

from __future__ import annotations

from pipeline.journal.journal import Journal, RunRow
from pipeline.usecases.results import RunFacts, facts
from pipeline.usecases.workspace import Workspace


def living(ws: Workspace, journal: Journal, row: RunRow) -> tuple[RunFacts, bool | None]:
    """A run as it is now, and whether a process of this machine holds its shop.

    Returns:
        The second is False for a run that isn't going on, and None where nobody can tell.
    """
    told = facts(journal, row.id)
    if told.state.word != "running":
        return told, False
    from pipeline.store.locks import is_held  # slow to import, and few runs are going on

    held = is_held(ws.locks, row.identity)
    if held is False:
        told = facts(journal, row.id)  # it may have ended while we asked
    return told, held


def abandoned(told: RunFacts, held: bool | None) -> str:
    """What to do about a run that nobody is at; "" for others."""
    if told.state.word != "running" or held is not False:
        return ""
    return f"no process of this machine is at it: `sellercenter resume {told.run}` goes on"
