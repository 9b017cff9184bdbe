"""How long to wait, and what times say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import AnswerLost, LoginRefused, Refused, ShopError, Throttled, Unreachable
from pipeline.market.patience import wait_before, worth_retrying
from pipeline.market.times import epoch_of, http_date, retry_after, shop_time

EXPIRED = Refused("E003", number=3)


@pytest.mark.parametrize(
    ("error", "tries", "worth"),
    [
        (Unreachable("x"), 4, True),
        (Unreachable("x"), 5, False),
        (AnswerLost("x"), 50, True),
        (Throttled("x"), 50, True),
        (LoginRefused("x", number=7), 1, False),
        (LoginRefused("x", number=7, platform=True), 1, False),
        (Refused("x", number=36), 1, False),
        (Refused("x", number=6, platform=True), 9, True),
        (EXPIRED, 1, True),
        (EXPIRED, 2, False),
        (ShopError("no token"), 1, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_is_worth_another_try(error: ShopError, tries: int, worth: bool) -> None:
    assert worth_retrying(error, tries) is worth


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_a_cap_and_never_below_zero(tries: int, chance: float) -> None:
    assert 0 <= wait_before(AnswerLost("x"), tries, chance) <= 5
    assert 1.5 <= wait_before(Throttled("x"), tries, chance) <= 60
    assert wait_before(Throttled("x", retry_after=7), tries, chance) == 7
    assert wait_before(EXPIRED, tries, chance) == 0


def test_the_shop_s_clock_is_read_and_written_in_its_zone() -> None:
    lima = ZoneInfo("America/Lima")
    assert shop_time(1714979290, lima) == "2024-05-06T02:08:10"
    assert epoch_of("2024-05-06 02:08:10", lima) == 1714979290
    assert epoch_of("2024-05-06T07:08:10+0000", lima) == 1714979290
    assert epoch_of("soon", lima) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("Mon, 06 May 2024 07:08:20 GMT", 10.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float | None) -> None:
    assert retry_after(said, 1714979290) == seconds


def test_a_date_header() -> None:
    assert http_date("Mon, 06 May 2024 07:08:10 GMT") == 1714979290
    assert http_date("") is None
