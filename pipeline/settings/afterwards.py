"""What follows a job: who is told, where its numbers go, and what is kept."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from pipeline.settings.job import Word
from pipeline.settings.shop import LOOPBACK, SECRET_SCHEMES, Section

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


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
        otlp: an address that takes OpenTelemetry's metrics by HTTP; nothing but this says where they go.
        otlp_headers: what the address asks for, such as Authorization; references, for they are secrets.
    """

    textfile: str | None = None
    otlp: str | None = None
    otlp_headers: dict[str, str] = Field(default_factory=dict)

    @field_validator("otlp")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://nobody/")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://collector.example.com:4318/v1/metrics")
        if parts.username or parts.password or parts.query:
            raise ValueError("must hold no user, password or query; otlp_headers take secrets, by reference")
        return value

    @field_validator("otlp_headers")
    @classmethod
    def _headers_by_reference(cls, value: dict[str, str]) -> dict[str, str]:
        for name, reference in value.items():
            if not HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if not reference.startswith(SECRET_SCHEMES):
                raise ValueError(f"{name}: give a reference (env:NAME, file:PATH, cmd:COMMAND)")
        return value

    @model_validator(mode="after")
    def _kept_secret(self) -> Metrics:
        parts = urlsplit(self.otlp or "")
        if self.otlp_headers and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("otlp must be https where otlp_headers are sent")
        return self


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
