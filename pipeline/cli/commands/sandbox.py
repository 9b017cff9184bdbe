"""`sandbox`: a local Seller Center; its switches are read from the sandbox itself."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import Command
from pipeline.cli.options import FILE
from pipeline.cli.shell import Shell
from pipeline.errors import UsageError
from pipeline.sandbox.options import SandboxOptions

_KINDS: dict[type, Any] = {int: int, float: float, Path: FILE}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _option(field: Field[Any]) -> click.Option:
    repeated = field.default is MISSING
    choices = field.metadata["choices"]
    kind: Any = click.Choice(choices) if choices else _KINDS.get(field.metadata["kind"], str)
    shown = "" if repeated or field.default is None else f" [default: {field.default}]"
    text = field.metadata["help"] + ("; repeatable" if repeated else "") + shown
    metavar = "FILE" if kind is FILE else None if choices or kind is not str else "TEXT"
    return click.Option(
        [_flag(field.name), field.name], type=kind, multiple=repeated, help=text, metavar=metavar
    )


@click.pass_obj
def _serve(shell: Shell, /, **given: Any) -> int:
    from pipeline.cli import logs
    from pipeline.sandbox.options import checked, make_options
    from pipeline.sandbox.sandbox import serve

    logs.configure(
        shell.redact, verbosity=shell.verbosity, debug=shell.debug, environ=shell.environ, stream=shell.stderr
    )
    also = {"schema": "sellercenter/sandbox/1"} if shell.json else {}
    try:
        return serve(checked(make_options(given)), shell.stdout, also)
    except (OSError, ValueError) as error:
        raise UsageError(f"the sandbox can't start: {error}", hint=_way_out(error, given)) from error


def _way_out(error: Exception, given: Mapping[str, Any]) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"another program serves port {given['port']}, perhaps a sandbox in another window: stop "
            "that one (Ctrl-C there), or take --port 0 for a free one and put its address into the settings"
        )
    if isinstance(error, FileNotFoundError) and error.filename:
        from pipeline.settings.meant import meant_file

        return meant_file(Path(error.filename))
    return "sellercenter sandbox --help"


sandbox = Command(
    "sandbox",
    callback=_serve,
    params=[_option(field) for field in fields(SandboxOptions)],
    help="Serve a local Seller Center to try things on; needs no settings file.\n\n"
    "Its first line on stdout is JSON: base_url, control_url, user_id, api_key. It serves until stopped.",
)
