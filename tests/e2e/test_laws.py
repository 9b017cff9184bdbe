"""The laws of the whole way (design: invariants), each tried against a shop over real HTTP."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]

#: Faults that lose the answer of a feed the shop took, and those before it took anything.
TAKEN = (
    "accept-then-reset",
    "accept-then-hang",
    "accept-then-500",
    "accept-then-html",
    "accept-then-truncate",
)
NOT_TAKEN = ("drop-before-accept", "reset-mid-body", "http-500", "http-503", "empty-body", "html")


def test_an_unchanged_catalog_changes_nothing(make_seller: Make, make_product: Product) -> None:
    """Law 9: diff(a, a) is empty."""
    products = [make_product(n) for n in range(20)]
    seller = make_seller(products)
    answer = seller.diff(seller.catalog(products))
    counts = answer.document["counts"]
    assert (answer.exit_code, counts["unchanged"], sum(counts.values())) == (0, 20, 20)


def test_push_then_diff_is_empty_and_rollback_restores(make_seller: Make, make_product: Product) -> None:
    """Law 9: push, diff → nothing; push, rollback → the first state, what we created being inactive."""
    before = [make_product(n, Images="https://cdn.example.test/a.jpg") for n in range(12)]
    seller = make_seller(before)
    first = seller.held()
    after = [
        make_product(n, Price="11.50", Name=f"New name {n}", Images="https://cdn.example.test/b.jpg")
        for n in range(12)
    ]
    catalog = seller.catalog([*after, make_product(99)])
    assert seller.diff(catalog, "--source", "s").exit_code == 0
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["state"]) == (0, "done")
    again = seller.diff(catalog, "--exit-code")
    assert (again.exit_code, again.document["counts"]["unchanged"]) == (0, 13)
    back = seller("rollback", pushed.document["run"], "--out", seller.folder / "back.jsonl")
    assert (back.document["counts"]["update"], back.document["conflicts"]) == (13, [])
    assert seller.push(plan="back.jsonl").exit_code == 0
    now = seller.held()
    assert now.pop("TEA-0099")["Status"] == "inactive"
    assert _owned(now) == _owned(first)


def _owned(products: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {sku: {k: v for k, v in p.items() if k != "Quantity"} for sku, p in products.items()}


@pytest.mark.parametrize("fault", TAKEN)
def test_a_feed_that_was_taken_is_found_and_never_sent_again(
    fault: str, make_seller: Make, make_product: Product
) -> None:
    """Law 2: whatever happens to the answer, the shop takes each batch exactly once."""
    seller = make_seller([make_product(n) for n in range(5)], limits={"feed_max_products": 2, "deadline": 2})
    catalog = seller.catalog([make_product(n, Price="11.55") for n in range(5)])
    seller.diff(catalog)
    seller.fault("ProductUpdate", fault, count=1)
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["verified"]) == (
        0,
        pushed.document["counts"]["planned"],
    )
    assert len(seller.feeds()) == 3
    assert {p["Price"] for p in seller.held().values()} == {"11.55"}


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_a_feed_that_was_not_taken_is_proven_absent_and_sent_once(
    fault: str, make_seller: Make, make_product: Product
) -> None:
    """Law 2, the other half: the second POST leaves only after two scans agree that the first isn't there."""
    seller = make_seller([make_product(n) for n in range(2)])
    seller.diff(seller.catalog([make_product(n, Price="11.55") for n in range(2)]))
    seller.fault("ProductUpdate", fault, count=1)
    pushed = seller.push()
    assert pushed.exit_code == 0, pushed
    assert pushed.document["counts"]["verified"] == 2
    assert len(seller.feeds()) == 1
    log = seller.requests()
    posts = [entry["n"] for entry in log if entry["verb"] == "POST"]
    scans = [entry["n"] for entry in log if entry["action"] == "FeedOffsetList"]
    if len(posts) == 2:
        assert len([n for n in scans if posts[0] < n < posts[1]]) >= 2


