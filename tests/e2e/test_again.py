"""A comparison is repeated from its record only while all that it rests on is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.diff.build import ACQUITTED
from pipeline.diff.planfile import open_plan, seal_again

Held = Mapping[str, Any]
WORDS = "its plan holds"


def _fill(make_seller: Any, make_product: Any) -> tuple[Any, list[dict[str, str]], Path]:
    rows = [make_product(number) for number in range(8)]
    seller = make_seller(rows)
    changed = [{**row, "Price": "99.00"} if number < 3 else row for number, row in enumerate(rows)]
    return seller, changed, seller.catalog([*changed, make_product(50)])


def _plan(answer: Any) -> tuple[dict[str, Any], list[str]]:
    """Header without what is each plan's own, and the other lines but for the seal."""
    lines = Path(answer.document["plan"]).read_text(encoding="utf-8").splitlines()
    header = json.loads(lines[0])
    for name in ("id", "created", "snapshot", "snapshot_taken", "forecast"):
        header.pop(name)
    header["basis"].pop("since")
    return header, lines[1:-1]


def test_the_same_again_is_the_same_plan_under_its_own_id(make_seller: Any, make_product: Any) -> None:
    seller, _, catalog = _fill(make_seller, make_product)
    first = seller("diff", catalog)
    again = seller("diff", catalog)
    assert WORDS not in first.stderr
    assert WORDS in again.stderr
    assert _plan(again) == _plan(first)
    assert first.document["counts"] == again.document["counts"]
    assert first.document["id"] != again.document["id"]
    pushed = seller("push", again.document["plan"], "--yes")
    assert pushed.exit_code == 0
    assert seller.held()["TEA-0001"]["Price"] == "99.00"


#: What only comparing needs takes longer to import than an earlier comparison takes to be repeated.
COMPARING = ("polars", "pandas", "pandera", "pipeline.diff.build", "pipeline.diff.compare")


def test_who_repeats_a_comparison_waits_for_nothing_that_compares(
    make_seller: Any, make_product: Any
) -> None:
    seller, _, catalog = _fill(make_seller, make_product)
    seller("diff", catalog)
    code = (
        "import sys, io; from pipeline.cli.main import run; from pipeline.cli.shell import Shell; "
        "said = io.StringIO(); "
        "run(Shell(argv=tuple(sys.argv[1:]), stdout=io.StringIO(), stderr=said)); "
        f"print({WORDS!r} in said.getvalue(), [name for name in {COMPARING!r} if name in sys.modules])"
    )
    place = ("--config", str(seller.folder / "sellercenter.toml"), "--state", str(seller.folder / "state"))
    words = ("diff", str(catalog), "--snapshot", "latest", "--json", *place)
    told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120)
    assert told.stdout == "True []\n", told.stderr


def _edit_file(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace("99.00", "98.00"), encoding="utf-8")


def _edit_shop(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    seller.edit("TEA-0001", Price="99.00")


def _edit_settings(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    seller.options = {**seller.options, "catalog": {"mode": "update-only"}}
    seller.write_settings()


def _edit_plan(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    for path in (seller.folder / "state" / "plans").iterdir():
        path.write_bytes(path.read_bytes().replace(b"99.00", b"97.00"))


def _push(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    assert seller("run", catalog, "--yes", "--source", "other").exit_code == 0


def _drop_record(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    for path in (seller.folder / "state" / "comparisons").iterdir():
        path.write_bytes(path.read_bytes()[:-40])


def _new_category(seller: Any, rows: list[dict[str, str]], catalog: Path) -> None:
    seller.control(
        "PUT", "products", [*seller.held().values(), {**rows[0], "SellerSku": "N", "Brand": "New"}]
    )


@pytest.mark.parametrize(
    "change",
    [_edit_file, _edit_shop, _edit_settings, _edit_plan, _push, _drop_record, _new_category],
    ids=lambda change: change.__name__.strip("_"),
)
def test_whatever_differs_is_compared_afresh(
    make_seller: Any, make_product: Any, change: Callable[[Any, list[dict[str, str]], Path], None]
) -> None:
    seller, rows, catalog = _fill(make_seller, make_product)
    seller("diff", catalog)
    change(seller, rows, catalog)
    after = seller("diff", catalog)
    fresh = seller("diff", catalog, "--source", "asked for the first time")
    assert WORDS not in after.stderr
    assert after.document["counts"] == fresh.document["counts"]
    assert after.document["fields_changed"] == fresh.document["fields_changed"]


def test_values_that_may_go_back_for_a_few_days_are_judged_each_time(
    make_seller: Any, make_product: Any
) -> None:
    seller, rows, catalog = _fill(make_seller, make_product)
    assert seller("run", catalog, "--yes").exit_code == 0
    before = seller.catalog([{**row, "Price": make_product(no)["Price"]} for no, row in enumerate(rows)])
    first, again = seller("diff", before), seller("diff", before)
    assert any(notice.endswith(ACQUITTED) for notice in open_plan(Path(first.document["plan"])).notices)
    assert WORDS not in again.stderr
    assert _plan(again) == _plan(first)


def test_findings_are_told_again(make_seller: Any, make_product: Any) -> None:
    seller, rows, _ = _fill(make_seller, make_product)
    catalog = seller.catalog(
        [*rows, {**make_product(60), "Price": "nothing"}] + [make_product(n) for n in range(70, 90)]
    )
    first = seller("diff", catalog, "--report", seller.folder / "first.json")
    again = seller("diff", catalog, "--report", seller.folder / "again.json")
    assert WORDS in again.stderr
    assert first.exit_code == again.exit_code == 7
    told = [
        json.loads((seller.folder / f"{name}.json").read_text())["findings"] for name in ("first", "again")
    ]
    assert told[0] == told[1] != []


def _made_earlier(seller: Any, days: int) -> None:
    """The remembered comparison as if it had been made that many days ago."""
    [record] = (seller.folder / "state" / "comparisons").iterdir()
    said = json.loads(record.read_bytes())
    old = seller.folder / "state" / "plans" / said["plan"]
    plan = open_plan(old)
    since = datetime.fromisoformat(plan.basis.since) - timedelta(days=days)
    basis = replace(plan.basis, since=str(since))
    aged = seal_again(old, old, replace(plan, created=plan.created - 86_400 * days, basis=basis))
    record.write_text(json.dumps({**said, "digest": aged.digest}), encoding="utf-8")


@pytest.mark.parametrize(
    ("ended", "holds"),
    [pytest.param(4, False, id="a promotion ended since"), pytest.param(40, True, id="none turned since")],
)
def test_a_promotion_that_turned_meanwhile_is_judged_afresh(
    make_seller: Any, make_product: Any, ended: int, holds: bool
) -> None:
    now = datetime.now(UTC)
    window = {
        "SaleStartDate": f"{now - timedelta(days=90):%Y-%m-%d} 00:00:00",
        "SaleEndDate": f"{now - timedelta(days=ended):%Y-%m-%d} 00:00:00",
    }
    rows = [{**make_product(number), "SalePrice": "5.00", **window} for number in range(8)]
    seller = make_seller(rows)
    catalog = seller.catalog([{**rows[0], "SalePrice": "4.00"}, *rows[1:]])
    seller("diff", catalog)
    _made_earlier(seller, days=7)
    again = seller("diff", catalog)
    assert (WORDS in again.stderr) is holds
    plan = open_plan(Path(again.document["plan"]))
    since = datetime.fromtimestamp(plan.created, UTC) - timedelta(days=1)
    assert plan.basis.since == f"{since:%Y-%m-%d %H:%M:%S}"
