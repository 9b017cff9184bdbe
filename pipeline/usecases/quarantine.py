"""`quarantine`: records that rest because the shop refused them again and again, and their release."""

from __future__ import annotations

from pipeline.errors import UsageError
from pipeline.journal import resting
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural


def list_(ws: Workspace) -> Outcome:
    """What rests, and why."""
    with journal_of(ws) as journal:
        rows = resting.resting(journal, ws.identity(ws.shop))
    shown = tuple(
        f"{row['sku']} ({row['action']}): refused {plural(row['times'], 'time')}: {row['reason']}"
        for row in rows
    )
    return Outcome(document={"resting": rows}, lines=shown or ("nothing rests",))


def release(ws: Workspace, sku: str) -> Outcome:
    """Send this product again next time.

    Raises:
        UsageError: it doesn't rest.
    """
    with journal_of(ws) as journal:
        if not resting.release(journal, ws.identity(ws.shop), sku, ws.clock.now()):
            raise UsageError(f"{sku} doesn't rest", hint="`sellercenter quarantine` lists what does")
    return Outcome(document={"released": sku}, lines=(f"{sku} will be sent again",))
