"""Borrowed descriptions come back as they would have been written, whatever lies between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import StateError
from pipeline.read.catalog import ROW
from pipeline.validate.accepted import Accepted
from pipeline.validate.lent import lend, stored
from schemas.fields import CLEAR

CALM = "<p>A chair of oak</p>"
#: Calm, blank, to be cleared, and others that aren't calm: values, or refused.
TEXTS = (CALM, None, CLEAR, "  <b>tidied up </b>\n", "see <svg></svg> here", "<script>alert(1)</script>")


def row(number: int, text: str | None) -> dict[str, str | None]:
    return {"SellerSku": f"A-{number}", "Description": text}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=9), size=st.integers(1, 4))
def test_a_row_has_the_values_it_has_alone(
    run: Callable[..., Accepted], rows_of: Callable[..., Any], texts: list[str | None], size: int
) -> None:
    values = {
        text: [one["Description"] for one in rows_of(run([row(0, text)], known=["A-0"]))]
        for text in set(texts)
    }
    expected = [row(number, *value) for number, text in enumerate(texts) if (value := values[text])]
    together = run([row(n, t) for n, t in enumerate(texts)], known=[f"A-{n}" for n in range(9)], size=size)
    assert rows_of(together) == expected
    names = [set(batch.schema.names) for batch in together.batches(["Description"])]
    assert names == [{"Description"}] * len(names)
    found = [one["Description"] for batch in together.batches(["Description"]) for one in batch.to_pylist()]
    assert found == [one["Description"] for one in expected]


def test_what_is_calm_is_not_written_a_second_time(run: Callable[..., Accepted]) -> None:
    accepted = run([row(0, CALM), row(1, " <b>later</b>")], known=["A-0", "A-1"])
    held = [one for batch in stored(accepted.path, ["Description"]) for one in batch.to_pylist()]
    assert held == [{"Description": None}, {"Description": " <b>later</b>"}]


def test_only_what_is_flagged_is_left_out() -> None:
    short = {"same": ["1", None, "2"], "other": ["1.00", None, "2"]}
    values = pl.DataFrame({"long": ["x", "y", None], **short, "as read": [True, False, False]})
    texts = pl.DataFrame({"long": ["x", " y ", " "], "same": ["1", None, "2"], "other": ["1", None, "2"]})
    made = lend(values, texts, ["long", "same", "other"], {"long": "as read"})
    assert made.drop("as read").to_dict(as_series=False) == {
        "long": [None, "y", None], "other": ["1.00", None, "2"],
        "__lent long": [True, False, False], "__lent same": [True] * 3, "__lent other": [False] * 3,
    }  # fmt: skip


@pytest.mark.parametrize("rows", [[0], [0, 2], [1, 2], []], ids=str)
def test_a_mapped_file_that_lacks_a_row_is_no_lender(
    run: Callable[..., Accepted], tmp_path: Path, rows: list[int]
) -> None:
    accepted = run([row(0, CALM), row(1, CALM)], known=["A-0", "A-1"])
    other = tmp_path / "other.arrow"
    columns = {ROW: rows, "SellerSku": [f"A-{row}" for row in rows], "Description": [CALM] * len(rows)}
    schema = pa.schema([(ROW, pa.int64()), ("SellerSku", pa.string()), ("Description", pa.string())])
    with pa.ipc.new_file(str(other), schema) as writer:
        writer.write_table(pa.table(columns, schema=schema))
    with pytest.raises(StateError):
        list(replace(accepted, mapped=replace(accepted.mapped, path=other)).batches())
