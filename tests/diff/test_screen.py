"""Hashes of the screen may acquit only what means the same."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.screen import Hasher
from pipeline.values.columns import by_text
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, field_named

NAMES = (
    "Price",
    "SalePrice",
    "Quantity",
    "ProductData.PackageWeight",
    "Name",
    "PrimaryCategory",
    "Categories",
)
FIELDS = tuple(field_named(name, Dialect.CLASSIC) for name in NAMES)
CTX = Context(category_names={"7": "Tea", "8": "tea", "9": "Herbs"})
NUMBERS = st.one_of(
    st.decimals(0, 10**16, places=8).map(str),
    st.from_regex(r"[+-]?0{0,2}[0-9]{1,17}([.,][0-9]{0,9})?([eE][0-9])?", fullmatch=True),
    st.sampled_from(["", "0", "0.00", "nan", "inf", "1e3", "1000", "0.1", "0.10", " 5", "5"]),
)
TEXTS = st.one_of(NUMBERS, st.sampled_from(["7", "8", "9", "Tea", "Herbs", "7,9", "9,7", "8,9"]))


@settings(deadline=None)
@given(column=st.lists(TEXTS, min_size=2, max_size=30))
def test_equal_hashes_mean_equal_values(column: list[str]) -> None:
    frame = pl.DataFrame(dict.fromkeys(NAMES, column))
    for of, words in zip(FIELDS, Hasher(FIELDS, CTX).hashes(frame).values(), strict=True):
        meaning: dict[int, set[str]] = {}
        for text, word in zip(column, words.tolist(), strict=True):
            meaning.setdefault(word, set()).add(
                comparable(of, text, CTX) if word else comparable(of, "", CTX)
            )
            assert word or not comparable(of, text, CTX), (of.name, text)
        assert all(len(found) == 1 for found in meaning.values()), (of.name, meaning)


def test_what_people_write_in_two_ways_is_acquitted() -> None:
    pairs = {
        "Price": ("12.5", "12.50"), "SalePrice": ("0.00", ""), "PrimaryCategory": ("7", "8"),
        "ProductData.PackageWeight": ("0.500", "0.5"),
    }  # fmt: skip
    frame = pl.DataFrame({name: pairs.get(name, ("1", "1")) for name in NAMES})
    for of, words in zip(FIELDS, Hasher(FIELDS, CTX).hashes(frame).values(), strict=True):
        assert words[0] == words[1], of.name


def test_a_batch_is_hashed_whatever_came_before() -> None:
    hasher = Hasher(FIELDS, CTX)
    frame = pl.DataFrame({name: ["7", "", None] for name in NAMES}, schema=dict.fromkeys(NAMES, pl.String))
    first = [words.tolist() for words in hasher.hashes(frame).values()]
    assert [words.tolist() for words in hasher.hashes(frame).values()] == first
    assert all(words[1:] == [0, 0] for words in first)


@settings(deadline=None)
@given(column=st.lists(st.none() | TEXTS, min_size=1, max_size=12))
def test_hashes_by_text_are_hashes_by_cell(column: list[str | None]) -> None:
    """Also of a batch whose texts were all met before."""
    frame = pl.DataFrame(dict.fromkeys(NAMES, column), schema=dict.fromkeys(NAMES, pl.String))
    by_cell = [words.tolist() for words in Hasher(FIELDS, CTX).letters(frame).values()]
    hasher = Hasher(FIELDS, CTX)
    few = {name: by_text(frame[name]) for name in NAMES}
    for _ in range(2):
        assert [words.tolist() for words in hasher.letters(frame, few).values()] == by_cell
