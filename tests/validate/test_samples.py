"""The sample catalogs: what is good passes, each broken sample has its finding, and says which."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.market.lookups import Attribute, Category, Lookups
from pipeline.read.applying import apply
from pipeline.read.mapping import load_mapping
from pipeline.read.reading import read_catalog
from pipeline.settings import Shop
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context
from schemas.rules import RULES

SAMPLES = Path(__file__).parents[2] / "sample_data"
BROKEN = sorted({path.stem for path in (SAMPLES / "broken").glob("*.csv")} & set(RULES))
#: Rules that only some settings have.
SETTINGS: dict[str, dict[str, Any]] = {
    "sku-pattern": {"sku_pattern": "[A-Z0-9-]+"},
    "group-refused": {"on_error": "skip-group"},
}
Run = Callable[..., Accepted]


def lookups_of(name: str) -> Lookups:
    """What a shop knows that holds these products, and a second category called Sale."""
    held = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    paths = {tuple(one["PrimaryCategory"].split(" > ")) for one in held} | {
        ("Tableware", "Sale"),
        ("Office", "Sale"),
    }
    nodes = sorted({path[:depth] for path in paths for depth in range(1, len(path) + 1)})
    categories = {
        str(number): Category(id=str(number), name=path[-1], leaf=path in paths, path=path)
        for number, path in enumerate(nodes, start=10)
    }
    attributes = (
        attribute("ConditionType", ("Nuevo", "Usado")),
        attribute("Color", ()),
        attribute("PackageWeight", ()),
    )
    return Lookups(
        brands=frozenset(one["Brand"] for one in held),
        categories=categories,
        attributes={one: attributes for one, category in categories.items() if category.leaf},
    )


def attribute(name: str, options: tuple[str, ...]) -> Attribute:
    return Attribute(
        feed_name=name,
        label=name,
        mandatory=False,
        system=False,
        multiple=False,
        options=options,
        max_length=None,
    )


@pytest.fixture
def check(run: Run, shop: Shop, tmp_path: Path) -> Run:
    """Read, map and validate a sample."""

    def checked(name: str, *, shop: Shop = shop, against: str = "classic_shop.json", **more: Any) -> Accepted:
        path = SAMPLES / name
        mapping = path.with_suffix(".toml")
        catalog = read_catalog([str(path)], folder=tmp_path)
        mapped = apply(
            catalog,
            load_mapping(mapping if mapping.exists() else None),
            dialect=shop.dialect,
            operators=shop.operators,
            folder=tmp_path,
        )
        return run(mapped, shop=shop, lookups=lookups_of(against), **more)

    return checked


def test_the_classic_catalog_is_good(check: Run) -> None:
    accepted = check("classic.csv", known=[])
    assert (accepted.findings, accepted.rows) == ((), 320)


def test_the_falabella_catalog_is_good(check: Run, falabella: Shop) -> None:
    ctx = Context(decimals={"": 0, "facl": 0, "fape": 2}, currencies={"": "CLP", "fape": "PEN"})
    accepted = check("falabella.csv", known=[], shop=falabella, against="falabella_shop.json", ctx=ctx)
    assert (accepted.findings, accepted.rows) == ((), 60)


def test_the_price_list_is_good(check: Run, rows_of: Callable[[Accepted], list[dict[str, Any]]]) -> None:
    """Padded article numbers, decimal commas and number cells side by side: nothing is lost."""
    skus = [f"{4711 + number * 13:07d}" for number in range(24)]
    accepted = check("supplier_prices.xlsx", known=skus)
    rows = rows_of(accepted)
    assert [(finding.code, finding.row) for finding in accepted.findings] == [("footer-skipped", 30)]
    assert [row["SellerSku"] for row in rows] == skus
    assert [row["Price"] for row in rows[:6]] == ["12.50", "13.90", "14.90", "15.90", "16.90", "17.50"]
    assert rows[8]["Price"] == "3206.50"


@pytest.mark.parametrize("code", BROKEN)
def test_each_broken_sample_has_its_finding(check: Run, code: str) -> None:
    known = ["D-BLANK", "D-NODES", "D-CATS"]
    accepted = check(f"broken/{code}.csv", known=known, settings=SETTINGS.get(code))
    assert code in {finding.code for finding in accepted.findings}
    others = {finding.code for finding in accepted.findings} - {code}
    assert others <= {"not-a-number"} if code in ("parent-refused", "group-refused") else not others


def test_every_rule_has_a_broken_sample() -> None:
    assert set(BROKEN) == set(RULES)


def test_the_defects_come_all_out_together(check: Run) -> None:
    """What each broken sample has alone, the catalog of all defects has too."""
    accepted = check("defects.csv", known=[])
    alone = set(BROKEN) - {*SETTINGS, "incomplete-product", "not-an-id", "too-many-categories", "blank-cell"}
    assert {finding.code for finding in accepted.findings} == alone - {
        "unknown-attribute",
        "ambiguous-category",
    }


#: Findings of reading and mapping: every code that a file can have and still be read.
READING = {
    "error-cell",
    "formula-without-value",
    "number-too-long",
    "shown-rounded",
    "merged-cells",
    "cell-outside-table",
    "footer-skipped",
    "member-skipped",
    "sheet-skipped",
    "duplicate-header",
    "too-many-cells",
    "too-few-cells",
    "unbalanced-quote",
    "mixed-encoding",
    "unknown-column",
    "expression-failed",
}


@pytest.mark.parametrize("code", sorted(READING))
def test_each_broken_file_has_its_finding(check: Run, code: str) -> None:
    name = next(path.name for path in (SAMPLES / "broken").glob(f"{code}.*") if path.suffix != ".toml")
    accepted = check(f"broken/{name}", known=["D-1", "D-2", "D-3"])
    assert code in {finding.code for finding in accepted.findings}


def sections() -> dict[str, str]:
    text = (SAMPLES.parent / "docs" / "findings.md").read_text(encoding="utf-8")
    parts = re.split(r"^### `([a-z-]+)`$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_finding_is_documented_and_has_its_sample() -> None:
    """What, why, example, fix; the severity that it has; a sample that is there."""
    documented = sections()
    assert set(documented) == {*RULES, *READING}
    for code, text in documented.items():
        assert all(f"**{word}**" in text for word in ("What", "Why", "Example", "Fix")), code
        sample = re.search(r"\(\.\./(sample_data/broken/[^)]+)\)", text)
        assert sample, code
        assert (SAMPLES.parent / sample[1]).is_file(), code
        if code in RULES:
            assert f"*{RULES[code].severity}*" in text, code


def test_reading_finds_nothing_undocumented() -> None:
    """Each code that the readers' source gives to a finding has its section."""
    documented = sections()
    for path in (SAMPLES.parent / "pipeline" / "read").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        for code in re.findall(r"notes\.found\(\s*\"([a-z-]+)\"|Finding\(\s*code=\"([a-z-]+)\"", source):
            assert "".join(code) in documented, (path.name, code)
