"""One run per shop, and a dead one holds nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import Locked, StateError
from pipeline.store.locks import LockHolder, is_held, shop_lock

ROOT = Path(__file__).parents[2]
ME = LockHolder(pid=4711, since=1_800_000_000.0, command="push plan.jsonl")

HOLD = """
import os, subprocess, sys, time
from pathlib import Path
from pipeline.store.locks import LockHolder, shop_lock
with shop_lock(Path(sys.argv[1]), "shop", LockHolder(pid=os.getpid(), since=0.0, command="run")):
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(sleeper).pid if "child" in sys.argv else 0
    if "fork" not in sys.argv or not os.fork():
        print(child or os.getpid(), flush=True)  # a forked child speaks for itself: it has begun then
    time.sleep(60)
"""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(hold: list[subprocess.Popen[str]], folder: Path, *how: str) -> int:
    """A process that holds the shop; returns its child."""
    words = [sys.executable, "-c", HOLD, str(folder), *how]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    hold.append(process)
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_second_run_is_told_who_holds_the_shop_and_does_not_wait(tmp_path: Path) -> None:
    began = time.monotonic()
    with shop_lock(tmp_path, "shop", ME), pytest.raises(Locked) as caught, shop_lock(tmp_path, "shop", ME):
        pass
    assert caught.value.message == (
        "another run holds this shop: process 4711 since 2027-01-15 08:00:00 UTC (push plan.jsonl)"
    )
    assert time.monotonic() - began < 20, "it waited"


def test_other_shops_are_free_and_so_is_this_one_afterwards(tmp_path: Path) -> None:
    with shop_lock(tmp_path, "shop", ME), shop_lock(tmp_path, "other", ME):
        pass
    with shop_lock(tmp_path, "shop", ME):
        pass
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".lock", ".lock"]


def test_an_error_in_the_run_frees_the_shop(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="midway"), shop_lock(tmp_path, "shop", ME):
        raise ValueError("midway")
    with shop_lock(tmp_path, "shop", ME):
        pass


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff"], ids=repr)
def test_a_note_that_cannot_be_read_decides_nothing(tmp_path: Path, note: bytes) -> None:
    with shop_lock(tmp_path, "shop", ME):
        next(tmp_path.glob("*.json")).write_bytes(note)
        with pytest.raises(Locked, match="has only just begun"), shop_lock(tmp_path, "shop", ME):
            pass


def test_a_killed_run_holds_nothing_whatever_it_left_behind(
    tmp_path: Path, hold: list[subprocess.Popen[str]]
) -> None:
    start(hold, tmp_path)
    with pytest.raises(Locked, match=f"process {hold[0].pid} "), shop_lock(tmp_path, "shop", ME):
        pass
    hold[0].kill()
    hold[0].wait()
    assert len(list(tmp_path.glob("*.json"))) == 1
    with shop_lock(tmp_path, "shop", ME):
        assert json.loads(next(tmp_path.glob("*.json")).read_bytes())["pid"] == 4711


def test_who_only_looks_holds_nothing_and_tells_nobody_what_it_can_not_know(tmp_path: Path) -> None:
    assert is_held(tmp_path, "shop") is None, "no lock was ever here: another machine may hold one"
    with shop_lock(tmp_path, "shop", ME):
        assert is_held(tmp_path, "other") is None
    assert is_held(tmp_path, "shop") is False
    with shop_lock(tmp_path, "shop", ME):
        pass


def test_who_looks_finds_a_living_holder_and_no_killed_one(
    tmp_path: Path, hold: list[subprocess.Popen[str]]
) -> None:
    start(hold, tmp_path)
    assert is_held(tmp_path, "shop") is True
    hold[0].kill()
    hold[0].wait()
    assert is_held(tmp_path, "shop") is False


def test_a_beginning_run_waits_out_who_only_looks(tmp_path: Path) -> None:
    with shop_lock(tmp_path, "shop", ME):
        pass
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            is_held(tmp_path, "shop")

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            with shop_lock(tmp_path, "shop", ME):
                pass
    finally:
        done.set()
        for looker in lookers:
            looker.join()


CHILDREN = ["child", *(["fork"] if "fork" in multiprocessing.get_all_start_methods() else [])]


@pytest.mark.parametrize("how", CHILDREN)
def test_a_child_that_outlives_the_run_does_not_keep_the_lock(
    tmp_path: Path, hold: list[subprocess.Popen[str]], how: str
) -> None:
    child = start(hold, tmp_path, how)
    hold[0].kill()
    hold[0].wait()
    try:
        with shop_lock(tmp_path, "shop", ME):
            os.kill(child, 0)  # it does live
    finally:
        os.kill(child, 9)


def test_of_several_starts_at_once_one_holds_the_shop(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from pipeline.errors import Locked
from pipeline.store.locks import LockHolder, shop_lock
sys.stdin.readline()
try:
    with shop_lock(Path(sys.argv[1]), "shop", LockHolder(pid=0, since=0.0, command="run")):
        print("held", flush=True)
        sys.stdin.readline()
except Locked:
    print("locked", flush=True)
"""
    words = [sys.executable, "-c", script, str(tmp_path)]
    started = [
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.stdout.readline().strip() for process in started if process.stdout]
    for process in started:
        process.communicate("done\n", timeout=30)
    assert sorted(said) == ["held"] + ["locked"] * 5


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="can't make folder"), shop_lock(tmp_path / "state", "shop", ME):
        pass
