"""Databases of this test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.store.engine import Store, open_store
from pipeline.store.migrations import Migration

FIRST = Migration(
    name="notes", step=("CREATE TABLE note (id INTEGER PRIMARY KEY, words VARCHAR(100) NOT NULL)",)
)


@pytest.fixture
def open_notes(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Opens `notes.db`; closed afterwards."""
    opened: list[Store] = []

    def open_(
        path: str | Path = tmp_path / "notes.db", *, later: tuple[Migration, ...] = (), **more: Any
    ) -> Store:
        settings = {"kind": "notes", "busy_seconds": 0.05, **more}
        opened.append(open_store(path, migrations=(FIRST, *later), **settings))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()
