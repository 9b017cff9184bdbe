"""Real files found in the wild, all the way: every row accounted for, and a second run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WILD = Path(__file__).parents[2].parent / "shared" / "catalogs"

pytestmark = pytest.mark.skipif(not WILD.exists(), reason="the wild catalogs aren't here")

FILES = {
    "woocommerce": (
        "woocommerce_sample_products.csv",
        24,
        'extends = "woocommerce"\n[columns]\nBrand = { constant = "GENERIC" }\n'
        'PrimaryCategory = { constant = "101" }\n'
        'SaleStartDate = { value = \'if([Sale price] != "", "2024-01-01", "")\' }\n',
    ),
    "magento": (
        "magento2_configurable_products.csv",
        1994,
        'extends = "magento2"\n[columns]\nBrand = { constant = "GENERIC" }\n'
        'PrimaryCategory = { constant = "101" }\n',
    ),
    "excel": (
        "rozetka_pricelist_ua.xlsx",
        982,
        '[columns]\nSellerSku = "Код_товара"\nName = "Название_позиции"\nDescription = "Описание"\n'
        'Brand = { constant = "GENERIC" }\nPrimaryCategory = { constant = "101" }\nPrice = "Цена"\n'
        'Quantity = { constant = "1" }\n',
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_goes_all_the_way(name: str, make_seller: Callable[..., Any]) -> None:
    file, rows, mapping = FILES[name]
    held = [
        {"SellerSku": "OLD-1", "Name": "Old tea", "Brand": "GENERIC", "PrimaryCategory": "101", "Price": "1"}
    ]
    limits = {"verify_timeout": 10, "deadline": 20, "feed_timeout": 60}
    seller = make_seller(
        held,
        limits=limits,
        catalog={"mapping": "mapping.toml", "max_errors_pct": 100},
        guards={"created_max": 9999},
    )
    (seller.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    checked = seller("validate", WILD / file).document
    assert checked["rows"] == checked["accepted"] + checked["rejected"]
    assert checked["rows"] + sum(checked["skipped"].values()) == rows
    first = seller("run", WILD / file, "--yes")
    assert first.exit_code in (0, 7), first
    assert first.document["counts"]["verified"] == first.document["counts"]["planned"] > 0
    again = seller.diff(WILD / file)
    counts = again.document["counts"]
    assert (counts["create"], counts["update"]) == (0, 0)
    assert counts["unchanged"] + counts["rejected"] == checked["rows"]
