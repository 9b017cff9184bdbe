"""What can be made again isn't kept for ever: snapshots, unsent plans, folders of attempts without a push."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline.journal.journal import Journal
from pipeline.snapshot.shelf import ids
from pipeline.usecases.workspace import Workspace

DAY = 86_400.0


def prune(ws: Workspace, journal: Journal) -> int:
    """Remove what the settings no longer keep; how many things went.

    Runs that sent anything keep their folder, and with it the way back.
    """
    kept, now = ws.settings.retention, ws.clock.now()
    runs = {row.id for row in journal.runs()}
    doomed = [
        *_snapshots(ws, kept.snapshots),
        *(path for path in _older(ws.plans, now - kept.plans_days * DAY)),
        *_left(ws.plans, now - DAY),
        *(path for path in _older(ws.runs, now - kept.attempts_days * DAY) if path.name not in runs),
    ]
    for path in doomed:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(doomed)


def _snapshots(ws: Workspace, keep: int) -> Iterator[Path]:
    for old in ids(ws.snapshots, ws.identity(ws.shop))[keep:]:
        yield from ws.snapshots.glob(f"{old}.*")


def _left(folder: Path, before: float) -> Iterator[Path]:
    """Folders for what a comparison needs only meanwhile, left by one that was killed."""
    for pattern in (".diff-*", ".hands-*"):
        for path in folder.glob(pattern):
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    yield path


def _older(folder: Path, before: float) -> Iterator[Path]:
    """Entries whose id says that they were made before a time."""
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):
            made = datetime.strptime(path.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
            if made.timestamp() < before:
                yield path
