"""`init`: a settings file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import command
from pipeline.cli.options import FILE
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("init")
@click.argument("path", required=False, type=FILE)
@click.option("--url", help="Address of the shop's API.")
@click.option("--user-id", help="The API user, usually a mail address.")
@click.option(
    "--api-key", metavar="REF", help="Where the key is: env:NAME, file:PATH, cmd:COMMAND, keyring:…."
)
@click.option("--dialect", type=click.Choice(["classic", "falabella"]), help="The API's form.")
@click.option(
    "--operators", metavar="LIST", help="Operator codes of the falabella dialect, such as facl,fape."
)
@click.option("--currency", metavar="CODE", help="ISO 4217 code, such as USD.")
@click.option("--timezone", metavar="ZONE", help="IANA zone of the shop, such as America/Lima.")
@click.option("--mapping", metavar="NAME", help="Mapping file, or the name of a preset.")
@click.option("--full", is_flag=True, help="Write every setting there is, with its default.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def init(shell: Shell, path: Path | None, full: bool, force: bool, **flags: str | None) -> Outcome:
    """Write a commented settings file (PATH, default sellercenter.toml).

    At a terminal it asks for what was not given.
    """
    from pipeline.cli.prompts import Prompts
    from pipeline.usecases import init as use_case

    workspace = shell.workspace()
    given = {name: value for name, value in {**flags, "name": workspace.asked_shop}.items() if value}
    if full:
        return use_case.full(path or shell.config, given, force=force)
    prompt = Prompts() if workspace.ask is not None else None
    return use_case.init(path or shell.config, given, force=force, prompt=prompt)
