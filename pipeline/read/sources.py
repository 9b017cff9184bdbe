"""What the caller typed → regular files on disk that don't change under us, and their digest."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import InputRefused, UsageError
from pipeline.read.catalog import Limits
from pipeline.read.job import Input
from pipeline.settings.meant import meant_file

STDIN = "-"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file as it was when we began: what must not change while it is read."""

    device: int
    inode: int
    size: int
    modified: int


def inputs_of(
    sources: Sequence[str], spool: Path, limits: Limits, stdin: BinaryIO | None = None
) -> list[Input]:
    """All files that the sources name, in order; standard input and remote files are spooled.

    Raises:
        UsageError: nothing there, or nothing that can be read as a file.
    """
    found: list[Input] = []
    for source in sources:
        if source == STDIN:
            stream = stdin if stdin is not None else sys.stdin.buffer
            found.append(_spooled(stream, "stdin", "-", spool, len(found), limits))
        elif "://" in source:
            found.append(_remote(source, spool, len(found), limits))
        else:
            found += [Input(path=path, name=path) for path in _expanded(source)]
    if not found:
        raise UsageError("no catalog given", hint="name a file, a glob, or - for standard input")
    return found


def _expanded(source: str) -> list[str]:
    """The files of a path or glob; a file that is called like a glob is that file."""
    if os.path.lexists(source) or not glob.has_magic(source):
        return [source]
    found = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - of any path, absolute or not
    if not found:
        raise UsageError(f"no file matches {source}", hint=f"it was looked for from {Path.cwd()}")
    return found


def _spooled(stream: BinaryIO, name: str, shown: str, spool: Path, index: int, limits: Limits) -> Input:
    path = spool / f"source-{index}-{name}"
    size = 0
    with path.open("wb") as out:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > limits.max_bytes:
                raise InputRefused(f"{shown} is larger than {limits.max_bytes} bytes", code="limit")
            out.write(block)
    return Input(path=str(path), name=shown)


def _remote(url: str, spool: Path, index: int, limits: Limits) -> Input:
    """Download through fsspec, an extra."""
    try:
        import fsspec
    except ImportError:
        hint = "pip install 'sellercenter-pipeline[remote]'"
        raise UsageError(f"{_shown(url)} is remote: the extra `remote` is not installed", hint=hint) from None
    try:
        with fsspec.open(url, "rb") as stream:
            name = Path(url.split("?")[0]).name or "remote"
            return _spooled(stream, name, _shown(url), spool, index, limits)
    except ImportError as error:
        hint = "pip install 'sellercenter-pipeline[remote]'"
        raise UsageError(f"{_shown(url)} needs a driver that is not installed: {error}", hint=hint) from None
    except (OSError, ValueError) as error:
        raise InputRefused(f"can't read {_shown(url)}: {type(error).__name__}", code="unreadable") from None
    except InputRefused:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own; none may show its url
        raise InputRefused(f"can't read {_shown(url)}: {type(error).__name__}", code="unreadable") from None


def _shown(url: str) -> str:
    """A url without user, password or query: those may be secrets."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('?')[0].rpartition('@')[2]}"


def look(item: Input, limits: Limits) -> Seen:
    """What a file is now.

    Raises:
        UsageError: not there, not allowed, or no regular file.
        InputRefused: larger than the limit.
    """
    try:
        found = Path(item.path).stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = meant_file(Path(item.path)) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"can't read {item.name!r}: {reason}", hint=hint) from None
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise UsageError(f"{item.name!r} is {what}", hint="name the catalog file itself, or - to read a pipe")
    if found.st_size > limits.max_bytes:
        hint = "parse_max_bytes in [shops.NAME.catalog] allows larger ones"
        raise InputRefused(f"{item.name} is larger than {limits.max_bytes} bytes", hint=hint, code="limit")
    return Seen(device=found.st_dev, inode=found.st_ino, size=found.st_size, modified=found.st_mtime_ns)


def digest_of(items: Iterable[Input]) -> str:
    """The digest of all files in order, their sizes between them."""
    whole = hashlib.sha256()
    for item in items:
        try:
            with Path(item.path).open("rb") as file:
                while block := file.read(_BLOCK):
                    whole.update(block)
                whole.update(f"\0{file.tell()}\0".encode())
        except OSError as error:
            raise UsageError(f"can't read {item.name!r}: {error.strerror}") from None
    return f"sha256:{whole.hexdigest()}"
