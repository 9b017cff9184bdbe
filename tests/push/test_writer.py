"""The writer against a shop on a driven clock: it always ends, and it says why."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.errors import Exit, StateError
from pipeline.journal.states import Kind, Outcome
from pipeline.push.writer import Errand

Make = Callable[..., Any]
HOUR = 3600.0


def kinds(seller: Any) -> list[str]:
    return [event.kind.value for event in seller.events() if event.batch is not None]


def test_a_quiet_push_sends_each_batch_once_and_ends_verified(make_seller: Make) -> None:
    seller = make_seller()
    ended = seller.go()
    assert (ended.exit_code, ended.counts.verified) == (Exit.DONE, 4)
    assert seller.shop.posts == ["ok", "ok"]
    assert {p["Price"] for p in seller.shop.held.values()} == {"11.00"}


def test_feeds_never_leave_ahead_of_their_slots(make_seller: Make) -> None:
    seller = make_seller(products=6, a_feed=1)
    assert seller.go().exit_code == Exit.DONE
    times = [feed.at for feed in seller.shop.taken]
    gaps = [late - early for early, late in itertools.pairwise(times[1:])]  # two were free
    assert all(120 <= gap <= 121 for gap in gaps)


def test_a_shop_that_refuses_every_feed_as_too_many_is_given_up(make_seller: Make) -> None:
    """No push waits for ever: after `feed_timeout` without a slot it ends, and says so."""
    seller = make_seller(fates=["429"] * 200, limits={"feed_timeout": 2 * HOUR})
    ended = seller.go()
    assert (ended.exit_code, ended.counts.pending) == (Exit.SHOP, 4)
    assert 2 * HOUR < seller.clock.tick - 1000 < 3 * HOUR
    assert "no feed could leave" in seller.events()[-1].data["why"]


def test_slots_that_others_hold_for_ever_are_given_up(make_seller: Make) -> None:
    seller = make_seller(limits={"feed_burst": 0, "feed_interval": 10 * HOUR, "feed_timeout": HOUR})
    ended = seller.go()
    assert (ended.exit_code, len(seller.shop.taken)) == (Exit.SHOP, 1)
    assert (ended.counts.verified, ended.counts.pending) == (2, 2)


def test_a_wrong_clock_refuses_no_batch_and_ends_the_run(make_seller: Make) -> None:
    """E003 again and again says nothing about the records: they stay planned."""
    seller = make_seller(fates=["expired"] * 1000)
    ended = seller.go()
    assert (ended.exit_code, ended.counts.pending, ended.counts.refused) == (Exit.SHOP, 4, 0)
    seller.shop.fates = []
    assert seller.go().exit_code == Exit.DONE


def test_a_refused_login_sends_nothing_more_but_follows_what_left(make_seller: Make) -> None:
    seller = make_seller(fates=["ok", "login"])
    ended = seller.go()
    assert (ended.exit_code, ended.counts.verified, ended.counts.pending) == (Exit.SHOP, 2, 2)
    assert seller.shop.posts == ["ok", "login"]


def test_after_a_signal_nothing_leaves(make_seller: Make) -> None:
    """It comes while a batch waits for its slot, its intent written: the batch stays planned."""
    seller = make_seller(products=3, a_feed=1, latency=0.3, limits={"feed_burst": 0})

    def stop() -> Exit | None:
        """With its products read again; the slot opens 120 s after the one before."""
        taken = seller.shop.taken
        return Exit.SIGTERM if taken and seller.clock.tick - taken[0].at > 119.97 else None

    ended = seller.go(stop=stop)
    assert (ended.exit_code, len(seller.shop.posts)) == (Exit.SIGTERM, 1)
    assert kinds(seller)[-2:] == [Kind.INTENT.value, Kind.RELEASED.value]
    assert seller.go().exit_code == Exit.DONE
    assert set(seller.shop.times.values()) == {1}


def test_following_sends_nothing(make_seller: Make) -> None:
    seller = make_seller()
    seller.dies_at(3)  # just after the shop took the first batch
    ended = seller.go(errand=Errand.FOLLOW)
    assert (len(seller.shop.taken), ended.counts.verified, ended.counts.pending) == (1, 2, 2)
    assert seller.go().exit_code == Exit.DONE


@pytest.mark.parametrize("by", [-3 * HOUR, 3 * HOUR], ids=["back", "forward"])
def test_a_wall_clock_that_is_set_neither_stalls_nor_hurries(by: float, make_seller: Make) -> None:
    """Settling takes its time by the clock that nobody sets: no absence is believed too soon."""
    seller = make_seller(products=2, fates=["late"], late=150.0, lag=20.0)
    seller.clock.set_wall(after=30, by=by)
    ended = seller.go()
    assert (ended.exit_code, seller.shop.times) == (Exit.DONE, {"SKU-001": 1, "SKU-002": 1})
    assert seller.clock.tick - 1000 < 600


@pytest.mark.parametrize("by", [-30 * HOUR, -3 * HOUR, 0.0, 3 * HOUR, 30 * HOUR])
def test_who_resumes_waits_the_whole_settle_whatever_the_clock_says(by: float, make_seller: Make) -> None:
    """The feed is taken 150 s after its answer was lost; the process dies at its first look for it."""
    seller = make_seller(products=2, fates=["late"], late=150.0, lag=20.0)
    seller.dies_at(4)
    lost = seller.clock.tick
    seller.clock.set_wall(after=0, by=by)
    seller.clock.sleep(0)
    ended = seller.go()
    assert (ended.exit_code, seller.shop.times) == (Exit.DONE, {"SKU-001": 1, "SKU-002": 1})
    assert seller.clock.tick - lost < 600


def test_what_nobody_took_is_sent_again_only_a_settle_after_the_resume(make_seller: Make) -> None:
    seller = make_seller(products=2, fates=["dropped"])
    seller.dies_at(4)
    seller.clock.set_wall(after=0, by=30 * HOUR)
    seller.clock.sleep(50)
    resumed = seller.clock.tick
    assert seller.go().exit_code == Exit.DONE
    assert 180 + 60 <= seller.shop.taken[0].at - resumed < 250


@pytest.mark.parametrize("by", [-3 * HOUR, 3 * HOUR], ids=["back", "forward"])
def test_a_wall_clock_that_is_set_while_polling_and_verifying(by: float, make_seller: Make) -> None:
    limits = {"verify_timeout": 60}
    seller = make_seller(products=2, ignored=frozenset({"SKU-002"}), queue=40.0, limits=limits)
    seller.clock.set_wall(after=45, by=by)
    ended = seller.go()
    assert (ended.exit_code, seller.outcomes()) == (
        Exit.INCOMPLETE,
        {1: Outcome.VERIFIED, 2: Outcome.NOT_APPLIED},
    )
    assert seller.clock.tick - 1000 < 300


def test_before_values_are_those_of_the_attempt_that_was_taken(make_seller: Make) -> None:
    """Stock read for a lost attempt isn't what stood there when the next one left."""
    seller = make_seller(products=1, fates=["dropped"])
    seller.shop.held["SKU-001"]["Quantity"] = "4"  # one was sold since the plan

    def sold() -> None:
        seller.shop.held["SKU-001"]["Quantity"] = "5"  # and came back

    seller.shop.before_post = sold
    assert seller.go().exit_code == Exit.DONE
    assert seller.refreshed() == {(1, "Quantity"): "5"}


