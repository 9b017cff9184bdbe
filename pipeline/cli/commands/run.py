"""`run`, `approve`: the whole way in one go, for schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pipeline.cli import options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("run")
@options.catalogs("CATALOG|JOB")
@options.yes
@options.reports
@options.source
@options.partial
@options.on_drift
@options.canary
@options.allow
def run(
    shell: Shell,
    sources: tuple[str, ...],
    yes: bool,
    reports: tuple[Path, ...],
    source: str | None,
    partial: bool,
    on_drift: Literal["skip", "abort"],
    canary: int | None,
    allow: tuple[str, ...],
    reason: str | None,
) -> Outcome:
    """Snapshot, validate, diff and push catalogs, or a job of the settings; the guards decide."""
    from pipeline.usecases import run as use_case

    return use_case.run(
        shell.workspace(),
        sources,
        yes=yes,
        reports=reports,
        source=source,
        partial=partial,
        on_drift=on_drift,
        canary=canary,
        allow=allow,
        reason=reason,
    )


@command("approve")
@options.run_id()
def approve(shell: Shell, run: str) -> Outcome:
    """Release a run that waits for approval."""
    from pipeline.usecases import approve as use_case

    return use_case.approve(shell.workspace(), run)
