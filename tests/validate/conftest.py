"""Mapped catalogs made by hand, and validation with everything but the rows at its default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from pipeline.market.lookups import Attribute, Category, Lookups
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part, Source
from pipeline.read.finding import Finding
from pipeline.settings import CatalogSettings, Shop
from pipeline.validate.accepted import Accepted
from pipeline.validate.kept import hashes
from pipeline.validate.known import Known
from pipeline.validate.validate import validate
from pipeline.values.context import Context, Format
from schemas.fields import Dialect

Rows = Sequence[Mapping[str, str | None]]


@pytest.fixture
def shop() -> Shop:
    return Shop(url="https://shop.example.com/", user_id="u", api_key="env:KEY", currency="USD")


@pytest.fixture
def falabella() -> Shop:
    return Shop(
        url="https://shop.example.com/", user_id="u", api_key="env:KEY", currency="CLP",
        dialect=Dialect.FALABELLA, operators=("facl", "fape"), currency_by_operator={"fape": "PEN"},
    )  # fmt: skip


def attribute(name: str, **more: Any) -> Attribute:
    known: dict[str, Any] = {
        "feed_name": name, "label": name, "mandatory": False, "system": False, "multiple": False,
        "options": (), "max_length": None,
    }  # fmt: skip
    return Attribute(**{**known, **more})


@pytest.fixture
def lookups() -> Lookups:
    tree = {"1": ("Home", False, ()), "10": ("Cups", True, ("Home",)), "20": ("Plates", True, ("Home",))}
    return Lookups(
        brands=frozenset({"Acme", "Stone & Co"}),
        categories={
            one: Category(id=one, name=n, leaf=leaf, path=(*up, n)) for one, (n, leaf, up) in tree.items()
        },
        attributes={
            "10": (
                attribute("Color", options=("Red", "Deep Blue"), mandatory=True),
                attribute("Volume", max_length=5),
            ),
            "20": (
                attribute("Color", options=("White",)),
                attribute("Uses", options=("Oven", "Table"), multiple=True),
            ),
        },
    )


@pytest.fixture
def write_arrow(tmp_path: Path) -> Callable[..., Path]:
    """Rows → an Arrow IPC file with positions, in batches of a few."""

    def write(
        name: str, columns: Sequence[str], rows: Rows, places: Sequence[tuple[int, int]], size: int
    ) -> Path:
        path = tmp_path / name
        arrays = {
            ROW: pa.array(range(len(rows)), pa.int64()),
            PART: pa.array([part for part, _ in places], pa.int32()),
            LINE: pa.array([line for _, line in places], pa.int64()),
            **{column: pa.array([row.get(column) for row in rows], pa.large_string()) for column in columns},
        }
        table = pa.table(arrays)
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=size)
        return path

    return write


@pytest.fixture
def make_mapped(write_arrow: Callable[..., Path]) -> Callable[..., Mapped]:
    """Rows as a CSV with canonical headers would give them, line 2 on."""

    def make(
        rows: Rows,
        *,
        columns: Sequence[str] | None = None,
        formats: Mapping[str, Format] | None = None,
        internal: Sequence[str] = (),
        findings: Iterable[Finding] = (),
        file: str = "catalog.csv",
        size: int = 3,
    ) -> Mapped:
        names = list(columns or dict.fromkeys(name for row in rows for name in row))
        places = [(0, number) for number in range(2, len(rows) + 2)]
        part = Part(
            file=file,
            sheet="",
            columns={name: i for i, name in enumerate(names)},
            header_row=1,
            rows=len(rows),
        )
        path = write_arrow("mapped.arrow", [*names, *internal], rows, places, size)
        source = write_arrow("source.arrow", names, rows, places, size)
        catalog = Catalog(path=source, headers=tuple(names), parts=(part,), rows=len(rows), digest="sha256:0")
        return Mapped(
            path=path, fields=tuple(names), internal=tuple(internal), formats=formats or {}, rows=len(rows),
            sources={name: Source(columns=(name,)) for name in names}, skipped={}, catalog=catalog,
            findings=tuple(findings), digest="sha256:1",
        )  # fmt: skip

    return make


def listed(skus: Iterable[str]) -> Known:
    """What the shop holds, in two columns, so that an edge is crossed."""
    return known_of([pl.Series(part, dtype=pl.String) for part in (list(skus)[:1], list(skus)[1:])])


def known_of(columns: Sequence[pl.Series]) -> Known:
    """What stands in these columns."""
    found = [np.zeros(0, dtype=np.uint64), *map(hashes, columns)]
    return Known(skus=lambda: columns, hashes=np.sort(np.concatenate(found)))


@pytest.fixture
def run(make_mapped: Callable[..., Mapped], shop: Shop, tmp_path: Path) -> Callable[..., Accepted]:
    """Validate rows: `run([{...}], known={"A"}, settings={...}, lookups=…, shop=…)`."""

    def validated(
        rows: Rows | Mapped,
        *,
        known: Iterable[str] | None = None,
        settings: Mapping[str, Any] | None = None,
        lookups: Lookups | None = None,
        ctx: Context | None = None,
        shop: Shop = shop,
        **more: Any,
    ) -> Accepted:
        return validate(
            rows if isinstance(rows, Mapped) else make_mapped(rows, **more),
            settings=CatalogSettings.model_validate(settings or {}),
            shop=shop,
            ctx=ctx or Context(currencies={"": "USD"}),
            lookups=lookups or Lookups(),
            known_skus=None if known is None else listed(known),
            folder=tmp_path / "out",
        )

    return validated


@pytest.fixture
def rows_of() -> Callable[[Accepted], list[dict[str, Any]]]:
    """Accepted rows as dicts, positions left out."""

    def rows(accepted: Accepted) -> list[dict[str, Any]]:
        found = [row for batch in accepted.batches() for row in batch.to_pylist()]
        return [{name: value for name, value in row.items() if not name.startswith("__")} for row in found]

    return rows


@pytest.fixture
def told() -> Callable[[Accepted], list[tuple[str, str]]]:
    """Findings as (code, cell)."""
    return lambda accepted: [(finding.code, finding.cell) for finding in accepted.findings]
