"""Thirty nights of one job, with all that goes wrong in a month: each morning the shop is as it should be."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.journal.check import check
from pipeline.journal.journal import Journal
from pipeline.usecases.connection import journal_of
from pipeline.usecases.job_record import Attempt, attempts
from pipeline.usecases.results import facts

ZONE = "America/New_York"  # clocks go forward in the night of 14 March 2027
FIRST = date(2027, 3, 1)
SIZE = 14
KEY = "KEY_demo"

JOB = f"""\
[jobs.nightly]
source = "drop/catalog.csv"
window = "01:00-05:00"
timezone = "{ZONE}"
file_deadline = 600
"""


class Killed(BaseException):
    """The process dies; nothing of ours may notice."""


class Month:
    """The seller's side: files that arrive, and what the shop should hold for them."""

    def __init__(self, here: Any, make_product: Callable[..., dict[str, str]]) -> None:
        self.here, self.make = here, make_product
        self.prices = {n: f"{10 + n}.00" for n in range(SIZE)}
        self.expected = dict(self.prices)
        (here.folder / "drop").mkdir()

    def rows(self) -> list[dict[str, str]]:
        return [self.make(n, Price=price) for n, price in self.prices.items()]

    def file(self, day: date) -> Path:
        """Tonight's export: three prices are new, written an hour before midnight."""
        number = (day - FIRST).days
        for n in range(number, number + 3):
            self.prices[n % SIZE] = f"{10 + n % SIZE}.{number + 10}"
        return self.deliver(self.rows())

    def deliver(self, rows: list[dict[str, str]], *, age: float = 3 * 3600) -> Path:
        path: Path = self.here.drop(rows, "drop/catalog.csv", at=self.here.clock.driven.now() - age)
        return path

    def arrived(self) -> None:
        """Tonight's file is what the shop should hold from now on."""
        self.expected = dict(self.prices)

    def in_shop(self) -> dict[int, str]:
        return {int(sku[4:]): product["Price"] for sku, product in self.here.held().items()}


def until(here: Any, day: date, time: str) -> None:
    here.clock.until(f"{day.isoformat()}T{time}", ZONE)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_nights(make_night: Callable[..., Any], make_product: Callable[..., dict[str, str]]) -> None:
    products = [make_product(n, Price=f"{10 + n}.00") for n in range(SIZE)]
    here = make_night(
        {"demo": {"products": products}}, start="2027-03-01T05:10", jobs=JOB, guards="floor = 5"
    )
    month = Month(here, make_product)
    nights: dict[int, Callable[[Any, Month, date], None]] = {
        4: crash, 7: empty, 9: doubled, 11: old, 13: half_written, 16: clock_set_back, 17: asleep,
        18: asleep, 19: caught_up, 21: expired_key, 24: cents, 28: never_whole,
        **dict.fromkeys((2, 5, 6, 15, 23, 26, 27), nothing_new),
    }  # fmt: skip
    for number in range(1, 31):
        day = FIRST + timedelta(days=number - 1)
        until(here, day, "02:30" if day != date(2027, 3, 14) else "03:30")
        before = len(here.posts())
        nights.get(number, ordinary)(here, month, day)
        changed = month.in_shop()
        assert changed == month.expected, f"night {number}"
        if nights.get(number) in (nothing_new, empty, doubled, old, asleep, expired_key, cents, never_whole):
            assert len(here.posts()) == before, f"night {number}: a surprise push"
        if number not in (17, 18):
            metrics_agree(here)
    with journal_of(here.workspace()) as journal:
        assert check(journal).problems == ()
        tried = list(attempts(journal))
    no_overlap(tried)
    once_per_cause_and_day(here)
    assert Counter(one.word for one in tried)["done"] == 15


def ordinary(here: Any, month: Month, day: date) -> None:
    """A file, a run; the scheduler calls again later, and finds nothing new."""
    month.file(day)
    assert here.run("nightly").document["state"] == "done"
    month.arrived()
    assert here.run("nightly").document["state"] == "nothing-new"


def crash(here: Any, month: Month, day: date) -> None:
    """The process dies when the shop has just taken a feed; the next call of the same night goes on."""
    month.file(day)
    taken = len(here.posts())
    shop = here.shops["demo"].shop
    feeds = len(shop.feeds.feeds)

    def die() -> None:
        if len(shop.feeds.feeds) > feeds:
            raise Killed

    here.clock.on_now = die
    with pytest.raises(Killed):
        here.run("nightly")
    here.clock.on_now = lambda: None
    until(here, day, "04:00")
    assert here.run("nightly").document["state"] == "done"
    assert len(here.posts()) == taken + 1
    month.arrived()


def empty(here: Any, month: Month, day: date) -> None:
    month.deliver([])
    assert [here.run("nightly").exit_code for _ in range(2)] == [4, 4]


def doubled(here: Any, month: Month, day: date) -> None:
    month.file(day)
    month.deliver([*month.rows(), *month.rows()])
    assert [here.run("nightly").exit_code for _ in range(2)] == [4, 4]


def old(here: Any, month: Month, day: date) -> None:
    month.file(day)
    month.deliver(month.rows(), age=10 * 86_400)
    assert [here.run("nightly").exit_code for _ in range(2)] == [4, 4]


