"""The quick way to a number's look is the exact one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.read.looks import _dressed, look_of, padded, stored

CODES = ["0", "0.00", "#,##0.00", "0000000", "00.0", "0.0##", "000-000", "#,##0.000"]


@given(whole=st.integers(0, 10**9), fraction=st.text("0123456789", max_size=5), code=st.sampled_from(CODES))
def test_padding_is_what_rounding_gives(whole, fraction, code):
    text = f"{whole}.{fraction}" if fraction else str(whole)
    quick = padded(text, look_of(code))
    number = stored(text)
    assert number is not None
    assert quick in ("", _dressed(number, look_of(code)))
