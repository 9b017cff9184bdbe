"""What the ledger keeps on disk: two files, as their needs differ.

The *quota* (feeds) must survive a power cut. The *window* (calls of the last seconds, who waits) is
written a hundred times a second and means nothing after a restart, so it's never forced to disk;
its times are monotonic ones, shared by all processes of the machine.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table

from pipeline.store.migrations import Migration

_QUOTA = MetaData()

#: One row a feed that counts. state: reserved | unknown | accepted. at: epoch seconds of the answer
#: (reserved: of the slot). ours: False for feeds seen in the shop's list only.
FEEDS = Table(
    "feed",
    _QUOTA,
    Column("id", String(64), primary_key=True),
    Column("budget", String(300), nullable=False),
    Column("state", String(10), nullable=False),
    Column("at", Float, nullable=False),
    Column("feed", String(100)),
    Column("ours", Boolean, nullable=False),
    Column("lane", String(20)),
    Column("pid", Integer),
    Column("started", Float),
    Index("feed_by_time", "budget", "at"),
)


def _backoff(metadata: MetaData) -> Table:
    return Table(
        "backoff",
        metadata,
        Column("budget", String(300), primary_key=True),
        Column("since", Float, nullable=False),
        Column("until", Float, nullable=False),
        Column("wait", Float, nullable=False),
        Column("strikes", Integer, nullable=False),
        Column("spent_until", Float, nullable=False),
    )


FEED_BACKOFF = _backoff(_QUOTA)

_WINDOW = MetaData()

#: One row a call that counts. ready: when it stops counting, null while it's unanswered.
TOKENS = Table(
    "token",
    _WINDOW,
    Column("id", Integer, primary_key=True),
    Column("budget", String(300), nullable=False),
    Column("ready", Float),
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Index("token_by_time", "budget", "ready"),
)
#: Who waits for a feed slot. told: when it was told to come back; later it loses its turn.
WAITERS = Table(
    "waiter",
    _WINDOW,
    Column("id", String(64), primary_key=True),
    Column("budget", String(300), nullable=False),
    Column("lane", String(20), nullable=False),
    Column("since", Float, nullable=False),
    Column("told", Float, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),
)
REQUEST_BACKOFF = _backoff(_WINDOW)

QUOTA_MIGRATIONS = (Migration(name="feeds and what refusals taught", step=_QUOTA),)
WINDOW_MIGRATIONS = (Migration(name="calls, who waits, what refusals taught", step=_WINDOW),)
