"""What a comparison goes by: the part of a shop's settings that decides, and the fields it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pipeline.values.context import Context
from schemas.fields import UNIT_TAGS, Dialect, Field, UnknownField, field_named
from schemas.rules import Severity

if TYPE_CHECKING:
    from pipeline.settings import (  # who only decides needs no settings, which take a while to load
        Policy,
        Shop,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How this shop wants to be compared.

    Attributes:
        ctx: what values mean there.
        partial: the file is meant to hold only some products: nothing follows from absence.
        empty_clears_sale: the shop ends a promotion when it gets an empty sale price.
        severity: the settings' severities by rule, for what contradicts the shop.
        undoing: the values are journaled before-values of named runs: a rollback or restore.
    """

    dialect: Dialect
    operators: tuple[str, ...] = ()
    ctx: Context = field(default_factory=Context)
    mode: Literal["upsert", "update-only", "create-only"] = "upsert"
    absent: Literal["ignore", "deactivate", "remove"] = "ignore"
    partial: bool = False
    drift: Policy = "file-wins"
    drift_by_field: Mapping[str, Policy] = field(default_factory=dict)
    empty_clears_sale: bool = True
    severity: Mapping[str, Severity] = field(default_factory=dict)
    undoing: bool = False

    def policy(self, of: Field) -> Policy:
        """What to do about a field that someone edited in the shop; by its full name, then by plain ones."""
        plain = (name for name, tag in UNIT_TAGS.items() if of.operator and tag == of.tag)
        named = (self.drift_by_field.get(name) for name in (of.name, *plain))
        return next((policy for policy in named if policy), self.drift)

    def field(self, name: str) -> Field | None:
        """The field of a name, None where this dialect has none (read-only extras)."""
        return known_field(name, self.dialect)


@lru_cache(maxsize=4096)
def known_field(name: str, dialect: Dialect) -> Field | None:
    """As `field_named`, None for a name that stands for nothing; asked for every change of a plan."""
    try:
        return field_named(name, dialect)
    except UnknownField:
        return None


def rules_of(shop: Shop, ctx: Context, *, partial: bool, undoing: bool = False) -> Rules:
    """A shop's rules."""
    catalog = shop.catalog
    return Rules(
        dialect=shop.dialect,
        operators=shop.operators,
        ctx=ctx,
        mode=catalog.mode,
        absent=catalog.absent,
        partial=partial,
        drift=catalog.drift,
        drift_by_field=catalog.drift_by_field,
        empty_clears_sale=shop.limits.empty_clears_sale,
        severity=catalog.severity,
        undoing=undoing,
    )
