"""Old values as the API takes them: the shop shows categories by name, and wants them by id. Pure."""

from __future__ import annotations

import re

from pipeline.values.context import Context, Format
from pipeline.values.kinds import parse
from schemas.fields import Dialect, Kind, UnknownField, field_named

_ID = re.compile(r"[0-9]+", re.ASCII)


def sendable(name: str, value: str, dialect: Dialect, ctx: Context) -> str | None:
    """The value to send so that the shop shows `value` again; None where that can't be told.

    Args:
        ctx: with the shop's category tree; without one only ids can be sent.
    """
    try:
        kind = field_named(name, dialect).kind
    except UnknownField:
        return value
    if not value or kind not in (Kind.CATEGORY, Kind.CATEGORIES):
        return value
    found = parse(field_named(name, dialect), value, Format(), ctx)[0]
    ids = (found or "").split(",")
    return found if all(_ID.fullmatch(one) or one in ctx.category_names for one in ids) else None
