"""`diff`, `explain`: what would change, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli import complete, options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome

if TYPE_CHECKING:
    from pipeline.usecases.workspace import Workspace


@command("diff")
@options.catalogs()
@options.all_shops
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
    every_shop: bool,
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

    def one(ws: Workspace, out: Path | None, reports: tuple[Path, ...]) -> Outcome:
        return use_case.compare(
            ws,
            sources,
            snapshot=snapshot,
            out=out,
            reports=reports,
            decisions=decisions,
            source=source,
            partial=partial,
            exit_code=exit_code,
        )

    if not every_shop:
        return one(shell.workspace(), out, reports)
    if decisions is not None:
        raise click.UsageError("--decisions are of one shop: name it with --shop")
    from pipeline.usecases.fleet import all_shops, named, of_shop

    return all_shops(
        shell.workspace(),
        lambda ws: one(ws, named(out, ws.shop_name) if out else None, of_shop(reports, ws.shop_name)),
    )


@command("explain")
@click.argument("sku")
@click.argument("field", required=False)
def explain(shell: Shell, sku: str, field: str | None) -> Outcome:
    """Why a product (and FIELD) is a change, or is none, by the last plan."""
    from pipeline.usecases import explain as use_case

    return use_case.explain(shell.workspace(), sku, field)
