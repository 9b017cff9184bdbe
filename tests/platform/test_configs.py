"""The example settings are settings, and the default one shows every key with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from pipeline.settings import (
    CatalogSettings,
    Guards,
    Job,
    Limits,
    Metrics,
    Notify,
    Retention,
    Settings,
    Shop,
    load_settings,
)

TABLES: dict[str, type[BaseModel]] = {
    "": Settings,
    "shops.demo": Shop,
    "shops.demo.limits": Limits,
    "shops.demo.catalog": CatalogSettings,
    "shops.demo.guards": Guards,
    "jobs.nightly": Job,
    "notify": Notify,
    "metrics": Metrics,
    "retention": Retention,
}
#: Tables that may hold any key of another one.
OVERRIDES = {"jobs.nightly.catalog", "jobs.nightly.guards"}


@pytest.mark.parametrize("name", ["default", "sandbox", "production"])
def test_an_example_can_be_loaded(name: str, root: Path) -> None:
    settings = load_settings(root / "configs" / f"{name}.toml")
    assert settings.shop(None)


def shown(text: str) -> dict[str, set[str]]:
    """Table → keys that stand in it, also those that are commented out."""
    tables: dict[str, set[str]] = {"": set()}
    here = ""
    for line in text.splitlines():
        if table := re.match(r"\[([\w.]+)\]", line):
            here = table[1]
            tables[here] = set()
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            tables[here].add(key[1])
    return tables


def test_the_default_shows_every_key(root: Path) -> None:
    text = (root / "configs" / "default.toml").read_text(encoding="utf-8")
    inner = {
        Settings: {"path", "shops", "jobs", "notify", "metrics", "retention"},
        Shop: {"limits", "catalog", "guards"},
        Job: {"catalog", "guards"},
    }
    tables = shown(text)
    assert set(tables) == {*TABLES, *OVERRIDES}
    assert {table: tables[table] for table in TABLES} == {
        table: set(model.model_fields) - inner.get(model, set()) for table, model in TABLES.items()
    }


@pytest.mark.parametrize("part", ["limits", "catalog", "guards"])
def test_what_it_shows_is_the_default(part: str, root: Path) -> None:
    shop = load_settings(root / "configs" / "default.toml").shops["demo"]
    value: BaseModel = getattr(shop, part)
    assert value == type(value)()


def test_a_shop_without_more_has_the_defaults_it_shows(root: Path) -> None:
    shop = load_settings(root / "configs" / "default.toml").shops["demo"]
    own = {"url", "user_id", "api_key"}
    least = Shop(**{name: getattr(shop, name) for name in own})
    assert shop == least


def test_a_job_without_more_has_the_defaults_it_shows(root: Path) -> None:
    settings = load_settings(root / "configs" / "default.toml")
    job = settings.jobs["nightly"]
    assert job == Job(source=job.source)
    assert (settings.notify, settings.metrics, settings.retention) == (Notify(), Metrics(), Retention())
