"""Rows that reports read: again and again, one after the other, never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pipeline.diff.plan import Change, Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """Rows that are read anew each time they are asked for: `Stream(partial(planfile.records, path))`."""

    open: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.open()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change as a row of a table; a record without changes is one line with an empty field.

    Attributes:
        acquitted: it goes back to a value that the journal holds, so guards left it alone.
    """

    record: Record
    name: str
    change: Change | None
    acquitted: bool = False


def lines_of(record: Record, name: str) -> Iterator[Line]:
    """A record's changes as lines; at least one line."""
    for change in record.changes:
        yield Line(record=record, name=name, change=change, acquitted=change.field in record.acquitted)
    if not record.changes:
        yield Line(record=record, name=name, change=None)


def name_of(record: Record, names: Mapping[str, str]) -> str:
    """A product's name: the one known, else the one it gets."""
    known = names.get(record.sku)
    if known:
        return known
    return next((change.after for change in record.changes if change.field == "Name"), "")


def lasting(rows: Iterable[object]) -> None:
    """Refuse rows that can be read once only.

    Raises:
        TypeError: an iterator was given.
    """
    if isinstance(rows, Iterator):
        raise TypeError("a report reads its rows several times: give a sequence or a Stream")
