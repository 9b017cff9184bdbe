"""The same meaning for whole columns: plain cells in Polars, the rest by the scalar functions.

A cell is *plain* where its kind's value follows from its characters alone; the regular expressions
below say when. Every other distinct text goes once through `kinds.parse` or `kinds.comparable`, so
that a million plain cells never become a million Python objects. Tests prove both ways equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.values import kinds
from pipeline.values.categories import comparable_names
from pipeline.values.context import Context, Format, Problem
from pipeline.values.text import REFUSED, SPACE
from schemas.fields import CLEAR, Field, Kind

#: How row digests are made; kept beside them, for Polars' hash differs between versions.
RECIPE = f"1/polars-{pl.__version__}"

_CELL = pl.col("cell")
#: What `SPACE` spells, one character after the other, but for what is refused wherever it stands.
_BLANKS = "".join(chr(code) for code in range(0x3001) if re.match(f"(?=[{SPACE}])[^{REFUSED}]", chr(code)))
#: A column of more than so many different texts is looked at cell by cell, and so is one of few rows.
_FEW, _WORTH = 800, 2_000
#: Texts that are remembered, a column.
_REMEMBERED = 50_000
#: Scripts whose characters are composed already and don't reorder: NFC leaves them alone.
_STABLE = (
    r"!-~\u00a1-\u02ff\u0391-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0621-\u064a\u0e01-\u0e30"
    r"\u1ea0-\u1ef9\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u30fc"
    r"\u4e00-\u9fff\uac00-\ud7a3\uff01-\uffee"
)
_ADDRESS = r"https?://[^\s|;,\x00-\x20\x7f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufdd0-\ufdef\ufffe\uffff]+"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """When a cell is plain, and what follows then."""

    when: pl.Expr
    then: pl.Expr


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
        return pl.Series(name, pa.array([*found, None], pa.string()).take(pa.array(self.codes)))

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
    """With those cells plain that are once what makes no difference is gone from them (`_tidied`)."""
    plain, values = looked
    rows = (column.is_not_null() & ~plain).arg_true()
    tidied = None if rows.is_empty() else _tidied(field, fmt)
    if tidied is None:
        return looked
    cells = column.gather(rows).alias("cell").to_frame().select(tidied.alias(column.name))
    again, found = _looked_at(cells, {column.name: plain_source(field, replace(fmt, decimal=""), ctx)})[
        column.name
    ]
    rows = rows.filter(again)
    return plain.scatter(rows, True), values.scatter(rows, found.filter(again))


def _placed(column: pl.Series, name: str, problems: Mapping[str, Problem]) -> list[Odd]:
    """The cells that hold one of these texts."""
    rows = column.is_in(list(problems)).arg_true().to_list() if problems else []
    return [
        Odd(row=row, field=name, text=text, problem=problems[text])
        for row, text in zip(rows, column.gather(rows).to_list() if rows else (), strict=True)
    ]


def comparable_columns(frame: pl.DataFrame, fields: Sequence[Field], ctx: Context) -> pl.DataFrame:
    """Values → comparables, column by column; null stays null."""
    return frame.with_columns(comparable_column(frame[field.name], field, ctx) for field in fields)


def comparable_column(column: pl.Series, field: Field, ctx: Context) -> pl.Series:
    """One column of `comparable_columns`."""
    looked = _looked_at(column.to_frame(), {column.name: plain_value(field, ctx)})
    return _mapped(column, looked[column.name], lambda value: kinds.comparable(field, value, ctx))


def row_digests(frame: pl.DataFrame, fields: Sequence[Field], ctx: Context) -> pl.Series:
    """A number a row that can only acquit: equal digests mean equal comparables in all fields.

    Null counts as "". Fields must be given in the same order on both sides. Descriptions enter as
    text, not by meaning: where the shop rewrites html, the field is compared by meaning instead.

    Returns:
        UInt64, one a row; valid for as long as `RECIPE` and `ctx` are the same.
    """
    forms = [
        frame[field.name].fill_null("").str.strip_chars()
        if field.kind is Kind.HTML
        else comparable_column(frame[field.name].fill_null(""), field, ctx)
        for field in fields
    ]
    return pl.DataFrame(forms).hash_rows(seed=11).alias("digest")


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


def plain_source(field: Field, fmt: Format, ctx: Context) -> Plain | None:
    """Which source texts are plain, and their values; None = none are."""
    dots = fmt.decimal in ("", ".")
    match field.kind:
        case Kind.MONEY:
            return _plain_money(ctx.decimals_of(field)) if dots else None
        case Kind.QUANTITY:
            return Plain(when=_full(r"0|[1-9][0-9]{0,8}"), then=_CELL)
        case Kind.NUMBER:
            return Plain(when=_full(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?"), then=_CELL) if dots else None
        case Kind.DATETIME:
            return _plain_date()
        case Kind.ENUM:
            return Plain(when=_CELL.is_in(list(field.choices)), then=_CELL)
        case Kind.EAN:
            return Plain(when=_full(r"[0-9]{8,14}"), then=_CELL)
        case Kind.CATEGORY:
            return Plain(when=_full(r"[0-9]+"), then=_CELL)
        case Kind.CATEGORIES | Kind.IDS:
            return Plain(when=_full(r"[0-9]+(,[0-9]+)*"), then=_CELL) if not fmt.separator else None
        case Kind.IMAGES:
            return Plain(when=_full(rf"{_ADDRESS}(\n{_ADDRESS})*"), then=_CELL) if not fmt.separator else None
        case Kind.HTML:
            return Plain(when=_sendable() & ~_CELL.str.contains(rf"\A[{SPACE}]"), then=_CELL)
        case _:
            return _plain_text(field, ctx)


def _tidied(field: Field, fmt: Format) -> pl.Expr | None:
    """Source texts without what makes no difference, or null where it may; None = all of it does.

    Blanks at the ends, as fields of a fixed width have them; a comma that can only be decimal; between the
    addresses of images whatever separates them.
    """
    bare = _CELL.str.strip_chars(_BLANKS)
    match field.kind:
        case Kind.HTML:
            return None
        case Kind.MONEY | Kind.NUMBER if fmt.decimal == fmt.thousands == ",":
            return None
        case Kind.MONEY | Kind.NUMBER if fmt.decimal != "." and fmt.thousands != ",":
            comma = bare.str.contains(r"\A[0-9]+,[0-9]{1,2}\z")
            sure = bare.str.contains(r"\A[0-9]+\z") if fmt.decimal else pl.lit(value=True)
            return pl.when(comma).then(bare.str.replace(",", ".", literal=True)).when(sure).then(bare)
        case Kind.IMAGES:
            return bare.str.replace_all(rf"[{_BLANKS};,|]+(https?://)", "\n${1}")
        case _:
            return bare


def plain_value(field: Field, ctx: Context) -> Plain | None:
    """Which values are plain, and their comparables; None = none are."""
    match field.kind:
        case Kind.MONEY | Kind.QUANTITY | Kind.NUMBER:
            return _plain_comparable_number(field)
        case Kind.DATETIME:
            pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
            return Plain(when=_full(pattern) & ~_CELL.str.starts_with("0000-00-00"), then=_CELL)
        case Kind.BRAND | Kind.ENUM:
            return Plain(when=_full(r"[!-~]+( [!-~]+)*"), then=_CELL.str.to_lowercase())
        case Kind.CATEGORY | Kind.CATEGORIES:
            return _plain_category(ctx, several=field.kind is Kind.CATEGORIES)
        case Kind.IDS:
            return Plain(when=_full(r"[0-9]+"), then=_CELL)
        case Kind.IMAGES:
            return Plain(when=_full(rf"{_ADDRESS}(\n{_ADDRESS})*"), then=_CELL)
        case Kind.HTML:
            return Plain(when=_collapsed() & ~_CELL.str.contains("[<&]"), then=_CELL)
        case _:
            commas = (
                ~_CELL.str.contains(" ,|, ") if field.name.startswith("ProductData.") else pl.lit(value=True)
            )
            return Plain(when=_collapsed() & commas, then=_CELL)


def _plain_category(ctx: Context, *, several: bool) -> Plain:
    """An id is its name; several are a set of them."""
    names = comparable_names(ctx)
    if not several:
        return Plain(when=_full(r"[0-9]+"), then=_CELL.replace(names))
    each = pl.element().replace(names).unique().sort()
    return Plain(when=_full(r"[0-9]+(,[0-9]+)*"), then=_CELL.str.split(",").list.eval(each).list.join("\n"))


def _full(pattern: str) -> pl.Expr:
    return _CELL.str.contains(rf"\A(?:{pattern})\z")


def _collapsed() -> pl.Expr:
    return _full(f"[{_STABLE}]+(?: [{_STABLE}]+)*")


def _sendable() -> pl.Expr:
    return (_CELL != "") & ~_CELL.str.starts_with(CLEAR) & ~_CELL.str.contains(f"[{REFUSED}]")


def _plain_text(field: Field, ctx: Context) -> Plain:
    edge = f"[^{SPACE}{REFUSED}]"
    trimmed = _full(f"{edge}(?:[^{REFUSED}]*{edge})?") & ~_CELL.str.starts_with(CLEAR)
    known = ctx.options.get(field.tag)
    spelled = _CELL.is_in(list(known.values())) if known else pl.lit(value=True)
    return Plain(when=trimmed & spelled, then=_CELL)


def _plain_money(decimals: int) -> Plain:
    """Digits, and no more decimals than the currency has; at least two are sent."""
    whole = r"(?:0|[1-9][0-9]{0,8})"
    if decimals < 2:
        zeros = r"(?:\.0{1,2})?" if decimals == 0 else r"(?:\.[0-9]0?)?"
    else:
        zeros = r"(?:\.[0-9]{1,2})?"
    if decimals > 2:
        return Plain(when=_full(rf"{whole}\.[0-9]{{1,2}}"), then=_padded(decimals))
    return Plain(when=_full(whole + zeros), then=_padded(2))


def _padded(decimals: int) -> pl.Expr:
    """With exactly so many decimals, two at least, given no more than two."""
    ends = {2: r"\.[0-9]{2}\z", 1: r"\.[0-9]\z"}
    rest = pl.lit("." + "0" * decimals)
    for given, pattern in ends.items():
        rest = pl.when(_CELL.str.contains(pattern)).then(pl.lit("0" * (decimals - given))).otherwise(rest)
    return pl.concat_str(_CELL, rest)


def _plain_date() -> Plain:
    """A real date of our time, with or without hours."""
    day = _full(r"(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}")
    long = _full(r"(?:19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]")
    whole = pl.when(day).then(_CELL + " 00:00:00").otherwise(_CELL)
    real = whole.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).is_not_null()
    return Plain(when=(day | long) & real, then=whole)


def _plain_comparable_number(field: Field) -> Plain:
    """No leading zeros but one, no trailing ones; a promotional price of zero is none."""
    pattern = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
    fraction = _CELL.str.contains(".", literal=True)
    bare = pl.when(fraction).then(_CELL.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(_CELL)
    if field.kind is Kind.MONEY and field.clearable:
        bare = pl.when(bare == "0").then(pl.lit("")).otherwise(bare)
    return Plain(when=_full(pattern), then=bare)
