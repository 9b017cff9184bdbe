"""The file that a job is to import: found, waited for until it's whole, and told apart from those before."""

from __future__ import annotations

import glob
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputRefused, UsageError
from pipeline.read.job import Input
from pipeline.read.sources import digest_of
from pipeline.settings import Job
from pipeline.usecases.workspace import Workspace

#: Seconds between two looks at a file that isn't whole yet.
LOOK = 5.0
ARCHIVES = (".xlsx", ".xlsm", ".xlsb", ".ods")
TEXTS = (".csv", ".tsv", ".txt")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """What a job imports.

    Attributes:
        names: the files, or remote addresses.
        digest: over all their bytes; "" for remote ones, which are always read.
        modified: of the newest, seconds since the epoch; 0 for remote ones.
    """

    names: tuple[str, ...]
    digest: str
    modified: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A file that a job imported before; `clean` = with exit code 0."""

    digest: str
    modified: float
    clean: bool
    run: str


class Doubt(NamedTuple):
    """Why a file may not be whole; a hard doubt refuses it when the time is over."""

    text: str
    hard: bool


def candidate(ws: Workspace, job: Job) -> SourceFile:
    """The file or files to import now, whole.

    Raises:
        InputRefused: there is none, it's too old, or it didn't get whole in time.
    """
    if any("://" in source for source in job.sources):
        return SourceFile(names=job.sources, digest="", modified=0.0)
    ends = ws.clock.monotonic() + job.file_deadline
    watch = _Watch(job, ws.clock.now)
    while True:
        paths = _found(job, ws.base)
        doubts = [doubt for path in paths if (doubt := watch.doubt(path)) is not None]
        if not doubts:
            return _measured(ws, job, paths)
        left = ends - ws.clock.monotonic()
        if left <= 0:
            return _late(ws, job, paths, doubts)
        ws.progress.say(f"waiting for a whole file: {doubts[0].text}")
        ws.clock.sleep(min(LOOK, left))


def _late(ws: Workspace, job: Job, paths: Sequence[Path], doubts: Sequence[Doubt]) -> SourceFile:
    hard = [doubt.text for doubt in doubts if doubt.hard]
    if hard:
        raise InputRefused(
            f"not whole within {job.file_deadline:g} s: {'; '.join(hard)}",
            hint="let the export finish, or have it write a marker file (`marker` of the job)",
            code="half-written",
        )
    return _measured(ws, job, paths)


def _found(job: Job, base: Path) -> list[Path]:
    """The files that there are now: the newest, or all in the order of their names."""
    named = [found for source in job.sources for found in _expanded(base / source)]
    paths = list(dict.fromkeys(path for path in named if path.is_file()))
    if not paths:
        raise InputRefused(
            f"no file matches {' '.join(job.sources)} (from {base})",
            hint="was the export delivered? `source` of the job says where it's looked for",
            code="no-file",
        )
    return paths if job.pick == "all" else [max(paths, key=lambda p: (_stat(p)[1], p.name))]


def _expanded(pattern: Path) -> list[Path]:
    if pattern.exists() or not glob.has_magic(str(pattern)):
        return [pattern]
    return [Path(name) for name in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207


def _stat(path: Path) -> tuple[int, float]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0.0  # gone between two looks: the next one tells
    return found.st_size, found.st_mtime


def _measured(ws: Workspace, job: Job, paths: Sequence[Path]) -> SourceFile:
    modified = max(_stat(path)[1] for path in paths)
    hours = (ws.clock.now() - modified) / 3600
    if job.max_age_hours is not None and hours > job.max_age_hours:
        raise InputRefused(
            f"{paths[-1].name} is {hours:.0f} hours old; {job.max_age_hours:g} are allowed",
            hint="the export seems to have stopped; `max_age_hours` of the job sets the limit",
            code="stale-file",
        )
    names = tuple(str(path) for path in paths)
    try:
        digest = digest_of(Input(path=name, name=name) for name in names)
    except UsageError as error:
        raise InputRefused(error.message, hint=error.hint, code="unreadable") from error
    return SourceFile(names=names, digest=digest, modified=modified)


class _Watch:
    """Remembers since when files look as they look."""

    def __init__(self, job: Job, now: Callable[[], float]) -> None:
        self._job = job
        self._now = now
        self._since: dict[Path, tuple[tuple[int, float], float]] = {}

    def doubt(self, path: Path) -> Doubt | None:
        """Why the file may not be whole yet, or None."""
        if self._job.marker is not None and not _marked(path, self._job.marker):
            return Doubt(f"{path.name} has no marker {_marker(path, self._job.marker).name} yet", hard=True)
        if not self._settled(path):
            return Doubt(f"{path.name} changed within the last {self._job.settle_seconds:g} s", hard=True)
        return looks_cut(path) if self._job.complete == "looks" else None

    def _settled(self, path: Path) -> bool:
        now = self._now()
        look = _stat(path)
        known, since = self._since.get(path, (look, now))
        since = since if known == look else now
        self._since[path] = (look, since)
        return max(now - since, now - look[1]) >= self._job.settle_seconds


def _marker(path: Path, pattern: str) -> Path:
    return path.with_name(pattern.replace("{file}", path.name))


def _marked(path: Path, pattern: str) -> bool:
    marker = _marker(path, pattern)
    return marker.exists() and _stat(marker)[1] >= _stat(path)[1]


def looks_cut(path: Path) -> Doubt | None:
    """Whether a file's form says that its end is missing.

    An open quote may be an inch sign: that's only a reason to wait, the reader judges it later.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in ARCHIVES and not zipfile.is_zipfile(path):
            return Doubt(f"{path.name} lacks the end of a workbook", hard=True)
        return _text_cut(path) if suffix in TEXTS else None
    except OSError as error:
        return Doubt(f"{path.name}: {error.strerror}", hard=False)


def _text_cut(path: Path) -> Doubt | None:
    quotes, tail = 0, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            quotes += block.count(b'"')
            tail = (tail + block)[-4:]
    if not tail:
        return Doubt(f"{path.name} is empty", hard=False)
    if tail.replace(b"\0", b"")[-1:] not in (b"\n", b"\r"):
        return Doubt(f"{path.name} doesn't end with a line's end", hard=True)
    if quotes % 2:
        return Doubt(f"{path.name} ends within quotes", hard=False)
    return None


def nothing_new(file: SourceFile, imported: Sequence[Imported], job: Job) -> bool:
    """Whether this very file was imported last, without remainder.

    Args:
        imported: newest first.

    Raises:
        InputRefused: it's older than the last one, or was imported before it.
    """
    if not imported or not file.digest:
        return False
    last = imported[0]
    if file.digest == last.digest:
        return last.clean
    name = Path(file.names[-1]).name
    if file.modified < last.modified:
        raise InputRefused(
            f"{name} is older than the file that was imported last (run {last.run})",
            hint="has the new export not arrived? an older file is never imported by a job",
            code="old-file",
        )
    again = next((one for one in imported if one.digest == file.digest), None)
    if again is not None and job.repeats == "refuse":
        raise InputRefused(
            f"{name} holds exactly what run {again.run} imported, and newer files came since",
            hint='is it an old export? `repeats = "allow"` in the job lets such files pass',
            code="old-file",
        )
    return False
