"""One seller's budget on a clock that only tests move; each ledger stands for a process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.budget.clock import SystemClock
from pipeline.budget.holders import Holder, is_alive, this_process
from pipeline.budget.ledger import Ledger, Wait, ledger_path
from pipeline.budget.quota import Reservation, SeenFeed
from pipeline.budget.usage import Usage
from pipeline.budget.window import Waiting
from pipeline.errors import ShopError, StateError, Unreachable
from pipeline.settings import Limits
from schemas.fields import Lane

DAY = 86_400.0
PACED = {"feed_burst": 0, "feed_interval": 120}


def send(ledger: Ledger, feed: str, lane: Lane = Lane.CONTENT) -> float:
    """Reserve, send, get the answer at once; when."""
    slot = ledger.reserve_feed(lane)
    ledger.accepted(slot.id, feed)
    return slot.at


# Requests


def test_calls_of_two_processes_share_a_window(bench: Any) -> None:
    one, two = bench.ledger(requests=3, per_seconds=3), bench.ledger(requests=3, per_seconds=3)
    began, starts = bench.clock.elapsed, []
    for ledger in (one, two, one, two, one, two, one):
        with ledger.request():
            starts.append(bench.clock.elapsed - began)
    assert starts == [0, 0, 0, 3, 3, 3, 6]


def test_a_token_comes_back_a_window_after_the_answer(bench: Any) -> None:
    ledger, began = bench.ledger(requests=1, per_seconds=3), bench.clock.elapsed
    with ledger.request():
        bench.clock.elapsed += 10
    with ledger.request():
        assert bench.clock.elapsed - began == 13


def test_a_call_that_failed_gives_its_token_back_too(bench: Any) -> None:
    ledger, began = bench.ledger(requests=1, per_seconds=3), bench.clock.elapsed
    with pytest.raises(OSError, match="reset"), ledger.request():
        raise OSError("reset")
    with ledger.request():
        assert bench.clock.elapsed - began == 3


def test_sellers_with_other_budgets_do_not_wait_for_each_other(bench: Any) -> None:
    one, other = bench.ledger("a", requests=1), bench.ledger("b", requests=1)
    with one.request(), other.request():
        assert bench.clock.slept == []


def test_no_token_within_the_deadline_is_an_error_and_nothing_was_sent(bench: Any) -> None:
    ledger, began = bench.ledger(requests=1, deadline=5), bench.clock.elapsed
    with ledger.request(), pytest.raises(Unreachable, match="within 5 s"), ledger.request():
        pass
    assert bench.clock.elapsed - began == pytest.approx(5, abs=0.3)


def test_tokens_of_a_killed_process_count_as_answered_when_that_is_seen(bench: Any) -> None:
    killed, other = bench.ledger(requests=1, per_seconds=3), bench.ledger(requests=1, per_seconds=3)
    holding = killed.request()
    holding.__enter__()
    bench.clock.elapsed += 10
    bench.kill(killed)
    seen = bench.clock.elapsed
    with other.request():
        assert seen + 3 <= bench.clock.elapsed <= seen + 3.6


def test_a_refused_call_holds_all_processes_up(bench: Any) -> None:
    one, two = bench.ledger(), bench.ledger()
    assert one.throttled_request() == 3
    began = bench.clock.elapsed
    with two.request():
        assert bench.clock.elapsed - began == 3
    assert two.throttled_request(retry_after=20) == 20


def test_a_call_waiting_for_its_moment_heeds_a_refusal_met_meanwhile(bench: Any) -> None:
    waiting, other = bench.ledger(requests=1, per_seconds=3), bench.ledger(requests=1, per_seconds=3)
    with waiting.request():
        pass
    began = bench.clock.elapsed
    real = bench.clock.sleep

    def sleep(seconds: float) -> None:
        bench.clock.sleep = real
        other.throttled_request(retry_after=10)
        real(seconds)

    bench.clock.sleep = sleep
    with waiting.request():
        assert bench.clock.elapsed - began == 10


def test_a_machine_started_anew_waits_one_window_at_most(bench: Any) -> None:
    """Monotonic time begins again: stamps of before lie in the future."""
    ledger = bench.ledger(requests=1, per_seconds=3)
    with ledger.request():
        pass
    ledger.throttled_request(retry_after=2)
    bench.clock.elapsed = 10.0
    with ledger.request():
        assert bench.clock.elapsed == 13


def test_threads_of_one_ledger_share_the_window(tmp_path: Path) -> None:
    limits = Limits(requests=10, per_seconds=0.2)
    ledger = Ledger(tmp_path / "ledger.db", "seller-1", limits, SystemClock(), durable=False)
    clock, sent, answered = SystemClock(), [], []

    def work() -> None:
        for _ in range(5):
            with ledger.request():
                sent.append(clock.monotonic())
                answered.append(clock.monotonic())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    sent.sort()
    answered.sort()
    assert len(sent) == 40
    assert all(later - earlier >= 0.2 for earlier, later in zip(answered, sent[10:], strict=False))


# Feeds


def test_free_feeds_then_one_per_interval_then_a_new_day(bench: Any) -> None:
    ledger = bench.ledger(feed_burst=2, feed_interval=7200)
    noon = bench.clock.now() - bench.clock.now() % DAY + DAY / 2
    bench.clock.wall += noon - bench.clock.now()
    times = [send(ledger, f"feed-{n}") - noon for n in range(10)]
    midnight = DAY / 2
    assert times == [0, 0, 7200, 14400, 21600, 28800, 36000, midnight, midnight, midnight + 7200]


def test_the_interval_counts_from_the_answer_of_the_last_accepted(bench: Any) -> None:
    ledger = bench.ledger(**PACED)
    first = ledger.reserve_feed(Lane.CONTENT)
    bench.clock.elapsed += 30
    ledger.accepted(first.id, "feed-1", bench.clock.now() - 10)
    assert send(ledger, "feed-2") == first.at + 20 + 120


def test_while_an_answer_is_out_nobody_knows_the_slot(bench: Any) -> None:
    one, two = bench.ledger(**PACED), bench.ledger(**PACED)
    slot = one.reserve_feed(Lane.CONTENT)
    answer = two.try_reserve(Lane.PRICE_STOCK)
    assert isinstance(answer, Wait)
    assert (answer.slot, answer.ahead) == (None, 0)
    assert answer.until <= bench.clock.now() + 2
    one.refused(slot.id)
    assert isinstance(two.try_reserve(Lane.PRICE_STOCK), Reservation)


def contest(bench: Any, *entrants: tuple[Ledger, Lane, float]) -> list[Lane]:
    """Each comes at its time and then whenever it's told to; the lanes in the order they were served.

    Of those who come at the same moment the last named is the first to ask.
    """
    began = bench.clock.now()
    due = {n: began + entrant[2] for n, entrant in enumerate(entrants)}
    served: list[Lane] = []
    while due:
        number = min(due, key=lambda n: (due[n], -n))
        ledger, lane, _ = entrants[number]
        bench.clock.sleep(max(0.0, due[number] - bench.clock.now()))
        answer = ledger.try_reserve(lane)
        if isinstance(answer, Reservation):
            ledger.accepted(answer.id, answer.id)
            served.append(lane)
            del due[number]
        else:
            due[number] = answer.until
    return served


def test_price_and_stock_take_the_next_slot_though_they_came_last(bench: Any) -> None:
    images, content, price = (bench.ledger(**PACED) for _ in range(3))
    send(images, "first")
    began = bench.clock.now()
    served = contest(
        bench, (price, Lane.PRICE_STOCK, 110.0), (content, Lane.CONTENT, 1.0), (images, Lane.IMAGES, 0.0)
    )
    assert served == [Lane.PRICE_STOCK, Lane.CONTENT, Lane.IMAGES]
    assert bench.clock.now() - began == pytest.approx(3 * 120, abs=0.1)


def test_within_a_lane_first_come_is_first_served(bench: Any) -> None:
    one, two = bench.ledger(**PACED), bench.ledger(**PACED)
    send(one, "first")
    two.try_reserve(Lane.CONTENT)
    bench.clock.elapsed += 1
    one.try_reserve(Lane.CONTENT)
    assert [waiting.pid for waiting in one.usage().waiting] == [2, 1]
    bench.clock.elapsed += 28
    two.try_reserve(Lane.CONTENT)  # coming back keeps the place
    assert [waiting.pid for waiting in one.usage().waiting] == [2, 1]


def test_one_that_does_not_come_back_loses_its_turn(bench: Any) -> None:
    lazy, eager = bench.ledger(**PACED), bench.ledger(**PACED)
    send(eager, "first")
    assert isinstance(lazy.try_reserve(Lane.PRICE_STOCK), Wait)
    slot = eager.reserve_feed(Lane.IMAGES)
    assert slot.at <= bench.clock.now() == pytest.approx(slot.at, abs=0.1)


@pytest.mark.parametrize("end", ["kill", "close", "leave"])
def test_one_that_is_gone_holds_nobody_up(bench: Any, end: str) -> None:
    gone, other = bench.ledger(**PACED), bench.ledger(**PACED)
    send(other, "first")
    bench.clock.elapsed += 119.9
    assert isinstance(gone.try_reserve(Lane.PRICE_STOCK), Wait)
    {
        "kill": lambda: bench.kill(gone),
        "close": gone.close,
        "leave": lambda: gone.leave_queue(Lane.PRICE_STOCK),
    }[end]()
    bench.clock.elapsed += 0.2
    assert isinstance(other.try_reserve(Lane.IMAGES), Reservation)


def test_a_killed_holders_feed_counts_as_accepted_until_it_is_settled(bench: Any) -> None:
    killed, other = bench.ledger(**PACED), bench.ledger(**PACED)
    slot = killed.reserve_feed(Lane.CONTENT)
    bench.clock.elapsed += 60
    bench.kill(killed)
    seen = bench.clock.now()
    answer = other.try_reserve(Lane.CONTENT)
    assert isinstance(answer, Wait)
    assert answer.slot == seen + 120
    assert (other.usage().feeds_unknown, other.usage().feeds_in_flight) == (1, 0)
    other.settled_absent(slot.id)
    assert isinstance(other.try_reserve(Lane.CONTENT), Reservation)


def test_a_feed_found_in_the_list_settles_the_reservation_it_came_from(bench: Any) -> None:
    """Seen as a stranger's first, adopted after: it counts once, from the time it was made."""
    ledger = bench.ledger(**PACED)
    slot = ledger.reserve_feed(Lane.CONTENT)
    created = bench.clock.now()
    bench.clock.elapsed += 50
    ledger.unknown(slot.id)
    assert ledger.learn([SeenFeed(id="lost", created=created)]) == 1
    assert ledger.usage().feeds_used == 2
    ledger.accepted(slot.id, "lost", created)
    usage = ledger.usage()
    assert (usage.feeds_used, usage.feeds_of_others, usage.feeds_unknown) == (1, 0, 0)
    assert usage.next_feed == created + 120


