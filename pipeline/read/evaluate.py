"""Expressions over whole columns: text in Polars, numbers exactly and once per distinct value.

A value that can't be had (no number, a key that a table lacks) comes out as `FAILED` followed by the
text that it failed on; whoever takes the column turns that into a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

import polars as pl

from pipeline.read.expression import BadExpression, Call, Column, Node, Number, Operation, Text, type_of
from pipeline.read.fixed import PLAIN, Doubt, Fixed, extreme
from pipeline.read.words import cleaned_html, dated, distinct_lines, html_lines, key_value, plain_text, units
from pipeline.values.context import Format
from pipeline.values.numbers import read_number

#: Begins a value that could not be had; a noncharacter that no text holds.
FAILED = "\ufdd0"

_DIGITS = 40
#: Answers of one piece of arithmetic that are kept from batch to batch.
_KNOWN = 100_000
#: Rows from which on working by columns pays.
_WORTH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may look at beside its own text.

    Attributes:
        columns: header as the mapping writes it → column of the frame.
        format: how numbers in its columns are written.
        lookups: name → table, key → value.
    """

    columns: Mapping[str, str]
    format: Format = field(default_factory=Format)
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def compiled(node: Node, scope: Scope) -> pl.Expr:
    """An expression as a Polars one: texts for texts and numbers, booleans for conditions.

    Raises:
        BadExpression: a pattern, table or unit that doesn't exist.
    """
    if type_of(node) == "number":
        return _numeric(node, scope)
    if isinstance(node, Text):
        return pl.lit(node.value or None, pl.String)
    if isinstance(node, Column):
        return pl.col(scope.columns[node.header])
    if isinstance(node, Operation):
        return _operation(node, scope)
    assert isinstance(node, Call)
    return _FUNCTIONS[node.name](node, scope)


def _blank(value: pl.Expr) -> pl.Expr:
    return value.is_null() | (value.str.strip_chars() == "")


def _operation(node: Operation, scope: Scope) -> pl.Expr:
    if node.sign == "not":
        return ~compiled(node.args[0], scope)
    left, right = node.args
    if node.sign == "and":
        return compiled(left, scope) & compiled(right, scope)
    if node.sign == "or":
        return compiled(left, scope) | compiled(right, scope)
    if node.sign == "&":
        return pl.concat_str(compiled(left, scope), compiled(right, scope), ignore_nulls=True)
    if node.sign in ("==", "!=") and "number" not in (type_of(left), type_of(right)):
        same = compiled(left, scope).fill_null("") == compiled(right, scope).fill_null("")
        return same if node.sign == "==" else ~same
    return _numeric(node, scope) == "1"


def _const(node: Node) -> str:
    assert isinstance(node, Text)
    return node.value


def _whole(node: Node) -> int:
    if isinstance(node, Operation):
        return -_whole(node.args[0])
    assert isinstance(node, Number)
    return int(node.value)


def _join(call: Call, scope: Scope) -> pl.Expr:
    parts = [compiled(arg, scope) for arg in call.args[1:]]
    kept = [pl.when(_blank(part)).then(None).otherwise(part) for part in parts]
    joined = pl.concat_str(kept, separator=_const(call.args[0]), ignore_nulls=True)
    return pl.when(pl.all_horizontal([part.is_null() for part in kept])).then(None).otherwise(joined)


def _split(call: Call, scope: Scope) -> pl.Expr:
    place = _whole(call.args[2])
    if place == 0:
        raise BadExpression("split counts from 1, or from -1 at the end")
    pieces = compiled(call.args[0], scope).str.split(_const(call.args[1]))
    return pieces.list.get(place - 1 if place > 0 else place, null_on_oob=True)


