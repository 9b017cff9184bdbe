"""What we know from before: declared here, read from the journal by a use case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

#: Values that a field had → when the shop held each last, seconds since the epoch.
Befores = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What we last wrote to one field, and what the shop then stored.

    Attributes:
        sent: our value.
        stored: the shop's text at verification; None where the field can't be read back.
        before: the value it replaced.
        run: the run that wrote it.
    """

    sent: str
    stored: str | None
    before: str | None
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A record in quarantine: refused again and again for the same reason with the same content."""

    sku: str
    action: str
    reason: str
    content: str


def content_of(action: str, changes: Iterable[tuple[str, str]]) -> str:
    """Digest of what a record would send, as (field, value) pairs: it rests until this changes."""
    text = json.dumps([str(action), sorted(changes)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSize:
    """The last accepted file of a source."""

    rows: int
    columns: tuple[str, ...]


class Memory(Protocol):
    """Questions a diff asks of the past; each answers for many SKUs at once."""

    def written(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Written]:
        """(sku, field) → what we last wrote there."""
        ...

    def any_written(self) -> bool:
        """False saves asking."""
        ...

    def befores(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Befores]:
        """(sku, field) → all values the journal holds as before-values: going back to one is acquitted.

        A value that was replaced by going back is none of them: it was the incident.
        """
        ...

    def resting(self) -> Mapping[tuple[str, str], Resting]:
        """(sku, action) → quarantine."""
        ...

    def source(self, name: str) -> SourceSize | None:
        """Size of the last accepted file of this source."""
        ...


class NoMemory:
    """A shop we never wrote to."""

    def written(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Written]:  # noqa: ARG002
        return {}

    def any_written(self) -> bool:
        return False

    def befores(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Befores]:  # noqa: ARG002
        return {}

    def resting(self) -> Mapping[tuple[str, str], Resting]:
        return {}

    def source(self, name: str) -> SourceSize | None:  # noqa: ARG002
        return None
