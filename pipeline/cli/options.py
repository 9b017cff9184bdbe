"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from pipeline.cli import complete

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

FILE = click.Path(path_type=Path, dir_okay=False)


def together(*decorators: Decorator) -> Decorator:
    """Several decorators as one, in the order in which `--help` shows them."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            body = decorator(body)
        return body

    return decorate


def catalogs(what: str = "CATALOG", shell_complete: Completer | None = None) -> Decorator:
    return click.argument(
        "sources",
        nargs=-1,
        required=True,
        metavar=f"{what}...",
        type=click.Path(path_type=str),
        shell_complete=shell_complete,
    )


def run_id(required: bool = True) -> Decorator:
    return click.argument("run", required=required, shell_complete=complete.runs)


reports = click.option(
    "--report",
    "reports",
    metavar="FILE",
    type=FILE,
    multiple=True,
    help="Write a report; repeatable, format by suffix: html, xlsx, csv, md, json.",
)
source = click.option(
    "--source", metavar="NAME", help="What to remember this catalog as. [default: as typed]"
)
partial = click.option("--partial", is_flag=True, help="The file is meant to hold only some products.")
plan_out = click.option("--out", metavar="PLAN", type=FILE, help="Where to write the plan.")
all_shops = click.option(
    "--all-shops", "every_shop", is_flag=True, help="For every shop of the settings, one after the other."
)
yes = click.option("--yes", is_flag=True, help="Send without asking.")
on_drift = click.option(
    "--on-drift",
    type=click.Choice(["skip", "abort"]),
    default="skip",
    show_default=True,
    help="What to do with a record that someone changed in the shop meanwhile.",
)
canary = click.option(
    "--canary",
    metavar="N",
    type=click.IntRange(min=1),
    help="Send N records first; the rest only when they verify.",
)


def _with_reason(context: click.Context, _: click.Parameter, rules: tuple[str, ...]) -> tuple[str, ...]:
    if rules and not (context.params.get("reason") or "").strip():
        raise click.UsageError("--allow needs --reason TEXT: it is kept with the run", context)
    return rules


allow = together(
    click.option(
        "--allow",
        metavar="RULE",
        multiple=True,
        callback=_with_reason,
        help="Let this plan pass a guard that refused, such as price-down; repeatable, with --reason.",
    ),
    click.option("--reason", metavar="TEXT", is_eager=True, help="Why; kept in the journal."),
)
skus = click.option("--sku", "skus", metavar="SKU", multiple=True, help="Only this product; repeatable.")
fields = click.option(
    "--field", "fields", metavar="FIELD", multiple=True, help="Only this field; repeatable."
)
stock = click.option("--stock", is_flag=True, help="Stock and other volatile fields too.")
remove = click.option(
    "--remove", is_flag=True, help="Remove what the run created, instead of deactivating it."
)
