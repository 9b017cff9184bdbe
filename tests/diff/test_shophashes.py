"""What is kept of the shop's texts says of ours what a look at them would: no more, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff import screen
from pipeline.diff.shophashes import ShopHashes
from pipeline.diff.suspects import FirstLook
from pipeline.read.catalog import PART
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.calm import stands
from pipeline.validate.cells import Reader
from pipeline.values.context import Context
from schemas.fields import CLEAR, KEY, Dialect, Field, Kind, field_named
from tests.diff.conftest import write_snapshot

NAMES = ("Price", "PrimaryCategory", "Categories", "Description", "ProductData.Care")
FIELDS = tuple(
    replace(field_named(name, Dialect.CLASSIC), kind=Kind.HTML)
    if name == "ProductData.Care"
    else field_named(name, Dialect.CLASSIC)
    for name in NAMES
)
#: Any of them, also long ones or short ones alone.
SOME = st.lists(st.sampled_from(FIELDS), unique_by=lambda of: of.name, min_size=1)
CTX = Context(category_names={"7": "Tea", "8": "tea", "9": "Herbs, dried"})
TEXTS = st.sampled_from(
    [
        None, "", "<p>A chair of oak</p>", "<p>Another</p>", " <b>tidied up</b>", "\xa0x", f"{CLEAR} it",
        "<script>alert(1)</script>", "a < b", "CafÃ©", "\u202ex",
    ]
)  # fmt: skip
LISTS = st.sampled_from([None, "", "7", "8", "7,9", "9,7", "Tea", "Herbs, dried", "Tea,Herbs, dried", "10"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"Price": st.sampled_from([None, "", "1.5", "1.50", "2"]), "PrimaryCategory": LISTS}
        | {"Categories": LISTS, "Description": TEXTS, "ProductData.Care": TEXTS}
    ),
    min_size=1,
    max_size=8,
)
SCHEMA = dict.fromkeys((KEY, *NAMES), pl.String)


def frame_of(rows: list[dict[str, str | None]], first: int = 0) -> pl.DataFrame:
    named = [{KEY: f"A-{number}", **row} for number, row in enumerate(rows, start=first)]
    return pl.DataFrame(named, schema=SCHEMA)


@settings(deadline=None, max_examples=40)
@given(ours=ROWS, theirs=ROWS, first=st.integers(0, 3), fields=SOME)
def test_who_looks_on_knows_only_what_a_look_would_find(
    tmp_path_factory: pytest.TempPathFactory,
    ours: list[Any],
    theirs: list[Any],
    first: int,
    fields: list[Field],
) -> None:
    shop = frame_of(theirs, first)
    snapshot = write_snapshot(tmp_path_factory.mktemp("shop"), shop.to_dicts(), columns=[KEY, *NAMES])
    frame = frame_of(ours).with_columns(pl.lit(0, pl.Int32).alias(PART))
    reader = Reader(
        fields=FIELDS, formats={}, ctx=CTX, clear=CLEAR, owners={n: frozenset({0}) for n in NAMES}
    )
    short = reader.first(frame)
    alone = reader.long(frame, short)
    for _ in range(2):  # once by who makes the files, once by who finds them
        look = FirstLook(fields, snapshot, CTX)
        sight = look.glance(short.frame[KEY])
        told = reader.long(frame, short, sight.calm)
        assert told.frame.equals(alone.frame)
        assert (told.odd, told.few) == (alone.odd, alone.few)
        unasked = look.glance(short.frame[KEY]).look(alone.frame, {})
        assert [found.tolist() for found in sight.look(told.frame, {})] == [f.tolist() for f in unasked]


@settings(deadline=None, max_examples=60)
@given(ours=ROWS, theirs=ROWS, fields=SOME)
def test_what_may_differ_is_what_has_other_hashes(
    tmp_path_factory: pytest.TempPathFactory, ours: list[Any], theirs: list[Any], fields: list[Field]
) -> None:
    """One word for all short fields hides nothing, and accuses nobody."""
    mine, shop = frame_of(ours), frame_of(theirs)
    snapshot = write_snapshot(tmp_path_factory.mktemp("shop"), shop.to_dicts(), columns=[KEY, *NAMES])
    hasher = screen.Hasher(fields, CTX)
    rows = np.array([row if row < len(theirs) else -1 for row in range(len(ours))], dtype=np.int64)
    found = screen.may_differ(mine, hasher, ShopHashes(snapshot, len(theirs), fields, CTX), rows)
    one, other = hasher.hashes(mine), hasher.hashes(shop)
    for number, name in enumerate(of.name for of in fields):
        expected = [
            row >= 0 and mine[name][at] is not None and bool(one[name][at] != other[name][row])
            for at, row in enumerate(rows.tolist())
        ]
        assert screen.has(found, number).tolist() == expected


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut short": lambda content: content[:-1],
    "longer": lambda content: content + b"\1",
    "all calm": lambda content: content[:64] + b"\1" * (len(content) - 64),
    "another seal": lambda content: b"0" * 64 + content[64:],
}


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("suffix", [".calm", ".u64"])
def test_damaged_answers_are_made_anew(tmp_path: Path, suffix: str, spoil: Callable[[bytes], bytes]) -> None:
    texts = ["<p>A chair</p>", "<script>alert(1)</script>", "a < b"]
    snapshot = write_snapshot(tmp_path, [{KEY: f"A-{n}", "Description": t} for n, t in enumerate(texts)])
    first = _kept(snapshot)
    assert first["calm"] == stands(pl.Series("Description", texts)).to_list()
    assert set(first["calm"]) == {True, False}
    for path in (tmp_path / "snap.hashes").glob(f"*{suffix}"):
        path.write_bytes(spoil(path.read_bytes()))
    assert _kept(snapshot) == first


def _kept(snapshot: Snapshot) -> dict[str, list[Any]]:
    rows = np.arange(3)
    kept = ShopHashes(snapshot, 3, [of for of in FIELDS if of.name == "Description"], CTX)
    words = {"hashes": kept.of("Description", rows), "mixed": kept.mixed(rows)}
    return {name: found.tolist() for name, found in words.items()} | {
        "calm": kept.calm("Description", rows).tolist()
    }


@pytest.mark.parametrize("theirs", ["<p>A chair of oak</p>", "<p>Another</p>", None])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_file_of_descriptions_alone_is_compared(tmp_path: Path, rows: int, theirs: str | None) -> None:
    fields = [of for of in FIELDS if of.name == "Description"]
    ours = pl.DataFrame(
        {KEY: [f"A-{n}" for n in range(rows)], "Description": ["<p>A chair of oak</p>"] * rows}
    )
    snapshot = write_snapshot(
        tmp_path, [{KEY: f"A-{n}", "Description": theirs} for n in range(rows)], columns=["Description"]
    )
    sight = FirstLook(fields, snapshot, CTX).glance(ours[KEY])
    calm = sight.calm(ours["Description"])
    same = theirs == ours["Description"][0]
    assert calm is not None
    assert calm.to_list() == [same] * rows
    assert sight.look(ours, {})[1].tolist() == [[0 if same else 1]] * rows
