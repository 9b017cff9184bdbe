"""What a database driver says, in words a person can act on: the only place that knows its codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import StateError

#: `StateError.code` of a database that can't be trusted any more.
DAMAGED = "state-damaged"

_RIGHTS = "check the owner and rights of file and folder"
_REPORT = "report it if it repeats"
#: SQLite's primary result codes (sqlite.org/rescode.html) → (what happened, what to do).
_DATABASE = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another program",
        "close the program that has it open (a viewer, a backup), then go on with `resume`",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another part of this program", _REPORT),
    sqlite3.SQLITE_FULL: (
        "can't grow: the disk is full",
        "free space on this disk, then go on with `resume`",
    ),
    sqlite3.SQLITE_READONLY: ("can't be written: it's read-only", _RIGHTS),
    sqlite3.SQLITE_PERM: ("can't be used: no permission", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: (
        "can't be opened",
        "check that its folder exists and that you may write there",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "stop using it and restore it from a backup; nothing is sent on the word of a damaged record",
    ),
    sqlite3.SQLITE_NOTADB: ("is no database", "restore it from a backup, or name another file"),
    sqlite3.SQLITE_IOERR: ("met an error of the disk", "check the disk, then `resume`"),
    sqlite3.SQLITE_NOMEM: ("can't be used: out of memory", "free memory, then `resume`"),
    sqlite3.SQLITE_CONSTRAINT: ("refused a row that contradicts another", _REPORT),
}


def database_trouble(place: str, error: BaseException) -> StateError:
    """The `StateError` that stands for a driver's error; `place` names the database to a person."""
    origin = getattr(error, "orig", None) or error
    code = getattr(origin, "sqlite_errorcode", None)
    said, hint = _DATABASE.get((code or 0) & 0xFF, ("can't be used", "report it if it repeats"))
    damaged = (code or 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return StateError(f"{place} {said} ({origin})", hint=hint, code=DAMAGED if damaged else None)


@contextmanager
def database_errors(place: str) -> Iterator[None]:
    """Whatever the driver raises inside leaves as `StateError`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise database_trouble(place, error) from error
