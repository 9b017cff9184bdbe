"""`validate`: findings, and nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("validate")
@options.catalogs()
@options.reports
@click.option(
    "--rejected", metavar="FILE", type=options.FILE, help="Write the refused rows, to be fixed and fed back."
)
def validate(
    shell: Shell, sources: tuple[str, ...], reports: tuple[Path, ...], rejected: Path | None
) -> Outcome:
    """Read catalogs and list every defect; nothing is compared or sent."""
    from pipeline.usecases import validate as use_case

    return use_case.check(shell.workspace(), sources, reports=reports, rejected=rejected)
