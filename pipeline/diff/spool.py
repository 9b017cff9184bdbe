"""Records and held changes on their way into a plan: on disk, so that a million of them fit."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

from pipeline.diff.batches import Entry, Packing
from pipeline.diff.entries import entry_of
from pipeline.diff.plan import Held, Record
from pipeline.diff.planfile import held_line, record_line
from pipeline.diff.recordjson import body_of
from pipeline.store.atomic import private_folder
from pipeline.store.disk_errors import disk_errors, disk_trouble
from schemas.fields import Dialect

#: Bytes of records that wait to be written together.
_BUFFER = 1 << 20


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
