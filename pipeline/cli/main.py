"""`sellercenter`: the group of all commands, and the program's entry."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import click

from pipeline import __version__
from pipeline.cli import edge
from pipeline.cli.common import Lazy, LazyGroup
from pipeline.cli.shell import Shell

NAME = "sellercenter"
COMPLETE = "_SELLERCENTER_COMPLETE"

_HERE = "pipeline.cli.commands"

#: Command → where it is defined and its line in `--help`, in the order of a working day.
COMMANDS = {
    "init": Lazy(f"{_HERE}.init:init", "Write a commented settings file."),
    "doctor": Lazy(f"{_HERE}.doctor:doctor", "Check settings, secret, shop, clock, disk and budget."),
    "sandbox": Lazy(f"{_HERE}.sandbox:sandbox", "Serve a local Seller Center to try things on."),
    "snapshot": Lazy(f"{_HERE}.snapshot:snapshot", "Download what the shop holds, and keep it."),
    "map": Lazy(f"{_HERE}.mapping:propose", "Propose a mapping file for a catalog."),
    "validate": Lazy(f"{_HERE}.validate:validate", "Read catalogs and list every defect."),
    "diff": Lazy(f"{_HERE}.diff:diff", "Show what a catalog would change; save the plan."),
    "explain": Lazy(f"{_HERE}.diff:explain", "Why a product is a change, or is none."),
    "push": Lazy(f"{_HERE}.push:push", "Send a saved plan, and check what came of it."),
    "resume": Lazy(f"{_HERE}.push:resume", "Go on with an interrupted run."),
    "run": Lazy(f"{_HERE}.run:run", "All of it in one go, for schedules."),
    "approve": Lazy(f"{_HERE}.run:approve", "Release a run that waits for approval."),
    "rollback": Lazy(f"{_HERE}.rollback:rollback", "Write the plan that takes a run back."),
    "restore": Lazy(f"{_HERE}.rollback:restore", "Write the plan that goes back to a time."),
    "runs": Lazy(f"{_HERE}.record:runs", "List the runs, oldest first."),
    "show": Lazy(f"{_HERE}.record:show", "Show one run, plan, snapshot or feed."),
    "history": Lazy(f"{_HERE}.record:history", "One product over time."),
    "quarantine": Lazy(f"{_HERE}.quarantine:quarantine", "What rests because the shop refuses it."),
    "budget": Lazy(f"{_HERE}.budget:budget", "Requests and feeds used and left."),
}


@click.group(NAME, cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME)
def sellercenter() -> None:
    """Import catalogs into shops that speak the Seller Center API.

    Reads files, validates them, shows what would change, sends it within the shop's limits, checks what
    the shop holds afterwards, and takes it back when it was wrong.
    """


def run(shell: Shell) -> int:
    """One call of the program: its exit code."""
    return edge.guarded(shell, lambda: _invoke(shell))


def _invoke(shell: Shell) -> object:
    """click's own main, without its handling of errors: a broken socket must not end as a closed pipe."""
    if COMPLETE in shell.environ:
        return sellercenter.main(args=list(shell.argv), prog_name=NAME, obj=shell)
    try:
        with sellercenter.make_context(NAME, list(shell.argv), obj=shell) as context:
            return sellercenter.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code


def main(argv: Sequence[str] | None = None) -> None:
    """The program in a process of its own; `pipeline.__main__` guards its start and end."""
    edge.prepare()
    words = edge.typed(sys.argv[1:]) if argv is None else argv
    code = run(Shell(argv=tuple(words)))
    gc.freeze()  # else Python looks through all that was imported as it ends: a sixth of a short command
    sys.exit(code)
