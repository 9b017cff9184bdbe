"""Memory that is free and that the allocators kept: given back to the system between the stages of a run."""

from __future__ import annotations

import contextlib
import ctypes
import sys

import pyarrow as pa


def give_back() -> None:
    """It saves memory and decides nothing; where a system has no such call, it keeps what it has."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # not every C library has it
            ctypes.CDLL(None).malloc_trim(0)
