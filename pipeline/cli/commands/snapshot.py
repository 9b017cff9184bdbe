"""`snapshot`: what the shop holds."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.common import command
from pipeline.cli.options import FILE
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome


@command("snapshot")
@click.option(
    "--since", metavar="TIME", help="Only what changed since then: 2026-11-23T14:00, or 2h, 3d ago."
)
@click.option(
    "--out", metavar="FILE", type=FILE, help="Also as a catalog to edit and feed back: csv, xlsx, parquet."
)
def snapshot(shell: Shell, since: str | None, out: Path | None) -> Outcome:
    """Download what the shop holds, and keep it."""
    from pipeline.usecases import snapshot as use_case

    return use_case.take(shell.workspace(), since=since, out=out)