def test_where_the_shop_returns_no_input_count_and_values_decide(make_seller: Make) -> None:
    seller = make_seller(products=3, a_feed=2, raw=False, fates=["lost"])
    ended = seller.go()
    assert (ended.exit_code, set(seller.shop.times.values())) == (Exit.DONE, {1})


def test_a_stuck_feed_is_left_after_its_time(make_seller: Make) -> None:
    seller = make_seller(queue=1e9, limits={"feed_timeout": HOUR})
    ended = seller.go()
    assert (ended.exit_code, ended.counts.pending) == (Exit.UNKNOWN, 4)
    assert seller.clock.tick - 1000 < 2 * HOUR
    assert sum("minutes" in text for text in seller.watcher.warnings) == 2


@pytest.mark.parametrize("ahead", [-40 * 24 * HOUR, 40 * 24 * HOUR], ids=["behind", "ahead"])
def test_a_clock_that_is_weeks_off_still_finds_its_feed(ahead: float, make_seller: Make) -> None:
    """The feed list goes by the shop's clock: asked by ours it would show nothing, and prove an absence."""
    seller = make_seller(products=2, fates=["lost"])
    seller.clock.ahead += ahead
    assert (seller.go().exit_code, seller.shop.times) == (Exit.DONE, {"SKU-001": 1, "SKU-002": 1})


