"""No input of a comparison can change without the earlier one being forgotten; what decides nothing may."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.memory import Resting
from pipeline.journal.journal import Journal
from pipeline.journal.schema import MIGRATIONS
from pipeline.journal.states import Kind
from pipeline.market.lookups import Attribute, Category, Lookups
from pipeline.read.catalog import Limits
from pipeline.read.sources import digest_of, inputs_of
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.engine import open_store
from pipeline.usecases import again
from pipeline.usecases.workspace import Workspace

MAPPING = """
[columns]
SellerSku = "sku"
Price = {{ column = "price", decimal = "{decimal}" }}
[lookups.vat]
file = "vat.csv"
key = "a"
value = "b"
[shops.{overlay}.columns]
Name = "title"
"""

#: Settings that decide a plan → two values each that mean different things.
DECIDING: Mapping[str, tuple[str, str]] = {
    "url": ('"http://127.0.0.1:1/"', '"http://127.0.0.1:2/"'),
    "user_id": ('"a@x.com"', '"b@x.com"'),
    "dialect": ('"classic"', '"falabella"\noperators = ["facl"]'),
    "currency": ('"USD"', '"CLP"'),
    "decimals": ("0", "2"),
    "timezone": ('"UTC"', '"America/Santiago"'),
    "business_unit": ('""', '"BU"'),
    "limits.feed_max_products": ("100", "1000"),
    "limits.feed_max_bytes": ("1000000", "2000000"),
    "limits.empty_clears_sale": ("true", "false"),
    "catalog.mode": ('"upsert"', '"update-only"'),
    "catalog.absent": ('"ignore"', '"remove"'),
    "catalog.on_error": ('"skip-row"', '"skip-group"'),
    "catalog.max_errors_pct": ("10", "11"),
    "catalog.severity": ("{}", '{"bad-ean" = "warning"}'),
    "catalog.clear": ('"__CLEAR__"', '"-"'),
    "catalog.sku_max": ("255", "50"),
    "catalog.check_brands": ("true", "false"),
    "catalog.drift": ('"file-wins"', '"hold"'),
    "catalog.parse_max_cell": ("1000", "2000"),
    "guards.floor": ("10", "11"),
    "guards.price_up_pct": ("50", "51"),
    "guards.source_shrunk_pct": ("20", "21"),
}
#: How a shop is asked decides nothing.
IDLE = {"limits.requests": ("30", "10"), "limits.deadline": ("90", "91"), "read_format": ('"JSON"', '"XML"')}
ASKED: Mapping[str, tuple[Any, Any]] = {
    "source": ("nightly", "weekly"), "partial": (False, True), "kit": (False, True), "shop": ("demo", "two"),
    "decimal": (".", ","), "overlay": ("demo", "other"), "vat": ("a,b\n1,2\n", "a,b\n1,3\n"),
    "names": (("one.csv",), ("one.csv", "two.csv")),
}  # fmt: skip


def key(folder: Path, chosen: Mapping[str, int]) -> str | None:
    """The key of a comparison in a folder that is set up by choices; 0 where nothing is chosen."""
    asked = {name: values[chosen.get(name, 0)] for name, values in ASKED.items()}
    said = {name: values[chosen.get(name, 0)] for name, values in {**DECIDING, **IDLE}.items()}
    for name in ("one.csv", "two.csv"):
        (folder / name).write_text("sku;price\nA;1\n", encoding="utf-8")
    (folder / "vat.csv").write_text(asked["vat"], encoding="utf-8")
    text = MAPPING.format(decimal=asked["decimal"], overlay=asked["overlay"])
    (folder / "mapping.toml").write_text(text, encoding="utf-8")
    (folder / "sellercenter.toml").write_text(_settings(said), encoding="utf-8")
    ws = Workspace(config=folder / "sellercenter.toml", asked_shop=asked["shop"],
                   asked_state=folder / "state")  # fmt: skip
    files = [str(folder / name) for name in asked["names"]]
    return again.key_of(ws, files, source=asked["source"], partial=asked["partial"], kit=asked["kit"])


def _settings(said: Mapping[str, str]) -> str:
    lines = []
    for shop in ("demo", "two"):
        for table in ("", "limits", "catalog", "guards"):
            lines.append(f"[shops.{shop}{'.' if table else ''}{table}]")
            lines += ['api_key = "env:K"', "sandbox = true"] if not table else []
            lines += ['mapping = "mapping.toml"'] if table == "catalog" else []
            for name, value in said.items():
                place, _, last = name.rpartition(".")
                lines += [f"{last} = {value}"] if place == table else []
    return "\n".join(lines)


CHOICES = st.fixed_dictionaries({}, optional={name: st.integers(0, 1) for name in (*DECIDING, *ASKED, *IDLE)})


@settings(deadline=None, max_examples=60)
@given(one=CHOICES, other=CHOICES)
def test_two_comparisons_share_a_key_only_where_all_that_decides_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, int], other: dict[str, int]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "again-key"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    decides = (*DECIDING, *ASKED)
    same = all(one.get(name, 0) == other.get(name, 0) for name in decides)
    assert (key(folder, one) == key(folder, other)) is same


@pytest.mark.parametrize("name", [*DECIDING, *ASKED])
def test_each_input_alone_makes_another_key(tmp_path: Path, name: str) -> None:
    assert key(tmp_path, {}) != key(tmp_path, {name: 1})


@pytest.mark.parametrize("name", IDLE)
def test_how_the_shop_is_asked_is_no_input(tmp_path: Path, name: str) -> None:
    assert key(tmp_path, {}) == key(tmp_path, {name: 1})


@pytest.mark.parametrize("path", ["-", "http://x/catalog.csv"])
def test_what_cannot_be_read_twice_has_no_key(tmp_path: Path, path: str) -> None:
    key(tmp_path, {})
    ws = Workspace(config=tmp_path / "sellercenter.toml", asked_shop="demo", asked_state=tmp_path / "state")
    assert again.key_of(ws, [path], source="s", partial=False, kit=False) is None


COLOR = Attribute(
    name="Color", feed_name="Color", label="Color", mandatory=False, system=False, multiple=False, options=(),
    max_length=None,
)  # fmt: skip
TEA = Category(id="1", name="Tea", leaf=True, path=("Tea",))
SHOP = Lookups(
    brands=frozenset({"TeaCo"}),
    categories={"1": TEA},
    attributes={"1": (COLOR,)},
)


def _held(folder: Path) -> Snapshot:
    path = folder / "s.parquet"
    pq.write_table(pa.table({"SellerSku": ["A"], "Price": ["1.00"]}), path)
    return Snapshot(
        id="s", path=path, shop="demo", identity="i", taken=1.0, rows=1, pages=1, scans=1, agreeing=1,
        complete=True, doubt="", digest="sha256:1",
    )  # fmt: skip


def _earlier(held: Snapshot) -> again.Earlier:
    return again.Earlier(
        plan="p", digest="d", source="s", size=1, snapshot=again.rows_of(held), file=again.file_of(held),
        memory="m", asked=again.asked_of(SHOP, brands=True, ids=("1",)), findings=(), choices=(), rejected=0,
        skipped={},
    )  # fmt: skip


def _rewritten(held: Snapshot) -> Snapshot:
    pq.write_table(pa.table({"SellerSku": ["A"], "Price": ["1.01"]}), held.path)
    os.utime(held.path, ns=(1, 1))
    return held


def _fewer_columns(held: Snapshot) -> Snapshot:
    path = held.path.with_name("t.parquet")
    pq.write_table(pa.table({"SellerSku": ["A"]}), path)
    return replace(held, id="t", path=path)


OTHER_SHOPS: Mapping[str, Callable[[Snapshot], Snapshot]] = {
    "rows": lambda held: replace(held, digest="sha256:2"),
    "fewer": lambda held: replace(held, rows=0),
    "incomplete": lambda held: replace(held, complete=False),
    "doubt": lambda held: replace(held, doubt="a page was missed"),
    "columns": _fewer_columns,
    "a file that was changed under its id": _rewritten,
}


@pytest.mark.parametrize("name", OTHER_SHOPS)
def test_another_state_of_the_shop_is_another_comparison(tmp_path: Path, name: str) -> None:
    held = _held(tmp_path)
    earlier = _earlier(held)
    assert again.holds(earlier, held, "m")
    assert not again.holds(earlier, OTHER_SHOPS[name](held), "m")
    assert not again.holds(earlier, held, "another memory")


def test_a_later_snapshot_of_the_same_rows_is_the_same_shop(tmp_path: Path) -> None:
    held = _held(tmp_path)
    later = replace(held, id="later", path=shutil.copyfile(held.path, tmp_path / "later.parquet"), taken=9.0)
    assert again.holds(_earlier(held), later, "m")


OTHER_WORDS: Mapping[str, Lookups] = {
    "brand": replace(SHOP, brands=frozenset({"TeaCo", "New"})),
    "category": replace(SHOP, categories={"1": TEA, "2": replace(TEA, id="2")}),
    "renamed": replace(SHOP, categories={"1": replace(TEA, name="Teas")}),
    "no leaf": replace(SHOP, categories={"1": replace(TEA, leaf=False)}),
    "attribute": replace(SHOP, attributes={"1": (replace(COLOR, options=("red",)),)}),
    "no attributes": replace(SHOP, attributes={}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_another_word_of_the_shop_is_another_answer(name: str) -> None:
    one, other = (again.asked_of(said, brands=True, ids=("1",)) for said in (SHOP, OTHER_WORDS[name]))
    assert one != other


def test_whatever_the_journal_learns_is_another_memory(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db", kind="journal", migrations=MIGRATIONS)
    journal = Journal(store, tmp_path / "state.head")
    resting = {("A", "ProductUpdate"): Resting(sku="A", action="ProductUpdate", reason="no", content="c")}
    seen = [again.memory_of(journal, {}), again.memory_of(journal, resting)]
    seen.append(again.memory_of(journal, {key: replace(one, content="d") for key, one in resting.items()}))
    for kind in (Kind.SOURCE, Kind.INTENT):
        journal.append("r", kind, at=1.0, data={"body": "b", "records": 1})
        seen.append(again.memory_of(journal, {}))
    store.close()
    assert len(set(seen)) == len(seen)


def test_bytes_decide_not_times(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"sku;price\nA;1\n")
    items = inputs_of([str(path)], tmp_path, Limits())
    digest, size = digest_of(items), path.stat().st_size
    os.utime(path, ns=(5, 5))
    assert again.same_bytes(items, digest, size)
    path.write_bytes(b"sku;price\nA;2\n")
    os.utime(path, ns=(5, 5))
    assert not again.same_bytes(items, digest, size)
    path.unlink()
    assert not again.same_bytes(items, digest, size)
