"""Arithmetic of expressions: exactly, plain numbers by columns, all others once per distinct text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

import polars as pl

from pipeline.read.expression import Call, Node, Number, Operation, Text, type_of
from pipeline.read.fixed import PLAIN, Doubt, Fixed, extreme
from pipeline.read.words import units
from pipeline.values.context import Format
from pipeline.values.numbers import read_number

#: Begins a value that could not be had; a noncharacter that no text holds.
FAILED = "\ufdd0"

_DIGITS = 40
#: Answers of one piece of arithmetic that are kept from batch to batch.
_KNOWN = 100_000
#: Rows from which on working by columns pays.
_WORTH = 1_000

_Row = Sequence[str | None]
_Value = Decimal | None


def const(node: Node) -> str:
    assert isinstance(node, Text)
    return node.value


def whole(node: Node) -> int:
    if isinstance(node, Operation):
        return -whole(node.args[0])
    assert isinstance(node, Number)
    return int(node.value)


class _NoNumber(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def numeric(node: Node, fmt: Format, compiled: Callable[[Node], pl.Expr]) -> pl.Expr:
    """Arithmetic (or a comparison of numbers, as "1" or "0"), once per distinct row of what it reads.

    Args:
        fmt: how numbers in columns are written; compiled: how a text becomes an expression.
    """
    kept: dict[_Row, str | None] = {}
    leaves: list[Node] = []
    work = _arithmetic(node, leaves, fmt)
    if not leaves:
        with localcontext() as exact:
            exact.prec = _DIGITS
            return pl.lit(_answer(work, ()), pl.String)
    parts = [compiled(leaf).alias(f"n{index}") for index, leaf in enumerate(leaves)]

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


def _arithmetic(node: Node, leaves: list[Node], fmt: Format) -> Callable[[_Row], _Value]:
    """A tree of numbers as a function of the texts of its leaves."""
    if isinstance(node, Number):
        return lambda _, value=node.value: value  # type: ignore[misc]
    if isinstance(node, Operation) and node.sign in _SIGNS:
        parts = [_arithmetic(arg, leaves, fmt) for arg in node.args]
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
        return _call(node, leaves, fmt)
    # A text, or a choice between numbers: a leaf. What is worth a number already is written plainly.
    leaves.append(node)
    return _leaf(len(leaves) - 1, Format(decimal=".") if type_of(node) == "number" else fmt)


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


def _call(call: Call, leaves: list[Node], fmt: Format) -> Callable[[_Row], _Value]:
    if call.name == "convert":
        factor = units(const(call.args[1]), const(call.args[2]))
        return _applied(lambda a: a * factor, [_arithmetic(call.args[0], leaves, fmt)])
    if call.name in _ROUNDING:
        places = whole(call.args[1]) if len(call.args) > 1 else 0
        step, how = Decimal(1).scaleb(-places), _ROUNDING[call.name]
        return _applied(lambda a: a.quantize(step, how), [_arithmetic(call.args[0], leaves, fmt)])
    parts = [_arithmetic(arg, leaves, fmt) for arg in call.args]
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
