"""`run`, `approve`: the whole way in one go, for schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pipeline.cli import complete, options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("run")
@options.catalogs("CATALOG|JOB", complete.jobs)
@options.yes
@options.all_shops
@click.option("--now", is_flag=True, help="Run a job whatever its window and quiet hours say.")
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
    every_shop: bool,
    now: bool,
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
        every_shop=every_shop,
        now=now,
    )


@command("approve")
@options.run_id()
@options.yes
@options.on_drift
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
@click.option("--decline", is_flag=True, help="Drop it instead: nothing of it is ever sent.")
def approve(
    shell: Shell, run: str, yes: bool, on_drift: Literal["skip", "abort"], reason: str | None, decline: bool
) -> Outcome:
    """Release a run that waits for approval; what its guards refused counts as allowed."""
    from pipeline.usecases import approve as use_case

    return use_case.approve(
        shell.workspace(), run, yes=yes, on_drift=on_drift, reason=reason, decline=decline
    )
