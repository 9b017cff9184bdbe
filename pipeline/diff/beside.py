"""Files that are kept beside a snapshot: what can be worked out from it alone, once.

Their names say what they were made of: what is found is right, what is stale is never found. They are
mapped, so that pages of them are the system's and not ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import StateError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import private_folder, write_atomic

#: Bytes of a digest: whole steps of what Arrow wants its columns to begin at.
_SEAL = 64


def place(snapshot: Snapshot, suffix: str, *made_of: object) -> Path:
    """Where something made of a snapshot and other plain values is kept."""
    file = snapshot.path.stat()
    parts = [snapshot.id, snapshot.digest, file.st_size, file.st_mtime_ns, *made_of]
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    return snapshot.path.with_name(f"{snapshot.path.stem}.hashes") / f"{name}{suffix}"


def keep(path: Path, content: pa.Buffer) -> pa.Buffer:
    """Write it below its digest, whole or not at all: nobody could tell it from the right thing if a bit of
    it were wrong.

    Returns:
        The same as it lies there then: pages of the system's, and no longer ours.

    Raises:
        StateError: it can't be kept, or isn't there then.
    """
    seal = hashlib.sha256(content).hexdigest().encode()

    def pour(file: BinaryIO) -> None:
        file.write(seal)
        file.write(content)

    private_folder(path.parent)
    write_atomic(path, pour)
    found = kept(path)
    if found is None:
        raise StateError(f"{path} isn't what was just written there", hint="check the disk")
    return found


def kept(path: Path) -> pa.Buffer | None:
    """What `keep` wrote, mapped; None where it isn't there, or isn't what was written."""
    try:
        if path.stat().st_size < _SEAL:
            return None
        whole = pa.py_buffer(_mapped(path))
    except OSError:
        return None
    content = whole.slice(_SEAL)
    return content if hashlib.sha256(content).hexdigest().encode() == whole[:_SEAL].to_pybytes() else None


class Column:
    """One value for each row of the shop, kept in a file.

    Args:
        rows: how many; kind: of a value, the lowest byte first.
    """

    def __init__(self, path: Path, rows: int, kind: npt.DTypeLike) -> None:
        self.path, self._rows, self._kind = path, rows, np.dtype(kind)
        self._values = self._of(kept(path))

    @property
    def missing(self) -> bool:
        """It has yet to be made."""
        return self._values is None

    def make(self, values: npt.NDArray[Any]) -> None:
        """Keep these.

        Raises:
            StateError: they can't be kept.
        """
        assert len(values) == self._rows, "one value a row"
        content = np.ascontiguousarray(values, dtype=self._kind)
        self._values = self._of(keep(self.path, pa.py_buffer(content.tobytes())))

    def of(self, rows: Any = slice(None)) -> npt.NDArray[Any]:
        """The values of some rows."""
        assert self._values is not None, "it wasn't made"
        found: npt.NDArray[Any] = self._values[rows]
        return found

    def _of(self, content: pa.Buffer | None) -> npt.NDArray[Any] | None:
        if content is None or len(content) != self._rows * self._kind.itemsize:
            return None
        values = np.frombuffer(content, self._kind) if self._rows else np.zeros(0, self._kind)
        return values.astype(self._kind.newbyteorder("="), copy=False)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # it goes with its last reader
    if hasattr(mmap, "MADV_WILLNEED"):  # rows are asked for in any order
        with contextlib.suppress(OSError):
            whole.madvise(mmap.MADV_WILLNEED)
    return whole
