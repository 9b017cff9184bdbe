"""Somebody else is at work too: another machine, an older plan, a state folder that was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import Exit

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]
PLAN = "plan.jsonl"


def _planned(seller: Any, rows: list[dict[str, str]], name: str = PLAN) -> Any:
    return seller("diff", seller.catalog(rows), "--out", seller.folder / name)


def _rows(make_product: Product, **fields: str) -> list[dict[str, str]]:
    return [make_product(number, **fields) for number in range(3)]


def test_feeds_of_another_machine_are_counted_and_told(make_seller: Make, make_product: Product) -> None:
    """It has a ledger and a lock of its own; its feeds are no reason to stand still."""
    seller = make_seller(_rows(make_product))
    folder = seller.folder.parent / "elsewhere"
    folder.mkdir()
    other = replace(seller, folder=folder)
    other.write_settings()
    assert _planned(seller, _rows(make_product, Quantity="77")).exit_code == Exit.DONE
    assert _planned(other, _rows(make_product, Price="11.55")).exit_code == Exit.DONE
    assert other.push().exit_code == Exit.DONE
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["verified"]) == (Exit.DONE, 3)
    assert "1 feed of this seller made elsewhere" in pushed.stderr
    assert {(p["Price"], str(p["Quantity"])) for p in seller.held().values()} == {("11.55", "77")}


def test_an_older_plan_never_lands_upon_a_newer_one(make_seller: Make, make_product: Product) -> None:
    seller = make_seller(_rows(make_product))
    _planned(seller, _rows(make_product, Price="11.10"), "older.jsonl")
    _planned(seller, _rows(make_product, Price="11.20"), "newer.jsonl")
    assert seller.push(plan="newer.jsonl").exit_code == Exit.DONE
    late = seller.push(plan="older.jsonl")
    assert (late.exit_code, late.document["counts"]["skipped"]) == (Exit.INCOMPLETE, 3)
    assert (len(seller.feeds()), {p["Price"] for p in seller.held().values()}) == (1, {"11.20"})


def test_without_its_record_nothing_is_sent_that_the_shop_holds(
    make_seller: Make, make_product: Product
) -> None:
    seller = make_seller(_rows(make_product))
    rows = _rows(make_product, Price="11.55")
    _planned(seller, rows)
    assert seller.push().exit_code == Exit.DONE
    (seller.folder / "state").rename(seller.folder / "lost")
    again = seller.push()
    assert (again.exit_code, again.document["counts"]["skipped"]) == (Exit.INCOMPLETE, 3)
    assert _planned(seller, rows).document["counts"]["update"] == 0
    assert len(seller.feeds()) == 1


def test_a_shop_that_rewrites_every_time_is_written_once(make_seller: Make, make_product: Product) -> None:
    """Texts that it trims, wraps or spells otherwise are remembered as its form of ours."""
    seller = make_seller(_rows(make_product))
    seller.fault("ProductUpdate", "rewrite", rate=1.0)
    rows = _rows(make_product, Description="<p>New  words, <b>bold</b> &amp; quick</p>", Name="Tea  of  May")
    for feeds in (1, 1, 1, 1):
        assert _planned(seller, rows).exit_code == Exit.DONE
        assert seller.push().exit_code == Exit.DONE
        assert len(seller.feeds()) == feeds


@pytest.mark.parametrize("tag", ["Price", "Quantity", "Name"])
def test_an_api_that_no_longer_tells_a_field_is_not_written_blindly(
    make_seller: Make, make_product: Product, tag: str
) -> None:
    """There would be no before-value: nothing to judge the new one by, nothing to put back."""
    seller = make_seller([make_product(number) for number in range(12)])
    changed = {"Price": "11.55", "Quantity": "77", "Name": "New tea"}
    rows = [make_product(number, **{tag: changed[tag]}) for number in range(2)]
    seller.fault("GetProducts", "field-gone", kinds=[tag])
    planned = _planned(seller, rows)
    guards = {guard["rule"]: guard for guard in planned.document["guards"] if guard["verdict"] == "refused"}
    assert (planned.exit_code, guards["fields-untold"]["value"]) == (Exit.GUARD, 2)
    assert f"The shop tells no {tag} of any of its 12 products" in guards["fields-untold"]["message"]
    assert (seller.push().exit_code, len(seller.feeds())) == (Exit.GUARD, 0)


def test_nor_is_our_last_write_taken_back_blindly(make_seller: Make, make_product: Product) -> None:
    """Somebody may have changed the price meanwhile; the shop doesn't say."""
    rows = [make_product(number) for number in range(12)]
    seller = make_seller(rows)
    _planned(seller, [make_product(number, Price="11.55") for number in range(2)])
    assert seller.push().exit_code == Exit.DONE
    assert _planned(seller, rows[:2]).exit_code == Exit.DONE
    seller.fault("GetProducts", "field-gone", kinds=["Price"])
    assert _planned(seller, rows[:2]).exit_code == Exit.GUARD


def test_a_field_that_is_no_longer_told_between_plan_and_push_is_left_alone(
    make_seller: Make, make_product: Product
) -> None:
    seller = make_seller(_rows(make_product))
    assert _planned(seller, _rows(make_product, Price="11.55")).exit_code == Exit.DONE
    seller.fault("GetProducts", "field-gone", kinds=["Price"])
    pushed = seller.push()
    assert (pushed.exit_code, pushed.document["counts"]["skipped"]) == (Exit.INCOMPLETE, 3)
    assert seller.feeds() == []


def test_a_rollback_whose_answer_is_lost_goes_back_once_and_then_has_nothing_to_do(
    make_seller: Make, make_product: Product
) -> None:
    """It is a push like any other."""
    before = _rows(make_product)
    seller = make_seller(before)
    _planned(seller, _rows(make_product, Price="11.55"))
    run = seller.push().document["run"]
    back = seller.folder / "back.jsonl"
    seller("rollback", run, "--out", back)
    seller.fault("ProductUpdate", "accept-then-reset", count=1)
    pushed = seller.push(plan="back.jsonl")
    assert (pushed.exit_code, pushed.document["counts"]["verified"]) == (Exit.DONE, 3)
    assert len(seller.feeds()) == 2
    assert {p["Price"] for p in seller.held().values()} == {row["Price"] for row in before}
    assert seller.push(plan="back.jsonl").exit_code == Exit.PLAN
    again = seller("rollback", run, "--out", seller.folder / "again.jsonl")
    assert (again.exit_code, again.document["counts"]["update"]) == (Exit.DONE, 0)
