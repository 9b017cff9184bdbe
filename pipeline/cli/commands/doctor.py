"""`doctor`: is everything in place?"""

from __future__ import annotations

from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("doctor")
def doctor(shell: Shell) -> Outcome:
    """Check settings, secret, shop, clock, disk, record and budget; each line says ok, warn or fail."""
    from pipeline.usecases import doctor as use_case

    return use_case.doctor(shell.workspace())