def _pattern(node: Node) -> str:
    """A pattern that the engine takes; it runs in linear time whatever the pattern."""
    pattern = _const(node)
    try:
        pl.Series(["x"]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise BadExpression(f"no regular expression: {pattern!r} ({str(error).splitlines()[0]})") from None
    return pattern


def _regex(call: Call, scope: Scope) -> pl.Expr:
    group = _whole(call.args[2]) if len(call.args) > 2 else 0
    return compiled(call.args[0], scope).str.extract(_pattern(call.args[1]), group)


def _strip(call: Call, scope: Scope) -> pl.Expr:
    chars = _const(call.args[1]) if len(call.args) > 1 else None
    return compiled(call.args[0], scope).str.strip_chars(chars)


def _default(call: Call, scope: Scope) -> pl.Expr:
    parts = [compiled(arg, scope) for arg in call.args]
    return pl.coalesce([pl.when(_blank(part)).then(None).otherwise(part) for part in parts])


def _if(call: Call, scope: Scope) -> pl.Expr:
    condition, then, otherwise = (compiled(arg, scope) for arg in call.args)
    return pl.when(condition).then(then).otherwise(otherwise)


def _lookup(call: Call, scope: Scope) -> pl.Expr:
    name = _const(call.args[0])
    if name not in scope.lookups:
        raise BadExpression(f"no table [lookups.{name}]")
    table = scope.lookups[name]
    key = compiled(call.args[1], scope)
    found = _each(key, lambda text: table.get(text.strip().casefold(), FAILED + text))
    if len(call.args) < 3:
        return found
    missing = found.str.starts_with(FAILED)
    return pl.when(missing).then(compiled(call.args[2], scope)).otherwise(found)


def _pairs(call: Call, scope: Scope) -> pl.Expr:
    key = _const(call.args[1])
    between = _const(call.args[2]) if len(call.args) > 2 else ","
    equals = _const(call.args[3]) if len(call.args) > 3 else "="
    return _each(compiled(call.args[0], scope), lambda text: key_value(text, key, between, equals))


def _date(call: Call, scope: Scope) -> pl.Expr:
    pattern = _const(call.args[1])
    return _each(compiled(call.args[0], scope), lambda text: dated(text, pattern) or FAILED + text)


def _each(value: pl.Expr, function: Callable[[str], str | None]) -> pl.Expr:
    """A Python function once per distinct text; blank stays blank, what failed stays failed."""

    def over(series: pl.Series) -> pl.Series:
        distinct = series.unique().drop_nulls()
        texts = distinct.to_list()
        done = [text if text.startswith(FAILED) else function(text) or None for text in texts]
        new = pl.Series(done, dtype=pl.String)
        return series.replace_strict(distinct, new, default=None, return_dtype=pl.String)

    return value.map_batches(over, return_dtype=pl.String, is_elementwise=True)


def _plainly(method: Callable[[pl.Expr, Call], pl.Expr]) -> Callable[[Call, Scope], pl.Expr]:
    return lambda call, scope: method(compiled(call.args[0], scope), call)


def _distinctly(function: Callable[[str], str | None]) -> Callable[[Call, Scope], pl.Expr]:
    return lambda call, scope: _each(compiled(call.args[0], scope), function)


def _filled(value: pl.Expr, call: Call) -> pl.Expr:
    mark = _const(call.args[2]) if len(call.args) > 2 else "0"
    if len(mark) != 1:
        raise BadExpression("pad fills up with one character")
    return value.str.pad_start(_whole(call.args[1]), mark)


_FUNCTIONS: dict[str, Callable[[Call, Scope], pl.Expr]] = {
    "join": _join,
    "split": _split,
    "strip": _strip,
    "regex": _regex,
    "default": _default,
    "if": _if,
    "lookup": _lookup,
    "pairs": _pairs,
    "date": _date,
    "pad": _plainly(_filled),
    "replace": _plainly(
        lambda value, call: value.str.replace_all(_const(call.args[1]), _const(call.args[2]), literal=True)
    ),
    "regex_replace": _plainly(
        lambda value, call: value.str.replace_all(_pattern(call.args[1]), _const(call.args[2]))
    ),
    "matches": _plainly(lambda value, call: value.fill_null("").str.contains(_pattern(call.args[1]))),
    "contains": _plainly(
        lambda value, call: value.fill_null("").str.contains(_const(call.args[1]), literal=True)
    ),
    "starts": _plainly(lambda value, call: value.fill_null("").str.starts_with(_const(call.args[1]))),
    "ends": _plainly(lambda value, call: value.fill_null("").str.ends_with(_const(call.args[1]))),
    "blank": _plainly(lambda value, _: _blank(value)),
    "upper": _plainly(lambda value, _: value.str.to_uppercase()),
    "lower": _plainly(lambda value, _: value.str.to_lowercase()),
    "title": _plainly(lambda value, _: value.str.to_titlecase()),
    "left": _plainly(lambda value, call: value.str.head(_whole(call.args[1]))),
    "right": _plainly(lambda value, call: value.str.tail(_whole(call.args[1]))),
    "distinct": _distinctly(distinct_lines),
    "html": _distinctly(cleaned_html),
    "lines": _distinctly(html_lines),
    "plain": _distinctly(plain_text),
}

_Row = Sequence[str | None]
_Value = Decimal | None


class _NoNumber(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _numeric(node: Node, scope: Scope) -> pl.Expr:
    """Arithmetic (or a comparison of numbers, as "1" or "0"), once per distinct row of what it reads."""
    kept: dict[_Row, str | None] = {}
    leaves: list[Node] = []
    work = _arithmetic(node, leaves, scope)
    if not leaves:
        with localcontext() as exact:
            exact.prec = _DIGITS
            return pl.lit(_answer(work, ()), pl.String)
    parts = [compiled(leaf, scope).alias(f"n{index}") for index, leaf in enumerate(leaves)]

    def answers(rows: Sequence[_Row]) -> list[str | None]:
        nonlocal kept
        if len(kept) > _KNOWN:
            kept = {}
        known = kept  # several threads may be here: each stays with the one it began with
        with localcontext() as exact:
            exact.prec = _DIGITS
            for row in {row for row in rows if row not in known}:
                known[row] = _answer(work, row)
        return [known[row] for row in rows]

    def over(series: pl.Series) -> pl.Series:
        frame = series.struct.unnest()
        found, rows = _by_columns(work, frame) if frame.height >= _WORTH else _none(frame)
        if rows.is_empty():
            return found
        rest = frame[rows.to_list()] if len(rows) < frame.height else frame
        if rest.width > 1:
            return found.scatter(rows, pl.Series(answers(rest.rows()), dtype=pl.String))
        column = rest.to_series()
        distinct = column.unique()
        made = pl.Series(answers([(text,) for text in distinct.to_list()]), dtype=pl.String)
        return found.scatter(rows, column.replace_strict(distinct, made, return_dtype=pl.String))

    return pl.struct(parts).map_batches(over, return_dtype=pl.String, is_elementwise=True)


def _by_columns(work: Callable[[Any], Any], frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """What arithmetic makes of the rows that hold plain numbers only, and the rows that are left."""
    found, every = _none(frame)
    plain = frame.select(pl.all_horizontal(pl.all().str.contains(PLAIN)).fill_null(value=False)).to_series()
    if not plain.any():
        return found, every
    try:
        made = work(tuple(Fixed.read(column) for column in frame.filter(plain)))
    except (Doubt, TypeError):
        return found, every
    if not isinstance(made, Fixed):
        return found, every
    return found.scatter(plain.arg_true(), made.texts()), (~plain).arg_true()


def _none(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Nothing found yet, and all rows left."""
    rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height), rows


def _answer(work: Callable[[_Row], _Value], row: _Row) -> str | None:
    try:
        value = work(row)
    except _NoNumber as error:
        return FAILED + error.text
    except (ArithmeticError, InvalidOperation):
        return FAILED + " ".join(cell or "" for cell in row)
    return None if value is None else _plain(value)


def _plain(value: Decimal) -> str:
    """Digits without exponent, without zeros that arithmetic left at the end of a fraction."""
    text = f"{value:f}"
    if "." in text and len(text) > 20:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _arithmetic(node: Node, leaves: list[Node], scope: Scope) -> Callable[[_Row], _Value]:
    """A tree of numbers as a function of the texts of its leaves."""
    if isinstance(node, Number):
        return lambda _, value=node.value: value  # type: ignore[misc]
    if isinstance(node, Operation) and node.sign in _SIGNS:
        parts = [_arithmetic(arg, leaves, scope) for arg in node.args]
        return _applied(_SIGNS[node.sign], parts)
    if isinstance(node, Call) and node.name in (
        "num",
        "round",
        "floor",
        "ceil",
        "min",
        "max",
        "abs",
        "convert",
    ):
        return _call(node, leaves, scope)
    # A text, or a choice between numbers: a leaf. What is worth a number already is written plainly.
    leaves.append(node)
    fmt = Format(decimal=".") if type_of(node) == "number" else scope.format
    return _leaf(len(leaves) - 1, fmt)


def _leaf(place: int, fmt: Format) -> Callable[[_Row], _Value]:
    def read(row: Sequence[Any]) -> Any:
        text = row[place]
        if isinstance(text, Fixed):
            if fmt.decimal == ",":
                raise Doubt
            return text
        if text is None or not text.strip():
            return None
        return number_in(text, fmt)

    return read


def number_in(text: str, fmt: Format) -> Decimal:
    """The number that a text is under a format.

    Raises:
        _NoNumber: it's none, or may be two different ones.
    """
    if text.startswith(FAILED):
        raise _NoNumber(text.removeprefix(FAILED))
    number, problem = read_number(text.strip(), fmt, dot_is_decimal=False)
    if problem is not None or number is None:
        raise _NoNumber(text)
    return number


def _applied(
    function: Callable[..., _Value], parts: Sequence[Callable[[_Row], _Value]]
) -> Callable[[_Row], _Value]:
    def run(row: _Row) -> _Value:
        values = [part(row) for part in parts]
        return None if None in values else function(*values)

    return run


def _truth(value: bool) -> Decimal:
    return Decimal(int(value))


_SIGNS: dict[str, Callable[..., _Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "neg": lambda a: -a,
    "==": lambda a, b: _truth(a == b),
    "!=": lambda a, b: _truth(a != b),
    "<": lambda a, b: _truth(a < b),
    "<=": lambda a, b: _truth(a <= b),
    ">": lambda a, b: _truth(a > b),
    ">=": lambda a, b: _truth(a >= b),
}
_ROUNDING = {"round": ROUND_HALF_UP, "floor": ROUND_FLOOR, "ceil": ROUND_CEILING}


def _call(call: Call, leaves: list[Node], scope: Scope) -> Callable[[_Row], _Value]:
    if call.name == "convert":
        factor = units(_const(call.args[1]), _const(call.args[2]))
        return _applied(lambda a: a * factor, [_arithmetic(call.args[0], leaves, scope)])
    if call.name in _ROUNDING:
        places = _whole(call.args[1]) if len(call.args) > 1 else 0
        step, how = Decimal(1).scaleb(-places), _ROUNDING[call.name]
        return _applied(lambda a: a.quantize(step, how), [_arithmetic(call.args[0], leaves, scope)])
    parts = [_arithmetic(arg, leaves, scope) for arg in call.args]
    if call.name in ("min", "max"):
        return _extreme(min if call.name == "min" else max, parts)
    return _applied(abs if call.name == "abs" else lambda a: a, parts)


def _extreme(
    choose: Callable[[list[Decimal]], Decimal], parts: Sequence[Callable[[_Row], _Value]]
) -> Callable[[_Row], _Value]:
    def run(row: Sequence[Any]) -> Any:
        values = [value for part in parts if (value := part(row)) is not None]
        if any(isinstance(value, Fixed) for value in values):
            return extreme(values, most=choose is max)
        return choose(values) if values else None

    return run
