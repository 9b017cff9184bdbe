"""`approve RUN`: releases a run that waits for approval."""

from __future__ import annotations

from pipeline.errors import UsageError
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.resume import run_of
from pipeline.usecases.workspace import Workspace


def approve(ws: Workspace, run: str) -> Outcome:
    """Release a run.

    Raises:
        UsageError: no such run, or it doesn't wait for anybody.
    """
    with journal_of(ws) as journal:
        row = run_of(journal, run)
    raise UsageError(f"run {row.id} doesn't wait for approval", hint=f"`sellercenter show {row.id}`")
