"""The hash chain: what makes a missing or altered row show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Float, Table

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

    def feed(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of a table, in primary-key order, each the values of its `bound_columns`."""
        name, line = table.name, _line_of(table)
        for row in rows:
            self._fed = True
            self._hash.update(line((name, *row)))

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
    """Columns that the chain covers, in their order: all but `event` and generated ids."""
    return [column.name for column in table.columns if column.name not in ("event", "id")]


def bound_values(table: Table) -> Callable[[Mapping[Any, Any]], tuple[Any, ...]]:
    """What takes the values of `bound_columns` from a row."""
    return itemgetter(*bound_columns(table))


def _line_of(table: Table) -> Callable[[tuple[Any, ...]], bytes]:
    """What writes a row as `canonical` does; faster where no floats are, which orjson writes otherwise."""
    return _canonical_row if any(isinstance(column.type, Float) for column in table.columns) else _fast_row


def _fast_row(row: tuple[Any, ...]) -> bytes:
    try:
        return orjson.dumps(row, default=_plain)
    except orjson.JSONEncodeError:  # half a surrogate pair, a number over 64 bits
        return _canonical_row(row)


def _canonical_row(row: tuple[Any, ...]) -> bytes:
    return canonical([_plain(value) if isinstance(value, bytes) else value for value in row])


def _plain(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
