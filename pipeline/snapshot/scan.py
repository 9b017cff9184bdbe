"""One pass over a list that may move while it is read, and the proof that nothing was skipped.

GetProducts has no total, no documented order and no transaction over its pages. So neighbouring
pages share one row, and a pass is *proven* when

- the first page begins where a separate one-row call says the list begins,
- every further page begins with the row that the page before it ends with: a page is a contiguous
  piece of the list, so a product that was there all along and kept its place lies in one of them;
  and a page with a hole in it would end at another row than its offset says,
- the call at the last row's offset answers exactly that row.

Where neighbours don't fit (someone put in or removed products before them, or the shop answered
wrongly), both are asked again, until they do. Products that came, moved or changed meanwhile are the
business of the delta that follows (`download`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.snapshot.parts import Parts, Piece
from pipeline.snapshot.source import Source

#: How often a gap, a beginning or an end that doesn't fit is looked at again.
ROUNDS = 4
#: After so many gaps that couldn't be closed a pass is read to its end without trying any more.
HOPELESS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass over the list found.

    Attributes:
        pieces: all pages, in the order in which they came.
        proven: nothing that stayed in its place was skipped; else `doubt` says why not.
        pages: pages that make up the list, those aside that were asked for to prove it.
    """

    pieces: tuple[Piece, ...]
    proven: bool
    doubt: str
    pages: int


