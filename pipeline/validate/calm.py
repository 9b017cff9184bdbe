"""Descriptions that need no second look: values as they stand, which break no rule.

They are most of a catalog's bytes, so each is looked at once. Who looks on may know the answer: of a
text that the shop holds letter by letter it was found once and for all (see `onlooker.Sight`).
"""

from __future__ import annotations

import polars as pl

from pipeline.values.text import SPACE
from schemas.calmhtml import CALM, is_calm
from schemas.fields import CLEAR
from schemas.markup import MOST_TAGS

_TEXT = rf"\A[^{SPACE}]"
#: What an answer of `stands` depends on: whoever keeps one keeps this beside it.
RECIPE = ("calm/1", CALM, MOST_TAGS, _TEXT, CLEAR, pl.__version__)


def calm_column(name: str) -> str:
    """The column that says which texts of a field are calm (see `schemas.calmhtml`)."""
    return f"@calm {name}"


def stands(texts: pl.Series) -> pl.Series:
    """Which texts break no rule, and are values as they stand.

    Equal texts below one another (variants share their description) are looked at once.
    """
    name = texts.name
    text = pl.col(name).str.contains(_TEXT) & ~pl.col(name).str.starts_with(CLEAR)
    question = (is_calm(pl.col(name)) & text).fill_null(value=False)
    first = texts.ne_missing(texts.shift(1))
    if texts.is_empty() or first.all():
        return texts.to_frame().select(question).to_series()
    first = first.scatter(0, True)
    answers = texts.filter(first).to_frame().select(question).to_series()
    return answers.gather(first.cum_sum() - 1)
