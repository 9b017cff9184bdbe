"""`runs`, `show`, `history`: what happened."""

from __future__ import annotations

import click

from pipeline.cli import complete, options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome

STATES = ("running", "done", "interrupted", "pending", "unknown", "waiting", "withdrawn")
KINDS = ("import", "rollback", "restore")
OUTCOMES = ("refused", "skipped", "not_applied")

since = click.option("--since", metavar="TIME", help="Only from then on: 2026-11-23T14:00, or 2h, 3d ago.")


@command("runs")
@since
@click.option(
    "--is", "states", metavar="STATE", type=click.Choice(STATES), multiple=True,
    help=f"Only runs that are so: {', '.join(STATES)}; repeatable.",
)  # fmt: skip
@click.option(
    "--kind", "kinds", metavar="KIND", type=click.Choice(KINDS), multiple=True,
    help=f"Only such runs: {', '.join(KINDS)}; repeatable.",
)  # fmt: skip
@click.option("--last", metavar="N", type=click.IntRange(min=1), help="Only the newest N.")
@click.option("--check", is_flag=True, help="Verify the record: its chain, its files, its counts.")
@click.option(
    "--compact", is_flag=True,
    help="Forget request bodies and logs of runs that ended long ago (retention.requests_days).",
)  # fmt: skip
def runs(
    shell: Shell,
    since: str | None,
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    last: int | None,
    check: bool,
    compact: bool,
) -> Outcome:
    """List the runs, oldest first; with --shop only that shop's."""
    from pipeline.usecases import runs as use_case

    return use_case.runs(
        shell.workspace(), check=check, compact=compact, since=since, states=states, kinds=kinds, last=last
    )


@command("show")
@click.argument("id", shell_complete=complete.runs)
@options.skus
@click.option(
    "--outcome", "outcomes", metavar="OUTCOME", type=click.Choice(OUTCOMES), multiple=True,
    help=f"Only records that ended so: {', '.join(OUTCOMES)}; repeatable.",
)  # fmt: skip
def show(shell: Shell, id: str, skus: tuple[str, ...], outcomes: tuple[str, ...]) -> Outcome:  # noqa: A002 - the argument's name in --help
    """Show one run (by its own id, its plan's or that of a feed of it), plan or snapshot."""
    from pipeline.usecases import show as use_case

    return use_case.show(shell.workspace(), id, skus=skus, outcomes=outcomes)


@command("history")
@click.argument("sku")
@options.fields
@since
def history(shell: Shell, sku: str, fields: tuple[str, ...], since: str | None) -> Outcome:
    """One product over time: every value, who set it, and from which cell."""
    from pipeline.usecases import history as use_case

    return use_case.history(shell.workspace(), sku, fields=fields, since=since)
