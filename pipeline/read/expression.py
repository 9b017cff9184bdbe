"""The mapping's little language: text → a tree. It has no loops, no names but its own, no way out.

    value       "text"  'text'  12.5  [Header]  function(value, …)  (value)
    arithmetic  + - * /        numbers, exact decimals
    text        &              joins two texts
    compare     == != < <= > >=   and  or  not

`[Header]` is the cell of that column in this row. A blank cell is blank whatever is done to it;
`join`, `default`, `&` and comparisons say otherwise for themselves.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Type = Literal["text", "number", "truth"]
#: Letters of an expression, and how deep it may nest: what a person would read.
LONGEST = 4_000
DEEPEST = 40


class BadExpression(ValueError):
    """An expression that means nothing: what is wrong, and where in it."""


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Column:
    header: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One of + - * / & == != < <= > >= and or, between two values; not and neg have one."""

    sign: str
    args: tuple[Node, ...]


Node = Text | Number | Column | Call | Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a function is called.

    Attributes:
        args: kind of each argument: t(ext), n(umber), c(onstant text), i(nteger constant),
            b(oolean), v(alue: text or number); in upper case it may be left out; "*" repeats the last.
        gives: what it is worth.
        words: one line of documentation.
    """

    args: str
    gives: Type
    words: str


FUNCTIONS: dict[str, Signature] = {
    "join": Signature(
        args="cv*", gives="text", words='join(" ", a, b, …): those that aren\'t blank, with " " between'
    ),
    "split": Signature(
        args="tci",
        gives="text",
        words='split(a, ",", 2): the second piece; -1 is the last; blank if there is none',
    ),
    "strip": Signature(
        args="tC",
        gives="text",
        words='strip(a) without blanks at its ends; strip(a, "*") without those characters',
    ),
    "replace": Signature(
        args="tcc", gives="text", words='replace(a, "old", "new"): every occurrence, literally'
    ),
    "regex": Signature(
        args="tcI",
        gives="text",
        words='regex(a, "pattern", 1): what the group (0 = all) matched first, blank if nothing',
    ),
    "regex_replace": Signature(
        args="tcc",
        gives="text",
        words='regex_replace(a, "pattern", "new"): every match; $1 is its first group',
    ),
    "matches": Signature(
        args="tc", gives="truth", words='matches(a, "pattern"): whether the pattern is found in it'
    ),
    "contains": Signature(args="tc", gives="truth", words='contains(a, "part")'),
    "starts": Signature(args="tc", gives="truth", words='starts(a, "part")'),
    "ends": Signature(args="tc", gives="truth", words='ends(a, "part")'),
    "blank": Signature(args="v", gives="truth", words="blank(a): whether it's empty or only blanks"),
    "upper": Signature(args="t", gives="text", words="upper(a)"),
    "lower": Signature(args="t", gives="text", words="lower(a)"),
    "title": Signature(args="t", gives="text", words="title(a): each word with a capital"),
    "left": Signature(args="ti", gives="text", words="left(a, 255): the first characters"),
    "right": Signature(args="ti", gives="text", words="right(a, 4): the last characters"),
    "pad": Signature(args="tiC", gives="text", words='pad(a, 13, "0"): filled up in front'),
    "default": Signature(args="vv*", gives="text", words="default(a, b, …): the first that isn't blank"),
    "if": Signature(args="bvv", gives="text", words='if(condition, a, b); if(…, a, "") is blank otherwise'),
    "lookup": Signature(
        args="ctV",
        gives="text",
        words='lookup("brands", a, b): the value of a in the table [lookups.brands], else b, else an error',
    ),
    "pairs": Signature(
        args="tcCC", gives="text", words='pairs(a, "color", ",", "="): the value of a key in color=Red,size=M'
    ),
    "distinct": Signature(args="t", gives="text", words="distinct(a): its lines without repeats"),
    "html": Signature(
        args="t",
        gives="text",
        words="html(a): with formatting tags only; scripts, styles, links and images gone",
    ),
    "lines": Signature(
        args="t",
        gives="text",
        words="lines(a): plain text as html, a <br> for each line break; html stays as it is",
    ),
    "plain": Signature(args="t", gives="text", words="plain(a): html as plain text"),
    "date": Signature(args="tc", gives="text", words='date(a, "%d.%m.%Y"): as YYYY-MM-DD HH:MM:SS'),
    "num": Signature(
        args="v",
        gives="number",
        words="num(a): its number, read with the column's decimal and thousands separators",
    ),
    "round": Signature(args="nI", gives="number", words="round(a, 2): half away from zero"),
    "floor": Signature(args="nI", gives="number", words="floor(a, 0): down"),
    "ceil": Signature(args="nI", gives="number", words="ceil(a, 0): up"),
    "min": Signature(args="nn*", gives="number", words="min(a, b, …) of those that aren't blank"),
    "max": Signature(args="nn*", gives="number", words="max(a, b, …) of those that aren't blank"),
    "abs": Signature(args="n", gives="number", words="abs(a)"),
    "convert": Signature(
        args="ncc", gives="number", words='convert(a, "lb", "kg"): between units of weight or of length'
    ),
}

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\[(?P<column>[^\]]+)\]"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|[-+*/&<>(),]))""",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_BINDS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "&": 5, "+": 6, "-": 6}
_BINDS |= {"*": 7, "/": 7}
_TRUTHS = ("==", "!=", "<", "<=", ">", ">=", "and", "or", "not")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        BadExpression: no expression of this language; says where.
    """
    if len(text) > LONGEST:
        raise BadExpression(f"longer than {LONGEST} characters")
    parser = _Parser(text)
    node = parser.expression(0, 0)
    parser.end()
    _check(node)
    return node


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadExpression(f"can't read {text[place : place + 12].strip()!r} at character {place + 1}")
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match.start(kind))
        place = match.end()


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0

    def _peek(self) -> _Token:
        if self._next < len(self._tokens):
            return self._tokens[self._next]
        return _Token("end", "the end", -1)

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.text != sign or token.kind == "text":
            raise BadExpression(f"expected {sign!r}, found {_where(token)}")

    def end(self) -> None:
        if self._peek().kind != "end":
            raise BadExpression(f"expected the end, found {_where(self._peek())}")

    def expression(self, least: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise BadExpression(f"nested deeper than {DEEPEST}")
        left = self._operand(depth)
        while (binds := self._binds()) > least:
            sign = self._take().text
            right = self.expression(binds, depth + 1)
            left = Operation(sign, (left, right))
        return left

    def _binds(self) -> int:
        token = self._peek()
        return _BINDS.get(token.text, 0) if token.kind in ("sign", "name") else 0

    def _operand(self, depth: int) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(Decimal(token.text))
        if token.kind == "text":
            return Text(_unescaped(token.text[1:-1]))
        if token.kind == "column":
            return Column(token.text.strip())
        if token.text == "-":
            return Operation("neg", (self.expression(7, depth + 1),))
        if token.text == "not" and token.kind == "name":
            return Operation("not", (self.expression(3, depth + 1),))
        if token.text == "(":
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token.kind == "name":
            return self._call(token, depth)
        raise BadExpression(f"expected a value, found {_where(token)}")

    def _call(self, token: _Token, depth: int) -> Node:
        if token.text not in FUNCTIONS:
            near = difflib.get_close_matches(token.text, FUNCTIONS, n=1)
            hint = f"did you mean {near[0]}(…)?" if near else f"a column is written [{token.text}]"
            raise BadExpression(f"no function {token.text!r}; {hint}")
        self._expect("(")
        args: list[Node] = []
        while self._peek().text != ")" or self._peek().kind == "text":
            if args:
                self._expect(",")
            args.append(self.expression(0, depth + 1))
        self._expect(")")
        return Call(token.text, tuple(args))


def _where(token: _Token) -> str:
    return "the end" if token.kind == "end" else f"{token.text!r} at character {token.place + 1}"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], _kept(match[1])), text, flags=re.DOTALL)


def _kept(char: str) -> str:
    """A backslash before a quote or backslash takes it literally; before all else both stay."""
    return char if char in "\"'\\" else f"\\{char}"


def type_of(node: Node) -> Type:
    """What a value is: text, number or truth."""
    if isinstance(node, Number):
        return "number"
    if isinstance(node, Call):
        if node.name in ("if", "default"):
            kinds = {type_of(arg) for arg in node.args[node.name == "if" :]}
            return "number" if kinds == {"number"} else "text"
        return FUNCTIONS[node.name].gives
    if isinstance(node, Operation):
        return "truth" if node.sign in _TRUTHS else "text" if node.sign == "&" else "number"
    return "text"


def columns_of(node: Node) -> tuple[str, ...]:
    """The headers that an expression reads, in the order in which they stand in it."""
    if isinstance(node, Column):
        return (node.header,)
    if isinstance(node, Call | Operation):
        return tuple(dict.fromkeys(name for arg in node.args for name in columns_of(arg)))
    return ()


def lookups_of(node: Node) -> set[str]:
    """The tables that an expression looks into."""
    if not isinstance(node, Call | Operation):
        return set()
    inner = {name for arg in node.args for name in lookups_of(arg)}
    first = node.args[0] if isinstance(node, Call) and node.name == "lookup" else None
    return inner | ({first.value} if isinstance(first, Text) else set())


def _check(node: Node) -> None:
    """Refuse calls with the wrong number or kind of arguments."""
    if isinstance(node, Operation):
        truth = node.sign in ("and", "or", "not")
        for arg in node.args:
            _check(arg)
            if (type_of(arg) == "truth") != truth:
                wanted = "conditions" if truth else "values, no conditions"
                raise BadExpression(f"{node.sign!r} needs {wanted}")
    if isinstance(node, Call):
        _check_call(node)


def _check_call(call: Call) -> None:
    signature = FUNCTIONS[call.name]
    kinds = _kinds(signature.args, len(call.args))
    if kinds is None:
        raise BadExpression(f"{call.name} is called as {signature.words.split(':')[0]}")
    for place, (kind, arg) in enumerate(zip(kinds, call.args, strict=True), start=1):
        _check(arg)
        if not _fits(kind, arg):
            raise BadExpression(f"argument {place} of {call.name} must be {_NEEDED[kind]}")


_NEEDED = {"c": "a text in quotes", "i": "a whole number", "b": "a condition", "t": "a value", "n": "a value"}
_NEEDED["v"] = "a value"


def _kinds(pattern: str, count: int) -> str | None:
    """The kind of each of `count` arguments; None if so many don't fit."""
    repeats = pattern.endswith("*")
    kinds = pattern.rstrip("*")
    least = sum(1 for kind in kinds if kind.islower())
    if count < least or (count > len(kinds) and not repeats):
        return None
    return (kinds + kinds[-1] * max(count - len(kinds), 0))[:count].lower()


def _fits(kind: str, arg: Node) -> bool:
    if kind == "c":
        return isinstance(arg, Text)
    if kind == "i":
        inner = arg.args[0] if isinstance(arg, Operation) and arg.sign == "neg" else arg
        return isinstance(inner, Number) and inner.value == inner.value.to_integral_value()
    return (type_of(arg) == "truth") == (kind == "b")
