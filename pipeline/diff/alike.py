"""Price changes that are too much alike to be meant: one price for all, or one factor. Pure.

Each of them may lie within the limits on one product, and the median among them too: a column that was
filled down, a tax that was added to a part of the catalog.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: Different prices that are counted; what half of all prices become is among the first of them.
_MOST = 10_000


@dataclass(slots=True)
class Alike:
    """Counts new prices and factors as they stream past.

    Attributes:
        changed: regular prices that move from one number to another.
    """

    changed: int = 0
    _prices: dict[str, list[str]] = field(default_factory=dict)
    _factors: Counter[float] = field(default_factory=Counter)
    _before: dict[str, float] = field(default_factory=dict)
    _unlike: set[str] = field(default_factory=set)

    def see(self, sku: str, price: str, ratio: float) -> None:
        """Count one price: what it becomes, and by which factor."""
        self.changed += 1
        factor = round(ratio, 2)
        if factor in self._factors or len(self._factors) < _MOST:
            self._factors[factor] += 1
        if price in self._prices or len(self._prices) < _MOST:
            self._prices.setdefault(price, []).append(sku)
            if self._before.setdefault(price, ratio) != ratio:
                self._unlike.add(price)

    def one_price(self) -> tuple[str, tuple[str, ...]]:
        """The price that more than half of them become, coming from different ones; and whose it is."""
        price = max(self._unlike, key=lambda price: len(self._prices[price]), default="")
        skus = self._prices.get(price, [])
        return (price, tuple(skus)) if len(skus) * 2 > self.changed else ("", ())

    def one_factor(self, limit: float) -> tuple[float, int]:
        """The commonest factor beyond a limit in percent, if a quarter of them share it; and how many do."""
        beyond = Counter({f: n for f, n in self._factors.items() if abs(f - 1) * 100 > limit})
        return next((each for each in beyond.most_common(1) if each[1] * 4 >= self.changed), (1.0, 0))
