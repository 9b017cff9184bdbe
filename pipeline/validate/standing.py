"""Cells that need no second look: texts that the shop holds letter by letter.

Most of a catalog is the shop's own. Whether a text of the shop, read as though it stood in the file, is a
value as it stands and breaks no rule by itself, follows from the snapshot, the settings and the shop's lists:
who looks on (`onlooker`) works it out once, and keeps it. Numbers and dates are spelled in many ways, and so
are always looked at; descriptions have an answer of their own (`calm`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import polars as pl

import pipeline.validate
import pipeline.values
import schemas
from pipeline import __version__
from pipeline.validate.screen import Screen
from pipeline.values.columns import stand
from pipeline.values.context import Context, Format
from schemas.fields import KEY, Field, Kind

#: What is spelled in many ways, and texts so long that they are asked about apart.
_ELSEWHERE = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER, Kind.DATETIME, Kind.HTML})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Says which rows stand: each text of theirs is plainly a value as it stands, and breaks no rule alone.

    Attributes:
        fields: whose texts it speaks of.
        formats, ctx, clear: how texts of the file are read; screen: how values are looked at.
    """

    fields: tuple[Field, ...]
    formats: Mapping[str, Format]
    ctx: Context
    clear: str
    screen: Screen

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(of.name for of in self.fields)

    def among(self, names: Collection[str]) -> Standing:
        """The same, of those of some fields whose texts can be known beforehand."""
        told = (of for of in self.fields if of.name in names and of.name != KEY)
        return replace(self, fields=tuple(of for of in told if of.kind not in _ELSEWHERE))

    def rows(self, texts: pl.DataFrame) -> pl.Series:
        """Which rows stand; a text that isn't there, or is empty, does."""
        given = texts.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in self.names)
        cleared = pl.any_horizontal(pl.all().str.strip_chars() == self.clear).fill_null(value=False)
        doubt = given.select(cleared).to_series() | self.screen.of_cells(given, self.names)
        return stand(given, self.fields, self.formats, self.ctx) & ~doubt

    @property
    def recipe(self) -> str:
        """Digest of all that an answer depends on beside the texts."""
        ctx, formats = self.ctx, {name: repr(of) for name, of in self.formats.items() if name in self.names}
        made_of = [
            [repr(of) for of in self.fields], formats, self.clear, self.screen.depends_on,
            ctx.timezone.key, dict(ctx.decimals), dict(ctx.currencies),
            dict(ctx.category_names), dict(ctx.category_paths), dict(ctx.options),
            _code(), pl.__version__,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """Digest of the code that parses and judges cells: an answer must not outlive it."""
    found = hashlib.sha256(__version__.encode())  # where there is no source, all that can be told
    for package in (schemas, pipeline.values, pipeline.validate):
        for path in sorted(Path(folder) for folder in package.__path__):
            for module in sorted(path.glob("*.py")):
                found.update(module.name.encode() + b"\0" + module.read_bytes())
    return found.hexdigest()
