"""A secret that can't be shown by accident."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """An API key: shown as *** wherever it's printed, formatted or logged; only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.strip()

    def reveal(self) -> str:
        """The key itself, without the blanks that copying it drags along."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret isn't written to disk")
