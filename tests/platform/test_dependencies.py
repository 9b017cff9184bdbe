"""What is imported is declared, and what is declared is imported."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = {"pipeline", "schemas"}
#: Declared for what it does without being imported by name: zoneinfo reads it where a system has no zones.
SILENT = {"tzdata"}
#: Part of the interface of a package that is declared: it can't come without them.
COMPANIONS = {"numpy": "pandas", "markupsafe": "jinja2"}


@cache
def providers() -> dict[str, set[str]]:
    """Module → distributions that bring it."""
    return {name: set(map(canonicalize_name, dists)) for name, dists in packages_distributions().items()}


def imported(file: Path) -> Iterator[str]:
    """Top-level modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def foreign(root: Path) -> dict[str, str]:
    """Foreign module → a file that imports it."""
    files = [file for folder in OURS for file in sorted((root / folder).rglob("*.py"))]
    found = {name: str(file.relative_to(root)) for file in files for name in imported(file)}
    return {name: file for name, file in found.items() if name not in OURS | set(sys.stdlib_module_names)}


def declared(root: Path, *, extras: bool) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    if extras:
        lines += [line for group in project["optional-dependencies"].values() for line in group]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_import_is_declared(root: Path) -> None:
    known = declared(root, extras=True)
    known |= {companion for companion, owner in COMPANIONS.items() if owner in known}
    missing = {
        name: file
        for name, file in foreign(root).items()
        if not providers().get(name, {canonicalize_name(name)}) & known
    }
    assert missing == {}


def test_every_dependency_is_imported(root: Path) -> None:
    brought = {dist for name in foreign(root) for dist in providers().get(name, {canonicalize_name(name)})}
    assert declared(root, extras=False) - brought - SILENT == set()
