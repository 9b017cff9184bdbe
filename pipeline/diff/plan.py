"""The plan: what would change, field by field, frozen, sealed, usable once.

On disk it is one JSON Lines file, readable with any text tool:

    {"kind": "plan", "schema": "sellercenter/plan/1", …}   the header
    {"kind": "record", …}                                  one a SKU and action, in sending order
    {"kind": "held", …}                                    what won't be sent, and why
    {"kind": "seal", "sha256": "…"}                        over all bytes before it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pipeline.market.feeds import Action
from schemas.fields import Lane


class Effect(StrEnum):
    """What a change does to a product; counts in reports are SKUs by effect."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a planned value came from: file, sheet, cell, expression; "" where it has none."""

    file: str = ""
    sheet: str = ""
    row: int = 0
    cell: str = ""
    expression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one product.

    Attributes:
        before: the shop's text as GetProducts gave it; None where the field can't be read or the
            product is new.
        after: the value to send; "" = clear.
        drift: someone changed it in the shop since we last wrote it: what we wrote then.
    """

    field: str
    before: str | None
    after: str
    origin: Origin | None = None
    drift: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one record of one feed carries: one SKU and action.

    Attributes:
        no: position in the plan, from 1; never changes.
        batch: the batch it rides in.
        effect: what it does to the product.
        changes: at least one, but for REMOVE (where they are the values that get lost).
        acquitted: fields that go back to a journaled before-value: guards leave them alone.
    """

    no: int
    batch: int
    sku: str
    action: Action
    effect: Effect
    changes: tuple[Change, ...]
    acquitted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that won't be sent, and why.

    Attributes:
        reason: "manual" (the API can't do it: `place` says where a person can), "quarantine",
            "drift" (policy hold or shop-wins), "conflict" (rollback: the shop holds neither value),
            "not-listed" …
        theirs: what the shop holds, for conflicts.
    """

    sku: str
    reason: Literal["manual", "quarantine", "drift", "conflict", "volatile", "in-flight", "unsettable"]
    field: str = ""
    before: str | None = None
    after: str | None = None
    theirs: str | None = None
    message: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records that ride in one feed.

    Attributes:
        no: from 1; sending order within a lane.
        records: how many.
        after: batches that must be finished before this one may leave (creates before images,
            parents before children, one SKU in one feed in flight).
        canary: it must verify before any other batch leaves.
    """

    no: int
    action: Action
    lane: Lane
    records: int
    after: tuple[int, ...] = ()
    canary: bool = False


Verdict = Literal["ok", "refused", "allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guard's judgement.

    Attributes:
        rule: the setting's key without unit, hyphenated ("price-down").
        limit: the number it refuses above; value: what was measured.
        skus: those that it is about (all of them).
        message: in a merchant's words.
    """

    rule: str
    verdict: Verdict
    limit: float
    value: float
    skus: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """SKUs by what becomes of them; with `absent` they add up to input and shop."""

    create: int = 0
    update: int = 0
    deactivate: int = 0
    remove: int = 0
    unchanged: int = 0
    blocked: int = 0
    rejected: int = 0
    not_listed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What pushing costs.

    Attributes:
        requests: API calls; feeds: feeds; seconds: until all is verified, given the budget now.
    """

    requests: int
    feeds: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Digests of what a plan was made of, each "sha256:…"."""

    source: str
    snapshot: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The header: everything but the records, which stay on disk (`planfile.records`).

    Attributes:
        id: unique; names the file.
        kind: "import", "rollback" or "restore".
        shop: name in the settings; identity: digest of url, user and operators.
        created: seconds since the epoch.
        source: name of the source (see design.md, settings).
        source_rows, source_columns: size of the file, for the next run's guard.
        snapshot_taken: when the snapshot was taken.
        undoes: runs that a rollback or restore takes back.
        records: how many record lines follow.
        digest: "sha256:…" of the sealed file; "" until it is sealed.
    """

    id: str
    kind: Literal["import", "rollback", "restore"]
    shop: str
    identity: str
    dialect: str
    operators: tuple[str, ...]
    created: float
    source: str
    source_rows: int
    source_columns: tuple[str, ...]
    partial: bool
    snapshot: str
    snapshot_taken: float
    inputs: Inputs
    counts: Counts
    fields_changed: dict[str, int]
    guards: tuple[Guard, ...]
    batches: tuple[Batch, ...]
    forecast: Forecast
    records: int
    undoes: tuple[str, ...] = ()
    digest: str = ""

    @property
    def refused(self) -> tuple[Guard, ...]:
        """The guards that stand against pushing it."""
        return tuple(guard for guard in self.guards if guard.verdict == "refused")