class Scan:
    """A pass under way.

    Args:
        source: answers pages.
        parts: where pages are kept; those of an earlier try are taken from there.
        params: what to list ("Filter", "UpdatedAfter" …).
        size: rows asked for in a page, 2 or more.
        breadth: how many calls to have under way, asked again before each.
        on_page: told of every page that came.
    """

    def __init__(
        self,
        source: Source,
        parts: Parts,
        params: Mapping[str, str],
        *,
        size: int,
        breadth: Callable[[], int],
        on_page: Callable[[Piece], None],
    ) -> None:
        self._source, self._parts, self._params = source, parts, dict(params)
        self._size, self._breadth, self._on_page = max(size, 2), breadth, on_page
        self._ahead: dict[int, Future[Piece]] = {}
        self._end: int | None = None
        self._full_pages = 0
        self._log = _Log()

    def run(self, pool: ThreadPoolExecutor) -> Pass:
        """Read the whole list.

        Raises:
            ShopError: a page can't be had.
        """
        try:
            self._run(pool)
        finally:
            for waiting in self._ahead.values():
                waiting.cancel()
        log = self._log
        return Pass(
            pieces=tuple(log.pieces), proven=not log.doubts, doubt="; ".join(log.doubts), pages=log.pages
        )

    def _run(self, pool: ThreadPoolExecutor) -> None:
        front = self._begin(pool)
        while True:
            self._log.pages += 1
            if front.total < self._size:
                after = self._finish(front)
                if after is None:
                    return
                front = after
                continue
            offset = front.offset + self._size - 1
            front = self._joined(front, self._piece(offset, pool))

    # -- beginning, middle, end

    def _begin(self, pool: ThreadPoolExecutor) -> Piece:
        """The first page, once a separate call agrees on where the list begins."""
        first = self._piece(0, pool)
        for _ in range(ROUNDS):
            head = self._ask(0, 1)
            if first.sound and head.sound and head.first == first.first:
                return first
            first = self._ask(0, self._size)
        return self._lost(first, 0)

    def _joined(self, front: Piece, piece: Piece) -> Piece:
        """The page after `front`; where the two don't fit, both are looked at again.

        If rows were removed or put in before them meanwhile, the second look at `front` holds what
        slipped across the border; if one of the pages was wrong, it replaces it.
        """
        if self._fit(front, piece):
            return piece
        for _ in range(ROUNDS if len(self._log.doubts) < HOPELESS else 0):
            again = self._ask(front.offset, self._size)
            if self._overlap(front, again) and again.total < self._size:
                return again
            piece = self._ask(piece.offset, self._size)
            if self._overlap(front, again) and self._fit(again, piece):
                return piece
        return self._lost(piece, piece.offset)

    def _finish(self, front: Piece) -> Piece | None:
        """None at the proven (or given up) end; else a page that shows there is more."""
        for _ in range(ROUNDS):
            tail = self._ask(max(front.offset + front.total - 1, 0), self._size)
            if not front.total and not tail.total and front.offset == 0:
                return None
            if self._fit(front, tail):
                if tail.total == 1:
                    return None
                self._learn_size(front, tail)
                return tail
            again = self._ask(front.offset, self._size)
            if front.offset == 0 or self._overlap(front, again):
                front = again
            if front.total >= self._size:
                return front
        self._lost(front, front.offset + front.total)
        return None

    def _learn_size(self, front: Piece, tail: Piece) -> None:
        """A shop that silently gives fewer rows than asked for: its pages are that long, then."""
        if front.offset == 0 and front.total == tail.total:
            self._size = front.total
            self._forget_ahead()

    def _lost(self, piece: Piece, offset: int) -> Piece:
        self._log.doubts.append(f"rows moved or went missing around row {offset}")
        return piece

    def _fit(self, front: Piece, piece: Piece) -> bool:
        """Whether one begins with the row that the other ends with: nothing between, nothing left out."""
        return bool(front.sound and piece.sound and front.total and piece.total) and piece.first == front.last

    def _overlap(self, front: Piece, piece: Piece) -> bool:
        """Whether both are pieces of one list that share a row."""
        if not (front.sound and piece.sound and front.total and piece.total):
            return False
        return piece.first in self._parts.skus(front) or front.first in self._parts.skus(piece)

    # -- calls

    def _piece(self, offset: int, pool: ThreadPoolExecutor) -> Piece:
        """The page there, while the pages behind it are already asked for."""
        kept = self._parts.kept(offset, self._size, self._params)
        if kept is not None:
            return self._came(kept)
        self._look_ahead(offset, pool)
        piece = self._ahead.pop(offset).result()
        if piece.total >= self._size:
            self._full_pages += 1
        return self._came(piece)

    def _look_ahead(self, offset: int, pool: ThreadPoolExecutor) -> None:
        """Slow start: doubled with every full page, so that a small shop is asked for nothing in vain."""
        room = min(self._breadth(), 2 ** min(self._full_pages, 10))
        stride = self._size - 1
        for at in range(offset, offset + stride * room, stride):
            beyond = self._end is not None and at > self._end
            if at in self._ahead or (at != offset and (beyond or self._has(at))):
                continue
            self._ahead[at] = pool.submit(self._fetch_ahead, at)

    def _has(self, offset: int) -> bool:
        return self._parts.has(offset, self._size, self._params)

    def _fetch_ahead(self, offset: int) -> Piece:
        piece = self._fetch(offset, self._size)
        if piece.total < self._size:
            self._end = offset if self._end is None else min(self._end, offset)
        return piece

    def _forget_ahead(self) -> None:
        for waiting in self._ahead.values():
            waiting.cancel()
        self._ahead.clear()
        self._end = None

    def _ask(self, offset: int, limit: int) -> Piece:
        return self._came(self._fetch(offset, limit))

    def _fetch(self, offset: int, limit: int) -> Piece:
        page = self._source.products_page({**self._params, "Limit": str(limit), "Offset": str(offset)})
        return self._parts.keep(page, offset, limit, self._params)

    def _came(self, piece: Piece) -> Piece:
        self._log.pieces.append(piece)
        self._on_page(piece)
        return piece


@dataclass(slots=True)
class _Log:
    pieces: list[Piece] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    pages: int = 0


class Breadth:
    """How many calls keep the request window full, given how long answers take.

    A token comes back `per_seconds` after its answer, so `requests / (per_seconds + latency)` calls
    a second are permitted, and so many times the latency are under way at once. Two more wait for
    tokens, that none is ever idle.
    """

    def __init__(self, source: Source, *, requests: int, per_seconds: float, most: int = 32) -> None:
        self._source, self._requests, self._per = source, requests, per_seconds
        self._most = max(1, min(most, requests))
        self._lock = threading.Lock()

    def __call__(self) -> int:
        latency = self._source.latency
        if latency is None:
            return min(4, self._most)
        under_way = self._requests * latency / (self._per + latency)
        return max(1, min(int(under_way) + 3, self._most))
