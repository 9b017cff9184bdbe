"""`map`: a mapping to start from."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import options
from pipeline.cli.common import command
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("map")
@options.catalogs()
@click.option("--out", metavar="FILE", type=options.FILE, help="Where to write it. [default: stdout]")
def propose(shell: Shell, sources: tuple[str, ...], out: Path | None) -> Outcome:
    """Propose a mapping file: which column feeds which field, with samples to judge it by."""
    from pipeline.usecases import map as use_case

    return use_case.propose(shell.workspace(), sources, out=out)
