"""Asking after feeds that the shop took, until it's done with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.diff.plan import Record
from pipeline.errors import AnswerLost, LoginRefused, Refused, ShopError, Throttled
from pipeline.journal import schema
from pipeline.journal.projections import resting_row
from pipeline.journal.states import BatchState, Kind, Outcome
from pipeline.market.feeds import Feed, FeedState
from pipeline.push.job import LIST_MARGIN, Job, outcome_row, sent
from pipeline.push.judge import Judgement, refusals

INVALID_FEED = 12
EXPIRED = 3


class Poller:
    """Polls the open feeds of one job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._alarmed: set[int] = set()
        self._cancelled: set[int] = set()
        self._said: set[tuple[int, str]] = set()
        self._unheard: dict[int, float] = {}  # since when (monotonic) a feed's status can't be read

    def poll(self, batches: tuple[int, ...]) -> None:
        """Ask after open feeds: one by its status, several by one look at the list.

        A feed whose status can't be read holds up none of the others.

        Raises:
            ShopError: nothing could be learned of any of them.
        """
        job, states = self._job, [self._job.state.batches[no] for no in batches]
        job.agenda.looked.update(batches)
        listed = self._feeds(states) if len(states) > 1 else {}
        ends = job.clock.monotonic() + job.limits.deadline
        heard, trouble = 0, None
        for state in states:
            try:
                self._follow(state, listed.get(state.feed))
                heard += 1
            except (AnswerLost, Refused) as error:
                if isinstance(error, LoginRefused | Throttled):
                    raise
                trouble = error
                job.agenda.again(state.no, job.clock.monotonic())
            if job.clock.monotonic() >= ends:
                break  # the rest is still due
        if trouble is not None and not heard:
            raise trouble

    def _feeds(self, states: Iterable[BatchState]) -> dict[str, Feed]:
        """The shop's list as far back as these reach."""
        oldest = min(state.intent_by_shop for state in states)
        return {feed.id: feed for feed in self._job.market.feeds_since(oldest - LIST_MARGIN)}

    def _follow(self, state: BatchState, listed: Feed | None) -> None:
        open_ = listed is not None and not listed.state.terminal
        feed = listed if open_ else self._status(state, listed)
        if feed is None:
            self._vanished(state)
        elif feed.state.terminal:
            self._finished(state, feed)
        else:
            self._still_open(state, feed)

    def _status(self, state: BatchState, listed: Feed | None) -> Feed | None:
        """A feed's status with its errors; None where the shop doesn't know it.

        Where the shop goes on to fail at that, the list's word has to do: what became of the records is
        read from the products anyway.

        Raises:
            ShopError: neither can be had.
        """
        tick = self._job.clock.monotonic()
        try:
            feed = self._job.market.feed_status(state.feed)
        except (AnswerLost, Refused) as error:
            if isinstance(error, LoginRefused | Throttled):
                raise
            if isinstance(error, Refused) and error.number == INVALID_FEED:
                return None
            since = self._unheard.setdefault(state.no, tick)
            lasting = self._job.clock.monotonic() - since >= self._job.limits.deadline / 2
            if not lasting and not _final(error):
                raise
            known = listed or self._feeds([state]).get(state.feed)
            if known is None:
                raise
            text = f"feed {state.feed} (batch {state.no}): the shop can't tell its errors: {error.message}"
            self._once(state.no, f"{text}; it's judged by its products alone")
            return known
        self._unheard.pop(state.no, None)
        return feed

    def _once(self, no: int, text: str) -> None:
        if (no, text) not in self._said:
            self._said.add((no, text))
            self._job.watcher.warn(text)

    def _still_open(self, state: BatchState, feed: Feed) -> None:
        limits, moment = self._job.limits, self._job.moment()
        self._job.agenda.later(state.no, moment.tick)
        if feed.state is FeedState.OTHER:
            word = f"the shop calls it {feed.status!r}, which we don't know: it counts as not done"
            self._once(state.no, f"feed {state.feed} (batch {state.no}): {word}")
        age = self._job.agenda.age(state.no, state.accepted_at, moment)
        if age > limits.feed_timeout / 4 and state.no not in self._alarmed:
            self._alarmed.add(state.no)
            self._job.watcher.warn(
                f"feed {feed.id} (batch {state.no}) is {feed.status} for {age / 60:.0f} minutes"
            )
        if age > limits.feed_timeout * 0.9 and limits.cancel_stuck and feed.state is FeedState.QUEUED:
            self._cancel(state, feed)

    def _cancel(self, state: BatchState, feed: Feed) -> None:
        """Ask once; whether it was heard shows at the next look."""
        if state.no in self._cancelled:
            return
        self._cancelled.add(state.no)
        self._job.watcher.warn(f"feed {feed.id} (batch {state.no}) is cancelled: it never left the queue")
        try:
            self._job.market.feed_cancel(feed.id)
        except ShopError as error:
            self._job.watcher.warn(f"feed {feed.id} can't be cancelled: {error.message}")

    def _vanished(self, state: BatchState) -> None:
        """The shop doesn't know the feed (any more): reading the products decides.

        A list may lag behind an acceptance: that is believed for `settle` seconds.
        """
        agenda, moment = self._job.agenda, self._job.moment()
        if agenda.age(state.no, state.accepted_at, moment) < self._job.limits.settle:
            agenda.later(state.no, moment.tick)
            return
        gone = Feed(id=state.feed, action="", status="vanished", state=FeedState.OTHER)
        self._finished(state, gone)

    def _finished(self, state: BatchState, feed: Feed) -> None:
        job = self._job
        refused = refusals(sent(self._job, state.no), feed.errors)
        records = {record.no: record for record in sent(self._job, state.no)}
        rows = [
            outcome_row(job.run, state.no, no, Outcome.REFUSED, code=j.code, message=j.message)
            for no, j in sorted(refused.items())
        ]
        data = {
            "status": feed.status, "total": feed.total, "processed": feed.processed, "failed": feed.failed,
            "errors": [[e.sku, e.message, e.code] for e in feed.errors],
            "warnings": [[w.sku, w.message] for w in feed.warnings],
        }  # fmt: skip
        job.note(Kind.FINISHED, state.no, data, {schema.OUTCOME: rows}, self._rest(records, refused))
        job.ended(state.no, (Outcome.REFUSED for _ in rows))
        job.kit.progress()

    def _rest(self, records: Mapping[int, Record], refused: Mapping[int, Judgement]) -> list[Any]:
        """Quarantine rows: one refusal more for each of these."""
        job, now = self._job, self._job.clock.now()
        skus = [records[no].sku for no in refused]
        earlier = job.journal.resting(job.identity, skus)
        rows = [
            resting_row(
                job.identity, records[no], f"{j.code}: {j.message}", earlier.get(_key(records[no])), now
            )
            for no, j in refused.items()
        ]
        return [(schema.RESTING, rows)]


def _final(error: AnswerLost | Refused) -> bool:
    """A no that asking again won't change."""
    return isinstance(error, Refused) and not error.platform and error.number != EXPIRED


def _key(record: Record) -> tuple[str, str]:
    return record.sku, record.action.value
