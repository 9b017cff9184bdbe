"""Which run this is about, for every line that is logged meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RUN: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def running(run: str) -> Iterator[None]:
    """Within the body every log line carries the run's id."""
    token = RUN.set(run)
    try:
        yield
    finally:
        RUN.reset(token)
