"""How pushes end when records, canaries, people, signals and disks don't behave."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


class Seller:
    """A folder, a shop with products, and commands."""

    def __init__(self, folder: Path, shop: Any, command: Any, tools: Any) -> None:
        self.folder, self.shop, self.command, self.tools = folder, shop, command, tools

    def open(self, products: int, **limits: object) -> None:
        self.tools.write_settings(self.folder, self.shop, **limits)
        self.shop.fill([self.tools.tea(n) for n in range(products)])
        self.since = max((entry["n"] for entry in self.shop.log()), default=0)

    def diff(self, products: int, **fields: str) -> Any:
        rows = [self.tools.tea(n, **fields) for n in range(products)]
        catalog = self.tools.write_catalog(self.folder / "catalog.csv", rows)
        made = self("diff", catalog, "--out", self.folder / "plan.jsonl")
        assert made.status == 0, made
        return made.document["counts"]

    def push(self, *words: object) -> Any:
        return self("push", self.folder / "plan.jsonl", "--yes", *words)

    def __call__(self, *words: object) -> Any:
        return self.command(self.folder, *words)

    @property
    def database(self) -> Path:
        return self.folder / "state" / "state.db"

    @property
    def feeds(self) -> list[dict[str, Any]]:
        feeds: list[dict[str, Any]] = self.shop.feeds(self.since)
        return feeds

    def process(self, *words: object) -> subprocess.Popen[str]:
        """A command in a real process of its own."""
        where = ["--json", "--config", self.folder / "sellercenter.toml", "--state", self.folder / "state"]
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *map(str, (*words, *where))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def until_feeds(self, number: int) -> None:
        ends = time.monotonic() + 60
        while len(self.feeds) < number:
            assert time.monotonic() < ends
            time.sleep(0.05)


@pytest.fixture
def seller(tmp_path: Path, shop: Any, command: Any, tools: Any) -> Seller:
    return Seller(tmp_path, shop, command, tools)


def skus(*numbers: int) -> list[str]:
    return [f"TEA-{number:04d}" for number in numbers]


def test_ignored_and_warned_records_are_told_apart(seller: Seller) -> None:
    """Of 100 updates the shop ignores 5 and warns on 3; the 5 come back in the next diff."""
    seller.open(100, verify_timeout=1)
    seller.diff(100, Price="77.25")
    ignored, warned = skus(3, 14, 15, 92, 65), skus(1, 2, 4)
    for fault, which in (("not-applied", ignored), ("warn", warned)):
        seller.shop.control("POST", "faults", {"action": "ProductUpdate", "fault": fault, "skus": which})
    ended = seller.push()
    counts = ended.document["counts"]
    assert (ended.status, counts["verified"], counts["not_applied"]) == (7, 95, 5)
    with sqlite3.connect(seller.database) as db:
        told = db.execute(
            "SELECT record.sku FROM outcome JOIN record USING (run, no) WHERE outcome.warning != ''"
        )
        assert sorted(sku for (sku,) in told) == sorted(warned)
    seller.shop.control("DELETE", "faults")
    assert seller.diff(100, Price="77.25")["update"] == 5


def test_three_equal_refusals_rest_until_the_row_changes(seller: Seller) -> None:
    seller.open(4)
    refused = skus(2)
    seller.shop.control("POST", "faults", {"action": "ProductUpdate", "fault": "partial", "skus": refused})
    for _ in range(3):
        assert seller.diff(4, Price="77.25")["update"] >= 1
        assert seller.push().status == 7
    counts = seller.diff(4, Price="77.25")
    assert (counts["update"], counts["blocked"], counts["unchanged"]) == (0, 1, 3)
    (resting,) = seller("quarantine").document["resting"]
    assert (resting["sku"], resting["times"]) == (refused[0], 3)
    assert seller.diff(4, Price="78.25")["update"] == 4  # its row changed: it is tried again


def test_a_canary_that_fails_keeps_the_rest_home(seller: Seller) -> None:
    seller.open(12, verify_timeout=0.5)
    seller.diff(12, Price="77.25")
    seller.shop.control("POST", "faults", {"action": "ProductUpdate", "fault": "not-applied"})
    ended = seller.push("--canary", 2)
    counts = ended.document["counts"]
    assert (ended.status, counts["not_applied"], counts["pending"], len(seller.feeds)) == (7, 2, 10, 1)
    again = seller("resume", ended.document["run"])
    assert (again.status, len(seller.feeds)) == (7, 1)
    with sqlite3.connect(seller.database) as db:  # the next file isn't measured against one that went nowhere
        assert db.execute("SELECT count(*) FROM event WHERE kind = 'source-accepted'").fetchone() == (0,)


def test_a_canary_that_verifies_lets_the_rest_go(seller: Seller) -> None:
    seller.open(12)
    seller.diff(12, Price="77.25")
    ended = seller.push("--canary", 2)
    assert (ended.status, ended.document["counts"]["verified"]) == (0, 12)
    assert [len(feed["skus"]) for feed in seller.feeds] == [2, 10]


def test_a_product_in_an_open_feed_of_another_run_is_left_alone(seller: Seller) -> None:
    """A SKU is in one open feed at most, also over runs; the older run's end is then found by `resume`."""
    seller.open(3, feed_timeout=1)
    seller.shop.control("POST", "faults", {"action": "ProductUpdate", "fault": "stuck", "count": 1})
    seller.diff(2, Price="77.25")
    first = seller.push()
    assert (first.status, first.document["counts"]["pending"]) == (8, 2)
    seller.diff(3, Price="78.25")
    second = seller.push()
    counts = second.document["counts"]
    assert (second.status, counts["skipped"], counts["verified"]) == (7, 2, 1)
    left = seller("show", second.document["run"]).document["records"]
    assert {(r["sku"], r["code"]) for r in left} == {(sku, "in-flight") for sku in skus(0, 1)}


SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
    SIGNALS += [(signal.SIGHUP, 143)]  # its terminal was closed


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_finishes_the_step_and_resume_goes_on(seller: Seller, number: int, code: int) -> None:
    seller.open(6, feed_max_products=1, feed_burst=2, feed_interval=1.5)
    seller.diff(6, Price="77.25")
    process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
    seller.until_feeds(2)
    time.sleep(0.3)  # it waits for its slot now
    process.send_signal(number)
    asked = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - asked < 5
    document = json.loads(out)
    assert (document["state"], document["exit_code"]) == ("interrupted", code)
    ended = seller("resume", document["run"])
    assert (ended.status, ended.document["counts"]["verified"], len(seller.feeds)) == (0, 6, 6)


def test_a_second_run_of_a_live_one_is_locked_out(seller: Seller) -> None:
    seller.open(4, feed_max_products=1, feed_burst=1, feed_interval=3)
    seller.diff(4, Price="77.25")
    process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
    seller.until_feeds(1)
    (run,) = seller("runs").document["runs"]
    assert (run["state"], run["held"]) == ("running", True)
    assert seller("resume", run["run"]).status == 10
    shown = seller("show", run["run"])
    assert (shown.status, shown.document["state"], shown.document["held"]) == (0, "running", True)
    process.kill()
    process.communicate()


def test_a_killed_run_is_said_to_be_nobodys(seller: Seller) -> None:
    """No record can tell of a kill -9; the lock that nobody holds does, and `resume` ends it."""
    seller.open(4, feed_max_products=1, feed_burst=1, feed_interval=1)
    seller.diff(4, Price="77.25")
    process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
    seller.until_feeds(1)
    process.kill()
    process.communicate()
    (run,) = seller("runs").document["runs"]
    assert (run["state"], run["held"]) == ("running", False)
    shown = seller("show", run["run"])
    assert (shown.document["state"], shown.document["held"]) == ("running", False)
    assert seller("resume", run["run"]).status == 0
    (run,) = seller("runs").document["runs"]
    assert (run["state"], run["held"]) == ("done", False)


def test_a_shop_that_dies_midway_is_known_within_the_deadline(serve: Any, seller: Seller) -> None:
    mine = serve("--requests", 1000, "--feed-delay", 60)
    os.environ["SELLERCENTER_CHAOS_KEY"] = mine.api_key
    seller.shop = mine
    seller.open(2, deadline=3)
    seller.diff(2, Price="77.25")
    process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
    seller.until_feeds(1)
    serve.kill(mine)
    began = time.monotonic()
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["exit_code"]) == (8, 8)
    assert time.monotonic() - began < 45, "its deadline is 3 seconds"


