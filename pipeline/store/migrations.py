"""Schemas that only go forward: numbered, in one transaction, a copy of the old file kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, inspect, select

from pipeline.errors import StateError


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from a version to the next; once released it never changes.

    Attributes:
        name: what it brings, for people.
        step: statements that any database understands, or tables to create (of that version: a
            later migration must not edit them), or a function that is given the connection.
    """

    name: str
    step: Sequence[str] | MetaData | Callable[[Connection], None]


class Migratable(Protocol):
    """What `migrate` needs of a store."""

    path: Path

    def read(self) -> AbstractContextManager[Connection]: ...
    def write(self) -> AbstractContextManager[Connection]: ...
    def back_up(self, copy: Path) -> None: ...


VERSIONS = Table(
    "schema_version",
    MetaData(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("name", String(200), nullable=False),
)


def migrate(store: Migratable, kind: str, migrations: Sequence[Migration]) -> None:
    """Bring a database to the newest version; a file that is there already costs one read.

    Before an existing schema is changed the file is copied to `<name>.v<old version>.bak`.

    Raises:
        StateError: newer than this program, of another kind, or no database of ours.
    """
    with store.read() as connection:
        version = _version(connection, store.path, kind)
    _refuse_newer(store.path, version, len(migrations))
    if version == len(migrations):
        return
    with store.write() as connection:
        version = _version(connection, store.path, kind)  # another process may have been faster
        _refuse_newer(store.path, version, len(migrations))
        if 0 < version < len(migrations):
            store.back_up(store.path.with_name(f"{store.path.name}.v{version}.bak"))
        for number in range(version, len(migrations)):
            _apply(connection, kind, number + 1, migrations[number])


def _apply(connection: Connection, kind: str, number: int, migration: Migration) -> None:
    if number == 1:
        VERSIONS.create(connection)
    step = migration.step
    if isinstance(step, MetaData):
        step.create_all(connection, checkfirst=False)
    elif callable(step):
        step(connection)
    else:
        for statement in step:
            connection.exec_driver_sql(statement)
    connection.execute(insert(VERSIONS).values(version=number, kind=kind, name=migration.name))


def _version(connection: Connection, path: Path, kind: str) -> int:
    """The newest version that was applied; 0 for an empty file."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return 0
    if VERSIONS.name not in tables:
        raise StateError(f"{path} is a database of another program", hint="name another file")
    row = connection.execute(select(func.max(VERSIONS.c.version), func.min(VERSIONS.c.kind))).one()
    if row[1] != kind:
        raise StateError(
            f"{path} holds a {row[1] or 'nameless'} store, not a {kind}", hint="name another file"
        )
    return int(row[0])


def _refuse_newer(path: Path, version: int, known: int) -> None:
    if version > known:
        raise StateError(
            f"{path} was written by a newer version of this program (schema {version}, known here: {known})",
            hint="update this program; an older one must not touch it",
        )
