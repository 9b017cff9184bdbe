"""The fewest bins for items with a size, limited in number and in bytes. Pure, and never worse than by hand.

Where bytes don't bind, filling in order is already the fewest. Where they do, larger items first;
and for few items, where neither reaches the lower bound, all ways are tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

#: Up to so many items all ways are tried; beyond, "larger first" is at most 2/9 from the best.
EXHAUSTIVE = 10
#: Beyond so many items, they are packed in the order given: sorting them into bins would take minutes.
LARGEST_FIRST = 50_000


def fewest(
    sizes: Sequence[int], *, most: int, most_bytes: int, links: Mapping[int, int] | None = None
) -> list[list[int]]:
    """Positions in bins of at most `most` items and `most_bytes` bytes, as few as possible.

    Positions stay in order within a bin, and bins stand in the order of their first item. `links`
    says that an item's partner must not ride in a later bin: where regrouping would break that,
    the order as given is kept, which never does.
    """
    if not sizes:
        return []
    sizes = [min(size, most_bytes) for size in sizes]
    best = _in_order(sizes, most, most_bytes)
    least = max(ceil(len(sizes) / most), ceil(sum(sizes) / most_bytes))
    if len(best) > least and len(sizes) <= LARGEST_FIRST:
        best = _shorter(best, _arranged(_largest_first(sizes, most, most_bytes), links or {}))
    if len(best) > least and len(sizes) <= EXHAUSTIVE:
        best = _shorter(best, _exhaustive(sizes, most, most_bytes, links or {}, len(best)))
    return best


def _shorter(best: list[list[int]], other: list[list[int]]) -> list[list[int]]:
    return other if other and len(other) < len(best) else best


def _in_order(sizes: Sequence[int], most: int, most_bytes: int) -> list[list[int]]:
    bins: list[list[int]] = [[]]
    room = most_bytes
    for position, size in enumerate(sizes):
        if bins[-1] and (len(bins[-1]) == most or size > room):
            bins.append([])
            room = most_bytes
        bins[-1].append(position)
        room -= size
    return bins


def _largest_first(sizes: Sequence[int], most: int, most_bytes: int) -> list[list[int]]:
    bins: list[list[int]] = []
    rooms: list[int] = []
    for position in sorted(range(len(sizes)), key=lambda position: (-sizes[position], position)):
        fits = (n for n, room in enumerate(rooms) if sizes[position] <= room and len(bins[n]) < most)
        chosen = next(fits, None)
        if chosen is None:
            chosen = len(bins)
            bins.append([])
            rooms.append(most_bytes)
        bins[chosen].append(position)
        rooms[chosen] -= sizes[position]
    return bins


def _arranged(bins: list[list[int]], links: Mapping[int, int]) -> list[list[int]]:
    """Items and bins in order, partners no later than who needs them; [] where that can't be."""
    ordered = sorted((sorted(group) for group in bins), key=lambda group: group[0])
    home = {position: number for number, group in enumerate(ordered) for position in group}
    needs: dict[int, set[int]] = {number: set() for number in range(len(ordered))}
    for item, partner in links.items():
        if home[item] != home[partner]:
            needs[home[item]].add(home[partner])
    done: list[int] = []
    while len(done) < len(ordered):
        ready = next((n for n in needs if n not in done and needs[n] <= set(done)), None)
        if ready is None:
            return []
        done.append(ready)
    return [ordered[number] for number in done]


def _exhaustive(
    sizes: Sequence[int], most: int, most_bytes: int, links: Mapping[int, int], bound: int
) -> list[list[int]]:
    """The best arrangement with fewer than `bound` bins, every item tried in every bin; [] if none."""
    best: list[list[int]] = []
    order = sorted(range(len(sizes)), key=lambda position: -sizes[position])

    def place(rank: int, bins: list[list[int]], rooms: list[int]) -> None:
        nonlocal best
        if len(bins) >= (len(best) or bound):
            return
        if rank == len(order):
            best = _arranged(bins, links) or best
            return
        item = order[rank]
        for number in range(len(bins)):
            if sizes[item] <= rooms[number] and len(bins[number]) < most:
                grown = [*bins[:number], [*bins[number], item], *bins[number + 1 :]]
                left = [*rooms[:number], rooms[number] - sizes[item], *rooms[number + 1 :]]
                place(rank + 1, grown, left)
        place(rank + 1, [*bins, [item]], [*rooms, most_bytes - sizes[item]])

    place(0, [], [])
    return best
