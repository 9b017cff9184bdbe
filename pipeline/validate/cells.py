"""One chunk: texts → values, blanks by their column's meaning, and what can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from pipeline.read.catalog import PART, Mapped
from pipeline.validate.screen import calm_column, is_calm
from pipeline.values.columns import Odd, Parsed, Remembered, parse_column, parse_columns
from pipeline.values.context import Context, Format
from pipeline.values.kinds import blank
from pipeline.values.text import SPACE
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

    def read(self, frame: pl.DataFrame) -> Parsed:
        """Values for texts, and the cells without one, by row of the frame.

        Descriptions get a column that says which are calm (`screen.calm_column`): those are values
        as they stand.
        """
        worded = frame if self.clear == CLEAR else frame.with_columns(map(self._worded, self.fields))
        long = [of for of in self.fields if of.kind is Kind.HTML]
        short = [of for of in self.fields if of not in long]
        done = parse_columns(worded, short, self.formats, self.ctx, self.known)
        values, odd, few = done.frame, done.odd, done.few
        for of in long:
            values, problems = self._long(values, of)
            odd += problems
        for of in self.fields:
            filled, problems = self._blanks(frame, values[of.name], of)
            if filled is not None:
                values = values.with_columns(filled)
                few.pop(of.name, None)
            odd += problems
        return Parsed(values, odd, few)

    def _long(self, frame: pl.DataFrame, field: Field) -> tuple[pl.DataFrame, list[Odd]]:
        """A column of descriptions: only those that aren't calm, or may be no text, are parsed."""
        name = field.name
        text = pl.col(name).str.contains(rf"\A[^{SPACE}]") & ~pl.col(name).str.starts_with(CLEAR)
        calm = _once_a_run(frame[name], (is_calm(name) & text).fill_null(value=False))
        marked = frame.with_columns(calm.alias(calm_column(name)))
        rows = (~calm).arg_true()
        if rows.is_empty():
            return marked, []
        found, odd = parse_column(frame[name].gather(rows), field, self.formats.get(name, Format()), self.ctx)
        placed = [replace(one, row=int(rows[one.row])) for one in odd]
        return marked.with_columns(frame[name].scatter(rows, found)), placed

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


def _once_a_run(column: pl.Series, question: pl.Expr) -> pl.Series:
    """An answer a row; equal texts below one another (variants share their description) are asked once."""
    first = column.ne_missing(column.shift(1))
    if column.is_empty() or first.all():
        return column.to_frame().select(question).to_series()
    first = first.scatter(0, True)
    answers = column.filter(first).to_frame().select(question).to_series()
    return answers.gather(first.cum_sum() - 1)


def owners_of(mapped: Mapped, names: Sequence[str]) -> dict[str, frozenset[int]]:
    """Field → parts of the catalog that have a column for it; constants stand in all."""
    owners: dict[str, frozenset[int]] = {}
    for name in names:
        source = mapped.sources.get(name)
        columns = set(source.columns) if source else set()
        parts = enumerate(mapped.catalog.parts)
        owners[name] = frozenset(number for number, part in parts if columns <= part.columns.keys())
    return owners
