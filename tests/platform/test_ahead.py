"""The interpreter's turns are as they were when work ahead is over, however it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

import pytest

from pipeline.ahead import ahead, beforehand


def same(item: int) -> int:
    return item


def failing() -> Iterator[int]:
    yield 1
    raise KeyError


def nested() -> None:
    assert list(ahead(same, beforehand(range(5)))) == list(range(5))


def given_up() -> None:
    for _ in beforehand(beforehand(range(5))):
        return


def refusing(items: Iterable[int]) -> None:
    for _ in items:
        raise ValueError("enough")


def left_by_an_error() -> None:
    with pytest.raises(ValueError, match="enough"):
        refusing(ahead(same, beforehand(range(5))))


def broken_inside() -> None:
    with pytest.raises(KeyError):
        list(ahead(same, beforehand(failing())))


def side_by_side() -> None:
    one, other = beforehand(iter(range(5))), beforehand(iter(range(5)))
    assert (next(one), next(other)) == (0, 0)
    one.close()  # type: ignore[attr-defined]
    other.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("work", [nested, given_up, left_by_an_error, broken_inside, side_by_side])
def test_the_interpreters_turns_are_put_back(work: Callable[[], None]) -> None:
    before = sys.getswitchinterval()
    try:
        work()
        assert sys.getswitchinterval() == before
    finally:
        sys.setswitchinterval(before)
