"""The plan: what would change, field by field, frozen, sealed, usable once.

On disk it is one JSON Lines file, readable with any text tool:

    {"kind": "plan", "schema": "sellercenter/plan/1", …}   the header (`purpose` is Plan.kind)
    {"kind": "record", …}                                  one a SKU and action, in sending order
    {"kind": "held", …}                                    what won't be sent, and why
    {"kind": "seal", "sha256": "…"}                        over all bytes before it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pipeline.diff.swift import swift
from pipeline.market.feeds import Action
from schemas.fields import Lane


class Effect(StrEnum):
    """What a change does to a product; counts in reports are SKUs by effect."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    REMOVE = "remove"


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a planned value came from: file, sheet, cell, expression; "" where it has none."""

    file: str = ""
    sheet: str = ""
    row: int = 0
    cell: str = ""
    expression: str = ""


@swift
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


@swift
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one record of one feed carries: one SKU and action.

    Attributes:
        no: position in the plan, from 1; never changes.
        batch: the batch it rides in.
        effect: what it does to the product.
        changes: at least one, but for REMOVE (where they are the values that get lost).
        acquitted: fields that go back to a journaled before-value: guards leave them alone.
        context: (field, value) sent along unchanged, so that the shop accepts the changes (a sale
            price goes with its window); on Falabella the writer adds one business unit by itself.
        facts: (name, value) that guards judge by and nobody sends: prices and windows of the touched
            offers as the shop holds them, "@cost", "@floor", and "@held.<field>", when the shop held
            last what a field goes back to.
    """

    no: int
    batch: int
    sku: str
    action: Action
    effect: Effect
    changes: tuple[Change, ...]
    acquitted: tuple[str, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


HeldReason = Literal[
    "manual",
    "quarantine",
    "drift",
    "conflict",
    "volatile",
    "in-flight",
    "unsettable",
    "incomplete",
    "contradiction",
    "declined",
    "lossy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that won't be sent, and why.

    Attributes:
        reason: "manual" (the API can't do it: `place` says where a person can), "quarantine",
            "drift" (policy hold or shop-wins), "conflict" (rollback: the shop holds neither value),
            "unsettable" (no update can change it), "incomplete" (a new product lacks what the shop
            demands of one), "contradiction" (laid over what the shop holds, prices or dates don't hold
            together), "declined" (a reviewer said no), "lossy" (rollback: created again, not all
            of it comes back), "volatile", "in-flight".
        theirs: what the shop holds, for conflicts.
    """

    sku: str
    reason: HeldReason
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
        reason: why someone allowed it, or "".
    """

    rule: str
    verdict: Verdict
    limit: float
    value: float
    skus: tuple[str, ...] = ()
    message: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What guards measure records against; kept in the plan, so that push judges by the same.

    Attributes:
        rows: rows of the file, None where there is none (a rollback); rows_before: of the last
            accepted file of this source, or None.
        columns_lost: columns that file had and this one lacks.
        listed: products of the file that the shop holds.
        shop: products in the shop; active: those known to be active.
        unproven: SKUs that are taken for missing from the shop, or from the file.
        complete: the snapshot is proven whole; doubt: why not.
        partial: the file is meant to hold only some products.
        untold: fields that every product has, and the shop tells of none.
        since: what a buyer paid before this moment doesn't matter, canonical text in the shop's zone;
            "" = all of it does. zone: that zone.
        currencies: (country, currency), where the settings name it.
    """

    rows: int | None = None
    rows_before: int | None = None
    columns_lost: tuple[str, ...] = ()
    listed: int = 0
    shop: int = 0
    active: int = 0
    unproven: int = 0
    complete: bool = True
    doubt: str = ""
    partial: bool = False
    untold: tuple[str, ...] = ()
    since: str = ""
    zone: str = "UTC"
    currencies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """SKUs by what becomes of them.

    create + update + unchanged + blocked + rejected + not_listed = rows of the file (a refused row
    counts even where its SKU can't be read); deactivate + remove are of the shop alone.
    """

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
        sources: the files, as typed; where `explain` looks again.
        narrows: digest of the plan that a review left this part of; pushing one uses up the other.
        records: how many record lines follow.
        basis: what the guards measured against.
        notices: what a reader should know beside the changes, as sentences.
        digest: "sha256:…" over all bytes before the seal; "" until it is sealed.
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
    sources: tuple[str, ...] = ()
    narrows: str = ""
    basis: Basis = Basis()
    notices: tuple[str, ...] = ()
    digest: str = ""

    @property
    def refused(self) -> tuple[Guard, ...]:
        """The guards that stand against pushing it."""
        return tuple(guard for guard in self.guards if guard.verdict == "refused")
