"""What is wrong with a settings file, in words: file, line, key, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.settings.afterwards import Metrics, Notify, Retention
from pipeline.settings.job import JOB_NAME, Job
from pipeline.settings.meant import meant
from pipeline.settings.shop import CatalogSettings, Guards, Limits, Shop
from pipeline.settings.whole import Settings


def explained(path: Path, text: str, error: ValidationError) -> str:
    """Every problem that pydantic found, a line each."""
    return "\n".join(_problem(path, text, dict(problem)) for problem in error.errors())


def misfits(path: Path, text: str, settings: Settings) -> str:
    """What each table allows, but not all of them together; a line each."""
    return "\n".join(f"{path}:{_line_of(text, loc)}: {problem}" for loc, problem in _misfits(settings))


def _misfits(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """(key, problem)."""
    for name, job in settings.jobs.items():
        if not JOB_NAME.fullmatch(name):
            yield ("jobs", name), f"jobs.{name}: a job's name is of letters, digits, - and _"
        named = (job.shops,) if isinstance(job.shops, str) else job.shops or ()
        for shop in named:
            if shop not in settings.shops and job.shops != "all":
                problem = f"no shop {shop!r}. {meant(shop, settings.shops)}"
                yield ("jobs", name, "shops"), f"jobs.{name}.shops: {problem}"


def _problem(path: Path, text: str, problem: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    where = f"{path}:{_line_of(text, problem['loc'])}"
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key {key!r}. {meant(str(problem['loc'][-1]), _siblings(problem['loc']))}"
    return f"{where}: {key or 'settings'}: {problem['msg'].removeprefix('Value error, ')}"


_TABLES: dict[str, type[BaseModel]] = {
    "shops": Shop,
    "limits": Limits,
    "catalog": CatalogSettings,
    "guards": Guards,
    "jobs": Job,
    "notify": Notify,
    "metrics": Metrics,
    "retention": Retention,
}


def _siblings(loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where an unknown one stands."""
    model: type[BaseModel] = Settings
    for part in loc[:-1]:
        model = _TABLES.get(str(part), model)
    return [name for name in model.model_fields if name != "path"]


def _line_of(text: str, loc: tuple[str | int, ...]) -> int:
    """The line a key stands in, else that of the nearest table or list around it."""
    wanted = tuple(part for part in loc if isinstance(part, str))
    table: tuple[str, ...] = ()
    best, depth = 1, 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("["):
            here = table = _parts(line.partition("]")[0].strip("["))
        else:
            here = (*table, *_parts(line.partition("=")[0]))
        shared = len(here) if here == wanted[: len(here)] else len(wanted) * (here[: len(wanted)] == wanted)
        if shared > depth:
            best, depth = number, shared
    return best


def _parts(key: str) -> tuple[str, ...]:
    """The parts of a dotted key, without their quotes."""
    return tuple(part.strip("\"' ") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", key))
