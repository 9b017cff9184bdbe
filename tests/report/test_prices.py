"""What is said about prices."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts import band_words, columns_of, edge_labels, rows_of, stack_of
from pipeline.report.prices import BANDS, TOP, PriceCollector, Prices, band_of, percent_moved


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("10.00", "12.50", 25.0),
        ("10", "10.00", 0.0),
        ("200", "150.0", -25.0),
        (None, "5", None),
        ("", "5", None),
        ("0", "5", None),
        ("5", "", None),
        ("ten", "5", None),
        ("NaN", "5", None),
        ("1", "Infinity", None),
    ],
)
def test_percent_moved(before: str | None, after: str, moved: float | None) -> None:
    assert percent_moved(before, after) == moved


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (-30.0, "15 to 30 % down"),
        (-30.1, "30 to 50 % down"),
        (-99.0, "more than 50 % down"),
        (-0.1, "0 to 5 % down"),
        (0.1, "0 to 5 % up"),
        (5.0, "0 to 5 % up"),
        (50.0, "30 to 50 % up"),
        (50.1, "more than 50 % up"),
    ],
)
def test_a_move_at_a_guards_limit_is_drawn_inside_it(moved: float, words: str) -> None:
    assert band_words(band_of(moved)) == words


CENTS = st.integers(min_value=1, max_value=10_000_000)


@given(st.lists(st.tuples(CENTS, CENTS), max_size=60))
def test_every_move_is_counted_once_and_the_farthest_are_kept(pairs: list[tuple[int, int]]) -> None:
    collector = PriceCollector()
    for no, (before, after) in enumerate(pairs):
        collector.add(
            sku=str(no), name="", field="Price", before=f"{before / 100:.2f}", after=f"{after / 100:.2f}"
        )
    prices = collector.result()
    moves = [percent_moved(f"{a / 100:.2f}", f"{b / 100:.2f}") or 0.0 for a, b in pairs]
    assert sum(prices.bands) == prices.changed == len(pairs)
    assert (prices.up, prices.down) == (sum(m > 0 for m in moves), sum(m < 0 for m in moves))
    assert prices.median == (statistics.median(moves) if moves else 0.0)
    farthest = sorted((abs(move) for move in moves), reverse=True)[:TOP]
    assert [abs(move.percent) for move in prices.movers] == farthest


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=len(BANDS) + 1, max_size=len(BANDS) + 1))
def test_columns_stand_in_order_and_every_value_is_seen(bands: list[int]) -> None:
    columns = columns_of(Prices(changed=sum(bands), bands=tuple(bands)))
    assert [column.value for column in columns] == bands
    assert all((column.height > 0) == (column.value > 0) for column in columns)
    assert [column.x for column in columns] == sorted(column.x for column in columns)
    assert [column.kind for column in columns] == ["fall"] * 5 + ["rise"] * 5


def test_labels_of_the_bounds() -> None:
    assert [label for _, label in edge_labels()] == [
        "−50",
        "−30",
        "−15",
        "−5",
        "0",
        "+5",
        "+15",
        "+30",
        "+50",
    ]


def test_rows_and_stacks() -> None:
    assert [(bar.label, bar.width) for bar in rows_of([("Price", 200), ("Name", 50), ("x", 0)])] == [
        ("Price", 100.0),
        ("Name", 25.0),
        ("x", 0.0),
    ]
    assert [(bar.x, bar.width) for bar in stack_of({"create": 1, "update": 3})] == [(0.0, 25.0), (25.0, 75.0)]
