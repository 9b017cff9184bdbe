"""A database, open: transactions that read or write, every error of the driver translated.

Nothing above this folder knows which database it is. Today it's SQLite; another one takes its
place by URL once it has a module beside `sqlite.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import StateError, UsageError
from pipeline.store import sqlite
from pipeline.store.atomic import PRIVATE_FILE
from pipeline.store.database_errors import DAMAGED, database_errors
from pipeline.store.disk_errors import disk_errors
from pipeline.store.migrations import Migration, migrate

BUSY_SECONDS = 30.0


class Store:
    """An open database; safe to use from several threads.

    Attributes:
        path: its file.
        engine: SQLAlchemy's engine; use `read` and `write`, they translate errors.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.engine = engine
        self._writing = sqlite.writing(engine)
        self._pid = os.getpid()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database; keep it short, it holds up writers' commits.

        Raises:
            StateError: locked, damaged, gone.
        """
        self._own_connections()
        with database_errors(str(self.path)), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first moment; committed at the end, durable then.

        Raises:
            StateError: locked for longer than the busy time, full, read-only, damaged. Nothing of
                it is stored then.
        """
        self._own_connections()
        with database_errors(str(self.path)), self._writing.begin() as connection:
            yield connection

    def check(self) -> None:
        """Look at the file's whole structure (about 1 s a gigabyte).

        Raises:
            StateError: it's damaged.
        """
        with self.read() as connection:
            sqlite.check(connection, str(self.path))

    def back_up(self, copy: Path) -> None:
        """Copy the database while it's open; the copy appears whole or not at all."""
        with database_errors(str(self.path)):
            sqlite.back_up(self.path, copy)

    def shrink(self) -> bool:
        """Give the disk back what was deleted; False where that can't be done now, and nothing changed."""
        self.engine.dispose()
        with database_errors(str(self.path)):
            return sqlite.shrink(self.path)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _own_connections(self) -> None:
        """A forked child leaves its parent's connections alone: SQLite forbids to carry them over."""
        if os.getpid() != self._pid:
            self.engine.dispose(close=False)
            self._pid = os.getpid()


def insert_many(db: Connection, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert plain values (numbers, texts, bytes) as they stand, without SQLAlchemy's work for each of them.

    Args:
        names: columns in the order that the table has them; rows: their values, in that order.
    """
    statement = insert(table).inline().compile(dialect=db.dialect, column_keys=list(names))
    if statement.positional:
        db.exec_driver_sql(str(statement), list(rows))
    else:
        db.exec_driver_sql(str(statement), [dict(zip(names, row, strict=True)) for row in rows])


def open_store(
    place: str | Path,
    *,
    kind: str,
    migrations: Sequence[Migration],
    durable: bool = True,
    busy_seconds: float = BUSY_SECONDS,
) -> Store:
    """Open a database, made or migrated as need be.

    Args:
        place: a path, or a URL as SQLAlchemy writes it (`sqlite:///…`).
        kind: what it holds ("journal", "ledger"); a file of another kind is refused.
        migrations: all there ever were, oldest first; the schema's version is their number.
        durable: a commit survives a power cut; False only for what needn't.
        busy_seconds: how long to wait for another program's lock.

    Raises:
        StateError: it can't be opened, is damaged, newer than this program, or of another kind.
        UsageError: a URL that means nothing here.
    """
    path = _path_of(place)
    with database_errors(str(path)):
        sqlite.make_file(path)
        store = Store(path, sqlite.engine(path, durable=durable, busy_seconds=busy_seconds))
        try:
            migrate(store, kind, migrations)
        except BaseException:
            store.close()
            raise
    return store


def open_scratch(path: Path, *, kind: str, migrations: Sequence[Migration]) -> Store:
    """Open a small database that means nothing after a restart: a damaged one (a power cut) is made anew.

    Raises:
        StateError: as `open_store`, but for damage.
    """
    try:
        return _open_checked(path, kind, migrations)
    except StateError as error:
        if error.code != DAMAGED:
            raise
    from filelock import FileLock  # seldom needed, and slow to import

    # One process at a time, and only what's damaged still: another may have made it anew already.
    with disk_errors("make anew", path), FileLock(f"{path}.lock", mode=PRIVATE_FILE, timeout=BUSY_SECONDS):
        try:
            return _open_checked(path, kind, migrations)
        except StateError as error:
            if error.code != DAMAGED:
                raise
        path.unlink()
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        return _open_checked(path, kind, migrations)


def _open_checked(path: Path, kind: str, migrations: Sequence[Migration]) -> Store:
    store = open_store(path, kind=kind, migrations=migrations, durable=False)
    try:
        store.check()
    except BaseException:
        store.close()
        raise
    return store


def _path_of(place: str | Path) -> Path:
    if isinstance(place, Path) or "://" not in place:
        return Path(place)
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise UsageError(f"{place!r} is no database URL", hint="sqlite:///path/to/file.db") from error
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise UsageError(
            f"can't keep state in {url.render_as_string()}", hint="use a file: sqlite:///path/to/file.db"
        )
    return Path(url.database)