def flip(path: Path, row: str, where: bytes) -> None:
    """Change one bit of the place that holds these bytes for a row.

    Args:
        row: the row, as a query.
    """
    data, before = bytearray(path.read_bytes()), answer(path, row)
    place = len(data)
    while (place := data.rfind(where, 0, place)) >= 0:
        data[place] ^= 1
        path.write_bytes(bytes(data))
        if answer(path, row) != before:
            return
        data[place] ^= 1  # another row's, or left behind when its page was split
    raise AssertionError(f"{where!r} is nowhere in {row}")


def answer(path: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


@pytest.mark.parametrize(
    ("row", "where"),
    [
        pytest.param("SELECT * FROM change WHERE no = 4", b"77.25", id="a-change"),
        pytest.param("SELECT * FROM event WHERE kind = 'run-started'", b'"seals"', id="an-event"),
    ],
)
def test_a_flipped_bit_sends_nothing(seller: Seller, row: str, where: bytes) -> None:
    """Interrupted before its second feed; then a bit flips in what is still to be sent."""
    seller.open(4, feed_max_products=1, feed_burst=1, feed_interval=60)
    seller.diff(4, Price="77.25")
    process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
    seller.until_feeds(1)
    time.sleep(0.5)
    process.terminate()
    run = json.loads(process.communicate(timeout=30)[0])["run"]
    flip(seller.database, row, where)
    seller.tools.write_settings(seller.folder, seller.shop, feed_max_products=1, feed_interval=0.1)
    ended = seller("resume", run)
    assert ended.status == 1, ended
    assert "altered" in ended.stderr or "damaged" in ended.stderr
    assert seller("runs", "--check").status == 1


@pytest.mark.parametrize("where", [b"77.25", b"10.00"], ids=["sent", "before"])
def test_a_flipped_bit_in_what_we_remember_is_found(seller: Seller, where: bytes) -> None:
    seller.open(2)
    seller.diff(2, Price="77.25")
    seller("push", seller.folder / "plan.jsonl", "--yes")
    assert seller("runs", "--check").status == 0
    flip(seller.database, "SELECT * FROM written ORDER BY sku, field", where)
    found = seller("runs", "--check")
    assert found.status == 1
    assert "what is remembered of TEA-000" in found.stderr + json.dumps(found.document)


def test_a_locked_journal_sends_nothing(seller: Seller) -> None:
    seller.open(2)
    seller.diff(2, Price="77.25")
    with sqlite3.connect(seller.database, isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        process = seller.process("push", seller.folder / "plan.jsonl", "--yes")
        said = process.communicate(timeout=110)[0]
    assert (process.returncode, seller.feeds) == (1, [])
    assert "locked" in json.loads(said)["error"]["message"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_read_only_folder_sends_nothing(seller: Seller) -> None:
    seller.open(2)
    seller.diff(2, Price="77.25")
    (seller.folder / "state").chmod(0o500)
    try:
        ended = seller.push()
    finally:
        (seller.folder / "state").chmod(0o700)
    assert (ended.status, seller.feeds) == (1, [])


@pytest.mark.skipif(shutil.which("bash") is None, reason="a file size limit stands for a full disk")
def test_a_full_disk_sends_nothing_that_is_not_recorded(seller: Seller) -> None:
    """The journal can't grow any more in the middle of a push: what the shop took is in it, or is unknown."""
    seller.open(40, feed_max_products=2)
    seller.diff(40, Price="77.25", Description="<p>" + "x" * 3000 + "</p>")
    words = ["push", seller.folder / "plan.jsonl", "--yes", "--json", "--config",
             seller.folder / "sellercenter.toml", "--state", seller.folder / "state"]  # fmt: skip
    size = seller.database.stat().st_size // 1024 + 190
    line = f"ulimit -f {size}; trap '' XFSZ; exec {sys.executable} -m pipeline " + " ".join(map(str, words))
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=100)
    assert done.returncode in (0, 1), done.stderr
    runs = seller("runs").document["runs"]
    if runs:
        ended = seller("resume", runs[-1]["run"])
        assert ended.status == 0, ended
    else:
        assert seller.feeds == []
        assert seller.push().status == 0
    taken = [sku for feed in seller.feeds for sku in feed["skus"]]
    assert len(taken) == len(set(taken)) == 40
