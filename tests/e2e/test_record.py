"""history, runs, show, and what may be forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StateError
from pipeline.journal.compact import compact
from pipeline.usecases.connection import journal_of
from pipeline.usecases.workspace import Workspace

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]


def push(seller: Any, *rows: dict[str, str]) -> str:
    """One run with these rows; its id."""
    assert seller.diff(seller.catalog(rows), "--partial").exit_code == 0
    return str(seller.push().document["run"])


def test_every_value_who_set_it_and_from_where(make_seller: Make, make_product: Product) -> None:
    """Ours, a person's between two runs, a person's between plan and push, the way back."""
    seller = make_seller([make_product(1)])
    first = push(seller, make_product(1, Price="11.50"))
    seller.edit("TEA-0001", Price="50.00")
    second = push(seller, make_product(1, Price="12.50"))
    seller.diff(seller.catalog([make_product(1, Price="13.50")]))
    seller.edit("TEA-0001", Price="60.00")
    third = seller.push().document["run"]
    told = seller("history", "TEA-0001").document["history"]
    assert [(one["before"], one["after"], one["who"], one["run"], one["outcome"]) for one in told] == [
        ("11.00", "11.50", "run", first, "verified"),
        ("11.50", "50.00", "shop", second, ""),
        ("50.00", "12.50", "run", second, "verified"),
        ("12.50", "13.50", "run", third, "skipped"),
        ("12.50", "60.00", "shop", third, ""),
    ]
    assert (Path(told[0]["origin"]["file"]).name, told[0]["origin"]["cell"]) == ("catalog.csv", "F2")
    assert all(one["field"] == "Price" for one in told)
    assert seller("history", "TEA-0001", "--field", "Name").document["history"] == []
    assert seller("history", "TEA-0001", "--since", "2100-01-01").document["history"] == []
    assert seller("history", "TEA-9999").document["history"] == []


def test_restore_goes_back_over_several_runs(make_seller: Make, make_product: Product) -> None:
    """To the time between two runs, a rollback among them; what was created since goes off sale."""
    seller = make_seller([make_product(1), make_product(2)])
    push(seller, make_product(1, Price="11.50"))
    when = datetime.now(UTC).isoformat()
    second = push(seller, make_product(1, Price="12.50", Name="Second"), make_product(7))
    push(seller, make_product(1, Price="12.60"), make_product(2, Name="Third"))
    assert seller("rollback", second).document["conflicts"][0]["field"] == "Price"
    answer = seller("rollback", second, "--sku", "TEA-0007", "--out", seller.folder / "back.jsonl")
    assert answer.exit_code == 0
    assert seller.push(plan="back.jsonl").exit_code == 0
    answer = seller("restore", "--at", when, "--out", seller.folder / "back.jsonl")
    assert (answer.document["counts"]["update"], answer.document["conflicts"]) == (2, [])
    assert seller.push(plan="back.jsonl").exit_code == 0
    now = seller.held()
    assert [(now[sku]["Price"], now[sku]["Name"]) for sku in ("TEA-0001", "TEA-0002")] == [
        ("11.50", "Tea number 1"),
        ("12.00", "Tea number 2"),
    ]
    assert now["TEA-0007"]["Status"] == "inactive"


def test_show_knows_runs_feeds_plans_and_snapshots(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    catalog = seller.catalog([make_product(1, Price="11.50")])
    plan = seller.folder / "plan.jsonl"
    assert seller("diff", catalog, "--out", plan).exit_code == 0
    shown = seller("show", plan).document
    assert (shown["state"], shown["counts"]["update"], shown["records"]) == ("not pushed", 1, 1)
    run = seller.push().document
    for number in (run["run"], run["run"][:-1], shown["plan"], run["feeds"][0]["id"]):
        assert seller("show", number).document["run"] == run["run"]
    taken = seller("snapshot").document["snapshot"]
    assert seller("show", taken).document["rows"] == 1
    unknown = seller("show", "nothing-of-ours")
    assert (unknown.exit_code, unknown.document["error"]["code"]) == (2, "usage")


def test_what_the_shop_holds_by_now_needs_no_sending(make_seller: Make, make_product: Product) -> None:
    """Somebody else made the same change: that is said, and isn't called a conflict."""
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1, Price="11.50")]))
    seller.edit("TEA-0001", Price="11.50")
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["skipped"], len(seller.feeds())) == (7, 1, 0)
    (record,) = seller("show", pushed.document["run"]).document["records"]
    assert record["code"] == "already-there"


