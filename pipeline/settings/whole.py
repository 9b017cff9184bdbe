"""A whole settings file as a value, and its form for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline.errors import SettingsError
from pipeline.settings.afterwards import Metrics, Notify, Retention
from pipeline.settings.job import Job
from pipeline.settings.meant import meant
from pipeline.settings.shop import Section, Shop


class Settings(Section):
    """A whole settings file.

    Attributes:
        path: the file it was read from; relative paths in it are relative to its folder.
    """

    default_shop: str | None = None
    state: str | None = None
    ledger: str | None = None
    shops: dict[str, Shop]
    jobs: dict[str, Job] = Field(default_factory=dict)
    notify: Notify = Notify()
    metrics: Metrics = Metrics()
    retention: Retention = Retention()
    path: Path = Field(default=Path("sellercenter.toml"), exclude=True)

    def job(self, name: str) -> Job:
        """A job by its name.

        Raises:
            SettingsError: there is none of that name.
        """
        if name not in self.jobs:
            raise SettingsError(f"no job {name!r} in {self.path}", hint=meant(name, self.jobs))
        return self.jobs[name]

    def shops_of(self, job: Job) -> tuple[str, ...]:
        """The shops that a job is for, in the order of the settings or its own.

        Raises:
            SettingsError: it names none, and there is no default.
        """
        if job.shops == "all":
            return tuple(self.shops)
        if job.shops is None:
            return (self.shop(None)[0],)
        return (job.shops,) if isinstance(job.shops, str) else job.shops

    def shop(self, name: str | None) -> tuple[str, Shop]:
        """The shop asked for, else the default, else the only one.

        Raises:
            SettingsError: no such shop, or several and none named.
        """
        if name is None:
            name = self.default_shop or (next(iter(self.shops)) if len(self.shops) == 1 else None)
        if name is None:
            raise SettingsError("several shops and no default_shop", hint=f"--shop {' | '.join(self.shops)}")
        if name not in self.shops:
            raise SettingsError(f"no shop {name!r} in {self.path}", hint=meant(name, self.shops))
        return name, self.shops[name]


def schema() -> dict[str, Any]:
    """The JSON Schema of a settings file, for editors; published as `schemas/settings.schema.json`."""
    made = Settings.model_json_schema()
    del made["properties"]["path"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Settings"}
