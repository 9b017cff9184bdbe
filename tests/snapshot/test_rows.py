"""Digests and files of rows."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.market.products import page_from
from pipeline.snapshot.digest import RowsDigest
from pipeline.snapshot.merge import columns_of, last_rows, page_schemas, write_rows
from pipeline.snapshot.parts import About, Parts

ROW = st.dictionaries(st.sampled_from("abc"), st.text(max_size=3), max_size=3)


def digest_of(rows: list[dict[str, str]], *, pieces: int = 1, columns: str = "abc") -> str:
    digest = RowsDigest()
    size = max(len(rows) // pieces, 1)
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        digest.add(
            pa.table({name: pa.array([row.get(name) for row in some], pa.string()) for name in columns})
        )
    return digest.hexdigest()


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=8), st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_digest_knows_rows_not_their_order_nor_empty_columns(
    rows: list[dict[str, str]], chance: random.Random, pieces: int
) -> None:
    shuffled = chance.sample(rows, len(rows))
    assert digest_of(shuffled, pieces=pieces, columns="cbad") == digest_of(rows)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=4), st.lists(ROW, max_size=4))
def test_different_rows_have_different_digests(one: list[dict[str, str]], two: list[dict[str, str]]) -> None:
    same = sorted(map(sorted, (row.items() for row in one))) == sorted(
        map(sorted, (row.items() for row in two))
    )
    assert (digest_of(one) == digest_of(two)) is same


def test_the_recipe_doesn_t_change_by_accident() -> None:
    assert digest_of([{"a": "1", "b": ""}, {"c": "é"}]) == GOLDEN


GOLDEN = "sha256:e13d5e7c2bec36793343ca881c0a61fcab598297494e96651f09073ceb0c288a"


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts.begin(tmp_path / "x.part", About(identity="i", size=3, taken=0.0))


def test_the_last_of_a_repeated_sku_wins_and_columns_are_joined(parts: Parts, tmp_path: Path) -> None:
    pages = [
        [{"SellerSku": "A", "Name": "1", "Zz": "z"}, {"SellerSku": "B", "Name": "1"}],
        [{"SellerSku": "B", "Name": "2"}, {"SellerSku": "C", "Color": ""}],
        [],
        [{"SellerSku": "B", "Price": "3"}],
    ]
    pieces = [parts.keep(page_from(page), at, 3, {}) for at, page in enumerate(pages)]
    columns = columns_of(page_schemas(pieces))
    assert columns == ["SellerSku", "Name", "Price", "Color", "Zz"]
    written = write_rows(tmp_path / "x.parquet", last_rows(list(reversed(pieces))), columns)
    assert written.rows == 3
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"SellerSku": "A", "Name": "1", "Price": None, "Color": None, "Zz": "z"},
        {"SellerSku": "C", "Name": None, "Price": None, "Color": "", "Zz": None},
        {"SellerSku": "B", "Name": None, "Price": "3", "Color": None, "Zz": None},
    ]


def test_parts_are_found_again_but_for_what_is_broken(parts: Parts) -> None:
    whole = parts.keep(page_from([{"SellerSku": "A"}]), 0, 3, {"Filter": "all"})
    cut = parts.keep(page_from([{"SellerSku": "B"}]), 2, 3, {"Filter": "all"})
    cut.path.write_bytes(cut.path.read_bytes()[:20])
    (parts.folder / "stray.txt").write_text("x")
    again = Parts.reopen(parts.folder)
    assert again is not None
    assert again.kept(0, 3, {"Filter": "all"}) == whole
    assert again.kept(0, 3, {"Filter": "all"}) is None, "each is given once"
    assert again.kept(2, 3, {"Filter": "all"}) is None
    assert again.kept(0, 3, {"Filter": "deleted"}) is None
    assert again.keep(page_from([]), 0, 3, {}).number > cut.number - 1


@pytest.mark.parametrize("about", ["", "{}", "[]", '{"schema": "other/1"}'])
def test_a_folder_that_isn_t_ours_isn_t_opened(tmp_path: Path, about: str) -> None:
    (tmp_path / "about.json").write_text(about)
    assert Parts.reopen(tmp_path) is None
    assert Parts.reopen(tmp_path / "missing") is None
