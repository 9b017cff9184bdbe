"""Categories: read as names, written as ids; a file may use either, or a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from pipeline.values.context import Context, Format, Problem
from pipeline.values.text import collapse, refused_character, trim
from schemas.fields import Field

K = TypeVar("K")
V = TypeVar("V")
_ID = re.compile(r"[0-9]+", re.ASCII)
_STEP = re.compile(r"\s*(?:>|»|/|\\|\|)\s*")


def parse_category(field: Field, text: str, fmt: Format, ctx: Context) -> tuple[str | None, Problem | None]:  # noqa: ARG001
    """An id as it is, a name or path as the id of the one category it names, else as given."""
    problem = refused_character(text)
    return (None, problem) if problem else resolve(trim(text), ctx)


def resolve(text: str, ctx: Context) -> tuple[str | None, Problem | None]:
    """The id of what is named; the text itself where nothing is (the schema judges that).

    Of several categories of one name the only one without children is meant; else it's a problem.
    """
    if text in ctx.category_names or _ID.fullmatch(text):
        return text, None
    found = _candidates(text, ctx)
    if len(found) > 1:
        found = [one for one in found if _is_leaf(one, ctx)] or found
    if len(found) > 1:
        places = "; ".join(f"{one} ({' > '.join(ctx.category_paths.get(one, ()))})" for one in found[:5])
        hint = f"write the id or the whole path: {places}"
        return None, Problem(
            code="ambiguous-category", message=f"several categories are called {text!r}", hint=hint
        )
    return (found[0] if found else text), None


def comparable_category(text: str, ctx: Context) -> str:
    """The name without regard to case: an id equals a name if it's that category's."""
    bare = trim(text)
    return collapse(ctx.category_names.get(bare, bare)).casefold()


def comparable_names(ctx: Context) -> Mapping[str, str]:
    """Id → what it is compared by, of the categories whose names are known."""
    return _meanings(ctx.category_names)


def _candidates(text: str, ctx: Context) -> list[str]:
    by_name = _by_name(ctx.category_names)
    if found := by_name.get(collapse(text).casefold()):
        return found
    steps = [collapse(step).casefold() for step in _STEP.split(text) if step]
    if len(steps) < 2:
        return []
    return [one for one in by_name.get(steps[-1], []) if _ends_with(ctx.category_paths.get(one, ()), steps)]


def _ends_with(path: tuple[str, ...], steps: list[str]) -> bool:
    tail = [collapse(name).casefold() for name in path[-len(steps) :]]
    return tail == steps


def _is_leaf(one: str, ctx: Context) -> bool:
    path = ctx.category_paths.get(one)
    return path is not None and path not in _parents(ctx.category_paths)


def _of_the_last(make: Callable[[Mapping[str, K]], V]) -> Callable[[Mapping[str, K]], V]:
    """What is made of a tree, kept for as long as the same tree is asked about."""
    kept: tuple[Mapping[str, K], V] | None = None

    def found(tree: Mapping[str, K]) -> V:
        nonlocal kept
        known = kept  # another thread may put its own there
        if known is None or known[0] is not tree:
            kept = known = (tree, make(tree))
        return known[1]

    return found


@_of_the_last
def _meanings(names: Mapping[str, str]) -> Mapping[str, str]:
    """Id → casefolded name."""
    return {one: collapse(name).casefold() for one, name in names.items()}


@_of_the_last
def _by_name(names: Mapping[str, str]) -> dict[str, list[str]]:
    """Casefolded name → ids."""
    index: dict[str, list[str]] = {}
    for one, name in _meanings(names).items():
        index.setdefault(name, []).append(one)
    return index


@_of_the_last
def _parents(paths: Mapping[str, tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    return frozenset(path[:-1] for path in paths.values())
