"""`runs`, `show`, `history`: what happened."""

from __future__ import annotations

import click

from pipeline.cli import complete
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("runs")
@click.option("--check", is_flag=True, help="Verify the record: its chain, its files, its counts.")
def runs(shell: Shell, check: bool) -> Outcome:
    """List the runs, oldest first."""
    from pipeline.usecases import runs as use_case

    return use_case.runs(shell.workspace(), check=check)


@command("show")
@click.argument("id", shell_complete=complete.runs)
def show(shell: Shell, id: str) -> Outcome:  # noqa: A002 - the argument's name in --help
    """Show one run, plan, snapshot or feed."""
    from pipeline.usecases import show as use_case

    return use_case.show(shell.workspace(), id)


@command("history")
@click.argument("sku")
def history(shell: Shell, sku: str) -> Outcome:
    """One product over time: what each run wrote, and what it replaced."""
    from pipeline.usecases import history as use_case

    return use_case.history(shell.workspace(), sku)
