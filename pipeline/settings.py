"""configs/*.toml → frozen, validated Settings.

Every constant that the protocol leaves open is a setting with a safe default. Secrets stand in the
file by reference only (`env:NAME`, `file:PATH`, `cmd:COMMAND`, `keyring:SERVICE/USER`); they are
resolved by `pipeline.usecases.secrets` when a shop is first called, never here.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import SettingsError
from schemas.fields import Dialect

Percent = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Policy = Literal["file-wins", "shop-wins", "hold"]

SECRET_SCHEMES = ("env:", "file:", "cmd:", "keyring:")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def known_zone(value: str) -> str:
    """A time zone that this machine knows.

    Raises:
        ValueError: it knows none of that name.
    """
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone such as America/Lima") from None
    return value


class Section(BaseModel):
    """A table of the settings file: closed, so that a misspelt key is an error and not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Section):
    """What the shop allows, and how long we wait (seconds unless said)."""

    requests: Annotated[int, Field(ge=1)] = 30
    per_seconds: Annotated[float, Field(gt=0)] = 3
    feed_burst: Count = 50
    feed_reset: Literal["utc-day", "rolling"] = "utc-day"
    feed_interval: Seconds = 120
    feed_max_products: Annotated[int, Field(ge=1)] = 1000
    feed_max_bytes: Annotated[int, Field(ge=1024)] = 100_000_000
    page_size: Annotated[int, Field(ge=1, le=5000)] = 1000
    sku_list_max: Annotated[int, Field(ge=1)] = 50
    url_max: Annotated[int, Field(ge=500)] = 4000
    answer_max_bytes: Annotated[int, Field(ge=1024)] = 268_435_456
    connect_timeout: Seconds = 10
    settle: Annotated[float, Field(gt=0)] = 180
    deadline: Annotated[float, Field(gt=0)] = 90
    feed_timeout: Annotated[float, Field(gt=0)] = 21_600
    verify_timeout: Seconds = 600
    plan_max_age: Annotated[float, Field(gt=0)] = 86_400
    max_clock_skew: Seconds = 60
    cancel_stuck: bool = False
    raw_input: bool = True
    empty_clears_sale: bool = True
    snapshot_scans: Annotated[int, Field(ge=1, le=5)] = 3


class CatalogSettings(Section):
    """How a catalog is read, and what it may change."""

    mapping: str | None = None
    mode: Literal["upsert", "update-only", "create-only"] = "upsert"
    absent: Literal["ignore", "deactivate", "remove"] = "ignore"
    on_error: Literal["skip-row", "skip-group", "stop"] = "skip-row"
    max_errors: Count | None = None
    max_errors_pct: Percent = 10
    max_errors_by_code: dict[str, Count] = Field(default_factory=dict)
    severity: dict[str, Literal["error", "warning", "off"]] = Field(default_factory=dict)
    clear: str = "__CLEAR__"
    sku_pattern: str | None = None
    sku_max: Annotated[int, Field(ge=1)] = 255
    check_brands: bool = True
    check_categories: bool = True
    check_attributes: bool = True
    drift: Policy = "file-wins"
    drift_by_field: dict[str, Policy] = Field(default_factory=dict)
    parse_memory_mb: Annotated[int, Field(ge=64)] = 4096
    parse_seconds: Annotated[float, Field(gt=0)] = 600
    parse_max_bytes: Annotated[int, Field(ge=1)] = 8_589_934_592
    parse_max_cell: Annotated[int, Field(ge=1)] = 1_048_576

    @field_validator("sku_pattern")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from None
        return value


class Guards(Section):
    """A guard refuses above its number; `floor` products or fewer never trip a share or a median."""

    floor: Count = 10
    changed_pct: Percent = 100
    changed_max: Count | None = None
    created_max: Count = 1000
    created_pct: Percent | None = None
    deactivated_pct: Percent = 10
    deactivated_max: Count | None = None
    removed_pct: Percent = 5
    removed_max: Count | None = None
    price_up_pct: Percent = 50
    price_down_pct: Percent = 30
    price_median_pct: Percent = 15
    zero_stock_pct: Percent = 30
    zero_stock_max: Count | None = None
    blanked_pct: Percent = 5
    blanked_max: Count | None = None
    text_shrunk_pct: Percent = 20
    category_moved_pct: Percent = 30
    source_shrunk_pct: Percent = 20


