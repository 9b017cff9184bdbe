"""Falabella takes an update only with a business unit in it (reference 4.4): which one rides along. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from schemas.fields import Dialect

UNIT = "BusinessUnits."
#: Products → SKU → what the shop held of their business units when the run was planned.
Units = Callable[[Collection[str]], Mapping[str, Mapping[str, str]]]


def bare(fields: Mapping[str, str], dialect: Dialect) -> bool:
    """Whether an update of these fields lacks a business unit with a value: the shop refuses it."""
    units = (value for name, value in fields.items() if name.startswith(UNIT))
    return dialect is Dialect.FALABELLA and bool(fields) and not any(units)


def unit_columns(names: Collection[str]) -> list[str]:
    """The columns of a snapshot that `along` chooses from."""
    tags = ("Status", "Price")
    return [name for name in names if name.startswith(UNIT) and name.rpartition(".")[2] in tags]


def along(fields: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    """One value as the shop held it, so that nothing else changes: a status rather than a price.

    Of the unit that the fields empty something of, else of one that has a price.
    """
    touched = {name.rpartition(".")[0] for name in fields if name.startswith(UNIT)}

    def rank(name: str) -> tuple[bool, bool, bool, str]:
        unit, _, tag = name.rpartition(".")
        return unit not in touched, not held.get(f"{unit}.Price"), tag != "Status", name

    found = min((name for name in unit_columns(list(held)) if held[name]), key=rank, default=None)
    return {found: held[found]} if found else {}
