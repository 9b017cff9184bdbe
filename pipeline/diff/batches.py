"""Records → the fewest batches that the limits allow, and which of them wait for which. Pure.

Order of the plan: creates, updates, removes, images; within an action parents before their children
and what is urgent first. A batch waits only for batches that hold one of its SKUs, or the parent
of one of its creates: what doesn't depend goes out as soon as there is a slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.diff.packing import fewest
from pipeline.diff.plan import Batch
from pipeline.diff.swift import swift
from pipeline.market.feeds import Action
from schemas.fields import Lane

ORDER = (Action.CREATE, Action.UPDATE, Action.REMOVE, Action.IMAGE)
URGENCY = {lane: rank for rank, lane in enumerate(Lane)}


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """As much of a record as packing has to know.

    Attributes:
        lane: the most urgent of its changes.
        size: bytes in a request body, at most.
        parent: SKU of the product it hangs below, where the record says so, or "".
    """

    sku: str
    action: Action
    lane: Lane
    size: int
    parent: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Many come from another process: the state of a dataclass takes three times as long."""
        return _entry, (self.sku, self.action, self.lane, self.size, self.parent)


def _entry(sku: str, action: Action, lane: Lane, size: int, parent: str) -> Entry:
    return Entry(sku=sku, action=action, lane=lane, size=size, parent=parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Where every record goes.

    Attributes:
        order: positions of the entries, in the order of the plan (record `no` 1 first).
        batch_of: the batch of each of those, in the same order.
        batches: what a plan's header says of them.
    """

    order: tuple[int, ...]
    batch_of: tuple[int, ...]
    batches: tuple[Batch, ...]


def pack(entries: Sequence[Entry], *, most: int, most_bytes: int, canary: int = 0) -> Packing:
    """The fewest batches of at most `most` records and `most_bytes` bytes, ordered and chained.

    A record that is larger than `most_bytes` by itself rides alone. With a canary, its records ride
    first and apart; the rest is packed as if they weren't there.
    """
    queues = _queues(entries)
    bins: list[tuple[Action, list[int]]] = []
    birds = _canary(entries, queues, min(canary, most), most_bytes)
    if birds:
        bins.append((entries[birds[0]].action, birds))
    away = set(birds)
    for action in ORDER:
        queue = [index for index in queues[action] if index not in away]
        if action is Action.IMAGE:
            _beside_their_products(entries, queue, bins)
        links = _links(entries, queue) if action is Action.CREATE else {}
        sizes = [entries[index].size for index in queue]
        packed = fewest(sizes, most=most, most_bytes=most_bytes, links=links)
        bins.extend((action, [queue[position] for position in group]) for group in packed)
    return _chained(entries, bins, canary=bool(birds))


def _queues(entries: Sequence[Entry]) -> dict[Action, list[int]]:
    """Positions by action, in sending order: as deep below a parent as needed, urgent first, as given."""
    depth = _depths(entries)
    queues: dict[Action, list[int]] = {action: [] for action in ORDER}
    for index, entry in enumerate(entries):
        queues[entry.action].append(index)
    for action, queue in queues.items():
        if action is Action.CREATE:
            queue.sort(key=lambda index: depth.get(index, 0))
        elif action is Action.UPDATE:
            queue.sort(key=lambda index: URGENCY[entries[index].lane])
    return queues


def _beside_their_products(
    entries: Sequence[Entry], queue: list[int], bins: Sequence[tuple[Action, list[int]]]
) -> None:
    """Images in the order of the batches that hold their products: each then waits for few."""
    home = {entries[index].sku: number for number, (_, group) in enumerate(bins) for index in group}
    queue.sort(key=lambda index: home.get(entries[index].sku, -1))


def _depths(entries: Sequence[Entry]) -> dict[int, int]:
    """How many created products stand above a created one; a ring of parents ends where it began."""
    created = {entry.sku: index for index, entry in enumerate(entries) if entry.action is Action.CREATE}
    depths: dict[int, int] = {}
    for sku, start in created.items():
        depth, above, seen = 0, entries[start].parent, {sku}
        while above in created and above not in seen:
            depth, seen = depth + 1, seen | {above}
            above = entries[created[above]].parent
        if depth:
            depths[start] = depth
    return depths


def _links(entries: Sequence[Entry], queue: Sequence[int]) -> dict[int, int]:
    """Position in the queue → position of its parent there, where the parent stands before it."""
    places = {entries[index].sku: place for place, index in enumerate(queue)}
    found = ((place, places.get(entries[index].parent)) for place, index in enumerate(queue))
    return {place: above for place, above in found if above is not None and above < place}


def _canary(
    entries: Sequence[Entry], queues: Mapping[Action, list[int]], wanted: int, most_bytes: int
) -> list[int]:
    """The first few updates that wait for nothing, else the first few of what goes first."""
    if wanted < 1:
        return []
    created = {entry.sku for entry in entries if entry.action is Action.CREATE}
    free = [i for i in queues[Action.UPDATE] if entries[i].parent not in created]
    first = free or next((queues[action] for action in ORDER if queues[action]), [])
    chosen: list[int] = []
    room = most_bytes
    for index in first[:wanted]:
        room -= entries[index].size
        if chosen and room < 0:
            break
        chosen.append(index)
    return chosen


def _chained(entries: Sequence[Entry], bins: Sequence[tuple[Action, list[int]]], *, canary: bool) -> Packing:
    """Number the batches and say which wait for which."""
    holders: dict[str, int] = {}
    born: dict[str, int] = {}
    batches: list[Batch] = []
    for number, (action, group) in enumerate(bins, start=1):
        before = _waits(entries, group, holders, {} if action is Action.REMOVE else born)
        holding = {entries[index].sku: number for index in group}
        holders.update(holding)
        if action is Action.CREATE:
            born.update(holding)
        lane = min((entries[index].lane for index in group), key=URGENCY.__getitem__)
        first = canary and number == 1
        after = tuple(sorted(before - {number}))
        batches.append(
            Batch(no=number, action=action, lane=lane, records=len(group), after=after, canary=first)
        )
    order = tuple(index for _, group in bins for index in group)
    batch_of = tuple(number for number, (_, group) in enumerate(bins, start=1) for _ in group)
    return Packing(order=order, batch_of=batch_of, batches=tuple(batches))


def _waits(
    entries: Sequence[Entry], group: Iterable[int], holders: Mapping[str, int], born: Mapping[str, int]
) -> set[int]:
    """Earlier batches that hold a SKU of this one (the last such), or create a parent of it."""
    held = {holders.get(entries[index].sku) for index in group}
    above = {born.get(entries[index].parent) for index in group}
    return {number for number in held | above if number is not None}
