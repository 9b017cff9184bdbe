"""A snapshot written as a catalog holds what can be set, as text, and comes back as it was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from pipeline.errors import UsageError
from pipeline.market.products import page_from
from pipeline.snapshot.download import download
from pipeline.snapshot.export import export, form_of, settable
from pipeline.store.safe_csv import MARK, unescape
from schemas.fields import Dialect

NAME = "=1+1 'té'\nsecond line"


@pytest.fixture
def snapshot(moving_shop: Any, make_desk: Any) -> Any:
    class Shop(type(moving_shop(0))):  # type: ignore[misc]
        def products_page(self, params: Any) -> Any:
            skus = super().products_page(params).skus()
            return page_from({"SellerSku": sku, "Url": "u", "Name": NAME, "Price": "07.50"} for sku in skus)

    shop = Shop(moving_shop(2).products)
    return download(shop, make_desk(shop), id="one")


EXPECTED = [["SellerSku", "Name", "Price"], ["S0000", NAME, "07.50"], ["S0001", NAME, "07.50"]]


def read(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[unescape(cell) for cell in row] for row in csv.reader(file)]
        assert rows[0][-1] == MARK
        return [row[:-1] for row in rows]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        return [[cell.value for cell in row] for row in sheet.iter_rows()]
    table = pq.read_table(path)
    return [table.column_names, *(list(row.values()) for row in table.to_pylist())]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "XLSX"])
def test_a_snapshot_comes_back_from_every_form(snapshot: Any, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"catalog.{suffix}"
    export(snapshot, out, dialect=Dialect.CLASSIC)
    assert read(out.rename(tmp_path / f"catalog.{suffix.lower()}")) == EXPECTED


def test_a_form_that_isn_t_known_is_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match=r"catalog\.doc"):
        form_of(Path("catalog.doc"))


def test_a_cell_that_a_workbook_would_cut_is_refused(
    moving_shop: Any, make_desk: Any, tmp_path: Path
) -> None:
    shop = moving_shop(1)
    shop.products[0].price = "x" * 32_768
    snapshot = download(shop, make_desk(shop), id="one")
    with pytest.raises(UsageError, match="Price of S0000"):
        export(snapshot, tmp_path / "catalog.xlsx", dialect=Dialect.CLASSIC)
    assert not (tmp_path / "catalog.xlsx").exists()


def test_only_what_a_catalog_can_say_is_written() -> None:
    names = [
        "SellerSku", "ShopSku", "Price", "ProductData.Material", "BusinessUnits.facl.Price",
        "BusinessUnits.facl.IsPublished", "QCStatus", "Images",
    ]  # fmt: skip
    assert settable(names, Dialect.CLASSIC, ()) == ["SellerSku", "Price", "ProductData.Material", "Images"]
    assert settable(names, Dialect.FALABELLA, ("facl",)) == [
        "SellerSku", "ProductData.Material", "BusinessUnits.facl.Price", "Images",
    ]  # fmt: skip
