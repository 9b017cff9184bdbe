"""The next piece is worked on while the last is dealt with; in order, and never many at a time."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

#: Pieces under way at a time; each takes memory.
_AT_ONCE = 2
#: Seconds that a thread lets another wait for the interpreter. Work ahead is mostly in libraries that let go
#: of it, and has to ask for it again after every call: the usual five milliseconds are longer than the call.
_TURN = 0.0005
T = TypeVar("T")
U = TypeVar("U")


def ahead(look: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """`look` at each item, in order; for what changes nothing but what it returns."""
    with _short_turns(), ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="look") as pool:
        under_way: deque[Future[U]] = deque()
        for item in items:
            under_way.append(pool.submit(look, item))
            if len(under_way) == _AT_ONCE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def beforehand(items: Iterable[T]) -> Iterator[T]:
    """The same items, each fetched while the one before it is dealt with."""
    coming, end = iter(items), object()
    with _short_turns(), ThreadPoolExecutor(max_workers=1, thread_name_prefix="fetch") as pool:
        under_way: Future[T | object] = pool.submit(next, coming, end)
        while (item := under_way.result()) is not end:
            under_way = pool.submit(next, coming, end)
            yield item  # type: ignore[misc]


@contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
