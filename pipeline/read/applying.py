"""A catalog under a mapping: its rows in canonical names, batch by batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.ahead import beforehand
from pipeline.errors import InputRefused, SettingsError
from pipeline.read.arithmetic import FAILED
from pipeline.read.binding import VIRTUAL, Binding, Bound, bind, bound_node
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, column_letters, together
from pipeline.read.evaluate import Scope, compiled
from pipeline.read.expression import BadExpression, Node, Type, columns_of, parse, type_of
from pipeline.read.finding import Finding, Severity
from pipeline.read.folding import GROUP, Family, Groups, is_blank
from pipeline.read.mapping import Mapping
from pipeline.read.numbers import with_commas
from pipeline.read.table import NUMBERS
from pipeline.values.context import Format
from schemas.fields import CLEAR, KEY, Dialect

ARROW = "mapped.arrow"
#: Recipe of the digest: changes when the same mapping would make other values.
_RECIPE = "mapping/1"
_LISTED = 10_000
#: Rows that are worked out together.
_ROWS = 32_768


def apply(
    catalog: Catalog,
    mapping: Mapping,
    *,
    dialect: Dialect,
    operators: Sequence[str] = (),
    folder: Path,
    clear: str = CLEAR,
) -> Mapped:
    """The catalog in canonical names; what isn't a column of it comes to stand in `folder`/mapped.arrow.

    Args:
        clear: what a cell says to ask for clearing, as the settings have it.

    Raises:
        InputRefused: a column that the mapping names is missing, or none feeds SellerSku.
        SettingsError: the mapping names a field, table or function that doesn't exist.
    """
    binding = bind(catalog, mapping, dialect, operators)
    work = _Work(catalog, mapping, binding, clear)
    path = work.write(folder / ARROW)
    formats = {name: _format(bound) for bound in binding.fields for name in bound.names}
    findings = sorted(
        [*_still_errors(catalog, binding), *binding.findings, *work.findings],
        key=lambda item: (_place(catalog, item), item.row),
    )
    return Mapped(
        path=path,
        fields=tuple(name for bound in binding.fields for name in bound.names),
        internal=tuple(name for bound in binding.internal for name in bound.names),
        sources={name: bound.source for bound in binding.all for name in bound.names},
        formats=formats,
        borrowed=work.borrowed,
        rows=work.rows,
        skipped=dict(work.skipped),
        catalog=catalog,
        findings=tuple(findings),
        digest=_digest(catalog, mapping),
        ties=_ties(mapping, binding),
    )


def _ties(mapping: Mapping, binding: Binding) -> dict[str, tuple[str, ...]]:
    """Which source columns tie rows of one product together, by role."""
    variants = mapping.file.variants
    named: dict[str, tuple[str | None, ...]] = {"group": (variants.group,)}
    if (parent := variants.parent) is not None:
        named |= {role: (getattr(parent, role),) for role in ("reference", "ids", "children", "child_key")}
        named["keys"] = tuple(parent.keys)
    found = {
        role: tuple(header for name in names if name and (header := binding.headers.find(name)))
        for role, names in named.items()
    }
    return {role: headers for role, headers in found.items() if headers}


def _digest(catalog: Catalog, mapping: Mapping) -> str:
    made = hashlib.sha256(f"{_RECIPE}\n{catalog.digest}\n{mapping.digest}".encode())
    return f"sha256:{made.hexdigest()}"


def _place(catalog: Catalog, finding: Finding) -> int:
    """Which part a finding belongs to, for the order."""
    places = [
        index
        for index, part in enumerate(catalog.parts)
        if (part.file, part.sheet) == (finding.file, finding.sheet)
    ]
    return places[0] if places else -1


def _still_errors(catalog: Catalog, binding: Binding) -> Iterator[Finding]:
    """What reading found; an error in a cell that feeds no field is a warning."""
    for finding in catalog.findings:
        idle = finding.column and finding.column not in binding.headers.used
        if finding.severity is Severity.ERROR and idle:
            yield replace(finding, severity=Severity.WARNING)
        else:
            yield finding


def _format(bound: Bound) -> Format:
    """How a field's text is to be read; what arithmetic made is plain."""
    if type_of(bound.node) == "number":
        return Format(decimal=".", blank=bound.format.blank)
    return bound.format


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """One output column: how it is made, and what its blanks become."""

    bound: Bound
    made: pl.Expr
    raw: bool


