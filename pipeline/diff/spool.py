"""Records and held changes on their way into a plan: on disk, so that a million of them fit."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

from pipeline.diff.batches import URGENCY, Entry, Packing
from pipeline.diff.plan import Effect, Held, Record
from pipeline.diff.planfile import adapter, held_line
from pipeline.diff.rules import known_field
from pipeline.diff.sizes import size_of
from pipeline.market.feeds import Action
from pipeline.store.atomic import private_folder
from pipeline.store.disk_errors import disk_errors, disk_trouble
from schemas.fields import Dialect, Lane

#: Bytes of records that wait to be written together.
_BUFFER = 1 << 20
#: How a record begins that has no number yet.
_UNNUMBERED = len(b'{"no":0,"batch":0,')


class Spool:
    """Takes records in the order in which they are found, gives them back in the order of a packing.

    Attributes:
        entries: what packing has to know of each, in the order in which they were added.
    """

    def __init__(self, folder: Path, dialect: Dialect) -> None:
        self.entries: list[Entry] = []
        self._write = adapter(Record).dump_json
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
        record = record if record.no == record.batch == 0 else replace(record, no=0, batch=0)
        body: bytes = self._write(record, exclude_defaults=True)
        try:
            self._records.write(body)
        except OSError as error:
            raise disk_trouble("write into", self._folder, error) from error
        self._starts.append(self._starts[-1] + len(body))
        self.entries.append(_entry(record, self._dialect))

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
                body = bodies[self._starts[index] + _UNNUMBERED : self._starts[index + 1]]
                yield b'{"kind":"record","no":%d,"batch":%d,%b' % (no, batch, body)

    def held_lines(self) -> Iterator[bytes]:
        self._held.seek(0)
        for line in self._held:
            yield line[:-1]


def _entry(record: Record, dialect: Dialect) -> Entry:
    parent = next((change.after for change in record.changes if change.field == "ParentSku"), "")
    return Entry(
        sku=record.sku,
        action=record.action,
        lane=lane_of(record, dialect),
        size=size_of(record),
        parent="" if parent == record.sku or record.effect is Effect.REMOVE else parent,
    )


def lane_of(record: Record, dialect: Dialect) -> Lane:
    """How urgent a record is: an update as its most urgent field, a create or remove as content."""
    if record.action is Action.IMAGE:
        return Lane.IMAGES
    if record.action is not Action.UPDATE:
        return Lane.CONTENT
    return _most_urgent(tuple(change.field for change in record.changes), dialect)


@lru_cache(maxsize=4096)
def _most_urgent(names: tuple[str, ...], dialect: Dialect) -> Lane:
    lanes = [of.lane for name in names if (of := known_field(name, dialect))]
    return min((Lane.CONTENT, *lanes), key=URGENCY.__getitem__)