def test_finished_is_not_success(make_seller: Make, make_product: Product) -> None:
    """Law 3: a record that the shop silently ignored is not applied, and comes back in the next diff."""
    seller = make_seller([make_product(n) for n in range(40)])
    catalog = seller.catalog([make_product(n, Price="11.77") for n in range(40)])
    seller.diff(catalog)
    seller.fault("ProductUpdate", "not-applied", rate=0.2, seed=5)
    pushed = seller.push()
    counts = pushed.document["counts"]
    ignored = {sku for sku, p in seller.held().items() if p["Price"] != "11.77"}
    assert 0 < len(ignored) < 40
    assert (pushed.exit_code, counts["not_applied"], counts["verified"]) == (
        7,
        len(ignored),
        40 - len(ignored),
    )
    assert seller.diff(catalog).document["counts"]["update"] == len(ignored)


def test_refused_records_are_named_and_counted(make_seller: Make, make_product: Product) -> None:
    """Law 6: planned = verified + refused + …, and the shop's own words are told."""
    seller = make_seller([make_product(n) for n in range(30)])
    seller.diff(seller.catalog([make_product(n, Price="12.77") for n in range(30)]))
    seller.fault("ProductUpdate", "partial", rate=0.3, seed=3)
    pushed = seller.push()
    counts = pushed.document["counts"]
    applied = [sku for sku, p in seller.held().items() if p["Price"] == "12.77"]
    assert (pushed.exit_code, counts["verified"], counts["refused"]) == (7, len(applied), 30 - len(applied))
    shown = seller("show", pushed.document["run"]).document["records"]
    assert len([r for r in shown if r["outcome"] == "refused" and r["message"]]) == counts["refused"]


def test_moved_products_are_left_alone(make_seller: Make, make_product: Product) -> None:
    """`--on-drift skip`: what someone changed since the plan isn't overwritten, the rest is sent."""
    seller = make_seller([make_product(n) for n in range(10)])
    seller.diff(seller.catalog([make_product(n, Price="11.99") for n in range(10)]))
    seller.edit("TEA-0003", Price="77.00")
    pushed = seller.push("--on-drift", "skip")
    assert (
        pushed.exit_code,
        pushed.document["counts"]["skipped"],
        pushed.document["counts"]["verified"],
    ) == (7, 1, 9)
    assert seller.held()["TEA-0003"]["Price"] == "77.00"
    (record,) = seller("show", pushed.document["run"]).document["records"]
    assert record["fields"] == [{"field": "Price", "before": "13.00", "theirs": "77.00", "ours": "11.99"}]


def test_abort_on_drift_sends_nothing(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(n) for n in range(10)])
    seller.diff(seller.catalog([make_product(n, Price="11.99") for n in range(10)]))
    seller.edit("TEA-0003", Price="77.00")
    assert seller.push("--on-drift", "abort").exit_code == 6
    assert seller.feeds() == []
    assert seller("runs").document["runs"] == []


def test_a_plan_is_used_once(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1, Price="11.99")]))
    assert (seller.push().exit_code, seller.push().exit_code) == (0, 6)
    assert len(seller.feeds()) == 1


def test_a_flipped_byte_sends_no_request(make_seller: Make, make_product: Product) -> None:
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1, Price="11.99")]))
    before = len(seller.requests())
    plan = seller.folder / "plan.jsonl"
    text = plan.read_bytes()
    plan.write_bytes(text.replace(b"11.99", b"11.98"))
    assert (seller.push().exit_code, len(seller.requests())) == (6, before)


def test_nobody_to_ask_is_a_usage_error(make_seller: Make, make_product: Product) -> None:
    """Law 10: no terminal and no --yes is exit 2, never a prompt."""
    seller = make_seller([make_product(1)])
    seller.diff(seller.catalog([make_product(1, Price="11.99")]))
    assert seller("push", seller.folder / "plan.jsonl").exit_code == 2
    assert seller.feeds() == []


def test_a_guard_stops_and_its_allowance_is_recorded(make_seller: Make, make_product: Product) -> None:
    """Prices in cents: exit 5 at diff and at push, nothing sent; allowed by name and reason, it goes."""
    seller = make_seller([make_product(n) for n in range(30)], guards={})
    catalog = seller.catalog([make_product(n, Price=f"{10 + n % 50}00.00") for n in range(30)])
    assert (seller.diff(catalog).exit_code, seller.push().exit_code, seller.feeds()) == (5, 5, [])
    rules = ["--allow", "price-up", "--allow", "price-median", "--reason", "new currency"]
    assert seller.push(*rules).exit_code == 0


