"""docs/reference/cli.md, made from the commands themselves: `python -m pipeline.cli.reference FILE`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pipeline.cli.common import Command, Group
from pipeline.cli.main import NAME, sellercenter
from pipeline.errors import Exit

MEANING = {
    Exit.DONE: "done, or nothing to do",
    Exit.UNEXPECTED: "unexpected error",
    Exit.USAGE: "usage: a wrong option, file or setting; or nobody there to confirm, and no `--yes`",
    Exit.CHANGES: "there are changes (`diff --exit-code`)",
    Exit.INPUT: "input refused: no usable header, no accepted row, findings over the error budget",
    Exit.GUARD: "a guard refused something readable but suspicious",
    Exit.PLAN: "plan stale, tampered, too old or already used",
    Exit.INCOMPLETE: "finished, some rows or records refused, skipped or not applied",
    Exit.UNKNOWN: "outcome of something sent is unknown, or pending at its deadline: `resume`",
    Exit.SHOP: "shop unreachable or login refused",
    Exit.LOCKED: "another run holds this shop",
    Exit.SIGINT: "interrupted: `resume`",
    Exit.SIGTERM: "stopped by a signal: `resume`",
}

_INTRO = """\
# Command line

Made from the program itself by `make docs`; do not edit.

Results go to stdout, talk and progress to stderr. The common options may stand before or after the
command.
"""

_COMPLETION = """\
## Shell completion

Commands, options, shops, runs and plans complete with the tabulator key. Add one line to
`~/.bashrc`, `~/.zshrc` or `~/.config/fish/config.fish`:

```sh
eval "$(_SELLERCENTER_COMPLETE=bash_source sellercenter)"      # bash
eval "$(_SELLERCENTER_COMPLETE=zsh_source sellercenter)"       # zsh
_SELLERCENTER_COMPLETE=fish_source sellercenter | source       # fish
```
"""


_ENVIRONMENT = """\
## Environment

| variable | what it says |
|---|---|
| `SELLERCENTER_CONFIG` | settings file, where no `--config` is given |
| `SELLERCENTER_LEDGER` | the budget's file, before the settings' `ledger` |
| `SELLERCENTER_LOG` | `json` writes log lines as JSON |

Proxies, netrc and certificate files of the environment are never used: the settings name them.
"""


def reference() -> str:
    """The whole page."""
    context = click.Context(sellercenter, info_name=NAME)
    common = [p for p in sellercenter.params if p not in sellercenter.own]
    parts = [_INTRO, "## Common options\n", _table(common, context)]
    for name in sellercenter.list_commands(context):
        parts += _section(sellercenter.get_command(context, name), context, name)
    return "\n".join([*parts, _exit_codes(), _ENVIRONMENT, _COMPLETION])


def _section(
    command: click.Command | None, parent: click.Context, name: str, depth: int = 2
) -> Iterator[str]:
    assert isinstance(command, Command | Group)
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
    yield f"{'#' * depth} {context.command_path.removeprefix(NAME + ' ')}\n"
    yield f"`{context.command_path} {usage}`".replace(" `", "`") + "\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    if rows := _table([p for p in command.own if isinstance(p, click.Option)], context):
        yield rows
    if isinstance(command, Group):
        for child in command.list_commands(context):
            yield from _section(command.get_command(context, child), context, child, depth + 1)


def _table(params: list[click.Parameter], context: click.Context) -> str:
    records = [record for p in params if (record := p.get_help_record(context))]
    if not records:
        return ""
    rows = [f"| `{_cell(option)}` | {_cell(text)} |" for option, text in records]
    return "\n".join(["| option | what it does |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _exit_codes() -> str:
    order = "1, 8, 9, 10, 6, 5, 4, 7, 3"
    rows = [f"| {int(code)} | {MEANING[code]} |" for code in Exit]
    head = ["## Exit codes\n", "| code | meaning |", "|---|---|"]
    return "\n".join([*head, *rows, "", f"Where several hold, the first of {order} is the one.", ""])


def main(words: list[str]) -> None:
    """Write the page to the file that is named."""
    Path(words[0]).write_text(reference(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
