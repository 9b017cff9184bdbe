"""A shop of the settings: where it is, what it allows, how catalogs change it, and what guards refuse."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

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
        try:
            parts = urlsplit(self.url)
            whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise ValueError(f"url {self.url!r} is no address") from None
        if parts.scheme not in ("http", "https") or not whole:
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
