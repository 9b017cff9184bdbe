"""A mapping file: which column feeds which field, and how its text is to be read.

The models below are the file's grammar; `schemas/mapping.schema.json` is made from them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Key

from pipeline.errors import SettingsError
from pipeline.read.expression import BadExpression, parse
from pipeline.read.presets import find_mapping

Blank = Literal["keep", "clear", "error"]
Headers = Annotated[list[str], Key(min_length=1)]


class Section(BaseModel):
    """A table of the mapping file: closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Read(Section):
    """How the file is to be read where it must not be found out."""

    encoding: str | None = None
    delimiter: Annotated[str, Key(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Key(max_length=1)] | None = None
    sheet: list[str | int] | str | int | None = None
    header_row: Annotated[int, Key(ge=1)] | None = None
    skip_footer: Annotated[int, Key(ge=0)] | None = None


class Formats(Section):
    """How texts are written: for all columns, or for one."""

    decimal: Literal[".", ","] | None = None
    thousands: Annotated[str, Key(max_length=1)] | None = None
    dates: list[str] | None = None
    blank: Blank | None = None
    separator: str | None = None


class Unit(Section):
    """The unit a column is in, and the one the field is in."""

    source: Annotated[str, Key(alias="from")]
    target: Annotated[str, Key(alias="to")]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Column(Formats):
    """Where one field comes from.

    Attributes:
        column: header, or headers of which the first that is there is taken.
        columns: headers that are joined into one list (images), those that are there.
        value: an expression, in place of `column`.
        constant: the same text in every row.
        default: what a blank cell means instead.
        values: source text → text, compared without case; others stay, or become `otherwise`.
        optional: a catalog without the column is fine; the field is then not owned.
    """

    column: str | Headers | None = None
    columns: Headers | None = None
    value: str | None = None
    constant: str | None = None
    default: str | None = None
    values: dict[str, str] | None = None
    otherwise: str | None = None
    unit: Unit | None = None
    optional: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str | list) else data

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        given = [key for key in ("column", "columns", "value", "constant") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("needs one of column, columns, value, constant")
        if self.value is not None:
            _parsed(self.value)
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that may feed it, in the order in which they are tried."""
        if isinstance(self.column, str):
            return (self.column,)
        return tuple(self.column or ())


def _parsed(text: str) -> None:
    try:
        parse(text)
    except BadExpression as error:
        raise ValueError(f"{text!r}: {error}") from None


class Skip(Section):
    """Rows that hold no product."""

    when: str
    reason: str

    @model_validator(mode="after")
    def _condition(self) -> Skip:
        _parsed(self.when)
        return self


class Parent(Section):
    """Rows that others take cells from: variable products and their variations.

    Attributes:
        when: which rows are parents.
        keys: columns that a reference may name; a reference `id:7` names the column in `ids`.
        reference: the column of a child that names its parent.
        inherit: columns whose blank cells a child takes from its parent.
        children: on a parent, a column that lists its children instead; see `child`.
        child: pattern whose first group is a child's key in that list.
        child_key: the column that such a key stands in.
    """

    when: str
    keys: Headers
    ids: str | None = None
    reference: str | None = None
    inherit: list[str] = Key(default_factory=list)
    children: str | None = None
    child: str | None = None
    child_key: str | None = None


class Variants(Section):
    """How products spread over rows.

    Attributes:
        group: the column that says which rows belong together; they stand one below another.
        fill_down: columns whose blank cells take the value of the group's first row.
        images: columns whose cells are gathered over the group, into `[@images]` of each of its rows.
    """

    group: str | None = None
    fill_down: list[str] = Key(default_factory=list)
    images: list[str] = Key(default_factory=list)
    parent: Parent | None = None


class Lookup(Section):
    """A table in a CSV file beside the mapping: key column → value column."""

    file: str
    key: str
    value: str


class Overlay(Section):
    """What one shop changes: its columns stand in the place of the mapping's own."""

    format: Formats = Formats()
    columns: dict[str, Column] = Key(default_factory=dict)
    internal: dict[str, Column] = Key(default_factory=dict)


class MappingFile(Overlay):
    """A whole mapping file."""

    name: str = ""
    extends: str | None = None
    missing: Literal["error", "ignore"] = "error"
    ignore: list[str] = Key(default_factory=list)
    identity: bool = False
    read: Read = Read()
    skip: list[Skip] = Key(default_factory=list)
    variants: Variants = Variants()
    lookups: dict[str, Lookup] = Key(default_factory=dict)
    shops: dict[str, Overlay] = Key(default_factory=dict)


class Mapping(Section):
    """A mapping as it is used for one shop.

    Attributes:
        path: the file, None for the mapping of canonical headers onto themselves.
        file: what it says, with its base and the shop's overlay put in.
        lookups: table → key → value, keys without case.
    """

    path: Path | None = None
    file: MappingFile
    lookups: dict[str, dict[str, str]] = Key(default_factory=dict)

    @property
    def digest(self) -> str:
        """Of what it means, not of how it is written."""
        said = {"file": self.file.model_dump(mode="json", by_alias=True), "lookups": self.lookups}
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


#: The mapping of a catalog whose headers are canonical names.
IDENTITY = Mapping(file=MappingFile(name="canonical names", identity=True))


def load_mapping(name: str | Path | None, *, base: Path | None = None, shop: str = "") -> Mapping:
    """A mapping by path or by the name of a preset; None is the identity.

    Args:
        base: folder that a relative path is looked up in first (the settings file's).
        shop: whose overlay is put in.

    Raises:
        SettingsError: not there, no TOML, or it says something it can't mean; names file and key.
    """
    if name is None:
        return IDENTITY
    path = find_mapping(str(name), base or Path())
    file = _whole(path, _read_toml(path), ())
    if overlay := file.shops.get(shop):
        file = _overlaid(file, overlay)
    return Mapping(path=path, file=file, lookups=_tables(file, path))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"can't read mapping {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error


def _whole(path: Path, data: dict[str, Any], seen: tuple[Path, ...]) -> MappingFile:
    """The file over the one that it extends."""
    base = data.get("extends")
    if isinstance(base, str):
        below = find_mapping(base, path.parent)
        if below in (path, *seen):
            raise SettingsError(f"{path}: extends itself")
        lower = _whole(below, _read_toml(below), (*seen, path)).model_dump(by_alias=True, exclude_unset=True)
        data = _merged(lower, data)
    try:
        return MappingFile.model_validate(data)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_explained(error)}", hint="see docs/mapping.md") from None


