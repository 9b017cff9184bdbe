"""A mapping and a catalog's headers → which column feeds which canonical field. Pure."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.errors import InputRefused, SettingsError
from pipeline.read.catalog import Catalog, Source
from pipeline.read.expression import Call, Column, Node, Operation, Text, columns_of, parse
from pipeline.read.finding import Finding, Severity
from pipeline.read.mapping import Column as Spec
from pipeline.read.mapping import Mapping as MappingOf
from pipeline.read.vocabulary import folded
from pipeline.values.context import Format
from schemas.fields import KEY, UNIT_TAGS, Dialect, canonical_names, fields_of

#: Columns that folding makes: the SKU of a group's first product, and the group's images.
VIRTUAL = ("@parent", "@images", "@children")
_IMAGE_HEADERS = ("MainImage", *(f"Image{number}" for number in range(1, 13)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One field or internal column, and what feeds it in this catalog.

    Attributes:
        names: canonical names that get the same value, or one "@name".
        node: what it is worth, with the catalog's own headers in it.
        plain: the header, where it is nothing but that column's text.
    """

    names: tuple[str, ...]
    node: Node
    spec: Spec
    format: Format
    plain: str = ""

    @property
    def source(self) -> Source:
        columns = tuple(name for name in columns_of(self.node) if name not in VIRTUAL)
        said = "" if self.plain else words(self.spec) or f"{len(columns)} columns, one value a line"
        return Source(columns=columns, expression=said)


def words(spec: Spec) -> str:
    """What the mapping says of a field, for people who ask where a value comes from."""
    if spec.value is not None:
        return spec.value
    if spec.constant is not None:
        return f"constant {spec.constant!r}"
    parts = [f"unit {spec.unit.source} to {spec.unit.target}"] if spec.unit else []
    parts += ["values"] if spec.values else []
    parts += [f"default {spec.default!r}"] if spec.default is not None else []
    return ", ".join(parts)


@dataclass(slots=True)
class Headers:
    """The headers of a catalog, found without regard to case, accents and blanks."""

    exact: tuple[str, ...]
    name: str
    used: set[str] = field(default_factory=set)

    def find(self, wanted: str) -> str | None:
        """The header that is meant, None if there is none.

        Raises:
            InputRefused: several could be meant.
        """
        if wanted in VIRTUAL:
            return wanted
        found = wanted if wanted in self.exact else self._loosely(wanted)
        if found is not None:
            self.used.add(found)
        return found

    def _loosely(self, wanted: str) -> str | None:
        near = [header for header in self.exact if folded(header) == folded(wanted)]
        if len(near) > 1:
            text = f"{self.name}: column {wanted!r} may be any of {', '.join(map(repr, near))}"
            raise InputRefused(
                text, hint="write it in the mapping exactly as one of them", code="ambiguous-column"
            )
        return near[0] if near else None

    def near(self, wanted: str) -> str:
        """A word on what may have been meant."""
        close = difflib.get_close_matches(folded(wanted), map(folded, self.exact), n=2, cutoff=0.6)
        names = [header for header in self.exact if folded(header) in close]
        return f" (did you mean {' or '.join(map(repr, names))}?)" if names else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """All of a mapping, bound to a catalog."""

    fields: tuple[Bound, ...]
    internal: tuple[Bound, ...]
    headers: Headers
    findings: tuple[Finding, ...] = ()

    @property
    def all(self) -> tuple[Bound, ...]:
        return (*self.fields, *self.internal)

    @property
    def sku(self) -> Bound:
        return next(bound for bound in self.fields if KEY in bound.names)


