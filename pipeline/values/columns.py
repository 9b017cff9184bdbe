"""The same meaning for whole columns: plain cells in Polars, the rest by the scalar functions.

A cell is *plain* where its kind's value follows from its characters alone (`plain`). Every other
distinct text goes once through `kinds.parse` or `kinds.comparable`, so that a million plain cells
never become a million Python objects. Tests prove both ways equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.values import kinds
from pipeline.values.context import Context, Format, Problem
from pipeline.values.plain import Plain, plain_source, plain_value, tidied
from schemas.fields import Field

#: A column of more than so many different texts is looked at cell by cell, and so is one of few rows.
_FEW, _WORTH = 800, 2_000
#: Texts that are remembered, a column.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A cell whose text is no value.

    Attributes:
        row: position in the frame that was parsed.
    """

    row: int
    field: str
    text: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Few:
    """A column of few different texts: looking at them is looking at all of it.

    Attributes:
        texts: each text of the column, at least once.
        codes: for each cell the number of its text, or how many there are where it has none.
    """

    texts: list[str]
    codes: npt.NDArray[np.int32]

    def spread(self, found: Sequence[str | None], name: str) -> pl.Series:
        """What was found of the texts, for the whole column."""
        return pl.Series(name, [*found, None], dtype=pl.String).gather(self.codes)

    def words(self, of_text: Mapping[str, int]) -> npt.NDArray[np.uint64]:
        """A number for each cell, given one for each text; 0 where it has none."""
        found: npt.NDArray[np.uint64] = np.array([*map(of_text.__getitem__, self.texts), 0], np.uint64)
        return found[self.codes]


def few(column: pl.Series) -> Few | None:
    """The texts of a column that has few of them; None = it has many, or few cells."""
    if len(column) < _WORTH or column.head(_WORTH).n_unique() > _FEW:
        return None
    found = by_text(column)
    return found if len(found.texts) <= 2 * _FEW else None


def by_text(column: pl.Series) -> Few:
    """The texts of a column, however many."""
    told = column.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    texts = told.dictionary.to_pylist()
    return Few(texts, told.indices.fill_null(len(texts)).to_numpy())


