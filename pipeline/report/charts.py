"""Where the bars of the pictures stand: numbers in, places out; drawing is the template's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.report.prices import BANDS, Prices

WIDTH, HEIGHT, BASE = 390.0, 262.0, 216.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. For columns x, y, width and height are in the picture's units; for rows in percent."""

    label: str
    value: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    kind: str = ""


def rows_of(counts: Iterable[tuple[str, int]]) -> list[Bar]:
    """Bars beside each other's labels; the longest fills the width."""
    items = list(counts)
    most = max((value for _, value in items), default=0) or 1
    return [Bar(label=label, value=value, width=_floor(100 * value / most, value)) for label, value in items]


def stack_of(counts: Mapping[str, int]) -> list[Bar]:
    """One bar of several parts, in percent; what isn't zero stays visible."""
    total = sum(counts.values()) or 1
    bars, x = [], 0.0
    for label, value in counts.items():
        width = 100 * value / total
        bars.append(Bar(label=label, value=value, x=x, width=width, kind=label))
        x += width
    return bars


def columns_of(prices: Prices) -> list[Bar]:
    """The distribution of price moves, falls left, rises right."""
    most = max(prices.bands, default=0) or 1
    slot = WIDTH / len(prices.bands)
    bars = []
    for place, value in enumerate(prices.bands):
        height = _floor((BASE - 22) * value / most, value)
        fall = place < len(BANDS) and BANDS[place] <= 0
        bars.append(
            Bar(
                label=band_words(place),
                value=value,
                x=place * slot + slot * 0.1,
                y=BASE - height,
                width=slot * 0.8,
                height=height,
                kind="fall" if fall else "rise",
            )
        )
    return bars


def band_words(place: int) -> str:
    """A band in words: "more than 50 % down", "5 to 15 % up"."""
    edges = (None, *BANDS, None)
    low, high = edges[place], edges[place + 1]
    if low is None:
        return f"more than {-BANDS[0]:.0f} % down"
    if high is None:
        return f"more than {BANDS[-1]:.0f} % up"
    near, far = sorted((abs(low), abs(high)))
    return f"{near:.0f} to {far:.0f} % {'down' if high <= 0 else 'up'}"


def edge_labels() -> list[tuple[float, str]]:
    """The bounds under the columns: place and text."""
    slot = WIDTH / (len(BANDS) + 1)
    return [
        ((at + 1) * slot, f"{bound:+.0f}".replace("-", "−").replace("+0", "0"))
        for at, bound in enumerate(BANDS)
    ]


def _floor(size: float, value: int) -> float:
    """What is there must be seen, however small beside the rest."""
    return max(size, 1.5) if value else 0.0
