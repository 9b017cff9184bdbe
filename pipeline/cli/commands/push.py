"""`push`, `resume`: the way forward, and on after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pipeline.cli import complete, options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("push")
@click.argument("plan", type=options.FILE, shell_complete=complete.plans)
@options.yes
@options.on_drift
@options.canary
@click.option("--rehearse", is_flag=True, help="First on a private sandbox filled from the snapshot.")
@options.allow
def push(
    shell: Shell,
    plan: Path,
    yes: bool,
    on_drift: Literal["skip", "abort"],
    canary: int | None,
    rehearse: bool,
    allow: tuple[str, ...],
    reason: str | None,
) -> Outcome:
    """Send a saved plan, and check what the shop then holds."""
    from pipeline.usecases import push as use_case

    return use_case.push(
        shell.workspace(),
        plan,
        yes=yes,
        on_drift=on_drift,
        canary=canary,
        rehearse=rehearse,
        allow=allow,
        reason=reason,
    )


@command("resume")
@options.run_id()
def resume(shell: Shell, run: str) -> Outcome:
    """Go on with an interrupted run; of a finished one, repeat its outcome."""
    from pipeline.usecases import resume as use_case

    return use_case.resume(shell.workspace(), run)
