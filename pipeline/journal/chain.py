"""The hash chain: what makes a missing or altered row show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table

#: What stands before the first event.
GENESIS = "0" * 64


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces: the same bytes for the same value, on every machine."""
    return _encode(value).encode("utf-8", "surrogatepass")


#: Made once: `json.dumps` would make an encoder for every row.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def event_hash(
    *, seq: int, run: str, at: float, kind: str, batch: int | None, data: str, rows: str, prev: str
) -> str:
    """SHA-256 over an event and the hash of the one before it."""
    return hashlib.sha256(canonical([seq, run, at, kind, batch, data, rows, prev])).hexdigest()


class RowsDigest:
    """SHA-256 over the bulk rows of one event, fed a few at a time, in the order of `schema.BOUND`."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._fed = False

    def feed(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of a table, in primary-key order; `event` and generated ids are left out."""
        names = bound_columns(table)
        for row in rows:
            self._fed = True
            self._hash.update(canonical([table.name, *(_plain(row[name]) for name in names)]))

    def hex(self) -> str:
        """The digest, or "" where there were no rows."""
        return self._hash.hexdigest() if self._fed else ""


class Seals:
    """A digest a batch over what its records say, so that each can be checked alone before it is sent."""

    def __init__(self) -> None:
        self._hashes: dict[int, Any] = {}

    def feed(self, batch: int, row: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> None:
        """Add a record and its changes, in the order of records."""
        said = [row["no"], row["sku"], row["action"], row["effect"], row["context"]]
        values = sorted([change["field"], change["before"], change["after"]] for change in changes)
        self._hashes.setdefault(batch, hashlib.sha256()).update(canonical([*said, values]))

    def hex(self) -> dict[str, str]:
        """Batch (as text, since JSON has no other keys) → digest."""
        return {str(batch): known.hexdigest() for batch, known in self._hashes.items()}


def bound_columns(table: Table) -> Sequence[str]:
    """Columns that the chain covers."""
    return [column.name for column in table.columns if column.name not in ("event", "id")]


def _plain(value: object) -> object:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
