"""`rollback`, `restore`: the plan that takes something back; `push` sends it."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome

where = click.option(
    "--where",
    metavar="CONDITION",
    multiple=True,
    help="Only products with Status=inactive, Brand!=Acme, Price<5 …: as the run wrote it, else as the shop "
    "has it; repeatable, all must hold.",
)
selection = options.together(
    options.skus, options.fields, where, options.stock, options.remove, options.plan_out, options.reports
)


@command("rollback")
@options.run_id()
@selection
@click.option("--since", metavar="TIME", help="Only what was sent since then.")
@click.option("--feed", "feeds", metavar="ID", multiple=True, help="Only what rode in this feed; repeatable.")
def rollback(
    shell: Shell,
    run: str,
    skus: tuple[str, ...],
    fields: tuple[str, ...],
    where: tuple[str, ...],
    stock: bool,
    remove: bool,
    out: Path | None,
    reports: tuple[Path, ...],
    since: str | None,
    feeds: tuple[str, ...],
) -> Outcome:
    """Write the plan that takes a run back, where the shop still holds what the run wrote."""
    from pipeline.usecases import rollback as use_case

    return use_case.rollback(
        shell.workspace(),
        run,
        skus=skus,
        fields=fields,
        stock=stock,
        remove=remove,
        out=out,
        reports=reports,
        since=since,
        feeds=feeds,
        where=where,
    )


@command("restore")
@click.option(
    "--at", metavar="TIME", required=True, help="The time to go back to: 2026-11-23T14:00, or 2h, 3d ago."
)
@selection
def restore(
    shell: Shell,
    at: str,
    skus: tuple[str, ...],
    fields: tuple[str, ...],
    where: tuple[str, ...],
    stock: bool,
    remove: bool,
    out: Path | None,
    reports: tuple[Path, ...],
) -> Outcome:
    """Write the plan that takes back every run since a time."""
    from pipeline.usecases import restore as use_case

    return use_case.restore(
        shell.workspace(),
        at,
        skus=skus,
        fields=fields,
        where=where,
        stock=stock,
        remove=remove,
        out=out,
        reports=reports,
    )
