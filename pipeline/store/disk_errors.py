"""What the operating system says of a file, in words a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PipelineError, StateError

_RIGHTS = "check the owner and rights of file and folder, and that no other program has it open"
_DISK = {
    errno.ENOSPC: ("the disk is full", "free space on this disk"),
    errno.EDQUOT: ("your disk quota is used up", "free space, or ask for more"),
    errno.EROFS: ("the disk is read-only", "name a place that can be written"),
    errno.EACCES: ("no permission", _RIGHTS),
    errno.EPERM: ("no permission", _RIGHTS),
    errno.ENOENT: ("no such file or folder", "check the path"),
    errno.ENOTDIR: ("a part of the path is a file", "check the path"),
    errno.EISDIR: ("it's a folder", "name a file"),
    errno.EIO: ("the disk reports an error", "check the disk"),
    errno.EFBIG: ("larger than this disk or account allows", "free space, or raise the limit"),
}


def disk_trouble(
    doing: str, path: Path | str, error: OSError, kind: type[PipelineError] = StateError
) -> PipelineError:
    """The error of the kind asked for that stands for an OSError; `doing` is a verb ("write")."""
    unknown = (error.strerror or type(error).__name__, "check the path and the disk")
    said, hint = _DISK.get(error.errno or 0, unknown)
    return kind(f"can't {doing} {path}: {said}", hint=hint)


@contextmanager
def disk_errors(doing: str, path: Path | str, kind: type[PipelineError] = StateError) -> Iterator[None]:
    """Whatever the operating system raises inside leaves as an error of ours."""
    try:
        yield
    except OSError as error:
        raise disk_trouble(doing, path, error, kind) from error
