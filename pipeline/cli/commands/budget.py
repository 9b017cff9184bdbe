"""`budget`: what may still be sent."""

from __future__ import annotations

from pipeline.cli import options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("budget")
@options.all_shops
def budget(shell: Shell, every_shop: bool) -> Outcome:
    """Requests and feeds used and left, and when the next slot opens."""
    from pipeline.usecases import budget as use_case

    if not every_shop:
        return use_case.budget(shell.workspace())
    from pipeline.usecases.fleet import all_shops

    return all_shops(shell.workspace(), use_case.budget)