def bind(catalog: Catalog, mapping: MappingOf, dialect: Dialect, operators: Sequence[str]) -> Binding:
    """Bind a mapping to a catalog's headers.

    Raises:
        InputRefused: a column that the mapping names is missing or doubled; no column for SellerSku.
        SettingsError: the mapping names a field that this dialect doesn't have.
    """
    headers = Headers(catalog.headers, _name(catalog))
    specs = dict(mapping.file.columns)
    if mapping.file.identity:
        specs = {**_identity(headers, dialect, operators), **specs}
    missing: list[str] = []
    fields = [
        bound
        for name, spec in specs.items()
        if (bound := _bound(_named(name, dialect, operators, mapping), spec, mapping, headers, missing))
    ]
    internal = [
        bound
        for name, spec in mapping.file.internal.items()
        if (bound := _bound((f"@{name.lstrip('@')}",), spec, mapping, headers, missing))
    ]
    _refuse_missing(missing, headers)
    _refuse_without_sku(fields, headers, mapping)
    _refuse_twice(fields, headers)
    _refuse_doubled(catalog, headers)
    binding = Binding(fields=tuple(fields), internal=tuple(internal), headers=headers)
    return Binding(
        fields=binding.fields,
        internal=binding.internal,
        headers=headers,
        findings=tuple(_unknown(catalog, mapping, headers)),
    )


def _name(catalog: Catalog) -> str:
    return ", ".join(dict.fromkeys(part.file for part in catalog.parts))


def _named(name: str, dialect: Dialect, operators: Sequence[str], mapping: MappingOf) -> tuple[str, ...]:
    names = canonical_names(name, dialect, operators)
    if names:
        return names
    known = [item.name for item in fields_of(dialect, operators)] + list(UNIT_TAGS)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else 'attributes are written "ProductData.<FeedName>"'
    raise SettingsError(f"{mapping.path or 'mapping'}: no field {name!r} in the {dialect} dialect", hint=hint)


def _identity(headers: Headers, dialect: Dialect, operators: Sequence[str]) -> dict[str, Spec]:
    """Each canonical header as the field that it names; image columns together as Images."""
    known = {_tight(item.name): item.name for item in fields_of(dialect, operators)}
    known |= {_tight(name): name for name in UNIT_TAGS if dialect is Dialect.FALABELLA}
    specs: dict[str, Spec] = {}
    for header in headers.exact:
        name = header if canonical_names(header, dialect, operators) else known.get(_tight(header), "")
        if name and name not in specs:
            specs[name] = Spec(column=header)
    images = [
        header for wanted in _IMAGE_HEADERS for header in headers.exact if _tight(header) == _tight(wanted)
    ]
    if images and "Images" not in specs:
        specs["Images"] = Spec(columns=images)
    return specs


def _tight(name: str) -> str:
    return folded(name).replace(" ", "")


def _bound(
    names: tuple[str, ...], spec: Spec, mapping: MappingOf, headers: Headers, missing: list[str]
) -> Bound | None:
    """A field with its columns found; None, with a word in `missing`, where they aren't there."""
    fmt = _format(spec, mapping)
    optional = spec.optional if spec.optional is not None else mapping.file.missing == "ignore"
    node, lacking = _node(spec, headers, lenient=optional)
    if node is None:
        if not optional:
            missing += lacking
        return None
    plain = node.header if isinstance(node, Column) and not words(spec) and not spec.unit else ""
    return Bound(names=names, node=node, spec=spec, format=fmt, plain=plain)


def _format(spec: Spec, mapping: MappingOf) -> Format:
    said = {**mapping.file.format.model_dump(exclude_none=True)}
    said |= {key: value for key in Format.__slots__ if (value := getattr(spec, key, None)) is not None}
    dates = tuple(said.pop("dates", None) or ())
    return Format(dates=dates, **said)


def _node(spec: Spec, headers: Headers, *, lenient: bool) -> tuple[Node | None, list[str]]:
    """What a field is worth, in the catalog's own headers; else the headers that lack."""
    if spec.constant is not None:
        return Text(spec.constant), []
    if spec.columns is not None:
        there = [found for wanted in spec.columns if (found := headers.find(wanted))]
        if len(there) == 1:
            return Column(there[0]), []
        joined = Call("join", (Text("\n"), *(Column(header) for header in there)))
        return (joined, []) if there else (None, list(spec.columns[:1]))
    if spec.value is not None:
        return bound_node(parse(spec.value), headers, lenient=lenient)
    found = next((header for wanted in spec.headers if (header := headers.find(wanted))), None)
    if found is None:
        return None, [" or ".join(spec.headers)]
    column: Node = Column(found)
    if spec.unit:
        column = Call("convert", (column, Text(spec.unit.source), Text(spec.unit.target)))
    return column, []


