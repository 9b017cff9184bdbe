"""Expressions over whole columns: text in Polars, numbers exactly and once per distinct value.

A value that can't be had (no number, a key that a table lacks) comes out as `FAILED` followed by the
text that it failed on; whoever takes the column turns that into a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipeline.read.arithmetic import FAILED, const, numeric, whole
from pipeline.read.expression import BadExpression, Call, Column, Node, Operation, Text, type_of
from pipeline.read.words import cleaned_html, dated, distinct_lines, html_lines, key_value, plain_text
from pipeline.values.context import Format


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
        return numeric(node, scope.format, lambda leaf: compiled(leaf, scope))
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
    return numeric(node, scope.format, lambda leaf: compiled(leaf, scope)) == "1"


def _join(call: Call, scope: Scope) -> pl.Expr:
    parts = [compiled(arg, scope) for arg in call.args[1:]]
    kept = [pl.when(_blank(part)).then(None).otherwise(part) for part in parts]
    joined = pl.concat_str(kept, separator=const(call.args[0]), ignore_nulls=True)
    return pl.when(pl.all_horizontal([part.is_null() for part in kept])).then(None).otherwise(joined)


def _split(call: Call, scope: Scope) -> pl.Expr:
    place = whole(call.args[2])
    if place == 0:
        raise BadExpression("split counts from 1, or from -1 at the end")
    pieces = compiled(call.args[0], scope).str.split(const(call.args[1]))
    return pieces.list.get(place - 1 if place > 0 else place, null_on_oob=True)


def _pattern(node: Node) -> str:
    """A pattern that the engine takes; it runs in linear time whatever the pattern."""
    pattern = const(node)
    try:
        pl.Series(["x"]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise BadExpression(f"no regular expression: {pattern!r} ({str(error).splitlines()[0]})") from None
    return pattern


def _regex(call: Call, scope: Scope) -> pl.Expr:
    group = whole(call.args[2]) if len(call.args) > 2 else 0
    return compiled(call.args[0], scope).str.extract(_pattern(call.args[1]), group)


def _strip(call: Call, scope: Scope) -> pl.Expr:
    chars = const(call.args[1]) if len(call.args) > 1 else None
    return compiled(call.args[0], scope).str.strip_chars(chars)


def _default(call: Call, scope: Scope) -> pl.Expr:
    parts = [compiled(arg, scope) for arg in call.args]
    return pl.coalesce([pl.when(_blank(part)).then(None).otherwise(part) for part in parts])


def _if(call: Call, scope: Scope) -> pl.Expr:
    condition, then, otherwise = (compiled(arg, scope) for arg in call.args)
    return pl.when(condition).then(then).otherwise(otherwise)


def _lookup(call: Call, scope: Scope) -> pl.Expr:
    name = const(call.args[0])
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
    key = const(call.args[1])
    between = const(call.args[2]) if len(call.args) > 2 else ","
    equals = const(call.args[3]) if len(call.args) > 3 else "="
    return _each(compiled(call.args[0], scope), lambda text: key_value(text, key, between, equals))


def _date(call: Call, scope: Scope) -> pl.Expr:
    pattern = const(call.args[1])
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
    mark = const(call.args[2]) if len(call.args) > 2 else "0"
    if len(mark) != 1:
        raise BadExpression("pad fills up with one character")
    return value.str.pad_start(whole(call.args[1]), mark)


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
        lambda value, call: value.str.replace_all(const(call.args[1]), const(call.args[2]), literal=True)
    ),
    "regex_replace": _plainly(
        lambda value, call: value.str.replace_all(_pattern(call.args[1]), const(call.args[2]))
    ),
    "matches": _plainly(lambda value, call: value.fill_null("").str.contains(_pattern(call.args[1]))),
    "contains": _plainly(
        lambda value, call: value.fill_null("").str.contains(const(call.args[1]), literal=True)
    ),
    "starts": _plainly(lambda value, call: value.fill_null("").str.starts_with(const(call.args[1]))),
    "ends": _plainly(lambda value, call: value.fill_null("").str.ends_with(const(call.args[1]))),
    "blank": _plainly(lambda value, _: _blank(value)),
    "upper": _plainly(lambda value, _: value.str.to_uppercase()),
    "lower": _plainly(lambda value, _: value.str.to_lowercase()),
    "title": _plainly(lambda value, _: value.str.to_titlecase()),
    "left": _plainly(lambda value, call: value.str.head(whole(call.args[1]))),
    "right": _plainly(lambda value, call: value.str.tail(whole(call.args[1]))),
    "distinct": _distinctly(distinct_lines),
    "html": _distinctly(cleaned_html),
    "lines": _distinctly(html_lines),
    "plain": _distinctly(plain_text),
}