def test_a_reservation_that_its_holder_forgot_counts_as_sent(bench: Any) -> None:
    one, two = bench.ledger(deadline=90, **PACED), bench.ledger(deadline=90, **PACED)
    one.reserve_feed(Lane.CONTENT)
    bench.clock.elapsed += 181
    assert two.usage().next_feed == bench.clock.now() + 120


def test_feeds_of_others_count_once_and_are_told_apart(bench: Any) -> None:
    ledger = bench.ledger(feed_burst=3, feed_interval=120)
    send(ledger, "ours")
    midnight = bench.clock.now() - bench.clock.now() % DAY
    seen = [
        SeenFeed(id="ours", created=bench.clock.now()),
        SeenFeed(id="by hand", created=bench.clock.now() - 30),
        SeenFeed(id="yesterday", created=midnight - 60),
        SeenFeed(id="long ago", created=midnight - 20 * DAY),
    ]
    assert ledger.learn(seen) == 2
    assert ledger.learn(seen) == 0
    usage = ledger.usage()
    assert (usage.feeds_used, usage.feeds_free, usage.feeds_of_others) == (2, 1, 1)


def test_the_count_survives_a_restart(bench: Any) -> None:
    before = bench.ledger(feed_burst=2)
    send(before, "one")
    last = send(before, "two")
    bench.kill(before)
    before.close()
    assert send(bench.ledger(feed_burst=2), "three") == last + 120