def _merged(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Tables of both, fields and plain keys of the upper one winning."""
    merged = {**lower, **upper}
    for key in ("columns", "internal", "lookups", "shops", "read", "format"):
        if key in lower and key in upper:
            merged[key] = {**lower[key], **upper[key]}
    return merged


def _explained(error: ValidationError) -> str:
    """What is wrong, key by key, in the words of the file."""
    problems = error.errors(include_url=False)[:3]
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg'].removeprefix('Value error, ')}"
        for item in problems
    )


def _overlaid(file: MappingFile, overlay: Overlay) -> MappingFile:
    formats = {**file.format.model_dump(exclude_unset=True), **overlay.format.model_dump(exclude_unset=True)}
    return file.model_copy(
        update={
            "format": Formats(**formats),
            "columns": {**file.columns, **overlay.columns},
            "internal": {**file.internal, **overlay.internal},
        }
    )


def _tables(file: MappingFile, path: Path) -> dict[str, dict[str, str]]:
    return {name: _table(lookup, path.parent / lookup.file) for name, lookup in file.lookups.items()}


def _table(lookup: Lookup, path: Path) -> dict[str, str]:
    """A lookup table, its keys without case and blanks at the ends."""
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            sample = stream.readline()
            stream.seek(0)
            reader = csv.DictReader(stream, delimiter=max(",;\t", key=sample.count))
            for column in (lookup.key, lookup.value):
                if column not in (reader.fieldnames or ()):
                    raise SettingsError(f"{path}: no column {column!r}", hint=f"it has {reader.fieldnames}")
            rows = [(row[lookup.key] or "", row[lookup.value] or "") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"can't read lookup table {path}: {error}") from error
    return {key.strip().casefold(): value for key, value in rows}


def schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file."""
    made = MappingFile.model_json_schema(by_alias=True)
    short = made["$defs"]["Column"]
    made["$defs"]["Column"] = {
        "anyOf": [
            {"type": "string", "description": "header of the column"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            short,
        ]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Mapping"}
