"""A job of the settings: an import that runs by its name, and when it may."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.settings.shop import CatalogSettings, Guards, Seconds, Section, Shop, known_zone

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: A span of the day, such as 01:30-05:00; one that ends before it begins runs over midnight.
Span = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
#: What an attempt of a job can come to.
Word = Literal[
    "done", "incomplete", "nothing-new", "not-now", "waiting", "postponed", "refused", "unknown", "failed"
]
JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Job(Section):
    """An import that runs by its name, unattended.

    Attributes:
        source: a path or glob, or several; relative to the settings file's folder.
        pick: of several files the newest, or all of them as one catalog.
        shops: a shop, several, or "all"; none is the default shop.
        on_guard: what a refusing guard does: the run stops, or waits for `approve RUN`.
        approval: "guards" sends what they let pass, "always" waits for `approve RUN` every time.
        window: the span of the day in which it may run; weekdays: on which days a window opens.
        quiet: spans in which nothing is begun, nor what would reach into them.
        catch_up: a run that was missed is made up for once, or skipped.
        settle_seconds: a file that changed later than this is taken for being written still.
        complete: "looks" waits also while a file looks cut off; "stable" trusts that it's settled.
        marker: a second file that says the first is whole: "{file}.done", beside it.
        file_deadline: seconds that a file may take to be whole.
        max_age_hours: an older file is refused.
        repeats: what to do with a file that was imported before the last one.
    """

    source: str | tuple[str, ...]
    pick: Literal["newest", "all"] = "newest"
    shops: str | tuple[str, ...] | None = None
    partial: bool = False
    on_drift: Literal["skip", "abort"] = "skip"
    canary: Annotated[int, Field(ge=1)] | None = None
    on_guard: Literal["stop", "ask"] = "stop"
    approval: Literal["guards", "always"] = "guards"
    window: Span | None = None
    weekdays: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    quiet: tuple[Span, ...] = ()
    timezone: str | None = None
    catch_up: Literal["once", "skip"] = "once"
    settle_seconds: Seconds = 60
    complete: Literal["looks", "stable"] = "looks"
    marker: str | None = None
    file_deadline: Seconds = 1800
    max_age_hours: Annotated[float, Field(gt=0)] | None = None
    repeats: Literal["refuse", "allow"] = "refuse"
    catalog: CatalogSettings = CatalogSettings()
    guards: Guards = Guards()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return value if value is None else known_zone(value)

    @property
    def sources(self) -> tuple[str, ...]:
        """What `source` names."""
        return (self.source,) if isinstance(self.source, str) else self.source

    def over(self, shop: Shop) -> Shop:
        """A shop under this job: what the job says of catalog and guards goes before the shop's own."""
        catalog = shop.catalog.model_copy(update=self.catalog.model_dump(exclude_unset=True))
        guards = shop.guards.model_copy(update=self.guards.model_dump(exclude_unset=True))
        return shop.model_copy(update={"catalog": catalog, "guards": guards})
