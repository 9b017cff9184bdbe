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

#: Seconds that a run, about to begin, gives those who only look whether the shop is held.
A_LOOK = 0.5


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
    """Hold a shop during the body; waits no longer than `is_held` takes to look.

    The lock is on an open file, so it ends with the process, however that ends, and no child
    process inherits it. The lock file stays behind: only a held lock means anything.

    Args:
        folder: where locks lie; made if need be.
        identity: of the shop, any text.

    Raises:
        Locked: another process (or another part of this one) holds it; says who.
        StateError: this folder can't hold locks.
    """
    lock, note = _lock(private_folder(folder), identity)
    _acquire(lock, note, folder)
    try:
        write_atomic(note, json.dumps(asdict(holder)).encode())
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


def is_held(folder: Path, identity: str) -> bool | None:
    """Whether some process of this machine holds a shop now; None where that can't be told.

    It looks by holding the lock for a moment, so who asks is no holder, and a beginning run waits it out.
    """
    lock, _ = _lock(folder, identity)
    if not Path(lock.lock_file).exists():
        return None  # no run of this ledger has ever held it: another machine's may
    try:
        lock.acquire()
    except Timeout:
        return True
    except (OSError, RuntimeError, NotImplementedError):
        return None
    lock.release()
    return False


def _lock(folder: Path, identity: str) -> tuple[FileLock, Path]:
    """The lock of a shop, and the note of who holds it."""
    stem = folder / f"shop-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    lock = FileLock(
        stem.with_suffix(".lock"),
        mode=PRIVATE_FILE,
        blocking=False,
        thread_local=False,
        fallback_to_soft=False,
    )
    return lock, stem.with_suffix(".json")


def _acquire(lock: FileLock, note: Path, folder: Path) -> None:
    try:
        lock.acquire(blocking=True, timeout=A_LOOK, poll_interval=A_LOOK / 20)
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
