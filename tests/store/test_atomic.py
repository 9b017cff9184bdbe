"""A file is there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from pipeline.errors import PipelineError, StateError, UsageError
from pipeline.store.atomic import append_durable, ensure_free, private_folder, write_atomic
from pipeline.store.disk_errors import disk_trouble

POSIX = pytest.mark.skipif(os.name != "posix", reason="rights of files as POSIX has them")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_bytes_and_writers_give_the_same_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", b"hello")
    write_atomic(tmp_path / "b", lambda file: file.write(b"hello"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"hello"


def test_a_writer_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_atomic(path, b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        write_atomic(path, fail)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("report.html", b"old")]


@POSIX
def test_private_files_are_the_owners_alone_others_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "state", b"")
        write_atomic(tmp_path / "report", b"", private=False)
        private_folder(tmp_path / "folder")
        append_durable(tmp_path / "log", b"")
    finally:
        os.umask(before)
    names = ("state", "report", "folder", "log")
    assert [mode(tmp_path / name) for name in names] == [0o600, 0o644, 0o700, 0o600]


@POSIX
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no regular file"):
        write_atomic(tmp_path, b"", kind=UsageError)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't write .*gone.*: no such file or folder"):
        write_atomic(tmp_path / "gone" / "report.html", b"", kind=UsageError)


def test_lines_are_added_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for line in (b"one\n", b"two\n", b"x" * 100_000):
        append_durable(path, line)
    assert path.read_bytes() == b"one\ntwo\n" + b"x" * 100_000


def test_too_little_space_is_said_before_the_work(tmp_path: Path) -> None:
    ensure_free(tmp_path, 1, purpose="the plan")
    with pytest.raises(StateError, match=r"MB free in .*, the plan needs 1,000,000,000,000\.0 MB"):
        ensure_free(tmp_path, 10**18, purpose="the plan")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "can't write f: the disk is full"),
        (errno.EROFS, "can't write f: the disk is read-only"),
        (errno.EACCES, "can't write f: no permission"),
        (errno.ELOOP, f"can't write f: {os.strerror(errno.ELOOP)}"),
    ],
)
def test_what_the_system_says_becomes_an_error_of_the_kind_asked_for(code: int, said: str) -> None:
    for kind in (StateError, UsageError):
        error = disk_trouble("write", "f", OSError(code, os.strerror(code)), kind)
        assert (type(error), error.message, bool(error.hint)) == (kind, said, True)
    assert issubclass(StateError, PipelineError)
