"""A job sends what may be sent, once, in its time; and says what it did and didn't."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]

NIGHTLY = '[jobs.nightly]\nsource = "catalog.csv"\n'


@pytest.fixture
def night(make_night: Make, make_product: Product) -> Callable[..., Any]:
    """One shop with thirty products, and a nightly job."""

    def make(more: str = "", **options: Any) -> Any:
        products = [make_product(n) for n in range(30)]
        return make_night({"demo": {"products": products}}, jobs=NIGHTLY + more, **options)

    return make


@pytest.fixture
def rows(make_product: Product) -> Callable[..., list[dict[str, str]]]:
    """A catalog of so many products with this price."""

    def make(price: str = "11.05", count: int = 30) -> list[dict[str, str]]:
        return [make_product(n, Price=price) for n in range(count)]

    return make


def test_a_file_is_imported_once(night: Make, rows: Make) -> None:
    """The same file again is nothing new: the shop isn't even asked."""
    here = night()
    here.drop(rows())
    first = here.run("nightly")
    calls = len(here.control("GET", "requests?since=0")["requests"])
    again = here.run("nightly")
    assert (first.exit_code, first.document["state"], first.document["counts"]["verified"]) == (0, "done", 30)
    assert (again.exit_code, again.document["state"]) == (0, "nothing-new")
    assert len(here.control("GET", "requests?since=0")["requests"]) == calls
    assert here.result(again.document["run"])["result"] == "nothing-new"
    assert here.notices() == []


def test_a_file_that_was_taken_back_is_not_imported_again(night: Make, rows: Make) -> None:
    """A rollback by day isn't undone by the night."""
    here = night()
    here.drop(rows())
    here.run("nightly")
    here.clock.driven.advance(86_400)
    assert here.run("nightly").document["state"] == "nothing-new"


@pytest.mark.parametrize(
    ("age", "content", "code"),
    [
        pytest.param(7200.0, "12.00", "old-file", id="written before the last one"),
        pytest.param(-60.0, "11.05", "old-file", id="the last but one again"),
    ],
)
def test_an_older_file_is_never_imported(
    age: float, content: str, code: str, night: Make, rows: Make
) -> None:
    here = night()
    now = here.clock.driven.now()
    here.drop(rows("11.05"), at=now - 5000)
    here.run("nightly")
    here.drop(rows("11.50"), at=now - 3600)
    here.run("nightly")
    sent = len(here.posts())
    here.clock.driven.advance(3600)
    here.drop(rows(content), at=now - age)
    said = here.run("nightly")
    assert (said.exit_code, said.document["error"]["code"], len(here.posts())) == (4, code, sent)
    assert [notice["cause"] for notice in here.notices()] == [f"nightly/demo/refused/{code}"]


def test_a_half_written_file_is_waited_for(night: Make, rows: Make) -> None:
    """Until it's whole, and no longer than told."""
    here = night()
    path = here.drop(rows())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    began = here.clock.driven.now()

    def finish() -> None:
        import os

        if here.clock.driven.now() - began > 100 and path.read_bytes() != whole:
            path.write_bytes(whole)
        os.utime(path, (began, began) if path.read_bytes() != whole else (began + 100, began + 100))

    here.clock.on_sleep = finish
    said = here.run("nightly")
    assert (said.exit_code, said.document["counts"]["verified"]) == (0, 30)
    assert here.clock.driven.now() - began >= 160


def test_a_file_that_never_gets_whole_is_refused(night: Make, rows: Make) -> None:
    here = night("file_deadline = 300\n")
    path = here.drop(rows())
    path.write_bytes(path.read_bytes()[:-5])
    began = here.clock.driven.now()
    here.clock.on_now = lambda: None
    import os

    os.utime(path, (began - 7200, began - 7200))
    said = here.run("nightly")
    assert (said.exit_code, said.document["error"]["code"], here.posts()) == (4, "half-written", [])
    assert 300 <= here.clock.driven.now() - began < 310


def test_a_marker_says_that_a_file_is_whole(night: Make, rows: Make) -> None:
    here = night('marker = "{file}.done"\nfile_deadline = 60\n')
    path = here.drop(rows())
    assert here.run("nightly").document["error"]["code"] == "half-written"
    (here.folder / "catalog.csv.done").write_text("")
    import os

    os.utime(here.folder / "catalog.csv.done", (path.stat().st_mtime + 1,) * 2)
    assert here.run("nightly").exit_code == 0


