"""How many of what, in words."""

from __future__ import annotations


def grouped(number: float, separator: str = " ") -> str:
    """A number with its thousands apart: a space, which no country reads as a decimal mark."""
    return f"{number:,}".replace(",", separator)


def plural(number: int, one: str, many: str = "") -> str:
    """ "1 product", "12 products"."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"