class _Work:
    """One application: reads the catalog (more than once where there are parents), writes the result.

    Attributes:
        borrowed: column of the result → the catalog's column that it is.
    """

    def __init__(self, catalog: Catalog, mapping: Mapping, binding: Binding, clear: str) -> None:
        self._catalog = catalog
        self._mapping = mapping
        self._binding = binding
        self._clear = clear
        self.rows = 0
        self.borrowed: dict[str, str] = {}
        self.skipped: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self._failed: Counter[str] = Counter()
        self._numbers = NUMBERS in _schema(catalog).names
        self._commas: set[str] = set()
        self._skips = [(self._condition(skip.when, "skip"), skip.reason) for skip in mapping.file.skip]
        self._groups = self._made_groups()
        self._family: Family | None = None
        self._outputs = [self._output(bound) for bound in binding.all]

    # -- what is asked ---------------------------------------------------------------------------

    def _moves_commas(self, bound: Bound) -> bool:
        return self._numbers and bound.format.decimal == ","

    def _scope(self, fmt: Format) -> Scope:
        commas = self._numbers and fmt.decimal == ","
        names = {header: f"{header}\0," if commas else header for header in self._catalog.headers}
        return Scope(
            columns={**names, **{name: name for name in VIRTUAL}}, format=fmt, lookups=self._mapping.lookups
        )

    def _condition(self, text: str, what: str) -> pl.Expr | None:
        lenient = self._mapping.file.missing == "ignore"
        node, lacking = bound_node(parse(text), self._binding.headers, lenient=lenient)
        if node is None and not lenient:
            name = self._binding.headers.name
            raise InputRefused(
                f"{name} has no column {lacking[0]!r}, which {what} names", code="missing-column"
            )
        if node is None:
            return None
        return self._compiled(
            node,
            Format(
                **self._mapping.file.format.model_dump(include={"decimal", "thousands"}, exclude_none=True)
            ),
            what,
            "truth",
        )

    def _compiled(self, node: Node, fmt: Format, what: str, kind: Type | None = None) -> pl.Expr:
        if (type_of(node) == "truth") != (kind == "truth"):
            wanted = "a condition" if kind == "truth" else "a value, no condition"
            raise SettingsError(f"{self._mapping.path}: {what} must be {wanted}")
        if self._numbers and fmt.decimal == ",":
            self._commas |= {name for name in columns_of(node) if name not in VIRTUAL}
        try:
            return compiled(node, self._scope(fmt))
        except BadExpression as error:
            raise SettingsError(f"{self._mapping.path}: {what}: {error}") from None

    # -- one output column -----------------------------------------------------------------------

    def _output(self, bound: Bound) -> _Output:
        made = self._compiled(bound.node, bound.format, bound.names[0])
        spec = bound.spec
        if spec.values is not None:
            made = _renamed(made, spec.values, spec.otherwise)
        if spec.default is not None:
            made = (
                pl.when(made.is_null() | (made.str.strip_chars() == ""))
                .then(pl.lit(spec.default))
                .otherwise(made)
            )
        if self._clear != CLEAR:
            made = pl.when(made.str.strip_chars() == self._clear).then(pl.lit(CLEAR)).otherwise(made)
        if bound.format.blank != "keep":
            # Text of blanks only means the same as no text, and values knows what to do with "".
            said = pl.lit(CLEAR if bound.format.blank == "clear" else "")
            empty = made.is_null() | (made.str.strip_chars() == "")
            made = pl.when(empty & self._has_columns(bound)).then(said).otherwise(made)
        raw = (
            bool(bound.plain)
            and spec.default is None
            and bound.format.blank == "keep"
            and self._clear == CLEAR
        )
        return _Output(bound=bound, made=made, raw=raw)

    def _has_columns(self, bound: Bound) -> pl.Expr:
        """Rows of tables that have the columns at all: what a table doesn't speak of, it doesn't clear."""
        wanted = [name for name in columns_of(bound.node) if name not in VIRTUAL]
        parts = [
            index
            for index, part in enumerate(self._catalog.parts)
            if all(name in part.columns for name in wanted)
        ]
        return pl.lit(True) if len(parts) == len(self._catalog.parts) else pl.col(PART).is_in(parts)

    # -- the rows --------------------------------------------------------------------------------

    def write(self, path: Path) -> Path:
        """Write what the catalog doesn't hold already; where that is nothing, the result is its own file."""
        self._prepare()
        if self._stateful:
            head = [pa.field(ROW, pa.int64()), pa.field(PART, pa.int32()), pa.field(LINE, pa.int64())]
            return self._written(path, head, range(len(self._outputs)), self._products())
        # Rows stay as they are: columns that at most change their name are borrowed.
        self.rows = self._catalog.rows
        plain = {at: output for at, output in enumerate(self._outputs) if self._is_column(output)}
        self.borrowed = {name: name for name in (ROW, PART, LINE)}
        self.borrowed |= {name: of.bound.plain for of in plain.values() for name in of.bound.names}
        computed = [at for at in range(len(self._outputs)) if at not in plain]
        if not computed:
            return self._catalog.path
        return self._written(path, [], computed, self._values(computed))

    def _written(
        self, path: Path, head: Sequence[pa.Field], wanted: Sequence[int], results: Iterator[list[pa.Array]]
    ) -> Path:
        """An Arrow file of some outputs."""
        names = [name for at in wanted for name in self._outputs[at].bound.names]
        schema = pa.schema([*head, *(pa.field(name, pa.string()) for name in names)])
        with pa.ipc.new_file(str(path), schema) as writer:
            for columns in beforehand(results):
                writer.write_batch(pa.record_batch(columns, schema=schema))
        return path

    def _products(self) -> Iterator[list[pa.Array]]:
        """ROW, PART, LINE and all outputs of the products of each batch."""
        everything = range(len(self._outputs))
        for frame in self._kept():
            made = self._made(frame, everything)
            rows = pa.array(np.arange(self.rows, self.rows + made.height))
            self.rows += made.height
            part = pa.array(made[PART].to_arrow(), pa.int32())
            yield [rows, part, made[LINE].to_arrow(), *self._columns(made, everything)]

    def _values(self, computed: Sequence[int]) -> Iterator[list[pa.Array]]:
        """Some outputs of each batch, row by row; several batches are worked out together."""
        wanted = sorted({*computed, self._key})
        used = {name for at in wanted for name in columns_of(self._outputs[at].bound.node)}
        for batches in together(self._catalog.batches(views=True), _ROWS):
            frame = pl.concat([self._frame(batch, used) for batch in batches], rechunk=True)
            made = self._made(_with_virtual(frame), wanted)
            columns, start = list(self._columns(made, computed)), 0
            for batch in batches:
                yield [column.slice(start, batch.num_rows) for column in columns]
                start += batch.num_rows

    def _is_column(self, output: _Output) -> bool:
        return output.raw and not self._moves_commas(output.bound)

    @property
    def _key(self) -> int:
        """Which output is the SKU."""
        return next(at for at, output in enumerate(self._outputs) if KEY in output.bound.names)

    @property
    def _stateful(self) -> bool:
        return bool(self._groups or self._family or self._skips)

    def _made(self, frame: pl.DataFrame, wanted: Sequence[int]) -> pl.DataFrame:
        """PART, LINE, and the outputs of these numbers as "o<number>"; what failed is told."""
        outputs = [self._outputs[at].made.alias(f"o{at}") for at in wanted]
        made = frame.select(pl.col(PART), pl.col(LINE), *outputs)
        if made.height != frame.height:  # all outputs constant
            made = frame.select(pl.col(PART), pl.col(LINE)).with_columns(made.drop(PART, LINE))
        return self._without_failures(made)

    def _columns(self, made: pl.DataFrame, wanted: Sequence[int]) -> Iterator[pa.Array]:
        """One column a name of some outputs."""
        for at in wanted:
            column = made[f"o{at}"].to_arrow().cast(pa.string())
            yield from [column] * len(self._outputs[at].bound.names)

    def _frames(self) -> Iterator[pl.DataFrame]:
        for batch in self._catalog.batches(views=True):
            yield self._frame(batch, self._binding.headers.used)

    def _frame(self, batch: pa.RecordBatch, used: Collection[str]) -> pl.DataFrame:
        """The columns that are used, as a Polars frame, number cells written as the mapping expects."""
        wanted = {*used, ROW, PART, LINE}
        names = [name for name in batch.schema.names if name in wanted]
        frame = pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in names})
        if not self._commas:
            return frame
        places = {name: batch.schema.names.index(name) - 3 for name in sorted(self._commas) if name in names}
        marks = batch.column(NUMBERS)
        return frame.with_columns(with_commas(frame[name], marks, at) for name, at in places.items())

    def _kept(self) -> Iterator[pl.DataFrame]:
        """Frames of products: folded, and without the rows that hold none."""
        for frame in self._folded():
            frame = _with_virtual(frame)
            if self._family is not None:
                frame = self._family.apply(frame)
            elif GROUP in frame.columns:
                frame = self._with_first_sku(frame)
            yield self._without_skipped(frame)

    def _folded(self) -> Iterator[pl.DataFrame]:
        if self._groups is None:
            yield from self._frames()
            return
        for frame in self._frames():
            yield self._groups.take(frame)
        last = self._groups.rest()
        if last is not None:
            yield last

    def _with_first_sku(self, frame: pl.DataFrame) -> pl.DataFrame:
        """ "@parent" of a group: the SKU of its first row that is a product."""
        sku = next(output.made for output in self._outputs if KEY in output.bound.names)
        frame = frame.with_columns(pl.lit(None, pl.String).alias("@parent"))
        named = frame.with_columns(sku.alias("__sku"), self._skip_mask().alias("__skip"))
        first = pl.col("__sku").filter(~pl.col("__skip") & ~is_blank("__sku")).first().over(GROUP)
        return named.with_columns(first.alias("@parent")).drop("__sku", "__skip")

    def _skip_mask(self) -> pl.Expr:
        conditions = [when.fill_null(False) for when, _ in self._skips if when is not None]
        return pl.any_horizontal(conditions) if conditions else pl.lit(False)

    def _without_skipped(self, frame: pl.DataFrame) -> pl.DataFrame:
        for when, reason in self._skips:
            if when is None:
                continue
            mask = frame.select(when.fill_null(False).alias("m"))["m"]
            count = int(mask.sum())
            if count:
                self.skipped[reason] += count
                frame = frame.filter(~mask)
        return frame

    # -- state -----------------------------------------------------------------------------------

    def _header(self, wanted: str) -> str | None:
        return self._binding.headers.find(wanted)

    def _made_groups(self) -> Groups | None:
        variants = self._mapping.file.variants
        key = self._header(variants.group) if variants.group else None
        if key is None:
            return None
        found = [self._header(name) for name in variants.fill_down]
        images = [self._header(name) for name in variants.images]
        return Groups(
            key=key,
            fill=tuple(name for name in found if name),
            images=tuple(name for name in images if name),
        )

    def _prepare(self) -> None:
        """Learn who the parents are, and whose first child comes first."""
        spec = self._mapping.file.variants.parent
        when = bound_node(parse(spec.when), self._binding.headers)[0] if spec else None
        if spec is None or when is None:
            return
        found = {
            "keys": [name for key in spec.keys if (name := self._header(key))],
            "inherit": [name for key in spec.inherit if (name := self._header(key))],
        }
        for key in ("ids", "reference", "children", "child_key"):
            wanted = getattr(spec, key)
            found[key] = self._header(wanted) if wanted else None  # type: ignore[assignment]
        family = Family(spec.model_copy(update=found))
        if not family.link:
            return
        for frame in self._frames():
            family.learn(frame, when, self._scope(Format()))
        for frame in self._frames():
            family.meet(frame)
        self._family = family

    # -- what went wrong -------------------------------------------------------------------------

    def _without_failures(self, made: pl.DataFrame) -> pl.DataFrame:
        """The columns with the raw text where a value could not be had, and a finding for each."""
        for index, output in enumerate(self._outputs):
            name = f"o{index}"
            if output.bound.plain or name not in made.columns:
                continue
            failed = made[name].str.contains(FAILED, literal=True).fill_null(False)
            if failed.any():
                self._report(made.filter(failed), name, output.bound)
                made = made.with_columns(pl.col(name).str.replace_all(FAILED, "", literal=True))
        return made

    def _report(self, rows: pl.DataFrame, name: str, bound: Bound) -> None:
        sku = f"o{self._key}"
        columns = bound.source.columns
        for row in rows.iter_rows(named=True):
            self._failed[bound.names[0]] += 1
            if self._failed[bound.names[0]] > _LISTED:
                return
            part = self._catalog.parts[row[PART]]
            header = next((column for column in columns if column in part.columns), "")
            letters = column_letters(part.columns[header]) if header else ""
            self.findings.append(
                Finding(
                    code="expression-failed",
                    severity=Severity.ERROR,
                    message=f"{bound.names[0]} can't be made of this: {bound.source.expression}",
                    hint="correct the cell, or the expression in the mapping",
                    file=part.file,
                    sheet=part.sheet,
                    row=row[LINE],
                    column=header or bound.names[0],
                    cell=f"{letters}{row[LINE]}" if letters else "",
                    value=row[name].replace(FAILED, "")[:500],
                    sku=(row[sku] or "")[:200],
                )
            )


def _with_virtual(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column that a mapping may name beside the file's own."""
    idle = [name for name in VIRTUAL if name not in frame.columns]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in idle)


def _schema(catalog: Catalog) -> pa.Schema:
    with pa.OSFile(str(catalog.path)) as source:
        return pa.ipc.open_file(source).schema


def _renamed(made: pl.Expr, values: dict[str, str], otherwise: str | None) -> pl.Expr:
    """Texts as the mapping renames them, compared without case; "" is blank."""
    table = {key.strip().casefold(): value for key, value in values.items()}

    def over(series: pl.Series) -> pl.Series:
        distinct = series.unique().drop_nulls()
        new = [
            table.get(text.strip().casefold(), text if otherwise is None else otherwise) or None
            for text in distinct
        ]
        return series.replace_strict(
            distinct, pl.Series(new, dtype=pl.String), default=None, return_dtype=pl.String
        )

    return made.map_batches(over, return_dtype=pl.String, is_elementwise=True)
