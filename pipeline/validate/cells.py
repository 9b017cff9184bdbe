"""One chunk: texts → values, blanks by their column's meaning, and what can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from pipeline.read.catalog import PART, Mapped
from pipeline.validate.accepted import Sight
from pipeline.validate.calm import calm_column, stands
from pipeline.values.columns import Odd, Parsed, Remembered, parse_column, parse_columns
from pipeline.values.context import Context, Format
from pipeline.values.kinds import blank
from schemas.fields import CLEAR, Field, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How the cells of one catalog are read.

    Attributes:
        clear: the settings' own word for clearing, beside `CLEAR`.
        known: what was found of the texts of columns that have few.
    """

    fields: tuple[Field, ...]
    formats: Mapping[str, Format]
    ctx: Context
    clear: str
    owners: Mapping[str, frozenset[int]]
    known: Remembered = field(default_factory=dict)

    def short(self, frame: pl.DataFrame) -> Parsed:
        """Values for texts, and the cells without one, by row of the frame; descriptions as they stand."""
        worded = frame if self.clear == CLEAR else frame.with_columns(map(self._worded, self.fields))
        short = [of for of in self.fields if of.kind is not Kind.HTML]
        done = parse_columns(worded, short, self.formats, self.ctx, self.known)
        return self._filled(frame, done, short)

    def long(self, frame: pl.DataFrame, done: Parsed, sight: Sight | None) -> Parsed:
        """The same with descriptions parsed, each of which gets a column that says which of them are calm
        (`calm_column`): those are values as they stand.

        Args:
            sight: what is known of these rows already.
        """
        long = [of for of in self.fields if of.kind is Kind.HTML]
        values, odd = done.frame, [*done.odd]
        for of in long:
            values, problems = self._long(values, of, sight)
            odd += problems
        return self._filled(frame, Parsed(values, odd, done.few), long)

    def _long(self, frame: pl.DataFrame, field: Field, sight: Sight | None) -> tuple[pl.DataFrame, list[Odd]]:
        """A column of descriptions: only those that don't stand as they are are parsed."""
        name = field.name
        calm = _calm(frame[name], sight)
        marked = frame.with_columns(calm.alias(calm_column(name)))
        rows = (~calm).arg_true()
        if rows.is_empty():
            return marked, []
        found, odd = parse_column(frame[name].gather(rows), field, self.formats.get(name, Format()), self.ctx)
        placed = [replace(one, row=int(rows[one.row])) for one in odd]
        return marked.with_columns(frame[name].scatter(rows, found)), placed

    def _filled(self, frame: pl.DataFrame, done: Parsed, fields: Sequence[Field]) -> Parsed:
        """With blanks by their columns' meaning."""
        values, odd, few = done.frame, [*done.odd], done.few
        for of in fields:
            filled, problems = self._blanks(frame, values[of.name], of)
            if filled is not None:
                values = values.with_columns(filled)
                few.pop(of.name, None)
            odd += problems
        return Parsed(values, odd, few)

    def _worded(self, field: Field) -> pl.Expr:
        asked = pl.col(field.name).str.strip_chars() == self.clear
        return pl.when(asked).then(pl.lit(CLEAR)).otherwise(pl.col(field.name)).alias(field.name)

    def _blanks(
        self, frame: pl.DataFrame, values: pl.Series, field: Field
    ) -> tuple[pl.Series | None, list[Odd]]:
        """An empty cell means what its column says (None = nothing); a sheet without it says nothing."""
        value, problem = blank(self.formats.get(field.name, Format()))
        if value is None and problem is None:
            return None, []
        empty = frame[field.name].is_null() & frame[PART].is_in(list(self.owners[field.name]))
        if problem is None:
            filled = pl.when(empty).then(pl.lit(value)).otherwise(values.name).alias(values.name)
            return values.to_frame().select(filled).to_series(), []
        rows = empty.arg_true().to_list()
        return None, [Odd(row=row, field=field.name, text="", problem=problem) for row in rows]


def _calm(texts: pl.Series, sight: Sight | None) -> pl.Series:
    """Which texts are calm: only those are looked at of which it isn't known."""
    known = sight.calm(texts) if sight else None
    if known is None:
        return stands(texts)
    rest = (~known).arg_true()
    return known.scatter(rest, stands(texts.gather(rest)))


def owners_of(mapped: Mapped, names: Sequence[str]) -> dict[str, frozenset[int]]:
    """Field → parts of the catalog that have a column for it; constants stand in all."""
    owners: dict[str, frozenset[int]] = {}
    for name in names:
        source = mapped.sources.get(name)
        columns = set(source.columns) if source else set()
        parts = enumerate(mapped.catalog.parts)
        owners[name] = frozenset(number for number, part in parts if columns <= part.columns.keys())
    return owners
