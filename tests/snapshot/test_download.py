"""A download holds all that the shop held, or says that it may not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.snapshot.download import delta, download
from pipeline.snapshot.shelf import latest, load
from pipeline.snapshot.snapshot import Snapshot


def held(snapshot: Snapshot) -> dict[str, str]:
    table = pq.read_table(snapshot.path)
    return (
        dict(zip(table["SellerSku"].to_pylist(), table["Price"].to_pylist(), strict=True))
        if table.num_rows
        else {}
    )


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 18, 19, 20, 100, 101])
def test_a_quiet_shop_is_downloaded_whole(moving_shop: Any, make_desk: Any, count: int) -> None:
    shop = moving_shop(count)
    snapshot = download(shop, make_desk(shop), id="one")
    assert held(snapshot) == {f"S{number:04}": "1" for number in range(count)}
    assert (snapshot.rows, snapshot.complete, snapshot.doubt, snapshot.scans, snapshot.agreeing) == (
        count,
        True,
        "",
        1,
        1,
    )
    assert [path.name for path in sorted(make_desk(shop).folder.iterdir())] == ["one.json", "one.parquet"]


def test_proof_costs_little(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(9_000)
    download(shop, make_desk(shop, page_size=100), id="one")
    # pages, head, tail, the delta's, those asked beyond the end, the deleted
    assert len(shop.calls) <= 91 + 1 + 1 + 3 + 4 + 2


def test_a_shop_that_gives_fewer_rows_than_asked_is_read_whole(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(95, clamp=7)
    snapshot = download(shop, make_desk(shop), id="one")
    assert (snapshot.rows, snapshot.complete) == (95, True)


Rows = Callable[[list[Any]], list[Any]]
FAULTS: dict[str, Rows] = {
    "first rows slipped away": lambda rows: rows[2:],
    "a hole": lambda rows: rows[:3] + rows[4:],
    "empty": lambda rows: [],
    "one row twice": lambda rows: rows[:1] + rows,
    "last rows missing": lambda rows: rows[:-2],
}


@pytest.mark.parametrize("call", range(9))
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("count", [7, 45])
def test_one_bad_page_is_noticed_and_mended(
    moving_shop: Any, make_desk: Any, count: int, fault: Rows, call: int
) -> None:
    shop = moving_shop(count, faults={call: fault})
    snapshot = download(shop, make_desk(shop), id="one")
    assert (snapshot.rows, snapshot.complete) == (count, True)


ALWAYS = {name: fault for name, fault in FAULTS.items() if name != "empty"}


@pytest.mark.parametrize("fault", ALWAYS.values(), ids=ALWAYS)
def test_a_shop_that_always_lies_is_never_called_complete(
    moving_shop: Any, make_desk: Any, fault: Rows
) -> None:
    shop = moving_shop(45, faults=dict.fromkeys(range(10_000), fault))
    snapshot = download(shop, make_desk(shop), id="one")
    assert not snapshot.complete
    assert snapshot.doubt
    assert snapshot.scans == 3
    assert len(shop.calls) < 400


def test_a_shop_that_is_suddenly_empty_is_doubted(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(45)
    assert download(shop, make_desk(shop), id="one").complete
    shop.products.clear()
    snapshot = download(shop, make_desk(shop), id="two")
    assert (snapshot.rows, snapshot.complete) == (0, False)
    assert "held 45 products before" in snapshot.doubt


STEPS = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 200), st.text("abc", min_size=3, max_size=8)),
    st.tuples(st.just("remove"), st.integers(0, 200)),
    st.tuples(st.just("change"), st.integers(0, 200), st.sampled_from(["2", "3"])),
    st.tuples(st.just("move"), st.integers(0, 200), st.integers(0, 200)),
)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 60),
    happens=st.dictionaries(st.integers(0, 20), st.lists(STEPS, min_size=1, max_size=4), max_size=6),
    at_once=st.sampled_from([1, 30]),
)
def test_whatever_moves_meanwhile_complete_means_complete(
    count: int, happens: dict[int, list[tuple[Any, ...]]], at_once: int
) -> None:
    """A product that was there all along is in a complete snapshot, with the value it had at the end."""
    from pipeline.settings import Limits
    from pipeline.snapshot.download import Desk

    shop = MOVING(count)
    shop.script = {
        call: lambda shop, steps=steps: [getattr(shop, name)(*args) for name, *args in steps]
        for call, steps in happens.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        limits = Limits(page_size=8, requests=at_once)
        desk = Desk(folder=Path(folder), shop="d", identity="i", limits=limits, clock=CLOCK(shop))
        snapshot = download(shop, desk, id="one")
        found = held(snapshot)
    if not snapshot.complete:
        assert snapshot.doubt
        return
    assert shop.always <= set(found)
    quiet = {product.sku: product.price for product in shop.products if product.sku in shop.always}
    # What changed before the pass over the changes began is in it; later changes may be.
    settled = next((at for at, call in enumerate(shop.calls) if "UpdatedAfter" in call), 0)
    if all(call <= settled for call in happens):
        assert {sku: found[sku] for sku in quiet} == quiet


MOVING: Any = None
CLOCK: Any = None


@pytest.fixture(autouse=True)
def _shops(moving_shop: Any, make_desk: Any) -> None:
    """Hypothesis can't use fixtures of one function: hand it the makers."""
    global MOVING, CLOCK
    MOVING, CLOCK = moving_shop, type(make_desk(moving_shop(0)).clock)


