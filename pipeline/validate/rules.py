"""What the shop's lists and the settings mean for validation: their rules, and how they spell things."""

from __future__ import annotations

from dataclasses import replace

from pipeline.market.lookups import Attribute, Lookups
from pipeline.settings import CatalogSettings
from pipeline.values.context import Context, spellings
from schemas import product


def rules_of(settings: CatalogSettings, lookups: Lookups, *, new_known: bool) -> product.Shop:
    """The shop's side of the rules, as far as the settings want them checked."""
    tree = lookups.categories if settings.check_categories else {}
    return product.Shop(
        brands=lookups.brands if settings.check_brands else frozenset(),
        categories={one: category.leaf for one, category in tree.items()},
        category_names={one: category.name for one, category in tree.items()},
        attributes=lookups.attributes if settings.check_attributes else {},
        sku_pattern=settings.sku_pattern,
        sku_longest=settings.sku_max,
        new_known=new_known,
        severity=settings.severity,
    )


def informed(ctx: Context, lookups: Lookups) -> Context:
    """A context that also knows the shop's category paths and its spelling of brands and options."""
    paths = {one: category.path for one, category in lookups.categories.items()}
    names = {one: category.name for one, category in lookups.categories.items()}
    return replace(
        ctx,
        category_names=ctx.category_names or names,
        category_paths=ctx.category_paths or paths,
        options={**_options(lookups), **ctx.options},
    )


def _options(lookups: Lookups) -> dict[str, dict[str, str]]:
    by_tag: dict[str, set[str]] = {}
    for attributes in lookups.attributes.values():
        for attribute in attributes:
            by_tag.setdefault(attribute.feed_name, set()).update(_free_of_commas(attribute))
    known = {tag: spellings(sorted(options)) for tag, options in by_tag.items() if options}
    return {**known, "Brand": spellings(sorted(lookups.brands))} if lookups.brands else known


def _free_of_commas(attribute: Attribute) -> tuple[str, ...]:
    """All options; of several in one cell, only those that a comma can't split."""
    return tuple(one for one in attribute.options if not (attribute.multiple and "," in one))