def bound_node(node: Node, headers: Headers, *, lenient: bool = False) -> tuple[Node | None, list[str]]:
    """An expression with the catalog's own headers in it; else the headers that lack.

    Where it's lenient, a missing column is blank as long as one that it names is there.
    """
    lacking: list[str] = []
    bound = _replaced(node, headers, lacking)
    wanted = [name for name in columns_of(node) if name not in VIRTUAL]
    if lacking and (not lenient or len(lacking) == len(wanted)):
        return None, lacking
    return bound, []


def _replaced(node: Node, headers: Headers, lacking: list[str]) -> Node:
    """The same tree over the catalog's headers; missing columns as blanks, and noted."""
    if isinstance(node, Column):
        found = headers.find(node.header)
        if found is not None:
            return Column(found)
        if node.header not in lacking:
            lacking.append(node.header)
        return Text("")
    if isinstance(node, Call | Operation):
        return replace(node, args=tuple(_replaced(arg, headers, lacking) for arg in node.args))
    return node


def _refuse_missing(missing: list[str], headers: Headers) -> None:
    if not missing:
        return
    named = ", ".join(f"{name!r}{headers.near(name)}" for name in dict.fromkeys(missing))
    text = f"{headers.name} has no column {named}, which the mapping names"
    hint = f"optional = true allows that; found: {_list(headers.exact)}"
    raise InputRefused(text, hint=hint, code="missing-column")


def _refuse_without_sku(fields: Sequence[Bound], headers: Headers, mapping: MappingOf) -> None:
    if any(KEY in bound.names for bound in fields):
        return
    text = f"{headers.name}: no usable header: no column for {KEY}; found: {_list(headers.exact)}"
    hint = '`sellercenter map CATALOG --out FILE` proposes one; mapping = "FILE" in the settings names it'
    if mapping.path is not None:
        hint = f'write {KEY} = "header of the column" under [columns] of {mapping.path.name}'
    raise InputRefused(text, hint=hint, code="no-usable-header")


def _refuse_twice(fields: Sequence[Bound], headers: Headers) -> None:
    taken: dict[str, str] = {}
    for bound in fields:
        for name in bound.names:
            said = bound.plain or words(bound.spec)
            if name in taken:
                text = f"{headers.name}: both {taken[name]!r} and {said!r} would feed {name}"
                raise InputRefused(text, hint="name one of them in a mapping", code="doubled-field")
            taken[name] = said


def _refuse_doubled(catalog: Catalog, headers: Headers) -> None:
    """A header that stands twice says nothing: refuse it where a field is made of it."""
    for finding in catalog.findings:
        if finding.code == "duplicate-header" and finding.value in headers.used:
            text = f"{finding.file}: column {finding.value!r} stands twice, and the mapping uses it"
            raise InputRefused(text, hint="rename or remove one of them", code="duplicate-header")


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _unknown(catalog: Catalog, mapping: MappingOf, headers: Headers) -> Iterable[Finding]:
    """One warning for each column that the mapping leaves aside and does not say so."""
    variants = mapping.file.variants
    parent = variants.parent
    also = [*mapping.file.ignore, *variants.fill_down, *variants.images, variants.group or ""]
    also += [*parent.keys, *parent.inherit, parent.ids or "", parent.reference or ""] if parent else []
    also += [parent.children or "", parent.child_key or ""] if parent else []
    for header in catalog.headers:
        if header in headers.used or any(_meant(header, pattern) for pattern in also if pattern):
            continue
        part = next(part for part in catalog.parts if header in part.columns)
        yield Finding(
            code="unknown-column",
            severity=Severity.WARNING,
            message=f"column {header!r} feeds no field: it is never written",
            hint="name it in the mapping, or list it under ignore",
            file=part.file,
            sheet=part.sheet,
            row=part.header_row,
            column=header,
            cell=_address(part.columns, header, part.header_row),
        )


def _meant(header: str, pattern: str) -> bool:
    return folded(header) == folded(pattern) or fnmatch.fnmatchcase(header.casefold(), pattern.casefold())


def _address(columns: Mapping[str, int], header: str, row: int) -> str:
    from pipeline.read.catalog import column_letters

    return f"{column_letters(columns[header])}{row}"
