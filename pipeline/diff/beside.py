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
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import Content, private_folder, write_atomic

#: Bytes of a digest: whole steps of what Arrow wants its columns to begin at.
_SEAL = 64


def place(snapshot: Snapshot, suffix: str, *made_of: object) -> Path:
    """Where something made of a snapshot and other plain values is kept."""
    file = snapshot.path.stat()
    parts = [snapshot.id, snapshot.digest, file.st_size, file.st_mtime_ns, *made_of]
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    return snapshot.path.with_name(f"{snapshot.path.stem}.hashes") / f"{name}{suffix}"


def keep(path: Path, content: Content) -> None:
    """Write it, whole or not at all.

    Raises:
        StateError: it can't be kept.
    """
    private_folder(path.parent)
    write_atomic(path, content)


def keep_sealed(path: Path, content: pa.Buffer) -> None:
    """Write it below its digest, for what nobody could tell from the right thing if a bit of it were wrong.

    Raises:
        StateError: it can't be kept.
    """
    seal = hashlib.sha256(content).hexdigest().encode()

    def pour(file: BinaryIO) -> None:
        file.write(seal)
        file.write(content)

    keep(path, pour)


def sealed(path: Path) -> pa.Buffer | None:
    """What `keep_sealed` wrote, mapped; None where it isn't there, or isn't what was written."""
    if not path.exists() or path.stat().st_size <= _SEAL:
        return None
    whole = pa.py_buffer(_mapped(path))
    content = whole.slice(_SEAL)
    return content if hashlib.sha256(content).hexdigest().encode() == whole[:_SEAL].to_pybytes() else None


def has(path: Path, size: int) -> bool:
    """Whether it is there, in so many bytes."""
    return path.exists() and path.stat().st_size == size


def mapped(path: Path) -> npt.NDArray[np.uint64]:
    """The words in a file, the lowest byte of each first."""
    if not path.stat().st_size:
        return np.zeros(0, dtype=np.uint64)
    return np.frombuffer(_mapped(path), "<u8").astype(np.uint64, copy=False)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # it goes with its last reader
    if hasattr(mmap, "MADV_WILLNEED"):  # rows are asked for in any order
        with contextlib.suppress(OSError):
            whole.madvise(mmap.MADV_WILLNEED)
    return whole