@pytest.mark.parametrize("mood", ["unreadable", "platform", "E1000"])
def test_a_feed_whose_status_cannot_be_told_holds_up_nothing(mood: str, make_seller: Make) -> None:
    """The others end as usual; it is judged by its products, once the feed list says that it's done."""
    seller = make_seller(products=6, moods={"feed_status feed-1": [mood]}, ignored=frozenset({"SKU-002"}))
    ended = seller.go()
    expected = {no: Outcome.NOT_APPLIED if no == 2 else Outcome.VERIFIED for no in range(1, 7)}
    assert (ended.exit_code, seller.outcomes()) == (Exit.INCOMPLETE, expected)
    assert sum("judged by its products alone" in text for text in seller.watcher.warnings) == 1


@pytest.mark.parametrize("word", ["Someday", "blank"])
def test_a_status_word_that_nobody_knows_is_told_at_once_and_left_after_its_time(
    word: str, make_seller: Make
) -> None:
    seller = make_seller(products=2, moods={"feed_status feed-1": [word]}, limits={"feed_timeout": HOUR})
    ended = seller.go()
    assert (ended.exit_code, ended.counts.pending) == (Exit.UNKNOWN, 2)
    assert sum("we don't know" in text for text in seller.watcher.warnings) == 1


def test_products_that_cannot_be_read_after_a_feed_end_the_run_within_the_deadline(make_seller: Make) -> None:
    seller = make_seller(products=2, moods={"products": ["ok", "unreadable"]}, queue=0.0)
    ended = seller.go()
    assert (ended.exit_code, ended.counts.pending) == (Exit.UNKNOWN, 2)  # above 9: its feed was taken
    assert ended.error is not None
    assert seller.clock.tick - 1000 < 90 + 10
    seller.shop.moods = {}
    assert seller.go().exit_code == Exit.DONE


def test_an_edit_between_reading_and_processing_is_told_and_not_sent_again(make_seller: Make) -> None:
    """The shop compares nothing: what a person enters after our re-read can only be seen afterwards."""
    seller = make_seller(products=2, limits={"verify_timeout": 60})
    seller.shop.edits["SKU-002"] = {"Price": "12.34"}  # just after the feed was done
    ended = seller.go()
    assert (ended.exit_code, seller.shop.posts) == (Exit.INCOMPLETE, ["ok"])
    assert seller.outcomes() == {1: Outcome.VERIFIED, 2: Outcome.NOT_APPLIED}
    assert seller.shop.held["SKU-002"]["Price"] == "12.34"
    assert seller.messages()[2] == "Price: sent '11.00', the shop holds '12.34'"


@pytest.mark.parametrize("number", range(1, 9))
def test_a_record_that_cannot_be_written_stops_everything(number: int, make_seller: Make) -> None:
    """An input or output error at any commit: no POST without its intent, and the next process ends it."""
    seller = make_seller(products=4)
    seller.fails_at = number
    before = len(seller.shop.posts)
    with pytest.raises(StateError):
        seller.go()
    intents = [event for event in seller.events() if event.kind is Kind.INTENT]
    assert len(seller.shop.posts) - before <= len(intents)
    seller.fails_at = None
    assert seller.go().exit_code == Exit.DONE
    assert set(seller.shop.times.values()) == {1}