def test_runs_and_show_can_be_narrowed(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(n) for n in range(4)])
    seller.fault("ProductUpdate", "partial", skus=["TEA-0002", "TEA-0003"])
    first = push(seller, *(make_product(n, Price="11.55") for n in range(4)))
    seller("rollback", first, "--out", seller.folder / "back.jsonl")
    second = seller.push(plan="back.jsonl").document
    listed = [
        [run["run"] for run in seller("runs", *words).document["runs"]]
        for words in (
            [], ["--last", "1"], ["--kind", "rollback"], ["--is", "done"], ["--is", "unknown"],
            ["--since", "2100-01-01"], ["--since", "1h"],
        )
    ]  # fmt: skip
    both = [first, second["run"]]
    assert listed == [both, [second["run"]], [second["run"]], both, [], [], both]
    shown = seller("show", first, "--outcome", "refused", "--sku", "TEA-0003").document["records"]
    assert [one["sku"] for one in shown] == ["TEA-0003"]
    assert seller("show", second["feeds"][0]["id"]).document["run"] == second["run"]
    assert seller("show", seller("show", first).document["plan"]).document["run"] == first


@pytest.fixture
def compacted(make_seller: Make, make_product: Product) -> tuple[Any, str]:
    """A seller whose first run's bodies and requests are forgotten, and that run."""
    seller = make_seller([make_product(1), make_product(2)])
    run = push(seller, make_product(1, Price="11.50"), make_product(2, Name="Other"))
    ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
    later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    with journal_of(ws) as journal:
        done = compact(journal, before=later, at=later)
        assert (done.runs, done.bytes > 0, done.events > 1) == (1, True, True)
        assert compact(journal, before=later, at=later).events == 0
    return seller, run


def test_forgetting_gives_the_disk_its_room_back(compacted: tuple[Any, str]) -> None:
    """What isn't there any more takes no room; while another program reads the file, it stays as it is."""
    seller, _ = compacted
    state = seller.folder / "state" / "state.db"
    with sqlite3.connect(state) as db:
        db.execute("CREATE TABLE ballast AS SELECT randomblob(400000) AS bytes")
        db.execute("DROP TABLE ballast")
    db.close()
    ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
    with journal_of(ws) as journal:
        large = state.stat().st_size
        reader = sqlite3.connect(state)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchone()
        assert not journal.store.shrink()
        reader.close()
        assert journal.store.shrink()
        assert state.stat().st_size < large - 300_000
    assert seller("runs", "--check").exit_code == 0


def test_forgetting_breaks_no_chain_and_no_way_back(compacted: tuple[Any, str]) -> None:
    """The record is whole, the history complete, the run can be taken back, and new runs follow."""
    seller, run = compacted
    assert seller("runs", "--check").document["whole"] is True
    assert len(seller("history", "TEA-0001").document["history"]) == 1
    answer = seller("rollback", run, "--out", seller.folder / "back.jsonl")
    assert answer.document["counts"]["update"] == 2
    assert seller.push(plan="back.jsonl").exit_code == 0
    assert seller("runs", "--check").document["whole"] is True


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE change SET before = '1' WHERE field = 'Price'",
        "DELETE FROM outcome",
        "DELETE FROM body",
        "UPDATE request SET action = 'Nothing'",
        "DELETE FROM event WHERE kind = 'compacted'",
    ],
)
def test_after_forgetting_an_alteration_still_shows(statement: str, compacted: tuple[Any, str]) -> None:
    seller, _ = compacted
    with closing(sqlite3.connect(seller.folder / "state" / "state.db")) as db, db:
        assert db.execute(statement).rowcount
    assert seller("runs", "--check").exit_code == 1


def test_what_is_damaged_is_not_forgotten(make_seller: Make, make_product: Product) -> None:
    """Forgetting would hide it."""
    seller = make_seller([make_product(1)])
    push(seller, make_product(1, Price="11.50"))
    with closing(sqlite3.connect(seller.folder / "state" / "state.db")) as db, db:
        db.execute("UPDATE request SET action = 'Nothing'")
    ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
    later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    with journal_of(ws) as journal, pytest.raises(StateError, match="altered"):
        compact(journal, before=later, at=later)


def test_nothing_recent_is_forgotten(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    push(seller, make_product(1, Price="11.50"))
    assert seller("runs", "--compact").document["events"] == 0
