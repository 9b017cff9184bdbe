"""Cells that need no second look: texts that the shop holds letter by letter.

Most of a catalog is the shop's own. Whether a text of the shop, read as though it stood in the file, is a
value as it stands and breaks no rule by itself, follows from the snapshot, the settings and the shop's lists:
who looks on (`accepted.Onlooker`) works it out once, and keeps it. Numbers and dates are spelled in many
ways, and so are always looked at; descriptions have an answer of their own (`calm`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import polars as pl

import pipeline.validate
import pipeline.values
import schemas
from pipeline.validate.cells import Reader
from pipeline.validate.screen import Screen
from schemas.fields import KEY, Field, Kind

#: What one value is spelled in many ways by, and texts so long that they are asked about apart.
_ELSEWHERE = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER, Kind.DATETIME, Kind.HTML})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Says which rows stand: each of their texts is a value as it stands, and breaks no rule by itself.

    Attributes:
        fields: whose texts it speaks of.
        reader, screen: how texts of the file are read and looked at.
    """

    fields: tuple[Field, ...]
    reader: Reader
    screen: Screen

    @classmethod
    def of(cls, fields: Collection[Field], reader: Reader, screen: Screen) -> Standing:
        """Of those of a file's fields that can be known beforehand."""
        told = tuple(of for of in fields if of.kind not in _ELSEWHERE and of.name != KEY)
        return cls(fields=told, reader=reader, screen=screen)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(of.name for of in self.fields)

    def among(self, names: Collection[str]) -> Standing:
        """The same of some fields only."""
        return replace(self, fields=tuple(of for of in self.fields if of.name in names))

    def rows(self, texts: pl.DataFrame) -> pl.Series:
        """Which rows stand; a text that isn't there, or is empty, does."""
        given = texts.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in self.names)
        parsed = self.reader.parsed(given, self.fields)
        as_read = pl.Series([True]).new_from_index(0, given.height)
        for name in self.names:
            as_read &= parsed.frame[name].eq_missing(given[name])
        return as_read & ~self.screen.of_cells(parsed.frame, self.names, parsed.few)

    @property
    def recipe(self) -> str:
        """Digest of all that an answer depends on beside the texts."""
        ctx = self.reader.ctx
        formats = {name: asdict(of) for name, of in self.reader.formats.items() if name in self.names}
        made_of = [
            [repr(of) for of in self.fields], formats, self.reader.clear, self.screen.depends_on,
            ctx.timezone.key, dict(ctx.decimals), dict(ctx.currencies),
            dict(ctx.category_names), dict(ctx.category_paths), dict(ctx.options),
            _code(), pl.__version__,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """Digest of the code that parses and judges cells: an answer must not outlive it."""
    found = hashlib.sha256()
    for package in (schemas, pipeline.values, pipeline.validate):
        for path in sorted(Path(folder) for folder in package.__path__):
            for module in sorted(path.glob("*.py")):
                found.update(module.name.encode() + b"\0" + module.read_bytes())
    return found.hexdigest()