def test_the_newest_of_several_files_is_imported(make_night: Make, make_product: Product, rows: Make) -> None:
    here = make_night(
        {"demo": {"products": [make_product(n) for n in range(30)]}},
        jobs='[jobs.nightly]\nsource = "drop-*.csv"\n',
    )
    now = here.clock.driven.now()
    here.drop(rows("11.40"), "drop-b.csv", at=now - 9000)
    here.drop(rows("11.30"), "drop-a.csv", at=now - 4000)
    assert here.run("nightly").exit_code == 0
    assert here.held()["TEA-0003"]["Price"] == "11.30"


def test_a_guard_stops_and_says_why(night: Make, rows: Make) -> None:
    """Prices in cents: nothing is sent, and people hear of it once a day with the report."""
    here = night(guards="")
    here.drop(rows("1100.00"))
    said = [here.run("nightly"), here.run("nightly")]
    assert ([one.exit_code for one in said], here.posts()) == ([5, 5], [])
    (notice,) = here.notices()
    assert notice["word"] == "refused"
    assert "price-up" in notice["text"]
    assert notice["report"].endswith("report.html")
    here.clock.driven.advance(86_400)
    here.run("nightly")
    assert len(here.notices()) == 2


def test_a_refused_plan_can_be_pushed_by_hand(night: Make, rows: Make) -> None:
    """The plan that a guard stopped is there, also where the job has settings of its own."""
    from pipeline.usecases.push import push

    here = night("[jobs.nightly.guards]\nprice_up_pct = 10\nprice_median_pct = 10\n")
    here.drop(rows("13.50"))
    assert here.run("nightly").exit_code == 5
    (plan,) = (here.folder / "state" / "plans").glob("*.jsonl")
    allow = ("price-up", "price-median")
    outcome = push(here.workspace(), plan, yes=True, allow=allow, reason="new list")
    assert (int(outcome.exit_code), here.held()["TEA-0000"]["Price"]) == (0, "13.50")


ASK = 'on_guard = "ask"\n'


