"""Commands that take the common options before or after their name, and load when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from pipeline.cli import complete
from pipeline.cli.meant import meant
from pipeline.cli.shell import CONFIG, CONFIG_ENV, Shell

GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.PROMPT)


def _keep(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Given again after the command, a value replaces the one before it; `-v` adds up."""
    name = str(option.name)
    if isinstance(context.obj, Shell) and context.get_parameter_source(name) in GIVEN:
        given = context.obj.given
        given[name] = given.get(name, 0) + value if name == "verbose" else value
    return value


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_keep, **attributes)


def common_options() -> list[click.Parameter]:
    """Fresh ones for each command."""
    file = click.Path(path_type=Path, dir_okay=False)
    folder = click.Path(path_type=Path, file_okay=False)
    shown = f"Settings file. [default: ${CONFIG_ENV}, else {CONFIG}]"
    return [
        _option("--config", metavar="FILE", type=file, help=shown),
        _option("--shop", metavar="NAME", help="Shop of the settings file.", shell_complete=complete.shops),
        _option("--state", metavar="DIR", type=folder, help="State folder. [default: .sellercenter/]"),
        _option("--json", is_flag=True, help="One JSON document on stdout, errors included."),
        _option("-v", "--verbose", count=True, help="Say more; twice for everything."),
        _option("-q", "--quiet", is_flag=True, help="Warnings and errors only."),
        _option(
            "--debug", is_flag=True, help="Log everything, and tracebacks of errors; secrets stay masked."
        ),
        _option("--no-progress", is_flag=True, help="Plain lines instead of bars."),
    ]


class Command(click.Command):
    """A command that takes the common options after its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = tuple(self.params)
        self.params = [*self.params, *common_options()]

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        _sections(self.own, self.params, context, formatter)


class Group(click.Group):
    """A group that takes the common options too, before the name of its command."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = tuple(self.params)
        self.params = [*self.params, *common_options()]

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        _sections(self.own, self.params, context, formatter)
        self.format_commands(context, formatter)


class Lazy(NamedTuple):
    """A command that isn't imported yet."""

    target: str
    short_help: str


class LazyGroup(Group):
    """Imports a command's module when the command is named; `--help` of the group imports none."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return self._load(cmd_name) if cmd_name in self._lazy else None

    def _load(self, name: str) -> click.Command:
        module, _, attribute = self._lazy[name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        command.short_help = self._lazy[name].short_help
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and args[0] not in self._lazy and not args[0].startswith("-"):
            told = f"No such command {args[0]!r}. {meant(args[0], self._lazy, str(self.name))}"
            raise click.UsageError(told.rstrip(), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(ctx.obj, Shell):
            ctx.obj.command = name or ""
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.short_help) for name, lazy in self._lazy.items()])


def _sections(
    own: tuple[click.Parameter, ...],
    params: list[click.Parameter],
    context: click.Context,
    formatter: click.HelpFormatter,
) -> None:
    """The command's own options first, then those that all commands take."""
    for title, chosen in (
        (
            "Options",
            [
                *own,
                *(p for p in [*params, context.command.get_help_option(context)] if p and p.name == "help"),
            ],
        ),
        ("Common options", [p for p in params if p not in own and p.name != "help"]),
    ):
        rows = [row for p in dict.fromkeys(chosen) if (row := p.get_help_record(context)) is not None]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


Body = Callable[..., Any]


def command(name: str, **attributes: Any) -> Callable[[Body], Command]:
    """A command whose body is handed the shell, and returns an Outcome."""

    def decorate(body: Body) -> Command:
        return click.command(name, cls=Command, **attributes)(click.pass_obj(body))

    return decorate
