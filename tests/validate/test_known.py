"""What the shop holds: hashes of all of it, and the letter of a few."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.validate.kept import among, hashes
from tests.validate.conftest import known_of

SKUS = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=12)


def in_columns(skus: list[str], size: int) -> list[pl.Series]:
    return [pl.Series(skus[at : at + size], dtype=pl.String) for at in range(0, len(skus), size)]


@given(skus=SKUS, asked=SKUS, size=st.integers(1, 5))
def test_it_is_the_set_of_what_is_listed_however_its_columns_are_cut(
    skus: list[str], asked: list[str], size: int
) -> None:
    known = known_of(in_columns(skus, size))
    assert known.among(asked) == set(asked) & set(skus)
    words = hashes(pl.Series(asked, dtype=pl.String))
    assert among(words, known.hashes).tolist() == [one in skus for one in asked]
