"""Which rows of a snapshot stand, read as though they stood in the file; kept beside it."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipeline.ahead import ahead
from pipeline.diff.beside import Column, place
from pipeline.diff.rows import Flags, Rows
from pipeline.diff.tables import shop_batches
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.standing import Standing

#: How rows are read for it; what they are asked then, `Standing.recipe` names.
_RECIPE = "stands/1"


class ShopStanding:
    """Of each row of the shop, whether it stands (`validate.standing`).

    Args:
        rows: how many there are; standing: of fields that the shop shows.

    Attributes:
        names: of the fields.

    Raises:
        StateError: it can't be kept.
    """

    def __init__(self, snapshot: Snapshot, rows: int, standing: Standing) -> None:
        self.names = standing.names
        self._flags = Column(place(snapshot, ".stands", _RECIPE, standing.recipe), rows, np.bool_)
        if self._flags.missing:
            self._flags.make(_made(snapshot, standing))

    def of(self, rows: Rows) -> Flags:
        """Of some rows of the shop."""
        return self._flags.of(rows)


def _made(snapshot: Snapshot, standing: Standing) -> Flags:
    def look(frame: pl.DataFrame) -> Flags:
        flags: Flags = standing.rows(frame).to_numpy()
        return flags

    found = ahead(look, shop_batches(snapshot.path, standing.names))
    return np.concatenate([np.zeros(0, dtype=np.bool_), *found])
