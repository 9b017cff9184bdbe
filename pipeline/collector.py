"""Python's search for garbage in rings, made rare while objects are born by the million."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects before a look at the youngest; and how many looks before one at the older ones.
_RARE = (100_000, 50, 100)


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """For work whose values form no rings: looking for rings would cost a sixth of its time."""
    before = gc.get_threshold()
    if before[0] == 0:  # someone switched it off
        yield
        return
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        gc.set_threshold(*before)
