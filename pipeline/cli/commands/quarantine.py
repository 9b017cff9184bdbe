"""`quarantine`: what rests, and letting it go again."""

from __future__ import annotations

import click

from pipeline.cli.common import Group, command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@click.group("quarantine", cls=Group, invoke_without_command=True)
@click.pass_context
def quarantine(context: click.Context) -> Outcome | None:
    """List the records that rest because the shop refuses them again and again, and why."""
    if context.invoked_subcommand:
        return None
    from pipeline.usecases import quarantine as use_case

    return use_case.list_(context.obj.workspace())


@command("release")
@click.argument("sku")
def release(shell: Shell, sku: str) -> Outcome:
    """Send this product again next time."""
    from pipeline.usecases import quarantine as use_case

    return use_case.release(shell.workspace(), sku)


quarantine.add_command(release)
