"""Rows against each other: those that `kept` finds doubtful, read again and judged exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pipeline.validate.kept import BRAND, CATEGORY, PARENT_SKU, likeness
from schemas import keys
from schemas.fields import KEY

#: What is read again of a doubtful row.
COLUMNS = (KEY, PARENT_SKU, BRAND, CATEGORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A doubtful row, read again."""

    row: int
    sku: str
    parent: str
    brand: str
    category: str


def key_frame(rows: Iterable[Row], known: frozenset[str] | None, in_file: frozenset[str]) -> pd.DataFrame:
    """What `schemas.keys` judges, by row: exact this time."""
    doubts = list(rows)
    skus = _counted(row.sku for row in doubts)
    likes = _counted(likeness(row.sku) for row in doubts)
    parents = {row.sku: row.parent for row in doubts}
    standard = _standards(doubts)
    return pd.DataFrame(
        {
            keys.TWINS: [bool(row.sku) and skus[row.sku] > 1 for row in doubts],
            keys.LOOKALIKES: [bool(row.sku) and skus[row.sku] < likes[likeness(row.sku)] for row in doubts],
            keys.PARENT: [_parent_state(row, known, in_file) for row in doubts],
            keys.CYCLE: [_in_cycle(row.sku, parents) for row in doubts],
            keys.BRAND: [_strays(row.brand, standard, row, 0) for row in doubts],
            keys.CATEGORY: [_strays(row.category, standard, row, 1) for row in doubts],
        },
        index=[row.row for row in doubts],
    )


def _counted(texts: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return counts


def _parent_state(row: Row, known: frozenset[str] | None, in_file: frozenset[str]) -> str:
    if not row.parent or row.parent == row.sku or row.parent in in_file:
        return keys.OK
    if known is None:
        return keys.UNASKED
    return keys.OK if row.parent in known else keys.ABSENT


def _in_cycle(sku: str, parents: dict[str, str]) -> bool:
    """Does following parents lead back to the row; a row that is its own parent stands alone."""
    seen: set[str] = set()
    here = parents.get(sku, "")
    if here == sku:
        return False
    while here and here not in seen:
        if here == sku:
            return True
        seen.add(here)
        here = parents.get(here, "")
    return False


def _group(row: Row) -> str:
    return row.parent or row.sku


def _standards(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Brand and category of each group: its parent's, else those of its first variant that has any."""
    found: dict[str, tuple[str, str]] = {}
    for row in sorted(rows, key=lambda row: (row.sku != _group(row), row.row)):
        brand, category = found.get(_group(row), ("", ""))
        found[_group(row)] = (brand or row.brand, category or row.category)
    return found


def _strays(mine: str, standard: dict[str, tuple[str, str]], row: Row, which: int) -> bool:
    """Variants follow their parent, not the other way round."""
    return bool(mine) and row.parent not in ("", row.sku) and standard[_group(row)][which] not in ("", mine)
