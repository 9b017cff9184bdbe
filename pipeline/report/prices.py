"""What happens to prices, gathered in one pass: how many move, how far, which move most."""

from __future__ import annotations

import heapq
import statistics
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import count

#: Upper bounds of the bands of the distribution, in percent; the last band is open.
BANDS = (-50.0, -30.0, -15.0, -5.0, 0.0, 5.0, 15.0, 30.0, 50.0)
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMove:
    """One price that moves: both values as text, and by how many percent."""

    sku: str
    name: str
    field: str
    before: str
    after: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """All price changes of a plan.

    Attributes:
        changed: how many prices have a value before and after.
        up, down: how many of them rise or fall.
        median: percent, over all of them; 0.0 if there are none.
        bands: how many fall in each band; one more than BANDS.
        movers: the farthest, farthest first.
    """

    changed: int = 0
    up: int = 0
    down: int = 0
    median: float = 0.0
    bands: tuple[int, ...] = (0,) * (len(BANDS) + 1)
    movers: tuple[PriceMove, ...] = ()


def percent_moved(before: str | None, after: str) -> float | None:
    """By how many percent a price moves; None where either isn't a positive number."""
    try:
        old, new = Decimal(before or ""), Decimal(after)
    except InvalidOperation:
        return None
    if not (old.is_finite() and new.is_finite()) or old <= 0 or new < 0:
        return None
    return float((new - old) / old * 100)


@dataclass(slots=True)
class PriceCollector:
    """Takes one price after the other; holds a number each, and the farthest movers."""

    _moved: array[float] = field(default_factory=lambda: array("d"))
    _heap: list[tuple[float, int, PriceMove]] = field(default_factory=list)
    _ticket: count[int] = field(default_factory=lambda: count(0, -1))

    def add(self, *, sku: str, name: str, field: str, before: str | None, after: str) -> None:
        """Count one price change; what is no move of a positive price is left out."""
        moved = percent_moved(before, after)
        if moved is None:
            return
        self._moved.append(moved)
        size = abs(moved)
        if len(self._heap) == TOP and size <= self._heap[0][0]:
            return
        move = PriceMove(sku=sku, name=name, field=field, before=before or "", after=after, percent=moved)
        push = heapq.heappush if len(self._heap) < TOP else heapq.heapreplace
        push(self._heap, (size, next(self._ticket), move))

    def result(self) -> Prices:
        """What was gathered so far."""
        if not self._moved:
            return Prices()
        bands = [0] * (len(BANDS) + 1)
        for moved in self._moved:
            bands[band_of(moved)] += 1
        return Prices(
            changed=len(self._moved),
            up=sum(1 for moved in self._moved if moved > 0),
            down=sum(1 for moved in self._moved if moved < 0),
            median=statistics.median(self._moved),
            bands=tuple(bands),
            movers=tuple(move for _, _, move in sorted(self._heap, reverse=True)),
        )


def band_of(moved: float) -> int:
    """The band a move is drawn in; a bound belongs to the band nearer to zero, as a guard's limit is kept."""
    return bisect_left(BANDS, moved) if moved > 0 else bisect_right(BANDS, moved)
