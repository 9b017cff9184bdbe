"""configs/*.toml → frozen, validated Settings.

Every constant that the protocol leaves open is a setting with a safe default. Secrets stand in the
file by reference only (`env:NAME`, `file:PATH`, `cmd:COMMAND`, `keyring:SERVICE/USER`); they are
resolved by `pipeline.usecases.secrets` when a shop is first called, never here.
"""

from __future__ import annotations

from pipeline.settings.afterwards import Metrics, Notify, Retention
from pipeline.settings.job import JOB_NAME, Job, Span, Weekday, Word
from pipeline.settings.loading import load_settings, parse_settings
from pipeline.settings.shop import (
    LOOPBACK,
    SECRET_SCHEMES,
    CatalogSettings,
    Guards,
    Limits,
    Policy,
    Section,
    Shop,
    known_zone,
)
from pipeline.settings.whole import Settings, schema

__all__ = [
    "JOB_NAME",
    "LOOPBACK",
    "SECRET_SCHEMES",
    "CatalogSettings",
    "Guards",
    "Job",
    "Limits",
    "Metrics",
    "Notify",
    "Policy",
    "Retention",
    "Section",
    "Settings",
    "Shop",
    "Span",
    "Weekday",
    "Word",
    "known_zone",
    "load_settings",
    "parse_settings",
    "schema",
]
