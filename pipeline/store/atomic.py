"""Files that are there whole or not at all, and lines that survive a power cut once written."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import PipelineError, StateError
from pipeline.store.disk_errors import disk_errors

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_PUBLIC_FILE = 0o666  # narrowed by the umask, as for any file that a program writes for its user

Content = bytes | Callable[[BinaryIO], object]


def private_folder(path: Path, *, kind: type[PipelineError] = StateError) -> Path:
    """The folder, made if need be so that only its owner may look inside (where the OS has that).

    Raises:
        StateError: (or `kind`) it can't be made, or is a file.
    """
    with disk_errors("make folder", path, kind):
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


def write_atomic(
    path: Path, content: Content, *, private: bool = True, kind: type[PipelineError] = StateError
) -> None:
    """Put `content` (bytes, or a function that writes to a binary file) at `path`, whole or not at all.

    At any instant, also after a power cut, the path shows the old file or the new one. A link is
    followed; the file behind it is replaced.

    Args:
        private: only the owner may read it; else what the umask says.
        kind: the error to raise; `UsageError` for a path that the user chose.
    """
    with disk_errors("write", path, kind):
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise kind(f"can't write {path}: it's no regular file", hint="name a file")
        with _beside(target, private=private) as temporary:
            with temporary.open("wb") as file:
                _pour(content, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        sync_folder(target.parent)


def append_durable(path: Path, line: bytes, *, private: bool = True) -> None:
    """Add bytes at the end of a file (made if need be) and return when they're on the disk.

    Raises:
        StateError: the disk said no; the file may then end in a part of `line`.
    """
    with disk_errors("append to", path):
        new = not path.exists()
        mode = PRIVATE_FILE if private else _PUBLIC_FILE
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags, mode), "ab", buffering=0) as file:  # noqa: PTH123 - from a descriptor
            _write_all(file, line)
            os.fsync(file.fileno())
        if new:
            sync_folder(path.parent)


def ensure_free(folder: Path, needed: int, *, purpose: str) -> None:
    """Refuse to begin what this disk can't hold.

    Args:
        needed: bytes; purpose: what for, in a person's words.

    Raises:
        StateError: less is free; names both numbers.
    """
    with disk_errors("look at", folder):
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise StateError(
            f"{_megabytes(free)} free in {folder}, {purpose} needs {_megabytes(needed)}",
            hint="free space on this disk, or name another place with --state",
        )


def sync_folder(folder: Path) -> None:
    """Make a rename durable; systems that can't (Windows) do it by themselves."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _beside(target: Path, *, private: bool) -> Iterator[Path]:
    """A fresh file in the target's folder; gone afterwards unless it was renamed."""
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    mode = PRIVATE_FILE if private else _PUBLIC_FILE
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _pour(content: Content, file: BinaryIO) -> None:
    if isinstance(content, bytes):
        file.write(content)
    else:
        content(file)


def _write_all(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
