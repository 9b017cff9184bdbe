"""One chunk: texts → values, blanks by their column's meaning, and what can't be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.read.catalog import PART, Mapped
from pipeline.validate.calm import calm_column, stands
from pipeline.values.columns import Odd, Parsed, Remembered, parse_column, parse_columns
from pipeline.values.context import Context, Format
from pipeline.values.kinds import blank
from schemas.fields import CLEAR, Field, Kind


@dataclass(frozen=True, slots=True)
class Sure:
    """Cells of a chunk that are known to be values as they stand, and to break no rule by themselves.

    Attributes:
        names: of the fields whose cells are known, in all rows but the `rest`; None = in none.
    """

    names: tuple[str, ...] = ()
    rest: npt.NDArray[np.int64] | None = None


#: Nothing is known of any cell.
UNSURE = Sure()
#: A column of descriptions → which of them are known to be calm.
Calm = Callable[[pl.Series], pl.Series | None]


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

    def parsed(self, texts: pl.DataFrame, fields: Sequence[Field]) -> Parsed:
        """Values for the texts of some fields, but for what an empty cell means; others as they stand."""
        return parse_columns(self._worded(texts, fields), fields, self.formats, self.ctx, self.known)

    def first(self, frame: pl.DataFrame, later: Collection[str] = ()) -> Parsed:
        """Values for texts, and the cells without one, by row of the frame; descriptions as they stand.

        Args:
            later: fields that are to stand as they are, too.
        """
        short = [of for of in self.fields if of.kind is not Kind.HTML and of.name not in later]
        long = [of for of in self.fields if of.kind is Kind.HTML]
        return self._filled(frame, self.parsed(self._worded(frame, long), short), short)

    def rest(self, frame: pl.DataFrame, done: Parsed, later: Collection[str], sure: Sure) -> Parsed:
        """The same with the fields parsed that weren't yet: but for cells that are known."""
        fields = [of for of in self.fields if of.name in later]
        if not fields:
            return done
        if sure.rest is None:
            found = self.parsed(done.frame, fields)
            both = Parsed(found.frame, done.odd + found.odd, done.few | found.few)
            return self._filled(frame, both, fields)
        texts = done.frame.select(sure.names)[sure.rest]
        found = self.parsed(texts, fields)
        changed = [name for name in sure.names if not found.frame[name].equals(texts[name])]
        values = done.frame.with_columns(
            done.frame[name].scatter(sure.rest, found.frame[name]) for name in changed
        )
        odd = [replace(one, row=int(sure.rest[one.row])) for one in found.odd]
        return self._filled(frame, Parsed(values, done.odd + odd, done.few), fields)

    def long(self, frame: pl.DataFrame, done: Parsed, calm: Calm | None = None) -> Parsed:
        """The same with descriptions parsed, each of which gets a column that says which of them are calm
        (`calm_column`): those are values as they stand.

        Args:
            calm: says which texts of a column are known to be calm, or None.
        """
        long = [of for of in self.fields if of.kind is Kind.HTML]
        values, odd = done.frame, [*done.odd]
        for of in long:
            values, problems = self._long(values, of, calm)
            odd += problems
        return self._filled(frame, Parsed(values, odd, done.few), long)

    def _long(self, frame: pl.DataFrame, field: Field, calm: Calm | None) -> tuple[pl.DataFrame, list[Odd]]:
        """A column of descriptions: only those that don't stand as they are are parsed."""
        name = field.name
        stand = _calm(frame[name], calm)
        marked = frame.with_columns(stand.alias(calm_column(name)))
        rows = (~stand).arg_true()
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

    def _worded(self, texts: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
        """With `CLEAR` in the place of the settings' own word."""
        if self.clear == CLEAR:
            return texts
        cells = ((of.name, pl.col(of.name).str.strip_chars() == self.clear) for of in fields)
        return texts.with_columns(
            pl.when(asked).then(pl.lit(CLEAR)).otherwise(name).alias(name) for name, asked in cells
        )

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


def _calm(texts: pl.Series, calm: Calm | None) -> pl.Series:
    """Which texts are calm: only those are looked at of which it isn't known."""
    found = calm(texts) if calm else None
    if found is None:
        return stands(texts)
    rest = (~found).arg_true()
    return found.scatter(rest, stands(texts.gather(rest)))


def owners_of(mapped: Mapped, names: Sequence[str]) -> dict[str, frozenset[int]]:
    """Field → parts of the catalog that have a column for it; constants stand in all."""
    owners: dict[str, frozenset[int]] = {}
    for name in names:
        source = mapped.sources.get(name)
        columns = set(source.columns) if source else set()
        parts = enumerate(mapped.catalog.parts)
        owners[name] = frozenset(number for number, part in parts if columns <= part.columns.keys())
    return owners
