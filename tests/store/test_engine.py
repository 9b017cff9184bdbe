"""A commit is there or it isn't, and whatever goes wrong is said in words."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.errors import StateError, UsageError
from pipeline.store.database_errors import database_trouble
from pipeline.store.engine import Store, open_scratch
from pipeline.store.migrations import Migration

Open = Callable[..., Store]
STEP = ("CREATE TABLE note (id INTEGER PRIMARY KEY, words VARCHAR(100) NOT NULL)",)
FIRST = Migration(name="notes", step=STEP)
POSIX = pytest.mark.skipif(os.name != "posix", reason="rights of files as POSIX has them")


def add(store: Store, words: str) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO note (words) VALUES (?)", (words,))


def words(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT words FROM note ORDER BY id")]


def run(store: Store, *statements: str) -> None:
    """All in one transaction."""
    with store.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def pragma(store: Store, name: str) -> Any:
    with store.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_commits_survive_a_power_cut(open_notes: Open) -> None:
    store = open_notes()
    found = {name: pragma(store, name) for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert found == {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1}


def test_what_need_not_survive_one_is_not_forced_to_disk(open_notes: Open) -> None:
    store = open_notes(durable=False)
    assert (pragma(store, "journal_mode"), pragma(store, "synchronous")) == ("persist", 0)


def test_a_transaction_that_fails_leaves_nothing(open_notes: Open) -> None:
    store = open_notes()
    add(store, "kept")
    with pytest.raises(StateError, match="no such table"):
        run(store, "INSERT INTO note (words) VALUES ('lost')", "UPDATE missing SET a = 1")
    assert words(store) == ["kept"]


def test_reopening_finds_what_was_stored(open_notes: Open, tmp_path: Path) -> None:
    add(open_notes(), "kept")
    assert words(open_notes(f"sqlite:///{tmp_path}/notes.db")) == ["kept"]


@POSIX
def test_only_the_owner_may_read_it(open_notes: Open, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        open_notes(tmp_path / "state" / "notes.db")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("state", "state/notes.db")]
    assert modes == [0o700, 0o600]


def test_a_writer_waits_for_another_then_says_who_is_in_the_way(open_notes: Open, tmp_path: Path) -> None:
    store = open_notes()
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as viewer:
        viewer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match=r"notes\.db is locked by another program") as caught:
            add(store, "never")
    assert "close the program" in caught.value.hint
    add(store, "after")
    assert words(store) == ["after"]


def test_writers_take_turns(open_notes: Open) -> None:
    store = open_notes(busy_seconds=30)
    threads = [threading.Thread(target=lambda: [add(store, "x") for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(words(store)) == 40


def test_a_full_disk_stores_nothing_of_the_transaction(open_notes: Open) -> None:
    store = open_notes()
    add(store, "kept")
    much = f"INSERT INTO note (words) VALUES ('{'x' * 1000}')"
    with pytest.raises(StateError, match="the disk is full"):
        run(store, "PRAGMA max_page_count=1", *[much] * 100)
    store.engine.dispose()
    assert words(store) == ["kept"]


def test_a_read_only_database_says_so(open_notes: Open) -> None:
    store = open_notes()
    with pytest.raises(StateError, match="read-only"):
        run(store, "PRAGMA query_only=ON", "INSERT INTO note (words) VALUES ('never')")


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_says_so(open_notes: Open, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="no permission"):
        open_notes()
    tmp_path.chmod(0o700)


def test_a_file_where_the_folder_should_be_says_so(open_notes: Open, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="can't make folder"):
        open_notes(tmp_path / "state" / "notes.db")


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused(open_notes: Open, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"notes\.db is (no database|damaged)"):
        open_notes()
    assert path.read_bytes() == content


def test_a_damaged_database_is_found(open_notes: Open, tmp_path: Path) -> None:
    store = open_notes()
    run(store, *[f"INSERT INTO note (words) VALUES ('{number * 10**60}')" for number in range(200)])
    store.check()
    store.close()
    damage(tmp_path / "notes.db")
    with pytest.raises(StateError, match="is damaged"):
        open_notes().check()


def damage(path: Path) -> None:
    """Zeroes over the head of the last page."""
    whole = bytearray(path.read_bytes())
    whole[-4096:-4000] = bytes(96)
    path.write_bytes(whole)


@pytest.mark.parametrize("spoil", [damage, lambda path: path.write_bytes(b"x" * 9000)], ids=["page", "all"])
def test_scratch_is_made_anew_when_damaged(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "scratch.db"
    for _ in range(2):
        store = open_scratch(path, kind="notes", migrations=(FIRST,))
        assert words(store) == []
        add(store, "soon gone")
        store.close()
        spoil(path)


def test_scratch_that_is_whole_or_someone_elses_is_kept(open_notes: Open, tmp_path: Path) -> None:
    add(open_notes(), "kept")
    path = tmp_path / "notes.db"
    assert words(open_scratch(path, kind="notes", migrations=(FIRST,))) == ["kept"]
    with pytest.raises(StateError, match="holds a notes store"):
        open_scratch(path, kind="window", migrations=(FIRST,))


def test_wal_mode_is_refused(open_notes: Open, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a)")
    with pytest.raises(StateError, match="is in WAL mode") as caught:
        open_notes()
    assert "journal_mode=DELETE" in caught.value.hint


def test_a_row_that_contradicts_another_can_be_told_apart(open_notes: Open) -> None:
    """Inside the transaction it's SQLAlchemy's error, for code that expects it; outside it's its cause."""
    store = open_notes()
    with pytest.raises(StateError, match="contradicts") as caught:
        run(store, *["INSERT INTO note (id, words) VALUES (1, 'x')"] * 2)
    assert isinstance(caught.value.__cause__, IntegrityError)


@pytest.mark.parametrize(
    "url", ["postgresql://user:secret@host/db", "sqlite://", "sqlite:///:memory:", "no url ://"]
)
def test_a_url_that_means_nothing_here_is_refused_without_its_password(open_notes: Open, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_notes(url)
    assert "secret" not in str(caught.value)


def test_every_code_of_the_driver_has_a_message() -> None:
    error = sqlite3.OperationalError("something new")
    assert database_trouble("state.db", error).message == "state.db can't be used (something new)"


@POSIX
def test_a_forked_child_uses_connections_of_its_own(open_notes: Open, tmp_path: Path) -> None:
    """In a process of its own: forking a test run with threads is asking for trouble."""
    script = """
import os, sys
from pipeline.store.engine import open_store
from pipeline.store.migrations import Migration
step = ("CREATE TABLE note (id INTEGER PRIMARY KEY, words VARCHAR(100))",)
store = open_store(sys.argv[1], kind="notes", migrations=(Migration(name="notes", step=step),))
def add():
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO note (words) VALUES (?)", (str(os.getpid()),))
add()
child = os.fork()
add()
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
with store.read() as connection:
    assert connection.exec_driver_sql("SELECT count(*), count(DISTINCT words) FROM note").one() == (3, 2)
"""
    root = Path(__file__).parents[2]
    run = [sys.executable, "-c", script, str(tmp_path / "forked.db")]
    subprocess.run(run, check=True, timeout=30, cwd=root)