#: Field → text → its value, and what is wrong with a text that has none.
Remembered = dict[str, dict[str, tuple[str | None, Problem | None]]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a frame of texts.

    Attributes:
        odd: the cells without a value (null there).
        few: the values of columns that have few; a cell to be cleared ("") has none there.
    """

    frame: pl.DataFrame
    odd: list[Odd]
    few: dict[str, Few]


def parse_columns(
    frame: pl.DataFrame,
    fields: Sequence[Field],
    formats: Mapping[str, Format],
    ctx: Context,
    known: Remembered | None = None,
) -> Parsed:
    """Source texts → values, column by column.

    Null stays null; a blank text means what the column's format says.

    Args:
        known: what is remembered of the texts of columns that have few, from frame to frame.
    """
    known = {} if known is None else known
    alike = {field.name: found for field in fields if (found := few(frame[field.name]))}
    many = [field for field in fields if field.name not in alike]
    plain = {field.name: plain_source(field, formats.get(field.name, Format()), ctx) for field in many}
    looked = _looked_at(frame, plain)
    columns: list[pl.Series] = []
    odd: list[Odd] = []
    for field in fields:
        name, fmt = field.name, formats.get(field.name, Format())
        if texts := alike.get(name):
            values, problems, alike[name] = _of_few(frame[name], texts, field, fmt, ctx, known)
        else:
            values, problems = _parsed(frame[name], looked[name], field, fmt, ctx)
        columns.append(values)
        odd += _placed(frame[name], name, problems)
    return Parsed(frame.with_columns(columns), odd, alike)


def _of_few(
    column: pl.Series, alike: Few, field: Field, fmt: Format, ctx: Context, known: Remembered
) -> tuple[pl.Series, dict[str, Problem], Few]:
    """Values of a column of few texts, what is wrong with those that have none, and its few values."""
    memory = known.setdefault(field.name, {})
    if len(memory) > _REMEMBERED:
        memory = known[field.name] = {}
    for text in alike.texts:
        if text not in memory:
            memory[text] = kinds.parse(field, text, fmt, ctx)
    found = {text: memory[text] for text in alike.texts}
    problems = {text: problem for text, (_, problem) in found.items() if problem is not None}
    values = [value for value, _ in found.values()]
    if values == alike.texts:
        return column, problems, alike
    places = {value: place for place, value in enumerate(dict.fromkeys(filter(None, values)))}
    codes = np.array([places.get(value or "", len(places)) for value in (*values, None)], np.int32)
    made = Few(list(places), codes[alike.codes])
    return alike.spread(values, column.name), problems, made


def parse_column(column: pl.Series, field: Field, fmt: Format, ctx: Context) -> tuple[pl.Series, list[Odd]]:
    """One column of `parse_columns`."""
    done = parse_columns(column.to_frame(), [field], {column.name: fmt}, ctx)
    return done.frame[column.name], done.odd


def _parsed(
    column: pl.Series, looked: tuple[pl.Series, pl.Series], field: Field, fmt: Format, ctx: Context
) -> tuple[pl.Series, dict[str, Problem]]:
    """Values, and what is wrong with the texts that have none."""
    problems: dict[str, Problem] = {}

    def parse(text: str) -> str | None:
        value, problem = kinds.parse(field, text, fmt, ctx)
        if problem is not None:
            problems[text] = problem
        return value

    return _mapped(column, _looked_again(column, looked, field, fmt, ctx), parse), problems


def _looked_again(
    column: pl.Series, looked: tuple[pl.Series, pl.Series], field: Field, fmt: Format, ctx: Context
) -> tuple[pl.Series, pl.Series]:
    """With those cells plain that are once what makes no difference is gone from them (`plain.tidied`)."""
    plain, values = looked
    rows = (column.is_not_null() & ~plain).arg_true()
    tidy = None if rows.is_empty() else tidied(field, fmt)
    if tidy is None:
        return looked
    name, known = column.name, plain_source(field, replace(fmt, decimal=""), ctx)
    cells = column.gather(rows).alias("cell").to_frame().select(tidy.alias(name))
    again, found = _looked_at(cells, {name: known})[name]
    rows = rows.filter(again)
    return plain.scatter(rows, True), values.scatter(rows, found.filter(again))


def _placed(column: pl.Series, name: str, problems: Mapping[str, Problem]) -> list[Odd]:
    """The cells that hold one of these texts."""
    rows = column.is_in(list(problems)).arg_true().to_list() if problems else []
    return [
        Odd(row=row, field=name, text=text, problem=problems[text])
        for row, text in zip(rows, column.gather(rows).to_list() if rows else (), strict=True)
    ]


def stand(
    frame: pl.DataFrame, fields: Sequence[Field], formats: Mapping[str, Format], ctx: Context
) -> pl.Series:
    """Rows of which each text of some fields is plainly a value as it stands; what isn't there is, too."""
    looked = _looked_at(
        frame, {field.name: plain_source(field, formats.get(field.name, Format()), ctx) for field in fields}
    )
    found = pl.Series([True]).new_from_index(0, frame.height)
    for name, (plain, values) in looked.items():
        found &= frame[name].is_null() | (plain & (values == frame[name]).fill_null(value=False))
    return found


def comparable_column(column: pl.Series, field: Field, ctx: Context) -> pl.Series:
    """Values → comparables; null stays null."""
    looked = _looked_at(column.to_frame(), {column.name: plain_value(field, ctx)})
    return _mapped(column, looked[column.name], lambda value: kinds.comparable(field, value, ctx))


def _looked_at(
    frame: pl.DataFrame, plain: Mapping[str, Plain | None]
) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Column → which cells are plain, and their values (null elsewhere); all columns at the same time."""
    none = Plain(when=pl.lit(value=False), then=pl.lit(None, pl.String))
    asked = []
    for name, known in plain.items():
        how = known or none
        cells = frame[name].alias("cell").to_frame().lazy()
        asked.append(
            cells.with_columns(when=how.when.fill_null(value=False)).select(
                "when", then=pl.when("when").then(how.then)
            )
        )
    done = zip(plain, pl.collect_all(asked), strict=True)
    return {name: (found["when"], found["then"].alias(name)) for name, found in done}


def _mapped(
    column: pl.Series, looked: tuple[pl.Series, pl.Series], scalar: Callable[[str], str | None]
) -> pl.Series:
    """Plain cells as they were looked at, each other distinct text by the scalar function."""
    plain, values = looked
    rows = (column.is_not_null() & ~plain).arg_true()
    if rows.is_empty():
        return values
    odd = column.gather(rows)
    distinct = odd.unique()
    found = pl.Series([scalar(text) for text in distinct.to_list()], dtype=pl.String)
    return values.scatter(rows, odd.replace_strict(distinct, found, return_dtype=pl.String))
