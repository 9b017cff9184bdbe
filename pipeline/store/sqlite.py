"""What is true of SQLite only: how a file is made, opened, and copied.

Rollback-journal mode with `synchronous=EXTRA`: a commit is on the disk before it returns, also
through a power cut, and versions before 3.51.3 can corrupt a database in WAL mode.

An open database file is never opened by other means than SQLite in the same process: closing any
descriptor of it would drop the locks that SQLite holds on it (sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from pipeline.errors import StateError
from pipeline.store.atomic import PRIVATE_FILE, private_folder, sync_folder
from pipeline.store.database_errors import DAMAGED
from pipeline.store.disk_errors import disk_errors

_BEGIN = "store_begin"


def make_file(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its journals the same rights."""
    private_folder(path.parent)
    with disk_errors("make", path), suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def engine(path: Path, *, durable: bool, busy_seconds: float) -> Engine:
    """An engine whose transactions begin as their connection's options say (`begin_with`)."""
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        # isolation_level None: the driver begins nothing by itself, we say which kind.
        connect_args={"timeout": busy_seconds, "isolation_level": None, "check_same_thread": False},
        pool_size=4,
        max_overflow=-1,
    )

    @event.listens_for(made, "connect")
    def _connected(connection: sqlite3.Connection, _record: Any) -> None:
        _configure(connection, path, durable=durable)

    @event.listens_for(made, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))

    return made


def writing(made: Engine) -> Engine:
    """The same engine for transactions that write: they take the lock at once, so none fails midway."""
    return made.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def check(connection: Connection, place: str) -> None:
    """Look at the file's whole structure.

    Raises:
        StateError: it's damaged.
    """
    found = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        hint = "stop using it and restore it from a backup"
        raise StateError(f"{place} is damaged: {found[0]}", hint=hint, code=DAMAGED)


def back_up(path: Path, copy: Path) -> None:
    """Copy a database through SQLite itself; the copy appears whole or not at all."""
    temporary = copy.with_name(f"{copy.name}.tmp")
    with disk_errors("back up to", copy):
        temporary.unlink(missing_ok=True)
        make_file(temporary)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
        temporary.replace(copy)
        sync_folder(copy.parent)


def shrink(path: Path) -> bool:
    """Give the disk back what deleted rows left empty; False where someone else has the database open.

    SQLite does it whole or not at all, a power cut included; it needs as much room again meanwhile.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        for pragma in _DURABLE:
            connection.execute(f"PRAGMA {pragma}")
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError:  # in use, or no room: it's as good as before
            return False
    return True


def _configure(connection: sqlite3.Connection, path: Path, *, durable: bool) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode == "wal":
        raise StateError(
            f"{path} is in WAL mode, which this version of SQLite ({sqlite3.sqlite_version}) may corrupt",
            hint=f'close other programs, then: sqlite3 "{path}" "PRAGMA journal_mode=DELETE"',
        )
    # What needn't survive a power cut still survives a killed process: the journal file stays in place.
    for pragma in _DURABLE if durable else _QUICK:
        connection.execute(f"PRAGMA {pragma}")


_BOTH = ("foreign_keys=ON", "cell_size_check=ON", "trusted_schema=OFF")
_DURABLE = ("journal_mode=DELETE", "synchronous=EXTRA", *_BOTH)
_QUICK = ("journal_mode=PERSIST", "synchronous=OFF", *_BOTH)
