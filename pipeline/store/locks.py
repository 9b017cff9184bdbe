"""One run per shop: a lock that the operating system frees when its holder dies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import Locked, StateError
from pipeline.store.atomic import PRIVATE_FILE, private_folder, write_atomic
from pipeline.store.disk_errors import disk_trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """Who holds a lock, for the message of those who find it held; never what decides.

    Attributes:
        since: seconds since the epoch.
        command: as typed, without secrets.
    """

    pid: int
    since: float
    command: str


@contextmanager
def shop_lock(folder: Path, identity: str, holder: LockHolder) -> Iterator[None]:
    """Hold a shop during the body; never waits.

    The lock is on an open file, so it ends with the process, however that ends, and no child
    process inherits it. The lock file stays behind: only a held lock means anything.

    Args:
        folder: where locks lie; made if need be.
        identity: of the shop, any text.

    Raises:
        Locked: another process (or another part of this one) holds it; says who.
        StateError: this folder can't hold locks.
    """
    stem = private_folder(folder) / f"shop-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    lock = FileLock(
        stem.with_suffix(".lock"),
        mode=PRIVATE_FILE,
        blocking=False,
        thread_local=False,
        fallback_to_soft=False,
    )
    note = stem.with_suffix(".json")
    _acquire(lock, note, folder)
    try:
        write_atomic(note, json.dumps(asdict(holder)).encode())
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


def _acquire(lock: FileLock, note: Path, folder: Path) -> None:
    try:
        lock.acquire()
    except Timeout:
        raise Locked(
            f"another run holds this shop: {_who(note)}", hint="wait until it's done, or stop it"
        ) from None
    except OSError as error:
        raise disk_trouble("lock", lock.lock_file, error) from error
    except (RuntimeError, NotImplementedError) as error:
        raise StateError(
            f"can't lock in {folder}: {error}", hint="keep state on a local disk (--state)"
        ) from error


def _who(note: Path) -> str:
    """What the holder wrote about itself; it may be just about to."""
    try:
        holder = LockHolder(**json.loads(note.read_bytes()))
        since = datetime.fromtimestamp(holder.since, UTC)
        return f"process {holder.pid} since {since:%Y-%m-%d %H:%M:%S} UTC ({holder.command})"
    except (OSError, ValueError, TypeError):
        return "a process that has only just begun"
