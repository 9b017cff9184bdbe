"""What the shop knows, asked once a command: brands, tree, and the attributes of the categories in use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import LoginRefused, Refused
from pipeline.market.lookups import Attribute, Lookups
from pipeline.settings import CatalogSettings
from pipeline.store.atomic import private_folder, write_atomic

if TYPE_CHECKING:
    from pipeline.market.client import Client

#: Attributes cost a call a category, and change a few times a year: an hour (seconds) they are believed.
BELIEVED = 3600.0


def tree_of(client: Client) -> Mapping[str, str]:
    """Category id → name."""
    return {number: category.name for number, category in client.category_tree().items()}


def lookups_of(client: Client, settings: CatalogSettings, categories: Iterable[str] = ()) -> Lookups:
    """Everything that validation asks of the shop.

    Args:
        categories: ids whose attributes are wanted.
    """
    return Lookups(
        brands=client.brands() if settings.check_brands else frozenset(),
        categories=client.category_tree(),
        attributes=attributes_of(client, categories) if settings.check_attributes else {},
    )


def attributes_of(client: Client, categories: Iterable[str]) -> dict[str, tuple[Attribute, ...]]:
    """Category id → its attributes; a category that the shop refuses to describe is left out, unchecked."""
    found: dict[str, tuple[Attribute, ...]] = {}
    for category in dict.fromkeys(categories):
        try:
            found[category] = client.category_attributes(category)
        except LoginRefused:
            raise
        except Refused:
            continue
    return found


def kept_attributes(
    client: Client, categories: Iterable[str], file: Path, now: float
) -> dict[str, tuple[Attribute, ...]]:
    """As `attributes_of`, asking only for those that weren't asked for within the hour.

    Args:
        file: where they are kept.
        now: seconds since the epoch.
    """
    wanted = tuple(dict.fromkeys(categories))
    stored, read = _read(file)
    kept = {key: one for key, one in stored.items() if 0 <= now - one["asked"] < BELIEVED}
    missing = [each for each in wanted if each not in kept]
    found = attributes_of(client, missing)
    if found:
        told = {
            key: {"asked": now, "attributes": [asdict(one) for one in said]} for key, said in found.items()
        }
        private_folder(file.parent)
        write_atomic(file, json.dumps({**kept, **told}, ensure_ascii=False).encode())
    known = {**found, **{key: read[key] for key in kept}}
    return {key: known[key] for key in wanted if key in known}


def _attribute(said: Mapping[str, Any]) -> Attribute:
    return Attribute(**{**said, "options": tuple(said["options"])})


def _read(file: Path) -> tuple[dict[str, Any], dict[str, tuple[Attribute, ...]]]:
    """What is kept, as it is written and as attributes; nothing where it can't be read."""
    try:
        said = dict(json.loads(file.read_bytes()))
        read = {key: tuple(map(_attribute, one["attributes"])) for key, one in said.items()}
        for one in said.values():
            float(one["asked"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}, {}
    return said, read