def test_changes_during_the_download_are_in_it(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(45, script={4: lambda shop: (shop.change(0, "9"), shop.insert(3, "NEW"))})
    snapshot = download(shop, make_desk(shop), id="one")
    assert snapshot.complete
    assert held(snapshot)["S0000"] == "9"
    assert "NEW" in held(snapshot)


def test_products_without_a_sku_make_it_doubtful(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(5)
    shop.products[2].sku = ""
    snapshot = download(shop, make_desk(shop), id="one")
    assert (snapshot.rows, snapshot.complete) == (4, False)
    assert "without a SellerSku" in snapshot.doubt


def test_an_interrupted_download_goes_on_where_it_was(moving_shop: Any, make_desk: Any) -> None:
    undisturbed = moving_shop(200)
    download(undisturbed, make_desk(undisturbed, page_size=10), id="whole")
    shutil.rmtree(make_desk(undisturbed).folder)
    shop = moving_shop(200, fail_at=12)
    desk = make_desk(shop)
    with pytest.raises(ConnectionError):
        download(shop, desk, id="one")
    begun = min(shop.now, shop.now - len(shop.calls))
    made = len(shop.calls)
    shop.change(0, "9")
    snapshot = download(shop, desk, id="two")
    assert (snapshot.id, snapshot.rows, snapshot.complete, snapshot.taken) == ("two", 200, True, begun)
    assert held(snapshot)["S0000"] == "9", "what changed since the first try is in it"
    assert len(shop.calls) - made <= len(undisturbed.calls) - 8, "a dozen calls were made before it broke off"
    assert sorted(path.name for path in desk.folder.iterdir()) == ["two.json", "two.parquet"]


def test_an_old_interrupted_download_is_begun_anew(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(200, fail_at=12)
    desk = make_desk(shop)
    with pytest.raises(ConnectionError):
        download(shop, desk, id="one")
    shop.now += 3600
    snapshot = download(shop, desk, id="two")
    assert snapshot.taken > 1_700_003_600
    assert sorted(path.name for path in desk.folder.iterdir()) == ["two.json", "two.parquet"]


def test_another_shop_s_leavings_are_left_alone(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(200, fail_at=12)
    with pytest.raises(ConnectionError):
        download(shop, make_desk(shop), id="one")
    snapshot = download(shop, make_desk(shop, page_size=20), id="two")
    assert snapshot.rows == 200
    assert (make_desk(shop).folder / "one.part").is_dir()


def test_a_delta_brings_a_snapshot_up_to_date(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(45)
    desk = make_desk(shop)
    base = download(shop, desk, id="one")
    shop.now += 1000
    shop.change(3, "7")
    shop.insert(0, "NEW")
    shop.products[10].deleted, shop.products[10].updated = True, shop.now
    made = len(shop.calls)
    fresh = delta(shop, desk, base, id="two")
    expected = {product.sku: product.price for product in shop.products}
    assert (held(fresh), fresh.complete) == (expected, True)
    assert len(shop.calls) - made <= 6
    full = download(shop, desk, id="three")
    assert full.digest == fresh.digest


def test_a_delta_over_an_old_full_pass_is_a_full_pass(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(45)
    desk = make_desk(shop)
    base = download(shop, desk, id="one")
    shop.now += 50_000
    second = delta(shop, desk, base, id="two")
    shop.products.pop(4)
    shop.now += 50_000
    third = delta(shop, desk, second, id="three")
    assert (second.rows, third.rows) == (45, 44), "what vanished without a trace is seen at the latest then"


def test_snapshots_are_found_again(moving_shop: Any, make_desk: Any) -> None:
    shop = moving_shop(12)
    desk = make_desk(shop)
    assert latest(desk.folder, "id-1") is None
    one = download(shop, desk, id="one")
    shop.now += 10
    two = download(shop, desk, id="two")
    assert (load(desk.folder, "one"), load(desk.folder, "two")) == (one, two)
    assert latest(desk.folder, "id-1") == two
    assert latest(desk.folder, "another shop") is None
    for unknown in ("three", "../one", ""):
        with pytest.raises(UsageError):
            load(desk.folder, unknown)


def test_a_snapshot_without_its_rows_or_with_a_broken_manifest_isn_t_found(
    moving_shop: Any, make_desk: Any
) -> None:
    shop = moving_shop(12)
    desk = make_desk(shop)
    download(shop, desk, id="one").path.unlink()
    (desk.folder / "two.json").write_text("{")
    (desk.folder / "three.json").write_text("[]")
    assert latest(desk.folder, "id-1") is None


def test_progress_is_told(moving_shop: Any, make_desk: Any) -> None:
    from dataclasses import replace

    shop, told = moving_shop(45), []
    download(
        shop, replace(make_desk(shop), progress=lambda rows, pages: told.append((rows, pages))), id="one"
    )
    assert [pages for _, pages in told] == list(range(1, len(told) + 1))
    assert told[-1][0] >= 45 - 1
