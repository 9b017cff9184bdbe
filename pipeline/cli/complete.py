"""Shell completion of shops, runs and plans; it reads names only, and never fails loudly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from pipeline.cli.shell import Shell

STATE = ".sellercenter"


def shops(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shops of the settings file."""
    table = _settings(context).get("shops", {})
    return _matching(table if isinstance(table, dict) else (), incomplete)


def jobs(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The jobs of the settings file, then whatever files the shell finds."""
    table = _settings(context).get("jobs", {})
    named = _matching(table if isinstance(table, dict) else (), incomplete)
    return [*named, CompletionItem(incomplete, type="file")]


def runs(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The runs of the state folder, newest first."""
    return _matching(sorted(_names(_state(context) / "runs"), reverse=True), incomplete)


def snapshots(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`fresh`, `latest`, and the snapshots of the state folder."""
    stored = sorted({name.partition(".")[0] for name in _names(_state(context) / "snapshots")}, reverse=True)
    return _matching(("fresh", "latest", *stored), incomplete)


def plans(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The plans of the state folder, then whatever files the shell finds."""
    folder = _state(context) / "plans"
    stored = _matching(sorted((str(folder / name) for name in _names(folder)), reverse=True), incomplete)
    return [*stored, CompletionItem(incomplete, type="file")]


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _shell(context: click.Context) -> Shell:
    return context.obj if isinstance(context.obj, Shell) else Shell(argv=())


def _settings(context: click.Context) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(_shell(context).config.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _state(context: click.Context) -> Path:
    shell = _shell(context)
    if given := shell.given.get("state"):
        return Path(given)
    named = _settings(context).get("state")
    return shell.config.absolute().parent / named if isinstance(named, str) else Path(STATE)