def test_an_empty_or_shrunken_source_changes_nothing(make_seller: Make, make_product: Product) -> None:
    """Law 5: and says so: 4 where nothing can be used, 5 where it's only suspicious."""
    products = [make_product(n) for n in range(40)]
    seller = make_seller(products, catalog={"absent": "deactivate"})
    whole = [make_product(n, Price="11.11") for n in range(40)]
    assert seller("run", seller.catalog(whole), "--yes").exit_code == 0
    sent = len(seller.feeds())
    assert seller("run", seller.catalog([]), "--yes").exit_code == 4
    (seller.folder / "catalog.csv").write_text("SellerSku,Price\n")
    assert seller("run", seller.folder / "catalog.csv", "--yes").exit_code == 4
    assert seller("run", seller.catalog(whole[:20]), "--yes").exit_code == 5
    assert len(seller.feeds()) == sent


def test_the_limits_hold_at_the_shop(make_seller: Make, make_product: Product) -> None:
    """Law 4: never a 429, never a feed ahead of its slot."""
    limits = {
        "requests": 10,
        "per_seconds": 0.5,
        "feed_burst": 2,
        "feed_interval": 0.4,
        "feed_max_products": 3,
    }
    shop = {"requests": 10, "per_seconds": 0.5, "feed_burst": 2, "feed_interval": 0.4}
    seller = make_seller([make_product(n) for n in range(20)], sandbox=shop, limits=limits)
    seller.diff(seller.catalog([make_product(n, Price="11.21") for n in range(20)]))
    assert seller.push().exit_code == 0
    log = seller.requests()
    assert [entry for entry in log if str(entry["answered"]) == "429"] == []
    times = [entry["time"] for entry in log]
    assert all(late - early >= 0.5 for early, late in zip(times, times[10:], strict=False))


def test_the_kit_undoes_the_run_by_hand(make_seller: Make, make_product: Product) -> None:
    """rollback.csv, fed through diff, is the rollback plan."""
    seller = make_seller([make_product(n) for n in range(8)])
    rows = [make_product(n, Price="11.21", Name=f"N{n}") for n in range(8)]
    seller.diff(seller.catalog([*rows, make_product(70)]))
    run = seller.push().document["run"]
    kit = seller.folder / "state" / "runs" / run
    back = seller("rollback", run).document
    for name in ("rollback.csv", "rollback.xlsx"):
        by_hand = seller.diff(kit / name, "--partial").document
        assert (by_hand["counts"], by_hand["fields_changed"]) == (back["counts"], back["fields_changed"]), (
            name
        )
    with (kit / "changes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sku"] == "TEA-0003" and row["field"] == "Price"]
    assert [(row["before"], row["after"], row["outcome"]) for row in rows] == [("13.00", "11.21", "verified")]


def test_line_ends_survive_the_way_there_and_back(make_seller: Make, make_product: Product) -> None:
    """CR LF and CR in a value are sent as they stand, and hold up nobody else's record."""
    before = [make_product(n, Description=f"first {n}\r\nsecond\rthird") for n in range(3)]
    seller = make_seller(before)
    rows = [make_product(n, Price="91.00", Description=f"new {n}\r\nline") for n in range(3)]
    seller.diff(seller.catalog([*rows, make_product(60, Description="made\r\nnew")]))
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["verified"]) == (0, 4), pushed
    seller("rollback", pushed.document["run"], "--out", seller.folder / "back.jsonl")
    assert seller.push(plan="back.jsonl").exit_code == 0
    held = seller.held()
    assert [held[row["SellerSku"]]["Description"] for row in before] == [row["Description"] for row in before]


def test_no_secret_is_written_anywhere(make_seller: Make, make_product: Product) -> None:
    """Law 7: not in state, kit, plan or report, whatever went wrong on the way."""
    canary = "CANARYKEY0123456789"
    seller = make_seller([make_product(n) for n in range(4)], sandbox={"key": canary})
    catalog = seller.catalog([make_product(n, Price="11.21") for n in range(4)])
    seller.diff(catalog, "--report", seller.folder / "r.html", "--report", seller.folder / "r.json")
    seller.fault("*", "http-500", rate=0.3, seed=1)
    seller.fault("ProductUpdate", "accept-then-reset", count=1)
    said = [seller.push("--debug").stderr, seller("doctor", "--debug").stderr]
    for path in seller.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert not [text for text in said if canary in text or "Signature=" in text]
