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
@options.all_shops
@options.reports
@click.option(
    "--rejected", metavar="FILE", type=options.FILE, help="Write the refused rows, to be fixed and fed back."
)
def validate(
    shell: Shell,
    sources: tuple[str, ...],
    every_shop: bool,
    reports: tuple[Path, ...],
    rejected: Path | None,
) -> Outcome:
    """Read catalogs and list every defect; nothing is compared or sent."""
    from pipeline.usecases import validate as use_case

    if not every_shop:
        return use_case.check(shell.workspace(), sources, reports=reports, rejected=rejected)
    from pipeline.usecases.fleet import all_shops, named, of_shop

    return all_shops(
        shell.workspace(),
        lambda ws: use_case.check(
            ws,
            sources,
            reports=of_shop(reports, ws.shop_name),
            rejected=named(rejected, ws.shop_name) if rejected else None,
        ),
    )
