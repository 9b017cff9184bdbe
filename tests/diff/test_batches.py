"""As few feeds as the limits allow, and none that leaves before what it needs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.batches import Entry, Packing, pack
from pipeline.diff.packing import fewest
from pipeline.market.feeds import Action
from schemas.fields import Lane

ROOM = 100


def entry(sku: str, action: Action = Action.UPDATE, **more: object) -> Entry:
    given_ = {"lane": Lane.CONTENT, "size": 10, "parent": "", **more}
    return Entry(sku=sku, action=action, **given_)  # type: ignore[arg-type]


def shape(packing: Packing) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(batch.action.name, batch.records, batch.after) for batch in packing.batches]


def fewest_by_hand(sizes: list[int], most: int) -> int:
    """Every way of putting items into bins, tried."""
    best = len(sizes)

    def place(rest: list[int], bins: list[tuple[int, int]]) -> None:
        nonlocal best
        if len(bins) >= best and rest:
            return
        if not rest:
            best = min(best, len(bins))
            return
        for i, (count, size) in enumerate(bins):
            if count < most and size + rest[0] <= ROOM:
                place(rest[1:], [*bins[:i], (count + 1, size + rest[0]), *bins[i + 1 :]])
        place(rest[1:], [*bins, (1, rest[0])])

    place(sorted(sizes, reverse=True), [])
    return best


@settings(max_examples=150, deadline=None)
@given(sizes=st.lists(st.integers(1, ROOM), min_size=1, max_size=8), most=st.integers(1, 5))
def test_no_packing_needs_fewer_feeds(sizes: list[int], most: int) -> None:
    bins = fewest(sizes, most=most, most_bytes=ROOM)
    assert sorted(item for group in bins for item in group) == list(range(len(sizes)))
    assert all(len(group) <= most and sum(sizes[item] for item in group) <= ROOM for group in bins)
    assert len(bins) == fewest_by_hand(sizes, most)


@settings(max_examples=100, deadline=None)
@given(count=st.integers(0, 5000), most=st.integers(1, 1000))
def test_where_bytes_are_plenty_records_alone_decide(count: int, most: int) -> None:
    packing = pack([entry(str(i)) for i in range(count)], most=most, most_bytes=10**9)
    assert len(packing.batches) == -(-count // most)


def test_a_record_larger_than_a_feed_rides_alone() -> None:
    assert fewest([300, 60, 50, 40, 50], most=10, most_bytes=ROOM) == [[0], [1, 3], [2, 4]]


@st.composite
def plans(draw: st.DrawFn) -> list[Entry]:
    skus = [f"S{i}" for i in range(draw(st.integers(1, 9)))]
    entries = []
    for sku in skus:
        kind = draw(st.sampled_from(["create", "update", "remove", "image", "create+image", "update+image"]))
        parent = draw(st.sampled_from(["", *skus]))
        size = draw(st.integers(1, ROOM))
        for word in kind.split("+"):
            action = Action[word.upper()]
            entries.append(
                entry(sku, action, size=size, parent="" if parent == sku or word == "image" else parent)
            )
    return draw(st.permutations(entries))


@settings(max_examples=200, deadline=None)
@given(entries=plans(), most=st.integers(1, 4), canary=st.integers(0, 3))
def test_every_record_rides_once_and_nothing_waits_in_a_ring(
    entries: list[Entry], most: int, canary: int
) -> None:
    packing = pack(entries, most=most, most_bytes=ROOM, canary=canary)
    assert sorted(packing.order) == list(range(len(entries)))
    assert list(packing.batch_of) == sorted(packing.batch_of)
    rides = Counter(packing.batch_of)
    assert [(b.no, b.records) for b in packing.batches] == sorted(rides.items())
    assert all(waited < batch.no for batch in packing.batches for waited in batch.after)
    at = {
        (entries[i].sku, entries[i].action): batch
        for i, batch in zip(packing.order, packing.batch_of, strict=True)
    }
    batches = {batch.no: batch for batch in packing.batches}

    def reaches(start: int, goal: int) -> bool:
        return any(step == goal or reaches(step, goal) for step in batches[start].after)

    for sku in {one.sku for one in entries}:
        homes = sorted({at[key] for key in at if key[0] == sku})
        assert all(reaches(later, earlier) for earlier, later in pairwise(homes))
        image, before = at.get((sku, Action.IMAGE)), at.get((sku, Action.CREATE))
        if image and before:
            assert image > before


@settings(max_examples=200, deadline=None)
@given(entries=plans(), most=st.integers(1, 4))
def test_parents_are_created_before_or_beside_their_children(entries: list[Entry], most: int) -> None:
    packing = pack(entries, most=most, most_bytes=ROOM)
    created = {one.sku: one for one in entries if one.action is Action.CREATE}
    place = {entries[i].sku: n for n, i in enumerate(packing.order) if entries[i].action is Action.CREATE}

    def in_ring(sku: str) -> bool:
        seen, above = {sku}, created[sku].parent
        while above in created and above not in seen:
            seen.add(above)
            above = created[above].parent
        return above in created

    for sku, child in created.items():
        if child.parent in created and not in_ring(sku):
            assert place[child.parent] < place[sku]


def test_order_of_actions_and_what_waits_for_what() -> None:
    entries = [
        entry("IMG", Action.IMAGE, lane=Lane.IMAGES),
        entry("NEW", Action.IMAGE, lane=Lane.IMAGES),
        entry("OLD", Action.REMOVE),
        entry("UPD", Action.UPDATE),
        entry("CHILD", Action.CREATE, parent="NEW"),
        entry("NEW", Action.CREATE),
    ]
    packing = pack(entries, most=1, most_bytes=ROOM)
    assert shape(packing) == [
        ("CREATE", 1, ()),
        ("CREATE", 1, (1,)),
        ("UPDATE", 1, ()),
        ("REMOVE", 1, ()),
        ("IMAGE", 1, ()),
        ("IMAGE", 1, (1,)),
    ]
    assert [entries[i].sku for i in packing.order] == ["NEW", "CHILD", "UPD", "OLD", "IMG", "NEW"]


def test_an_update_that_hangs_a_product_below_a_new_one_waits_for_it() -> None:
    entries = [entry("OLD", parent="NEW"), entry("NEW", Action.CREATE)]
    assert shape(pack(entries, most=9, most_bytes=ROOM)) == [("CREATE", 1, ()), ("UPDATE", 1, (1,))]


def test_prices_ride_before_texts_in_no_more_feeds() -> None:
    entries = [
        entry("T1"),
        entry("P1", lane=Lane.PRICE_STOCK),
        entry("T2"),
        entry("P2", lane=Lane.PRICE_STOCK),
    ]
    packing = pack(entries, most=3, most_bytes=ROOM)
    assert [entries[i].sku for i in packing.order] == ["P1", "P2", "T1", "T2"]
    assert [(batch.lane, batch.records) for batch in packing.batches] == [
        (Lane.PRICE_STOCK, 3),
        (Lane.CONTENT, 1),
    ]


@pytest.mark.parametrize(
    ("entries", "canary", "expected"),
    [
        pytest.param(
            [entry("A"), entry("B"), entry("C"), entry("N", Action.CREATE)],
            2,
            [("UPDATE", 2, True), ("CREATE", 1, False), ("UPDATE", 1, False)],
            id="updates first",
        ),
        pytest.param(
            [entry("N", Action.CREATE), entry("M", Action.CREATE)],
            1,
            [("CREATE", 1, True), ("CREATE", 1, False)],
            id="what goes first anyway",
        ),
        pytest.param(
            [entry("N", Action.CREATE), entry("A", parent="N"), entry("B")],
            2,
            [("UPDATE", 1, True), ("CREATE", 1, False), ("UPDATE", 1, False)],
            id="never one that waits",
        ),
        pytest.param([entry("A")], 0, [("UPDATE", 1, False)], id="none asked"),
    ],
)
def test_a_canary_rides_first_and_alone(
    entries: list[Entry], canary: int, expected: list[tuple[str, int, bool]]
) -> None:
    packing = pack(entries, most=10, most_bytes=10**6, canary=canary)
    assert [(b.action.name, b.records, b.canary) for b in packing.batches] == expected
