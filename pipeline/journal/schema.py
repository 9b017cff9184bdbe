"""The journal's tables. Plain SQL types only: SQLite now, PostgreSQL next.

`event` is the truth, in one chain over all runs. Rows of the bulk tables carry the number of the
event they came with; that event holds their digest, so a missing or altered row is found.
`written` and `resting` are projections: what is asked at every diff.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pipeline.store.migrations import Migration

METADATA = MetaData()

RUN = Table(
    "run",
    METADATA,
    Column("id", String, primary_key=True),
    Column("shop", String, nullable=False),
    Column("identity", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("plan", String, nullable=False),
    Column("plan_digest", String, nullable=False),
    Column("source", String, nullable=False),
    Column("started", Float, nullable=False),
    Column("plan_path", String, nullable=False),
    UniqueConstraint("identity", "plan_digest", name="plan_used_once"),
)

EVENT = Table(
    "event",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("run", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String, nullable=False),
    Column("batch", Integer),
    Column("data", Text, nullable=False),
    Column("rows", String, nullable=False),
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("event_of_run", "run", "seq"),
    Index("event_of_kind", "kind", "seq"),
)

RECORD = Table(
    "record",
    METADATA,
    Column("event", Integer, nullable=False),
    Column("run", String, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("sku", String, nullable=False),
    Column("action", String, nullable=False),
    Column("effect", String, nullable=False),
    Column("context", Text, nullable=False),
    Index("record_of_sku", "sku"),
    Index("record_of_batch", "run", "batch"),
)

CHANGE = Table(
    "change",
    METADATA,
    Column("event", Integer, nullable=False),
    Column("run", String, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("field", String, primary_key=True),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("origin", Text, nullable=False),
)

#: Before-values read again just before a batch left, where they differ from the plan's (stock).
REFRESH = Table(
    "refresh",
    METADATA,
    Column("event", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("no", Integer, primary_key=True),
    Column("field", String, primary_key=True),
    Column("before", Text),
    Index("refresh_of_run", "run", "no"),
)

BODY = Table(
    "body",
    METADATA,
    Column("event", Integer, primary_key=True),
    Column("run", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Index("body_of_run", "run", "sha256"),
)

OUTCOME = Table(
    "outcome",
    METADATA,
    Column("event", Integer, nullable=False),
    Column("run", String, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("code", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("warning", Text, nullable=False),
    Index("outcome_of_batch", "run", "batch"),
)

#: What the shop held of a written field when it was verified, or when it was found different.
STORED = Table(
    "stored",
    METADATA,
    Column("event", Integer, nullable=False),
    Column("run", String, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("field", String, primary_key=True),
    Column("value", Text),
)

REQUEST = Table(
    "request",
    METADATA,
    Column("event", Integer, nullable=False),
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("action", String, nullable=False),
    Column("params", Text, nullable=False),
    Column("outcome", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("request_of_event", "event"),
)

WRITTEN = Table(
    "written",
    METADATA,
    Column("identity", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("field", String, primary_key=True),
    Column("sent", Text, nullable=False),
    Column("stored", Text),
    Column("before", Text),
    Column("run", String, nullable=False),
    Column("at", Float, nullable=False),
)

RESTING = Table(
    "resting",
    METADATA,
    Column("identity", String, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("action", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("content", String, nullable=False),
    Column("times", Integer, nullable=False),
    Column("since", Float, nullable=False),
)

#: Tables whose rows are bound into the chain by the event they came with, and their columns in order.
BOUND = (RECORD, CHANGE, REFRESH, BODY, OUTCOME, STORED, REQUEST)

MIGRATIONS = (Migration(name="runs, events, changes, outcomes", step=METADATA),)