def test_what_a_guard_refused_waits_for_a_person(night: Make, rows: Make) -> None:
    here = night(ASK, guards="")
    here.drop(rows("1100.00"))
    said = here.run("nightly")
    run = said.document["run"]
    assert (said.exit_code, said.document["state"], here.posts()) == (5, "waiting", [])
    assert Path(said.document["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert here.notices()[-1]["report"] == said.document["report"]
    assert f"approve {run}" in here.notices()[0]["text"]
    again = here.run("nightly")
    assert (again.exit_code, again.document["run"]) == (5, run)
    done = here.approve(run, reason="new currency")
    assert (done.exit_code, done.document["state"], done.document["counts"]["verified"]) == (0, "done", 30)
    assert here.run("nightly").document["state"] == "nothing-new"
    assert here.approve(run).exit_code == 2


def test_approval_always_waits(night: Make, rows: Make) -> None:
    here = night('approval = "always"\n')
    here.drop(rows())
    said = here.run("nightly")
    assert (said.exit_code, said.document["state"], here.posts()) == (0, "waiting", [])
    assert here.said(lambda: _resume(here, said.document["run"])).exit_code == 2
    assert here.posts() == []
    assert here.approve(said.document["run"]).exit_code == 0


def _resume(here: Any, run: str) -> Any:
    from pipeline.usecases.resume import resume

    return resume(here.workspace(), run)


def test_a_newer_plan_takes_the_place_of_one_that_waits(night: Make, rows: Make) -> None:
    here = night('approval = "always"\n')
    now = here.clock.driven.now()
    here.drop(rows("11.20"), at=now - 9000)
    old = here.run("nightly").document["run"]
    here.drop(rows("11.30"), at=now - 4000)
    new = here.run("nightly").document["run"]
    assert (here.approve(old).exit_code, here.posts()) == (2, [])
    assert here.approve(new).exit_code == 0
    assert here.held()["TEA-0001"]["Price"] == "11.30"


def test_a_declined_run_never_leaves(night: Make, rows: Make) -> None:
    here = night('approval = "always"\n')
    here.drop(rows())
    run = here.run("nightly").document["run"]
    declined = here.approve(run, decline=True)
    assert (declined.exit_code, declined.document["state"]) == (0, "withdrawn")
    assert (here.approve(run).exit_code, here.said(lambda: _resume(here, run)).exit_code) == (2, 2)
    assert here.posts() == []


def test_approval_comes_too_late(night: Make, rows: Make) -> None:
    """An old plan isn't sent, and neither is one made under other settings."""
    here = night('approval = "always"\n')
    here.drop(rows())
    run = here.run("nightly").document["run"]
    here.write(NIGHTLY + 'approval = "always"\n[jobs.nightly.catalog]\nmode = "update-only"\n')
    assert here.approve(run).exit_code == 6
    here.write(NIGHTLY + 'approval = "always"\n')
    here.clock.driven.advance(90_000)
    assert (here.approve(run).exit_code, here.posts()) == (6, [])


def test_approval_looks_whether_the_shop_moved(night: Make, rows: Make) -> None:
    here = night('approval = "always"\n')
    here.drop(rows())
    run = here.run("nightly").document["run"]
    here.control("PATCH", "products/TEA-0003", {"Price": "77.00"})
    assert (here.approve(run, on_drift="abort").exit_code, here.posts()) == (6, [])
    done = here.approve(run)
    assert (done.exit_code, done.document["counts"]["skipped"]) == (7, 1)
    assert here.held()["TEA-0003"]["Price"] == "77.00"


WINDOW = 'window = "01:00-03:00"\n'


def test_what_cannot_be_finished_is_not_begun(night: Make, rows: Make) -> None:
    """A spent budget: five feeds of two minutes each don't fit into the last five minutes."""
    limits = "requests = 1000\nper_seconds = 1\nfeed_burst = 0\nfeed_interval = 120\nfeed_max_products = 6\n"
    here = night(WINDOW, limits=limits)
    here.drop(rows())
    here.clock.until("2027-03-01T02:55")
    said = here.run("nightly")
    assert (said.exit_code, said.document["error"]["code"], here.posts()) == (7, "window-too-short", [])
    assert "5 feeds" in str(said.error.message)
    assert [notice["word"] for notice in here.notices()] == ["postponed"]


def test_outside_its_window_a_job_rests(night: Make, rows: Make) -> None:
    here = night(WINDOW)
    here.drop(rows())
    said = here.run("nightly")
    assert (said.exit_code, said.document["state"], here.posts()) == (0, "not-now", [])
    assert here.run("nightly", now=True).exit_code == 0


def test_a_missed_night_is_made_up_for_once(night: Make, rows: Make) -> None:
    here = night(WINDOW)
    here.drop(rows("11.10"))
    here.clock.until("2027-03-01T01:10")
    assert here.run("nightly").document["state"] == "done"
    here.clock.until("2027-03-03T09:00")
    here.drop(rows("11.20"))
    assert here.run("nightly").document["state"] == "done"
    here.clock.until("2027-03-03T12:00")
    here.drop(rows("11.30"))
    assert here.run("nightly").document["state"] == "not-now"


def test_a_held_shop_is_left_alone(night: Make, rows: Make) -> None:
    """Exit 10 names who holds it and since when; nothing is asked of the shop."""
    import os

    from pipeline.usecases.pushing import lock

    here = night()
    here.drop(rows())
    with lock(here.workspace()):
        said = here.run("nightly")
    assert (said.exit_code, here.control("GET", "requests?since=0")["requests"]) == (10, [])
    assert f"process {os.getpid()} since 2027-03-01 00:30:00 UTC" in said.error.message


def test_a_job_of_settings_that_name_it_wrong(night: Make) -> None:
    assert night().run("nigthly").exit_code == 2


def test_an_error_of_ours_is_written_down_too(night: Make, rows: Make) -> None:
    """`result.json`, journal and notice, whatever happens; the error goes on to the edge."""
    here = night()
    here.drop(rows())
    calls = iter(range(1_000_000))

    def break_once() -> None:
        if next(calls) == 12:
            raise ZeroDivisionError("CANARYKEY123")

    here.clock.on_now = break_once
    with pytest.raises(ZeroDivisionError):
        here.run("nightly")
    (folder,) = (here.folder / "state" / "runs").iterdir()
    result = here.result(folder.name)
    assert (result["exit_code"], result["error"]["code"], result["result"]) == (1, "unexpected", "failed")
    assert [notice["cause"] for notice in here.notices()] == ["nightly/demo/failed/unexpected"]
    assert "CANARYKEY123" not in (folder / "result.json").read_text()
    assert here.metrics()["sellercenter_exit_code"] == 1


def test_what_a_killed_comparison_left_goes_after_a_day(night: Make, rows: Make) -> None:
    here = night()
    now, plans = here.clock.driven.now(), here.workspace().plans
    for name, age in ((".hands-old", 90_000.0), (".diff-old", 90_000.0), (".diff-now", 60.0)):
        (plans / name).mkdir(parents=True)
        (plans / name / "1.stretch").write_bytes(b"x")
        os.utime(plans / name, (now - age, now - age))
    here.drop(rows("11.05"), at=now - 60)
    here.run("nightly")
    assert [path.name for path in sorted(plans.glob(".*"))] == [".diff-now"]
