"""Lists in one cell: image addresses (order counts), categories and ids (it doesn't)."""

from __future__ import annotations

import re

from pipeline.values.categories import comparable_category, resolve
from pipeline.values.context import Context, Format, Problem
from pipeline.values.text import SPACE, refused_character, trim
from schemas.fields import Field

Parsed = tuple[str | None, Problem | None]

#: What stands between two addresses: a line break or bar anywhere, others only before a new scheme.
_BETWEEN_URLS = re.compile(rf"[{SPACE}]*[\r\n|]+[{SPACE}|]*|[{SPACE};,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_LOOSE_ENDS = re.compile(rf"^[{SPACE};,|]+|[{SPACE};,|]+$")
_BETWEEN_IDS = re.compile(rf"[{SPACE};,|]+")
_BETWEEN_NAMES = re.compile(r"[\r\n;|]+|,(?!\s)")
_ID_LIST = re.compile(rf"[0-9{SPACE};,|]+", re.ASCII)


def parse_images(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Addresses joined by a line feed, in the order given; the first is the main image."""
    problem = refused_character(text)
    if problem:
        return None, problem
    parts = text.split(fmt.separator) if fmt.separator else _BETWEEN_URLS.split(text)
    return "\n".join(address for part in parts if (address := _LOOSE_ENDS.sub("", part))), None


def parse_ids(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Ids joined by commas."""
    parts = [trim(part) for part in _split(text, fmt, _BETWEEN_IDS)]
    wrong = next((part for part in parts if part and not (part.isascii() and part.isdigit())), None)
    if wrong is not None:
        return None, Problem(code="not-an-id", message=f"{wrong!r} is no id", hint="write ids such as 10,11")
    return ",".join(part for part in parts if part), None


def parse_categories(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Ids joined by commas, names resolved; a comma before a space belongs to a name."""
    between = _BETWEEN_IDS if _ID_LIST.fullmatch(text) else _BETWEEN_NAMES
    resolved: list[str] = []
    for part in _split(text, fmt, between):
        if bare := trim(part):
            value, problem = resolve(bare, ctx)
            if value is None:
                return None, problem
            resolved.append(value)
    return ",".join(resolved), None


def comparable_images(text: str) -> str:
    """The addresses, in order, one a line."""
    return "\n".join(address for line in text.split("\n") if (address := trim(line)))


def comparable_ids(text: str) -> str:
    """As a set: each id once, sorted."""
    return ",".join(sorted({bare for part in text.split(",") if (bare := trim(part))}))


def comparable_categories(text: str, ctx: Context) -> str:
    """As a set of names (ids whose names aren't known stay ids)."""
    parts = text.split(",") if _ID_LIST.fullmatch(text) else re.split(r",(?!\s)", text)
    return "\n".join(sorted({comparable_category(bare, ctx) for part in parts if (bare := trim(part))}))


def _split(text: str, fmt: Format, between: re.Pattern[str]) -> list[str]:
    return text.split(fmt.separator) if fmt.separator else between.split(text)
