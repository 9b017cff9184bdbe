"""Old values as the API takes them: the shop shows categories by name, and wants them by id. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.values.context import Context, Format
from pipeline.values.kinds import parse
from schemas.fields import Dialect, Kind, UnknownField, field_named

_ID = re.compile(r"[0-9]+", re.ASCII)


def sendable(name: str, value: str, dialect: Dialect, tree: Callable[[], Context]) -> str | None:
    """The value to send so that the shop shows `value` again; None where that can't be told.

    Args:
        tree: a context with the shop's categories, asked for only where one is needed.
    """
    try:
        kind = field_named(name, dialect).kind
    except UnknownField:
        return value
    if not value or kind not in (Kind.CATEGORY, Kind.CATEGORIES):
        return value
    ctx = tree()
    found = parse(field_named(name, dialect), value, Format(), ctx)[0]
    ids = (found or "").split(",")
    return found if all(_ID.fullmatch(one) or one in ctx.category_names for one in ids) else None


def choices(name: str, value: str, dialect: Dialect, tree: Callable[[], Context]) -> str:
    """What a person may choose where `sendable` can't: ids and whole paths of the categories of that name."""
    problem = parse(field_named(name, dialect), value, Format(), tree())[1]
    return f"{problem.message}; {problem.hint}" if problem else f"the shop knows no category {value!r}"
