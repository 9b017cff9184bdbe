"""Who looks on while a catalog is validated: takes what it needs of the values while they are at hand, and
tells what it knows of them already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.validate.standing import Standing
from pipeline.values.columns import Few


class Sight(Protocol):
    """What an onlooker makes of some rows, accepted or not."""

    def listed(self) -> npt.NDArray[np.bool_] | None:
        """Which of the rows the shop holds; None = it can't be told."""

    def standing(self, cells: pl.DataFrame, few: Mapping[str, Few]) -> npt.NDArray[np.bool_] | None:
        """Rows whose texts are known to stand (`standing.Standing`); None = of too few to be worth it.

        Args:
            cells: texts of the fields that it speaks of (`Onlooker.begin`), values of the other short ones.
            few: columns of few of those values.
        """

    def calm(self, texts: pl.Series) -> pl.Series | None:
        """Which texts of a column of descriptions are known to be values as they stand and to break no
        rule (`calm.stands`); None = nothing is known of any.

        Where it says so, the text is taken for the value.
        """

    def look(self, values: pl.DataFrame, few: Mapping[str, Few]) -> Any:
        """What is to be kept of the rows.

        Args:
            few: columns of few values.
        """


class Onlooker(Protocol):
    """Takes what it needs of the values while they are at hand, so that nobody reads them again for it."""

    def begin(self, standing: Standing) -> Collection[str]:
        """Before all rows: learns how they are judged, and says of which fields it will know what stands."""

    def glance(self, skus: pl.Series) -> Sight:
        """Look at some rows: changes nothing, so several run at once."""

    def keep(self, found: Any) -> None:
        """What was seen of the rows that come next."""

    def done(self) -> None:
        """All rows were shown."""
