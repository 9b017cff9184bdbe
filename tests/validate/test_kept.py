"""Which rows may break a rule between rows: at least those that do, told by a few words of each."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StateError
from pipeline.validate import kept
from pipeline.validate.kept import Keys, doubtful, hashes, likeness
from pipeline.values.context import Context
from schemas.fields import KEY, Dialect, field_named

Row = tuple[str | None, str | None, str | None, str | None]
NAMES = (KEY, kept.PARENT_SKU, kept.BRAND, kept.CATEGORY)
FIELDS = {name: field_named(name, Dialect.CLASSIC) for name in NAMES}
SKU = st.sampled_from([None, "a", "A", " a", "b", "c", "d", "e", "f"])
BRANDS, CATEGORIES = st.sampled_from([None, "X", "x", "Y"]), st.sampled_from([None, "1", "2"])
ROWS = st.lists(st.tuples(SKU, SKU, BRANDS, CATEGORIES), max_size=12)


def keys_of(rows: list[Row], size: int, names: tuple[str, ...] = NAMES) -> Keys:
    keys = Keys(fields={name: FIELDS[name] for name in names}, ctx=Context(), folder=Path(gettempdir()))
    for start in range(0, len(rows), size):
        frame = pl.DataFrame(rows[start : start + size], schema=dict.fromkeys(NAMES, pl.String), orient="row")
        keys.add(keys.of(frame))
    return keys


def slowly(rows: list[Row], listed: set[str] | None) -> list[int]:
    """The same by the book: twins, missing and chained parents, groups of several brands or categories."""
    parents = [parent if parent and parent != sku else "" for sku, parent, _, _ in rows]
    likes = Counter(likeness(sku) for sku, *_ in rows if sku)
    skus = {sku for sku, *_ in rows if sku}
    hung = {sku for (sku, *_), parent in zip(rows, parents, strict=True) if parent and sku}
    meant: dict[tuple[str, int], set[str]] = defaultdict(set)
    groups = [parent or sku or "" for (sku, *_), parent in zip(rows, parents, strict=True)]
    for group, (_, _, brand, category) in zip(groups, rows, strict=True):
        meant[group, 0] |= {brand.lower()} if brand else set()
        meant[group, 1] |= {category} if category else set()
    found = []
    for number, ((sku, *_), parent, group) in enumerate(zip(rows, parents, groups, strict=True)):
        twin = bool(sku) and likes[likeness(sku or "")] > 1
        orphan = bool(parent) and parent not in skus | (listed or set())
        chained = bool(parent) and parent in hung
        mixed = any(parents) and group and max(len(meant[group, 0]), len(meant[group, 1])) > 1
        if twin or orphan or chained or mixed:
            found.append(number)
    return found


@given(rows=ROWS, size=st.integers(1, 5), listed=st.one_of(st.none(), st.sets(st.sampled_from("abcxyz"))))
def test_those_in_doubt_are_those_that_the_book_names_however_rows_are_cut(
    rows: list[Row], size: int, listed: set[str] | None
) -> None:
    known = None if listed is None else np.sort(hashes(pl.Series(sorted(listed), dtype=pl.String)))
    assert doubtful(keys_of(rows, size), known) == slowly(rows, listed)


@pytest.mark.parametrize("names", [(KEY,), (KEY, kept.PARENT_SKU), (KEY, kept.BRAND)], ids=" ".join)
def test_columns_that_the_catalog_lacks_raise_no_doubt(names: tuple[str, ...]) -> None:
    rows: list[Row] = [("a", None, "X", "1"), ("b", "a", "Y", "2"), ("B", "a", "Y", "2")]
    assert doubtful(keys_of(rows, 2, names), None) == [1, 2]


@pytest.mark.parametrize("taken", [(), ("like",), ("sku", "like", "parent", "brand", "category")], ids=str)
def test_nothing_stays_open(tmp_path: Path, taken: tuple[kept.Name, ...]) -> None:
    keys = Keys(fields=FIELDS, ctx=Context(), folder=tmp_path)
    rows: list[Row] = [("a", None, "X", "1"), ("b", "a", "X", "1")]
    for _ in range(2):
        keys.add(keys.of(pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")))
    for name in taken:
        words = keys.take(name)
        assert words is not None
        assert len(words) == 2 * len(rows)
        assert keys.take(name) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        keys.close()
        assert keys.take("sku") is None
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    keys = Keys(fields=FIELDS, ctx=Context(), folder=tmp_path / "gone")
    with pytest.raises(StateError, match="can't write into"):
        keys.add({"sku": np.zeros(1, dtype=np.uint64)})
