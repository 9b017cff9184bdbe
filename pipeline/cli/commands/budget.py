"""`budget`: what may still be sent."""

from __future__ import annotations

from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("budget")
def budget(shell: Shell) -> Outcome:
    """Requests and feeds used and left, and when the next slot opens."""
    from pipeline.usecases import budget as use_case

    return use_case.budget(shell.workspace())
