"""Records and held changes on their way into a plan: on disk, so that a million of them fit."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

from pipeline.diff.batches import URGENCY, Entry, Packing
from pipeline.diff.plan import Effect, Held, Record
from pipeline.diff.planfile import held_line, record_line
from pipeline.diff.recordjson import body_of
from pipeline.diff.rules import known_field
from pipeline.diff.sizes import size_of
from pipeline.market.feeds import Action
from pipeline.store.atomic import private_folder
from pipeline.store.disk_errors import disk_errors, disk_trouble
from schemas.fields import Dialect, Lane

#: Bytes of records that wait to be written together.
_BUFFER = 1 << 20
_UPDATE, _IMAGE, _REMOVE = Action.UPDATE, Action.IMAGE, Effect.REMOVE


class Spool:
    """Takes records in the order in which they are found, gives them back in the order of a packing.

    Attributes:
        entries: what packing has to know of each, in the order in which they were added.
    """

    def __init__(self, folder: Path, dialect: Dialect) -> None:
        self.entries: list[Entry] = []
        self._dialect = dialect
        self._starts = array("q", [0])
        self._folder = private_folder(folder)
        with disk_errors("write into", folder):
            self._records: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER)  # noqa: SIM115 - closed in close
            self._held: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER)  # noqa: SIM115 - closed in close

    def close(self) -> None:
        """Give the disk back what lay there."""
        self._records.close()
        self._held.close()

    def add(self, record: Record) -> None:
        """Args: record: its numbers don't count yet."""
        body = body_of(record)
        self.extend(body, (len(body),), (entry_of(record, self._dialect),))

    def extend(self, bodies: bytes, lengths: Iterable[int], entries: Iterable[Entry]) -> None:
        """Records that were written already, one behind the other."""
        try:
            self._records.write(bodies)
        except OSError as error:
            raise disk_trouble("write into", self._folder, error) from error
        for length in lengths:
            self._starts.append(self._starts[-1] + length)
        self.entries.extend(entries)

    def hold(self, held: Held) -> None:
        with disk_errors("write into", self._folder):
            self._held.write(held_line(held) + b"\n")

    def record_lines(self, packing: Packing) -> Iterator[bytes]:
        """The record lines of a plan: numbers are all that a record lacked."""
        self._records.flush()
        if not packing.order:
            return
        with mmap(self._records.fileno(), 0, access=ACCESS_READ) as bodies:
            for no, (index, batch) in enumerate(zip(packing.order, packing.batch_of, strict=True), start=1):
                yield record_line(no, batch, bodies[self._starts[index] : self._starts[index + 1]])

    def held_lines(self) -> Iterator[bytes]:
        self._held.seek(0)
        for line in self._held:
            yield line[:-1]


def entry_of(record: Record, dialect: Dialect) -> Entry:
    """What packing has to know of a record."""
    parent = ""
    for change in record.changes:
        if change.field == "ParentSku":
            parent = change.after
            break
    return Entry(
        sku=record.sku,
        action=record.action,
        lane=lane_of(record, dialect),
        size=size_of(record),
        parent="" if parent == record.sku or record.effect is _REMOVE else parent,
    )


def lane_of(record: Record, dialect: Dialect) -> Lane:
    """How urgent a record is: an update as its most urgent field, a create or remove as content."""
    if record.action is _IMAGE:
        return Lane.IMAGES
    if record.action is not _UPDATE:
        return Lane.CONTENT
    return _most_urgent(tuple([change.field for change in record.changes]), dialect)


@lru_cache(maxsize=4096)
def _most_urgent(names: tuple[str, ...], dialect: Dialect) -> Lane:
    lanes = [of.lane for name in names if (of := known_field(name, dialect))]
    return min((Lane.CONTENT, *lanes), key=URGENCY.__getitem__)
