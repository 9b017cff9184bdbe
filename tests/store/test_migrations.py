"""Schemas go forward, whole or not at all, and never back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table

from pipeline.errors import StateError
from pipeline.store.engine import Store
from pipeline.store.migrations import Migration

Open = Callable[..., Store]


def _shout(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE note SET words = upper(words)")


_PEOPLE = MetaData()
Table("person", _PEOPLE, Column("id", Integer, primary_key=True), Column("name", String(40)))

COLUMN = Migration(name="a column", step=("ALTER TABLE note ADD COLUMN mood VARCHAR(20) DEFAULT 'fine'",))
FUNCTION = Migration(name="louder", step=_shout)
TABLES = Migration(name="people", step=_PEOPLE)
BROKEN = Migration(
    name="broken", step=("ALTER TABLE note ADD COLUMN half INTEGER", "UPDATE missing SET a = 1")
)


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def fill(open_notes: Open) -> None:
    store = open_notes()
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO note (words) VALUES ('hello')")
    store.close()


def test_each_step_is_applied_once_in_order(open_notes: Open) -> None:
    fill(open_notes)
    for _ in range(2):
        store = open_notes(later=(COLUMN, FUNCTION, TABLES))
        assert rows(store, "SELECT words, mood FROM note") == [("HELLO", "fine")]
        assert rows(store, "SELECT version, kind, name FROM schema_version ORDER BY version") == [
            (1, "notes", "notes"),
            (2, "notes", "a column"),
            (3, "notes", "louder"),
            (4, "notes", "people"),
        ]


def test_the_old_file_is_kept(open_notes: Open, tmp_path: Path) -> None:
    fill(open_notes)
    open_notes(later=(COLUMN,))
    with closing(sqlite3.connect(tmp_path / "notes.db.v1.bak")) as copy:
        assert copy.execute("SELECT * FROM note").fetchall() == [(1, "hello")]
        assert copy.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]


def test_a_new_file_needs_no_copy(open_notes: Open, tmp_path: Path) -> None:
    open_notes(later=(COLUMN,))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.db"]


def test_a_step_that_fails_changes_nothing(open_notes: Open) -> None:
    fill(open_notes)
    with pytest.raises(StateError, match="no such table: missing"):
        open_notes(later=(COLUMN, BROKEN))
    store = open_notes()
    assert rows(store, "SELECT * FROM note") == [(1, "hello")]
    assert rows(store, "SELECT max(version) FROM schema_version") == [(1,)]


def test_a_newer_schema_is_left_alone(open_notes: Open) -> None:
    open_notes(later=(COLUMN,))
    with pytest.raises(StateError, match=r"newer version of this program \(schema 2, known here: 1\)"):
        open_notes()


def test_a_store_of_another_kind_is_left_alone(open_notes: Open) -> None:
    open_notes()
    with pytest.raises(StateError, match="holds a notes store, not a ledger"):
        open_notes(kind="ledger")


def test_a_database_of_another_program_is_left_alone(open_notes: Open, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        connection.execute("CREATE TABLE moz_places (a)")
    with pytest.raises(StateError, match="database of another program"):
        open_notes()


def test_processes_that_open_a_new_file_together_agree(tmp_path: Path) -> None:
    script = """
import sys
from pipeline.store.engine import open_store
from pipeline.store.migrations import Migration
steps = tuple(Migration(name=f"t{n}", step=(f"CREATE TABLE t{n} (a INTEGER)",)) for n in range(5))
sys.stdin.readline()
open_store(sys.argv[1], kind="notes", migrations=steps).check()
"""
    run = [sys.executable, "-c", script, str(tmp_path / "new.db")]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(run, cwd=root, stdin=subprocess.PIPE) for _ in range(3)]
    for process in started:
        process.communicate(b"go\n", timeout=30)
    assert [process.returncode for process in started] == [0, 0, 0]
