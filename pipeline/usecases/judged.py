"""Files → accepted rows: the common beginning of validate, diff and run."""

from __future__ import annotations

from collections.abc import Mapping as Tree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from pipeline.errors import InputRefused
from pipeline.market.lookups import Category, Lookups
from pipeline.read.applying import apply
from pipeline.read.catalog import Catalog, Limits, Mapped, ReadOptions
from pipeline.read.mapping import Mapping, load_mapping
from pipeline.read.reading import read_catalog
from pipeline.settings import CatalogSettings, Shop
from pipeline.usecases.connection import Connected, context_of
from pipeline.usecases.lookups import attributes_of
from pipeline.usecases.workspace import Workspace
from pipeline.validate.accepted import Accepted
from pipeline.validate.budget import over_budget
from pipeline.validate.rules import informed
from pipeline.validate.validate import validate
from pipeline.values.context import Context, Format
from pipeline.values.kinds import parse
from schemas.fields import field_named

CATEGORY = "PrimaryCategory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a catalog was found to be.

    Attributes:
        refusal: why it can't be used although it could be read, or None.
    """

    accepted: Accepted
    context: Context
    refusal: InputRefused | None


def read(ws: Workspace, sources: Sequence[str], folder: Path) -> Mapped:
    """Read files and give their columns the shop's names.

    Raises:
        InputRefused: no table, no header, no SKU column, over a limit.
    """
    shop = ws.shop
    file = None if of_kit(ws, sources) else ws.mapping_file(shop)
    mapping = load_mapping(file, base=ws.base, shop=ws.shop_name)
    with ws.progress.stage("read", unit="rows") as stage:
        catalog = read_catalog(sources, options_of(mapping, shop.catalog), folder=folder)
        mapped = apply(
            catalog, mapping, dialect=shop.dialect, operators=shop.operators, folder=folder,
            clear=shop.catalog.clear,
        )  # fmt: skip
        stage.advance(catalog.rows)
    _tell(ws, catalog)
    return mapped


def of_kit(ws: Workspace, sources: Sequence[str]) -> bool:
    """Whether these are files of a run's rollback kit: they carry the shop's own names, and some products."""
    names = ("rollback.csv", "rollback.xlsx")
    runs = ws.runs.resolve()
    paths = [Path(source) for source in sources]
    return all(path.name in names and path.resolve().parent.parent == runs for path in paths)


def options_of(mapping: Mapping, settings: CatalogSettings) -> ReadOptions:
    """How a file is read: what the mapping decides, within what the settings allow."""
    said = mapping.file.read
    sheets = said.sheet if isinstance(said.sheet, list) else [said.sheet]
    return ReadOptions(
        encoding=said.encoding,
        delimiter=said.delimiter,
        quote=said.quote,
        sheet=None if said.sheet is None else tuple(str(sheet) for sheet in sheets),
        header_row=said.header_row,
        skip_footer=said.skip_footer,
        limits=limits_of(settings),
    )


def limits_of(settings: CatalogSettings) -> Limits:
    """How much of a file the guarded child may read."""
    return Limits(
        memory_mb=settings.parse_memory_mb,
        seconds=settings.parse_seconds,
        max_bytes=settings.parse_max_bytes,
        max_cell=settings.parse_max_cell,
    )


def _tell(ws: Workspace, catalog: Catalog) -> None:
    for choice in catalog.choices:
        ws.progress.say(f"{choice.file}: {choice.what} ({choice.why}; {choice.override})")


def judge(
    ws: Workspace,
    mapped: Mapped,
    folder: Path,
    *,
    shop: Connected | None,
    known: frozenset[str] | None,
) -> Judged:
    """Parse and judge every row.

    Args:
        shop: to ask for brands, categories and attributes; None = not asked, not checked.
        known: SKUs that the shop lists; None = not known.
    """
    settings = ws.shop.catalog
    lookups = _lookups(ws.shop, shop, mapped) if shop else Lookups()
    with ws.progress.stage("validate", total=mapped.rows, unit="rows") as stage:
        accepted = validate(
            mapped, settings=settings, shop=ws.shop, ctx=context_of(ws.shop), lookups=lookups,
            known_skus=known, folder=folder,
        )  # fmt: skip
        stage.advance(mapped.rows)
    why = over_budget(accepted, settings)
    refusal = InputRefused(why, hint="the report names every defect; correct the file") if why else None
    return Judged(accepted=accepted, context=informed(context_of(ws.shop), lookups), refusal=refusal)


def _lookups(shop: Shop, connected: Connected, mapped: Mapped) -> Lookups:
    """What the shop knows of the brands and categories that a catalog names."""
    settings, client = shop.catalog, connected.client
    tree = client.category_tree()
    ids = _categories(mapped, tree, shop) if settings.check_attributes and CATEGORY in mapped.fields else ()
    brands = settings.check_brands and "Brand" in mapped.fields
    return Lookups(
        brands=client.brands() if brands else frozenset(),
        categories=tree,
        attributes=attributes_of(client, ids),
    )


def _categories(mapped: Mapped, tree: Tree[str, Category], shop: Shop) -> tuple[str, ...]:
    """Ids of the categories that a catalog names, by id, name or path."""
    known, ctx = field_named(CATEGORY, shop.dialect), informed(context_of(shop), Lookups(categories=tree))
    named = {text for batch in mapped.batches() for text in pc.unique(batch.column(CATEGORY)).to_pylist()}
    found = (parse(known, text, Format(), ctx)[0] for text in sorted(filter(None, named)))
    return tuple(dict.fromkeys(number for number in found if number and number in tree))