def test_a_refused_feed_holds_all_processes_up_and_does_not_count(bench: Any) -> None:
    one, two = bench.ledger(feed_burst=5, feed_interval=120), bench.ledger(feed_burst=5, feed_interval=120)
    slot = one.reserve_feed(Lane.CONTENT)
    now = bench.clock.now()
    assert one.throttled_feed(slot.id) == 120
    usage = two.usage()
    assert (usage.feeds_used, usage.feeds_in_flight) == (0, 0)
    assert usage.feeds_held_until == usage.next_feed == now + 120
    assert send(two, "later") == now + 120
    assert send(one, "believes in free feeds again") == now + 120


@pytest.mark.parametrize("back", [60.0, 86_400.0, 1e9], ids=["a minute", "a day", "to 1995"])
def test_a_clock_set_back_costs_one_interval(bench: Any, back: float) -> None:
    ledger = bench.ledger(**PACED)
    send(ledger, "first")
    bench.clock.wall -= back
    began = bench.clock.elapsed
    send(ledger, "second")
    assert bench.clock.elapsed - began <= 121


def test_a_clock_set_back_during_the_wait_costs_one_interval(bench: Any) -> None:
    ledger = bench.ledger(**PACED)
    send(ledger, "first")
    assert isinstance(ledger.try_reserve(Lane.CONTENT), Wait)
    bench.clock.elapsed += 20
    bench.clock.wall -= 3600
    began = bench.clock.elapsed
    send(ledger, "second")
    assert bench.clock.elapsed - began <= 121


