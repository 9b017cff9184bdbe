"""How a use case tells how far it is, without knowing who listens."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Stage(Protocol):
    """One stretch of work under way."""

    def advance(self, by: int = 1) -> None:
        """So much more is done."""
        ...

    def total(self, total: int) -> None:
        """It is known now how much there is."""
        ...

    def note(self, text: str) -> None:
        """What stands beside the count from now on."""
        ...


class Progress(Protocol):
    """Where talk and progress go; never results."""

    def say(self, text: str) -> None:
        """A line of talk: what is being done, or was taken for granted."""
        ...

    def warn(self, text: str) -> None:
        """A line that must be seen even by those who asked for quiet."""
        ...

    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        """A stretch of work from its start to its end; `total` None = not known yet."""
        ...


class _Unheard:
    def advance(self, by: int = 1) -> None:
        del by

    def total(self, total: int) -> None:
        del total

    def note(self, text: str) -> None:
        del text


class Silence:
    """Nobody listens: the Python API's default."""

    def say(self, text: str) -> None:
        del text

    def warn(self, text: str) -> None:
        del text

    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> AbstractContextManager[Stage]:
        del name, total, unit
        return nullcontext(_Unheard())
