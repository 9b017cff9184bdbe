"""The next piece is worked on while the last is dealt with; in order, and never many at a time."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import RLock
from typing import TypeVar

#: Pieces that are looked at at a time, and one more that lies ready; each takes memory.
_AT_ONCE = 2
#: Seconds that a thread lets another wait for the interpreter. Work ahead is mostly in libraries that let go
#: of it, and has to ask for it again after every call: the usual five milliseconds are longer than the call.
_TURN = 0.0005
T = TypeVar("T")
U = TypeVar("U")


def ahead(look: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """`look` at each item, in order; for what changes nothing but what it returns."""
    with _turns.short(), ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="look") as pool:
        under_way: deque[Future[U]] = deque()
        for item in items:
            under_way.append(pool.submit(look, item))
            if len(under_way) > _AT_ONCE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def beforehand(items: Iterable[T]) -> Iterator[T]:
    """The same items, each fetched while the one before it is dealt with."""
    coming, end = iter(items), object()
    with _turns.short(), ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch") as pool:
        under_way: Future[T | object] = pool.submit(next, coming, end)
        while (item := under_way.result()) is not end:
            under_way = pool.submit(next, coming, end)
            yield item  # type: ignore[misc]


class _Turns:
    """Short while anyone needs them; who leaves last puts back what was.

    Generators end in any order: the outer of two that were given up is closed before the inner.
    """

    def __init__(self) -> None:
        self._lock = RLock()  # a generator may be closed by the collector, wherever its thread is
        self._users = 0
        self._before = 0.0

    @contextmanager
    def short(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(_TURN)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    sys.setswitchinterval(self._before)


_turns = _Turns()
