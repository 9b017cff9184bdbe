"""When a job may begin, and by when it must be done: also where clocks are set forward and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import Job
from pipeline.usecases.schedule import Go, NotNow, decide

LIMA = "America/Lima"
NEW_YORK = "America/New_York"


def at(text: str, zone: str = LIMA, *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def job(**told: object) -> Job:
    return Job.model_validate({"source": "x.csv", **told})


@pytest.mark.parametrize(
    ("told", "now", "last", "closes"),
    [
        pytest.param({}, "2027-03-03T12:00", None, None, id="no window: whenever"),
        pytest.param(
            {"window": "01:00-05:00"}, "2027-03-03T01:00", None, "2027-03-03T05:00", id="at its opening"
        ),
        pytest.param(
            {"window": "22:00-04:00"}, "2027-03-03T03:59", None, "2027-03-03T04:00", id="over midnight"
        ),
        pytest.param(
            {"window": "22:00-04:00", "weekdays": ["tue"]}, "2027-03-03T03:00", None, "2027-03-03T04:00",
            id="a night belongs to the day it begins on",
        ),
        pytest.param(
            {"window": "01:00-09:00", "quiet": ["06:00-22:00"]}, "2027-03-03T05:00", None,
            "2027-03-03T06:00", id="quiet hours close a window",
        ),
        pytest.param(
            {"quiet": ["09:00-21:00"]}, "2027-03-03T22:00", None, "2027-03-04T09:00", id="until it's quiet"
        ),
        pytest.param(
            {"window": "01:00-05:00"}, "2027-03-03T12:00", "2027-03-02T02:00", None, id="a night was missed"
        ),
        pytest.param(
            {"window": "01:00-05:00", "quiet": ["20:00-23:00"]}, "2027-03-03T12:00", "2027-02-20T02:00",
            "2027-03-03T20:00", id="many were missed: once, and not into quiet hours",
        ),
    ],
)  # fmt: skip
def test_it_may_begin(told: dict[str, object], now: str, last: str | None, closes: str | None) -> None:
    found = decide(job(**told), ZoneInfo(LIMA), at(now), at(last) if last else None)
    assert isinstance(found, Go)
    assert found.closes == (at(closes) if closes else None)


@pytest.mark.parametrize(
    ("told", "now", "last", "words"),
    [
        pytest.param(
            {"window": "01:00-05:00"}, "2027-03-03T05:00", "2027-03-03T02:00",
            "the next opens Thu 04 Mar 01:00 (America/Lima)", id="it has closed",
        ),
        pytest.param(
            {"window": "01:00-05:00"}, "2027-03-03T12:00", None, "outside its window", id="it never ran"
        ),
        pytest.param(
            {"window": "01:00-05:00", "catch_up": "skip"}, "2027-03-03T12:00", "2027-03-01T02:00",
            "outside its window", id="missed nights are skipped",
        ),
        pytest.param(
            {"window": "22:00-04:00", "weekdays": ["tue"]}, "2027-03-04T03:00", "2027-03-03T01:00",
            "the next opens Tue 09 Mar 22:00", id="not on this day",
        ),
        pytest.param(
            {"quiet": ["09:00-21:00"]}, "2027-03-03T09:00", None, "quiet hours until Wed 03 Mar 21:00",
            id="quiet",
        ),
        pytest.param(
            {"window": "01:00-05:00", "quiet": ["21:00-09:00"]}, "2027-03-03T02:00", None,
            "quiet hours until Wed 03 Mar 09:00", id="quiet hours go before the window",
        ),
    ],
)  # fmt: skip
def test_it_may_not(told: dict[str, object], now: str, last: str | None, words: str) -> None:
    found = decide(job(**told), ZoneInfo(LIMA), at(now), at(last) if last else None)
    assert isinstance(found, NotNow)
    assert words in found.why


@pytest.mark.parametrize(
    ("window", "now", "fold", "closes", "closing_fold"),
    [
        pytest.param("01:30-03:30", "2027-03-14T01:45", 0, "2027-03-14T03:30", 0, id="forward: an hour less"),
        pytest.param("00:30-01:30", "2027-11-07T01:10", 1, "2027-11-07T01:30", 1, id="back: the second time"),
        pytest.param("00:30-01:30", "2027-11-07T01:10", 0, "2027-11-07T01:30", 1, id="back: the first time"),
    ],
)
def test_clocks_are_set(window: str, now: str, fold: int, closes: str, closing_fold: int) -> None:
    found = decide(job(window=window), ZoneInfo(NEW_YORK), at(now, NEW_YORK, fold=fold), None)
    assert isinstance(found, Go)
    assert found.closes == at(closes, NEW_YORK, fold=closing_fold)


SPANS = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59)).map(
    lambda t: f"{t[0]:02}:{t[1]:02}-{t[2]:02}:{t[3]:02}"
)


@given(
    window=SPANS, quiet=st.lists(SPANS, max_size=2), now=st.integers(1_700_000_000, 1_900_000_000),
    zone=st.sampled_from([LIMA, NEW_YORK, "UTC", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_it_never_begins_what_must_be_over(window: str, quiet: list[str], now: int, zone: str) -> None:
    """Whenever it may begin, there is time left; and what closes is never more than a day away."""
    found = decide(job(window=window, quiet=quiet), ZoneInfo(zone), float(now), None)
    if isinstance(found, Go) and found.closes is not None:
        assert now < found.closes <= now + 25 * 3600 + 1800