def test_a_reservation_made_ahead_opens_at_its_slot(bench: Any) -> None:
    ledger = bench.ledger(**PACED)
    first = send(ledger, "first")
    bench.clock.elapsed += 119.5
    slot = ledger.try_reserve(Lane.CONTENT, lead=1.0)
    assert isinstance(slot, Reservation)
    assert slot.at == first + 120
    ledger.sleep_until(ledger.opens(slot))
    assert bench.clock.now() == pytest.approx(slot.at, abs=1e-6)


def test_no_slot_within_the_feed_timeout_is_an_error(bench: Any) -> None:
    one, two = bench.ledger(**PACED, deadline=1e6), bench.ledger(**PACED, deadline=1e6, feed_timeout=100)
    one.reserve_feed(Lane.CONTENT)
    with pytest.raises(ShopError, match="no feed slot for seller-1 within 100 s"):
        two.reserve_feed(Lane.CONTENT)
    assert one.usage().waiting == ()


def test_a_week_of_feeds_as_fast_as_the_rule_allows(bench: Any) -> None:
    """Free ones at midnight, then 17 intervals of 80 minutes until the next; none ahead of its slot."""
    ledger = bench.ledger(feed_burst=20, feed_interval=4800)
    midnight = bench.clock.now() - bench.clock.now() % DAY + DAY
    bench.clock.wall += midnight - bench.clock.now()
    accepted: list[float] = []
    while bench.clock.now() < midnight + 7 * DAY:
        slot = ledger.reserve_feed(list(Lane)[len(accepted) % 3])
        at = bench.clock.now()
        ledger.accepted(slot.id, f"feed-{len(accepted)}")
        today = [when for when in accepted if when // DAY == at // DAY]
        assert len(today) < 20 or at - accepted[-1] >= 4800
        accepted.append(at)
    assert sum(at < midnight + 7 * DAY for at in accepted) == 7 * (20 + 17)


# Looking


def test_usage(bench: Any) -> None:
    ledger = bench.ledger(feed_burst=2, feed_interval=120)
    first = send(ledger, "one")
    send(ledger, "two")
    other = bench.ledger(feed_burst=2, feed_interval=120)
    assert isinstance(other.try_reserve(Lane.IMAGES), Wait)
    bench.clock.elapsed += 5
    with ledger.request():
        assert ledger.usage() == Usage(
            budget="seller-1",
            at=bench.clock.now(),
            requests_limit=30,
            requests_used=1,
            requests_left=29,
            requests_held_until=None,
            feeds_limit=2,
            feeds_used=2,
            feeds_free=0,
            feeds_in_flight=0,
            feeds_unknown=0,
            feeds_of_others=0,
            feeds_held_until=None,
            next_feed=first + 120,
            waiting=(Waiting(lane=Lane.IMAGES, pid=2, waited=5.0),),
        )


def test_forecast_knows_what_is_used(bench: Any) -> None:
    ledger = bench.ledger(feed_burst=1, feed_interval=120)
    assert ledger.forecast(3, 31) == 240
    send(ledger, "one")
    assert ledger.forecast(3, 31) == 360


def test_a_token_that_could_not_be_given_back_is_owed_not_lost(bench: Any, tmp_path: Path) -> None:
    """The answer of the call in hand matters more than the ledger's disk."""
    ledger = bench.ledger(requests=1, per_seconds=3)
    window = tmp_path / "ledger-window.db"
    with ledger.request():
        answer = "receipt"
        window.rename(tmp_path / "gone")
        window.mkdir()
        ledger._stores[1].engine.dispose()
    assert answer == "receipt"
    with pytest.raises(StateError), ledger.request():
        pass
    window.rmdir()
    (tmp_path / "gone").rename(window)
    with ledger.request():
        pass


# Where it lies, who holds


@pytest.mark.parametrize(
    ("setting", "environ", "path"),
    [
        ("own.db", {"SELLERCENTER_LEDGER": "/elsewhere/l.db"}, Path("/elsewhere/l.db")),
        ("own.db", {}, Path("/home/config/own.db")),
        ("/srv/own.db", {}, Path("/srv/own.db")),
    ],
    ids=["environment", "relative to the settings", "absolute"],
)
def test_where_the_ledger_lies(setting: str, environ: dict[str, str], path: Path) -> None:
    assert ledger_path(setting, Path("/home/config"), environ) == path


def test_without_a_setting_it_lies_per_user_and_machine() -> None:
    path = ledger_path(None, Path("/home/config"), {})
    assert (path.name, path.parent.name) == ("ledger.db", "sellercenter")


def test_a_process_lives_a_number_used_again_does_not_count() -> None:
    me = this_process()
    assert is_alive(me)
    assert not is_alive(Holder(me.pid, me.started - 60))
    assert not is_alive(Holder(2**22 + 1, me.started))


def test_a_clock_set_after_the_reservation_doesn_t_move_the_slot(bench: Any) -> None:
    ledger = bench.ledger(**PACED)
    send(ledger, "first")
    bench.clock.elapsed += 100
    slot = ledger.try_reserve(Lane.CONTENT, lead=30.0)
    assert isinstance(slot, Reservation)
    opens, began = ledger.opens(slot), bench.clock.elapsed
    bench.clock.wall -= 3600
    ledger.sleep_until(opens)
    assert bench.clock.elapsed - began == pytest.approx(20, abs=1e-6)
