"""`diff`, `explain`: what would change, and why."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import complete, options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("diff")
@options.catalogs()
@click.option(
    "--snapshot",
    metavar="fresh|latest|ID",
    default="fresh",
    show_default=True,
    shell_complete=complete.snapshots,
    help="What to compare with.",
)
@options.plan_out
@options.reports
@click.option(
    "--decisions", metavar="FILE.xlsx", type=options.FILE, help="A reviewed report: what may be sent."
)
@options.source
@options.partial
@click.option("--exit-code", is_flag=True, help="End with 3 where there are changes.")
def diff(
    shell: Shell,
    sources: tuple[str, ...],
    snapshot: str,
    out: Path | None,
    reports: tuple[Path, ...],
    decisions: Path | None,
    source: str | None,
    partial: bool,
    exit_code: bool,
) -> Outcome:
    """Show what a catalog would change, and save it as a plan; nothing is sent."""
    from pipeline.usecases import diff as use_case

    return use_case.compare(
        shell.workspace(),
        sources,
        snapshot=snapshot,
        out=out,
        reports=reports,
        decisions=decisions,
        source=source,
        partial=partial,
        exit_code=exit_code,
    )


@command("explain")
@click.argument("sku")
@click.argument("field", required=False)
def explain(shell: Shell, sku: str, field: str | None) -> Outcome:
    """Why a product (and FIELD) is a change, or is none, by the last plan."""
    from pipeline.usecases import explain as use_case

    return use_case.explain(shell.workspace(), sku, field)
