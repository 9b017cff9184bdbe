"""The shop's SKUs, found by hash and read to be sure; kept files of them are made anew where damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.rows import NOWHERE
from pipeline.diff.shopindex import ShopIndex
from schemas.fields import KEY
from tests.diff.conftest import write_snapshot

SKUS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@settings(deadline=None)
@given(held=st.lists(SKUS, unique=True, max_size=30), asked=st.lists(st.one_of(SKUS, st.none()), max_size=30))
def test_each_sku_is_found_where_it_stands(
    tmp_path_factory: pytest.TempPathFactory, held: list[str], asked: list[str | None]
) -> None:
    """Also by who finds the index kept, and not only by who makes it."""
    snapshot = write_snapshot(tmp_path_factory.mktemp("shop"), [{KEY: sku} for sku in held])
    wanted = [*asked, *held[::-1]]
    at = {sku: row for row, sku in enumerate(held)}
    expected = [at.get(sku, NOWHERE) if sku is not None else NOWHERE for sku in wanted]
    for _ in range(2):
        index = ShopIndex(snapshot)
        assert (index.rows, index.clash) == (len(held), False)
        assert index.find(pl.Series(wanted, dtype=pl.String)).tolist() == expected
        assert index.hashes.tolist() == sorted(index.hashes.tolist())


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut short": _cut,
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "zeros": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "another SKU": lambda path: path.write_bytes(path.read_bytes().replace(b"S-49", b"S-50")),
    "a bit": lambda path: path.write_bytes(path.read_bytes()[:700] + b"\x7f" + path.read_bytes()[701:]),
}


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_made_anew(tmp_path: Path, spoil: Callable[[Path], Any]) -> None:
    snapshot = write_snapshot(tmp_path, [{KEY: f"S-{n}"} for n in range(50)])
    ShopIndex(snapshot)
    (path,) = (tmp_path / "snap.hashes").glob("*.skus")
    spoil(path)
    assert ShopIndex(snapshot).find(pl.Series(["S-49", "S-50", "S-0"])).tolist() == [49, NOWHERE, 0]


def test_a_sku_that_stands_twice_is_told(tmp_path: Path) -> None:
    assert ShopIndex(write_snapshot(tmp_path, [{KEY: sku} for sku in ("A", "B", "A")])).clash
