"""A blank leaves alone: half an offer in a row is a defect only where the row must say all of it."""

from __future__ import annotations

import pandas as pd
import pytest

from schemas.fields import Dialect, field_named
from schemas.product import NEW, NO, UNKNOWN, YES, Shop
from schemas.tables import judge, product_table

WHOLE = {"Name": "Tea", "PrimaryCategory": "1", "Description": "A green tea", "Brand": "T", "Price": "10.00"}
SALE, DATE = {"SalePrice": "8.00"}, {"SaleEndDate": "2030-01-01 00:00:00"}
OFFER = ("SalePrice", "SaleStartDate", "SaleEndDate")
ENDS = {"SalePrice": ""}
SWEPT = {"SaleStartDate": "", "SaleEndDate": ""}


@pytest.mark.parametrize(
    ("row", "new", "expected"),
    [
        pytest.param(SALE, NO, None, id="the shop may hold the window"),
        pytest.param(DATE, NO, None, id="the shop may hold the sale price"),
        pytest.param({**SALE, "SaleStartDate": ""}, NO, None, id="and the end, where a start is cleared"),
        pytest.param({**SALE, **SWEPT}, NO, "error", id="a window that is cleared is none"),
        pytest.param({**DATE, **ENDS}, NO, "error", id="nor is a sale price"),
        pytest.param({**WHOLE, **SALE}, NO, None, id="a whole row of a listed product too"),
        pytest.param({**WHOLE, **SALE}, YES, "error", id="a new product needs its window"),
        pytest.param({**WHOLE, **DATE}, YES, "error", id="and its sale price"),
        pytest.param({**WHOLE, **SALE}, UNKNOWN, "error", id="nobody asked the shop: a whole product"),
        pytest.param({**WHOLE, **DATE}, UNKNOWN, "error", id="with a date alone"),
        pytest.param(SALE, UNKNOWN, "warning", id="a price alone is rather an update"),
        pytest.param({**DATE, "Price": "9.00"}, UNKNOWN, "warning", id="an update with a date alone"),
        pytest.param({**SALE, **SWEPT}, UNKNOWN, "error", id="an update that clears the window"),
    ],
)
def test_half_an_offer(row: dict[str, str | None], new: str, expected: str | None) -> None:
    fields = tuple(field_named(name, Dialect.CLASSIC) for name in ("SellerSku", *WHOLE, *OFFER))
    cells = {**dict.fromkeys((field.name for field in fields), None), "SellerSku": "A", NEW: new, **row}
    table = product_table(fields, Shop(new_known=new != UNKNOWN))
    found = judge(table, pd.DataFrame([cells], dtype="string[pyarrow]"))
    said = [verdict.severity for _, verdict in found if verdict.code.endswith(("-window", "-sale"))]
    assert said == ([expected] if expected else [])