class Shop(Section):
    """One shop of one seller, as the API sees it."""

    url: str
    user_id: str
    api_key: str
    dialect: Dialect = Dialect.CLASSIC
    operators: tuple[str, ...] = ()
    sandbox: bool = False
    budget_id: str | None = None
    currency: str = "USD"
    currency_by_operator: dict[str, str] = Field(default_factory=dict)
    decimals: Annotated[int, Field(ge=0, le=4)] | None = None
    timezone: str = "UTC"
    seller_id: str = ""
    integrator: str = "PROPIA"
    business_unit: str = ""
    read_format: Literal["JSON", "XML"] = "JSON"
    proxy: str | None = None
    ca_bundle: str | None = None
    limits: Limits = Limits()
    catalog: CatalogSettings = CatalogSettings()
    guards: Guards = Guards()

    @field_validator("api_key")
    @classmethod
    def _by_reference(cls, value: str) -> str:
        if not value.startswith(SECRET_SCHEMES):
            raise ValueError("must be a reference (env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER)")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @model_validator(mode="after")
    def _whole(self) -> Shop:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url {self.url!r} must be an https address")
        if parts.username or parts.password:
            raise ValueError("url must not hold a user or a password")
        if parts.scheme == "http" and not (self.sandbox and parts.hostname in LOOPBACK):
            raise ValueError("http is allowed with sandbox = true on loopback only; use https")
        if self.dialect is Dialect.FALABELLA and not self.operators:
            raise ValueError('dialect "falabella" needs operators, such as operators = ["facl"]')
        if self.dialect is Dialect.CLASSIC and self.operators:
            raise ValueError("operators belong to the falabella dialect")
        return self

    @property
    def budget(self) -> str:
        """The seller whose limits this shop shares."""
        return self.budget_id or f"{urlsplit(self.url).hostname}/{self.user_id}"


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


class Notify(Section):
    """Who is told what came of a job, once per cause and day.

    Attributes:
        urls: references to addresses as apprise writes them (mail, Slack, Teams, Telegram …).
        webhook: a reference to an https address that is sent the notice as JSON.
        file: a file that gets a line of JSON for each notice.
        on: what is told.
    """

    urls: tuple[str, ...] = ()
    webhook: str | None = None
    file: str | None = None
    on: tuple[Word, ...] = ("incomplete", "waiting", "postponed", "refused", "unknown", "failed")

    @field_validator("urls", "webhook")
    @classmethod
    def _by_reference(cls, value: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        given = (value,) if isinstance(value, str) else value or ()
        if not all(one.startswith(SECRET_SCHEMES) for one in given):
            raise ValueError("an address holds a secret: give a reference (env:NAME, file:PATH, cmd:COMMAND)")
        return value


class Metrics(Section):
    """Where numbers of jobs go.

    Attributes:
        textfile: a folder that Prometheus' node_exporter reads (`*.prom`).
    """

    textfile: str | None = None


class Retention(Section):
    """What is kept of what can be made again; the record and the way back of every run always are.

    Attributes:
        snapshots: of each shop, the newest.
        plans_days, attempts_days: plans that nobody sent, and folders of runs that sent nothing.
        requests_days: in the record of ended runs, the bodies and the log of requests
            (`runs --compact` forgets older ones; changes and outcomes are never forgotten).
    """

    snapshots: Annotated[int, Field(ge=1)] = 14
    plans_days: Annotated[float, Field(ge=1)] = 30
    attempts_days: Annotated[float, Field(ge=1)] = 90
    requests_days: Annotated[float, Field(ge=1)] = 180


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
            raise SettingsError(f"no job {name!r} in {self.path}", hint=_meant(name, self.jobs))
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
            raise SettingsError(f"no shop {name!r} in {self.path}", hint=_meant(name, self.shops))
        return name, self.shops[name]


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        SettingsError: missing, no TOML, an unknown key, a value out of range; names file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "`sellercenter init` writes one; --config FILE names another"
        raise SettingsError(f"no settings file {path}", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"can't read settings file {path}: {error}") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Check the text of a settings file; `path` is the name it has, or will have.

    Raises:
        SettingsError: as `load_settings`.
    """
    try:
        settings = Settings.model_validate({**tomllib.loads(text), "path": path})
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    except ValidationError as error:
        raise SettingsError(_explain(path, text, error), hint="see configs/default.toml") from None
    if wrong := [f"{path}:{_line_of(text, loc)}: {problem}" for loc, problem in _misfits(settings)]:
        raise SettingsError("\n".join(wrong), hint="see configs/default.toml")
    return settings


def schema() -> dict[str, Any]:
    """The JSON Schema of a settings file, for editors; published as `schemas/settings.schema.json`."""
    made = Settings.model_json_schema()
    del made["properties"]["path"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "Settings"}


def _misfits(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """What each table allows, but not all of them together: (key, problem)."""
    for name, job in settings.jobs.items():
        if not JOB_NAME.fullmatch(name):
            yield ("jobs", name), f"jobs.{name}: a job's name is of letters, digits, - and _"
        named = (job.shops,) if isinstance(job.shops, str) else job.shops or ()
        for shop in named:
            if shop not in settings.shops and job.shops != "all":
                problem = f"no shop {shop!r}. {_meant(shop, settings.shops)}"
                yield ("jobs", name, "shops"), f"jobs.{name}.shops: {problem}"


def _explain(path: Path, text: str, error: ValidationError) -> str:
    return "\n".join(_problem(path, text, dict(problem)) for problem in error.errors())


def _problem(path: Path, text: str, problem: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    where = f"{path}:{_line_of(text, problem['loc'])}"
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key {key!r}. {_meant(str(problem['loc'][-1]), _siblings(problem['loc']))}"
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


def _meant(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}"


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
