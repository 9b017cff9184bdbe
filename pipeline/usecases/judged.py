"""Files → accepted rows: the common beginning of validate, diff and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Tree
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import InputRefused
from pipeline.market.lookups import Category, Lookups
from pipeline.read.catalog import Choice, Limits, Mapped, ReadOptions
from pipeline.read.mapping import Mapping, load_mapping
from pipeline.settings import CatalogSettings, Shop
from pipeline.usecases.connection import Connected, context_of
from pipeline.usecases.lookups import kept_attributes
from pipeline.usecases.widespread import widespread
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context, Format
from pipeline.values.kinds import parse
from schemas.fields import field_named

if TYPE_CHECKING:
    from pipeline.validate.accepted import Accepted
    from pipeline.validate.known import Known
    from pipeline.validate.onlooker import Onlooker

CATEGORY = "PrimaryCategory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a catalog was found to be.

    Attributes:
        refusal: why it can't be used although it could be read, or None.
        lookups: what the shop said; ids: the categories whose attributes it was asked for.
    """

    accepted: Accepted
    context: Context
    lookups: Lookups
    ids: tuple[str, ...]
    refusal: InputRefused | None


def read(ws: Workspace, sources: Sequence[str], folder: Path) -> Mapped:
    """Read files and give their columns the shop's names.

    Raises:
        InputRefused: no table, no header, no SKU column, over a limit.
    """
    from pipeline.read.applying import apply
    from pipeline.read.reading import read_catalog

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
    tell(ws, catalog.choices)
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


def tell(ws: Workspace, choices: Iterable[Choice]) -> None:
    """Say what was taken for granted about the files."""
    for choice in choices:
        ws.progress.say(f"{choice.file}: {choice.what} ({choice.why}; {choice.override})")


def judge(
    ws: Workspace,
    mapped: Mapped,
    folder: Path,
    *,
    shop: Connected | None,
    known: Known | None,
    beside: Callable[[Context], Onlooker] | None = None,
) -> Judged:
    """Parse and judge every row.

    Args:
        shop: to ask for brands, categories and attributes; None = not asked, not checked.
        known: SKUs that the shop lists; None = not known.
        beside: who looks on, given what values mean there.
    """
    # pandas and pandera take half a second to import: who needs no validation doesn't wait for them.
    from pipeline.validate.budget import over_budget
    from pipeline.validate.rules import informed
    from pipeline.validate.validate import validate

    settings = ws.shop.catalog
    lookups, ids = _lookups(ws, shop, mapped) if shop else (Lookups(), ())
    context = informed(context_of(ws.shop), lookups)
    with ws.progress.stage("validate", total=mapped.rows, unit="rows") as stage:
        accepted = validate(
            mapped, settings=settings, shop=ws.shop, ctx=context, lookups=lookups,
            known_skus=known, folder=folder, beside=beside(context) if beside else None,
        )  # fmt: skip
        stage.advance(mapped.rows)
    why = over_budget(accepted, settings)
    refusal = InputRefused(why, hint=hint_of(ws, accepted)) if why else None
    return Judged(accepted=accepted, context=context, refusal=refusal, lookups=lookups, ids=ids)


def hint_of(ws: Workspace, accepted: Accepted) -> str:
    """What to do about a refused catalog: where nearly every row has the same defect, that one first."""
    common = widespread(accepted.findings, accepted.total, ws.shop, ws.shop_name)
    return (
        "\n".join(common[:3]) or "`sellercenter validate` with --report names every defect; correct the file"
    )


def _lookups(ws: Workspace, connected: Connected, mapped: Mapped) -> tuple[Lookups, tuple[str, ...]]:
    """What the shop knows of the brands and categories that a catalog names, and which those are."""
    settings = ws.shop.catalog
    tree = connected.client.category_tree()
    asked = settings.check_attributes and CATEGORY in mapped.fields
    ids = _categories(mapped, tree, ws.shop) if asked else ()
    return ask(ws, connected, tree, brands=asks_brands(ws.shop, mapped.fields), ids=ids), ids


def asks_brands(shop: Shop, fields: Iterable[str]) -> bool:
    """Whether brands are checked."""
    return shop.catalog.check_brands and "Brand" in fields


def ask(
    ws: Workspace, connected: Connected, tree: Tree[str, Category], *, brands: bool, ids: Iterable[str]
) -> Lookups:
    """Ask the shop for its brands, and for the attributes of these categories."""
    file = ws.state / "attributes" / f"{ws.identity(ws.shop)}.json"
    return Lookups(
        brands=connected.client.brands() if brands else frozenset(),
        categories=tree,
        attributes=kept_attributes(connected.client, ids, file, ws.clock.now()),
    )


def _categories(mapped: Mapped, tree: Tree[str, Category], shop: Shop) -> tuple[str, ...]:
    """Ids of the categories that a catalog names, by id, name or path."""
    import pyarrow.compute as pc

    from pipeline.validate.rules import informed

    known, ctx = field_named(CATEGORY, shop.dialect), informed(context_of(shop), Lookups(categories=tree))
    named = {
        text for batch in mapped.batches(views=True) for text in pc.unique(batch.column(CATEGORY)).to_pylist()
    }
    found = (parse(known, text, Format(), ctx)[0] for text in sorted(filter(None, named)))
    return tuple(dict.fromkeys(number for number in found if number and number in tree))
