"""Snapshots on disk: `<id>.parquet` holds the rows, `<id>.json` says what they are worth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StateError, UsageError
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import write_atomic
from pipeline.store.disk_errors import disk_errors

SCHEMA = "sellercenter/snapshot/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a snapshot comes from.

    Attributes:
        full: when the full pass under it was begun, seconds since the epoch.
        base: id of the snapshot that a delta was laid over, "" for a full one.
    """

    full: float
    base: str = ""


def put(snapshot: Snapshot, lineage: Lineage) -> Snapshot:
    """Write the manifest; without it the rows beside it count for nothing."""
    said = {**asdict(snapshot), "path": snapshot.path.name, "schema": SCHEMA, **asdict(lineage)}
    write_atomic(snapshot.path.with_suffix(".json"), json.dumps(said, indent=2, ensure_ascii=False).encode())
    return snapshot


def load(folder: Path, id: str) -> Snapshot:  # noqa: A002 - the word for it
    """A snapshot by its id.

    Raises:
        UsageError: there is none of that id.
        StateError: its files can't be read.
    """
    manifest = folder / f"{id}.json"
    if Path(id).name != id or not manifest.is_file():
        raise UsageError(
            f"no snapshot {id!r} in {folder}",
            hint="`sellercenter snapshot` makes one, or say --snapshot latest",
        )
    found = _read(manifest)
    if found is None:
        raise StateError(f"can't make sense of {manifest}", hint="make a new one: sellercenter snapshot")
    return found[0]


def lineage(snapshot: Snapshot) -> Lineage:
    """Where it comes from.

    Raises:
        StateError: its manifest can't be read.
    """
    found = _read(snapshot.path.with_suffix(".json"))
    if found is None:
        raise StateError(f"can't make sense of {snapshot.path.with_suffix('.json')}")
    return found[1]


def latest(folder: Path, identity: str) -> Snapshot | None:
    """The newest snapshot of this shop, complete or not."""
    return max(_all(folder, identity), key=lambda snapshot: snapshot.taken, default=None)


def ids(folder: Path, identity: str) -> list[str]:
    """The snapshots of this shop, newest first."""
    found = sorted(_all(folder, identity), key=lambda snapshot: snapshot.taken, reverse=True)
    return [snapshot.id for snapshot in found]


def _all(folder: Path, identity: str) -> Iterator[Snapshot]:
    for manifest in folder.glob("*.json"):
        found = _read(manifest)
        if found is not None and found[0].identity == identity:
            yield found[0]


def _read(manifest: Path) -> tuple[Snapshot, Lineage] | None:
    """None where it isn't a manifest of ours, or its rows are gone."""
    try:
        with disk_errors("read", manifest):
            said: dict[str, Any] = json.loads(manifest.read_bytes())
    except ValueError:
        return None
    if not isinstance(said, dict) or said.pop("schema", None) != SCHEMA:
        return None
    path = manifest.parent / Path(str(said.pop("path", ""))).name
    try:
        origin = Lineage(full=said.pop("full"), base=said.pop("base"))
        snapshot = Snapshot(path=path, **said)
    except (KeyError, TypeError):
        return None
    return (snapshot, origin) if path.is_file() else None
