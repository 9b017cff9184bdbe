"""A plan is used once, and says what to do instead; one without changes leaves no trace."""

from __future__ import annotations

from typing import Any

from pipeline.errors import Exit


def _made(make_seller: Any, make_product: Any, **more: Any) -> Any:
    rows = [make_product(number) for number in range(12)]
    seller = make_seller(rows, **more)
    assert seller.diff(seller.catalog([{**row, "Price": "99.00"} for row in rows])).exit_code in (0, 5)
    return seller


def test_a_used_plan_is_said_to_be_used_before_its_guards_are(make_seller: Any, make_product: Any) -> None:
    seller = _made(make_seller, make_product, guards={})
    allowed = ("--allow", "price-up", "--allow", "price-median", "--reason", "as agreed")
    run = seller.push(*allowed).document["run"]
    for words in ((), allowed):
        again = seller.push(*words)
        error = again.document["error"]
        assert (again.exit_code, error["code"]) == (Exit.PLAN, "plan-used")
        assert f"`sellercenter show {run}`" in error["hint"]
    assert len(seller.feeds()) == 1


def test_the_plan_of_a_run_that_is_not_done_is_taken_up_by_resume(
    make_seller: Any, make_product: Any
) -> None:
    seller = _made(make_seller, make_product, limits={"deadline": 1})
    seller.fault("ProductUpdate", "login", count=1)
    assert seller.push().exit_code == Exit.SHOP
    (run,) = seller("runs").document["runs"]
    assert f"`sellercenter resume {run['run']}`" in seller.push().document["error"]["hint"]
    assert seller("resume", run["run"]).exit_code == Exit.DONE


def test_a_plan_without_changes_makes_no_run_and_no_feed(make_seller: Any, make_product: Any) -> None:
    """But the size of its file is what the next one is measured against."""
    rows = [make_product(number) for number in range(40)]
    seller = make_seller(rows)
    for length in (40, 34, 28):  # each has lost less than a fifth, of the one before
        seller.diff(seller.catalog(rows[:length]))
        pushed = seller.push()
        document = pushed.document
        assert (pushed.exit_code, document["run"], document["state"]) == (Exit.DONE, None, "done")
        assert (set(document["counts"].values()), document["feeds"]) == ({0}, [])
    assert (seller("runs").document["runs"], seller.feeds()) == ([], [])
    assert seller("runs", "--check").exit_code == Exit.DONE
    assert seller.diff(seller.catalog(rows[:15])).exit_code == Exit.GUARD
