"""What a person sees of a push under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.budget.clock import SystemClock
from pipeline.budget.usage import Usage
from pipeline.journal.states import RunCounts
from pipeline.usecases.progress import Silence, Stage
from pipeline.usecases.watching import Pace, Watching, told

NOW = 1_800_000_000.0  # 08:00:00 UTC
USAGE = Usage(
    budget="b", at=NOW, requests_limit=30, requests_used=1, requests_left=29, requests_held_until=None,
    feeds_limit=50, feeds_used=50, feeds_free=0, feeds_in_flight=0, feeds_unknown=0, feeds_of_others=0,
    feeds_held_until=None, next_feed=NOW + 90, waiting=(),
)  # fmt: skip
COUNTS = RunCounts(planned=1000, sent=600, accepted=600, verified=380, refused=20, pending=600)


def test_one_line_tells_counts_budget_slot_rate_and_end() -> None:
    assert told(COUNTS, USAGE, NOW, 60.0, NOW + 90) == (
        "600 sent, 20 refused, feeds 50 used, 0 free, next slot 08:01:30 UTC, 10.0 records/s, "
        "done about 08:01:00 UTC"
    )


def test_nothing_is_foretold_before_anything_is_done() -> None:
    assert Pace(began=0.0, first=400).left(COUNTS, 10.0) is None
    assert Pace(began=0.0, first=200).left(COUNTS, 10.0) == 30.0


class Remembered(Silence):
    """What a person would read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.notes: list[str] = []

    @contextmanager
    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> Iterator[Stage]:
        self.names.append(name)
        with super().stage(name, total=total, unit=unit) as stage:
            stage.note = self.notes.append  # type: ignore[method-assign]
            yield stage


@pytest.mark.parametrize(
    ("sending", "name", "note"),
    [
        (True, "push", "600 sent, 20 refused, feeds 50 used, 0 free"),
        (False, "look what became of it", "600 sent, 20 refused"),
    ],
)
def test_who_only_looks_after_an_earlier_run_does_not_speak_of_a_push(sending, name, note) -> None:
    seen = Remembered()
    with Watching(seen, total=1000, clock=SystemClock(), usage=lambda: USAGE, sending=sending) as watching:
        watching.moved(COUNTS, waiting_until=None)
    assert (seen.names, seen.notes[-1]) == ([name], note)
