"""What the shop holds, as validation asks for it: a hash a SKU in memory, the SKUs themselves elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import polars as pl

from pipeline.validate.kept import Words

#: Columns of SKUs, read anew whenever it's called.
Skus = Callable[[], Iterable[pl.Series]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """SKUs that are listed.

    Attributes:
        skus: all of them, each once; hashes: theirs, sorted. Equal hashes are only a suspicion.
    """

    skus: Skus
    hashes: Words

    def among(self, some: Collection[str]) -> frozenset[str]:
        """Those of some SKUs that are listed, to the letter."""
        if not some:
            return frozenset()
        wanted = pl.Series(list(some), dtype=pl.String).implode()
        found = (column.filter(column.is_in(wanted)).to_list() for column in self.skus())
        return frozenset(sku for skus in found for sku in skus)
