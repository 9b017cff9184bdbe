"""One catalog to four shops of two sellers: each by itself, also in trouble and on the way back."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run as command_line
from pipeline.cli.shell import Shell
from pipeline.usecases.budget import budget
from pipeline.usecases.diff import compare
from pipeline.usecases.fleet import all_shops, of_shop
from pipeline.usecases.push import push
from pipeline.usecases.rollback import rollback

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]

#: Each shop's own overlay: the second Falabella country has its prices in a column of its own.
MAPPING = """
[columns]
SellerSku = "sku"
Name = "name"
Price = "price"

[shops.north.columns]
Price = "price_north"

[shops.peru.columns]
Price = "price_pe"
"""


def seller(name: str, **more: Any) -> list[str]:
    return [f'budget_id = "{name}"', *(f"{key} = {value}" for key, value in more.items())]


@pytest.fixture
def four(make_night: Make, make_product: Product) -> Any:
    """Two classic shops of one seller, two Falabella countries of another; one of them down."""
    products = [make_product(n) for n in range(8)]
    classic, falabella = {"products": products}, {"products": products}
    here = make_night(
        {
            "south": {**classic, "lines": seller("one")},
            "north": {**classic, "lines": seller("one")},
            "chile": {
                **falabella, "sandbox": {"dialect": "falabella", "operators": "facl"},
                "lines": seller("two", dialect='"falabella"', operators='["facl"]'),
                "url": "http://127.0.0.1:9/",
            },
            "peru": {
                **falabella, "sandbox": {"dialect": "falabella", "operators": "fape"},
                "lines": seller("two", dialect='"falabella"', operators='["fape"]'),
            },
        },
    )  # fmt: skip
    (here.folder / "own.toml").write_text(MAPPING, encoding="utf-8")
    tables = [f'[shops.{name}.catalog]\nmapping = "own.toml"\n' for name in here.shops]
    here.write("\n" + "".join(tables) + '[jobs.nightly]\nsource = "catalog.csv"\nshops = "all"\n')
    here.drop(
        [
            {"sku": f"TEA-{n:04d}", "name": f"New name {n}", "price": f"{20 + n}.00",
             "price_north": f"{30 + n}.00", "price_pe": f"{40 + n}.00"}
            for n in range(8)
        ]
    )  # fmt: skip
    return here


def prices(here: Any, shop: str) -> set[str]:
    unit = "BusinessUnits.fape.Price"
    return {product.get("Price", product.get(unit)) for product in here.held(shop).values()}


@pytest.mark.slow
def test_three_are_done_and_one_is_reported(four: Any) -> None:
    """And each of the three is taken back alone."""
    before = {shop: four.held(shop) for shop in four.shops}
    said = four.run(str(four.folder / "catalog.csv"), every_shop=True, source="all")
    rows = {row["shop"]: row for row in said.document["shops"]}
    assert list(rows) == ["south", "north", "chile", "peru"]
    assert (said.exit_code, rows["chile"]["error"]["code"], rows["chile"]["exit_code"]) == (
        9,
        "unreachable",
        9,
    )
    done = ("south", "north", "peru")
    assert [(rows[s]["exit_code"], rows[s]["counts"]["verified"]) for s in done] == [(0, 8)] * 3
    assert len({rows[s]["run"] for s in done}) == 3
    assert [min(prices(four, s)) for s in done] == ["20.00", "30.00", "40.00"]
    taken_back = []
    for shop in done:
        ws = four.workspace(shop)
        plan = four.folder / f"back-{shop}.jsonl"
        rollback(ws, rows[shop]["run"], out=plan)
        assert int(push(ws, plan, yes=True).exit_code) == 0
        taken_back.append(shop)
        same = [s for s in done if _owned(four.held(s)) == _owned(before[s])]
        assert same == taken_back


def _owned(products: dict[str, dict[str, Any]]) -> dict[str, Any]:
    volatile = ("Quantity", "UpdatedAt")
    return {sku: {k: v for k, v in p.items() if k not in volatile} for sku, p in products.items()}


@pytest.mark.slow
def test_a_job_for_all_shops(four: Any) -> None:
    """An attempt, a result, numbers and a notice for each; the second night only the missing one is done."""
    said = four.run("nightly")
    assert said.exit_code == 9
    assert [row["exit_code"] for row in said.document["shops"]] == [0, 0, 9, 0]
    assert [notice["shop"] for notice in four.notices()] == ["chile"]
    assert four.metrics(shop="peru")['sellercenter_records{outcome="verified"}'] == 8
    assert four.metrics(shop="chile")["sellercenter_exit_code"] == 9
    again = four.run("nightly")
    assert [row.get("state") for row in again.document["shops"]] == [
        "nothing-new",
        "nothing-new",
        None,
        "nothing-new",
    ]
    assert four.run("nightly", shop="peru").document["state"] == "nothing-new"


def test_a_look_at_all_shops(four: Any) -> None:
    """diff and budget: a section each; files under names of their own."""
    catalog = str(four.folder / "catalog.csv")
    out = four.folder / "r.json"
    outcome = all_shops(
        four.workspace(), lambda ws: compare(ws, [catalog], reports=of_shop([out], ws.shop_name))
    )
    counts = [row.get("counts", {}).get("update") for row in outcome.document["shops"]]
    assert (int(outcome.exit_code), counts) == (9, [8, 8, None, 8])
    assert [heading for heading, _ in outcome.parts] == list(four.shops)
    written = {path.name for path in four.folder.glob("r-*.json")}
    assert written == {"r-south.json", "r-north.json", "r-peru.json"}
    spent = {row["shop"]: row["budget"] for row in all_shops(four.workspace(), budget).document["shops"]}
    assert spent == {"south": "one", "north": "one", "chile": "two", "peru": "two"}


def test_an_error_of_ours_in_one_shop_is_not_the_others(four: Any) -> None:
    def fails(ws: Any) -> Any:
        if ws.shop_name == "north":
            raise ZeroDivisionError("CANARYKEY123")
        return budget(ws)

    outcome = all_shops(four.workspace(), fails)
    assert (int(outcome.exit_code), len(outcome.document["shops"])) == (1, 4)
    assert "CANARYKEY123" not in str(outcome.document)


@pytest.mark.parametrize(("name", "expected"), [("a/r.html", "a/r-x.html"), ("plan", "plan-x")])
def test_files_of_one_among_several(name: str, expected: str) -> None:
    assert of_shop([Path(name)], "x") == (Path(expected),)


def test_people_see_a_section_for_each_shop(four: Any) -> None:
    out = io.StringIO()
    words = ("budget", "--all-shops", "--config", str(four.folder / "sellercenter.toml"))
    assert command_line(Shell(argv=words, stdout=out, stderr=io.StringIO(), environ=four.environ)) == 0
    heads = [line for line in out.getvalue().splitlines() if line.startswith("==")]
    assert heads == ["== south ==", "== north ==", "== chile ==", "== peru =="]