def half_written(here: Any, month: Month, day: date) -> None:
    """It's still being written when the job begins; another call finds the shop held meanwhile."""
    path = month.file(day)
    whole, began = path.read_bytes(), here.clock.driven.now()
    path.write_bytes(whole[:-40])
    os.utime(path, (began, began))
    overlapping: list[int] = []
    feeds = here.shops["demo"].shop.feeds.feeds
    before = len(feeds)

    def meanwhile() -> None:
        now = here.clock.driven.now()
        if now - began > 100 and path.read_bytes() != whole:
            path.write_bytes(whole)
            os.utime(path, (now, now))
        if len(feeds) > before and not overlapping:
            overlapping.append(-1)
            overlapping[0] = here.run("nightly").exit_code

    here.clock.on_sleep = meanwhile
    assert here.run("nightly").document["state"] == "done"
    here.clock.on_sleep = lambda: None
    assert overlapping == [10]
    month.arrived()


def clock_set_back(here: Any, month: Month, day: date) -> None:
    """The machine's clock is set back an hour after the run: the same night comes twice."""
    ordinary(here, month, day)
    here.clock.driven.advance(-3600)
    assert here.run("nightly").document["state"] == "nothing-new"
    here.clock.driven.advance(3600)


def asleep(here: Any, month: Month, day: date) -> None:
    """The machine is off."""
    month.file(day)


def caught_up(here: Any, month: Month, day: date) -> None:
    """It's switched on at nine: what was missed is made up for, once."""
    until(here, day, "09:00")
    month.file(day)
    assert here.run("nightly").document["state"] == "done"
    month.arrived()
    month.file(day + timedelta(days=12))
    until(here, day, "11:00")
    assert here.run("nightly").document["state"] == "not-now"


def expired_key(here: Any, month: Month, day: date) -> None:
    month.file(day)
    good, here.environ[KEY] = here.environ[KEY], "an-old-key"
    assert [here.run("nightly").exit_code for _ in range(2)] == [9, 9]
    here.environ[KEY] = good


def cents(here: Any, month: Month, day: date) -> None:
    month.file(day)
    month.deliver([{**row, "Price": row["Price"].replace(".", "") + ".00"} for row in month.rows()])
    assert [here.run("nightly").exit_code for _ in range(2)] == [5, 5]


def nothing_new(here: Any, month: Month, day: date) -> None:
    """No file came."""
    assert [here.run("nightly").document["state"] for _ in range(2)] == ["nothing-new"] * 2


def never_whole(here: Any, month: Month, day: date) -> None:
    path = month.file(day)
    path.write_bytes(path.read_bytes()[:-3])
    os.utime(path, (here.clock.driven.now() - 3600,) * 2)
    assert here.run("nightly").exit_code == 4


def metrics_agree(here: Any) -> None:
    """Every number in the metrics is the journal's, counted here from its runs and attempts anew."""
    shown = here.metrics()
    with journal_of(here.workspace()) as journal:
        tried = list(attempts(journal, job="nightly"))
        last = tried[0]
        expected = {
            "sellercenter_exit_code": last.exit_code,
            "sellercenter_run_seconds": last.ended - last.started,
            "sellercenter_run_timestamp_seconds": last.ended,
            "sellercenter_drift": last.drift,
            **dict(_records(journal, last)),
            **{f'sellercenter_rows{{fate="{fate}"}}': number for fate, number in last.rows.items()},
        }
    words = Counter(one.word for one in tried)
    totals = {name: value for name, value in shown.items() if "runs_total" in name}
    assert {name: value for name, value in totals.items() if value} == {
        f'sellercenter_runs_total{{result="{word}"}}': number for word, number in words.items()
    }
    well = next((one.ended for one in tried if one.word in ("done", "nothing-new")), None)
    if well is not None:
        assert shown["sellercenter_last_success_timestamp_seconds"] == pytest.approx(well)
    assert {name: shown[name] for name in expected} == pytest.approx(expected)
    assert here.result(last.run)["exit_code"] == last.exit_code


def _records(journal: Journal, last: Attempt) -> Iterator[tuple[str, int]]:
    """Records by outcome, from the run's own events."""
    if journal.run(last.run) is not None:
        for word, number in asdict(facts(journal, last.run).counts).items():
            yield f'sellercenter_records{{outcome="{word}"}}', number


def no_overlap(tried: list[Attempt]) -> None:
    """What two attempts did to the shop never lay over each other; one that found it held did nothing."""
    acting = sorted((one.started, one.ended) for one in tried if one.word in ("done", "incomplete"))
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(acting))


def once_per_cause_and_day(here: Any) -> None:
    with journal_of(here.workspace()) as journal:
        noted = [event.data for event in journal.events() if event.kind.value == "notice"]
    told = Counter((note["cause"], note["day"], note["sink"]) for note in noted)
    assert max(told.values()) == 1
    assert len(here.notices()) == len(noted)
    causes = {cause.split("/", 2)[2] for cause, _, _ in told}
    assert {
        "refused/input-refused",
        "refused/old-file",
        "failed/login-refused",
        "refused/half-written",
    } <= causes
