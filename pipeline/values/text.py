"""Text, SKUs, codes and choices: kept as they are, refused where they can't be sent."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from pipeline.values.context import Context, Format, Problem
from schemas.fields import Field, Kind

#: Unicode White_Space, spelled out: `\s` means something else in every engine.
SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
SPACES = re.compile(f"[{SPACE}]+")
#: Not allowed in XML 1.0, or never meant (C1: cp1252 read as latin-1).
REFUSED = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff"
_REFUSED = re.compile(f"[{REFUSED}\ud800-\udfff]")
_EDGES = re.compile(f"^[{SPACE}]+|[{SPACE}]+$")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)

Parsed = tuple[str | None, Problem | None]


def trim(text: str) -> str:
    """Without white space at either end."""
    return _EDGES.sub("", text)


def collapse(text: str) -> str:
    """White space runs as one space, none at the ends, composed Unicode."""
    return unicodedata.normalize("NFC", SPACES.sub(" ", text).strip(" "))


def refused_character(text: str) -> Problem | None:
    """The first character that can't stand in a request body, if there is one."""
    match = _REFUSED.search(text)
    if match is None:
        return None
    message = f"holds the control character U+{ord(match[0]):04X} at position {match.start() + 1}"
    return Problem(
        code="control-character", message=message, hint="delete it; often the file's encoding was misread"
    )


def parse_text(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Text without white space at its ends; an attribute's option in the shop's own spelling."""
    problem = refused_character(text)
    if problem:
        return None, problem
    bare = trim(text)
    return ctx.spelling(field.tag, bare) or bare, None


def parse_html(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Exactly as given: markup is never altered silently."""
    problem = refused_character(text)
    return (None, problem) if problem else (text, None)


def parse_enum(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """A choice in its canonical spelling, however it's capitalised."""
    bare = trim(text)
    known = {choice.casefold(): choice for choice in field.choices}
    if (choice := known.get(bare.casefold())) is not None:
        return choice, None
    hint = suggest(bare, field.choices) or f"one of: {', '.join(field.choices)}"
    return None, Problem(code="not-an-option", message=f"{bare!r} is no {field.tag or field.name}", hint=hint)


def parse_ean(field: Field, text: str, fmt: Format, ctx: Context) -> Parsed:  # noqa: ARG001
    """Digits without spaces or hyphens, zeros kept; the check digit is judged by the schema."""
    bare = trim(text)
    if _SCIENTIFIC.fullmatch(bare):
        hint = "the spreadsheet rounded it: format the column as text and enter it again"
        return None, Problem(code="ean-scientific", message=f"{bare!r} has lost digits", hint=hint)
    return refused_or(bare, re.sub(f"[{SPACE}-]", "", bare).upper())


def refused_or(text: str, value: str) -> Parsed:
    problem = refused_character(text)
    return (None, problem) if problem else (value, None)


def comparable_text(field: Field, text: str) -> str:
    """Composed, white space collapsed; in attributes also around the commas of several options."""
    bare = collapse(text)
    return bare.replace(" ,", ",").replace(", ", ",") if field.name.startswith("ProductData.") else bare


def comparable_choice(field: Field, text: str) -> str:  # noqa: ARG001
    """Without regard to case: brands and choices."""
    return collapse(text).casefold()


def suggest(text: str, known: Iterable[str]) -> str:
    """`did you mean 'Samsung'?`, or "" where nothing is near."""
    by_fold = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(text.casefold(), list(by_fold), n=1, cutoff=0.6)
    return f"did you mean {by_fold[near[0]]!r}?" if near else ""


PARSERS = {
    Kind.TEXT: parse_text,
    Kind.BRAND: parse_text,
    Kind.SKU: parse_text,
    Kind.HTML: parse_html,
    Kind.ENUM: parse_enum,
    Kind.EAN: parse_ean,
}
