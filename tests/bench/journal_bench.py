"""What durability costs, and how soon a long run goes on.

P8: durable intent of a 1 000-record feed with its before-values, beside a bare commit of the same bytes.
P11: resume with 200 feeds and 1 M changes in the journal, until the first question to the shop.

    python tests/bench/journal_bench.py [RECORDS]     (default 500000, of two changes each)
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pipeline.budget.clock import SystemClock
from pipeline.budget.quota import Reservation
from pipeline.diff.plan import Batch, Change, Counts, Effect, Forecast, Inputs, Plan, Record
from pipeline.diff.planfile import adapter
from pipeline.journal import schema
from pipeline.journal.journal import Journal, RunRow
from pipeline.journal.standing import Fence
from pipeline.journal.states import Kind
from pipeline.market.bodies import feed_body
from pipeline.market.feeds import Action, Feed
from pipeline.push.job import Job
from pipeline.push.sender import Prepared, Sender
from pipeline.push.writer import Writer
from pipeline.settings import Limits
from pipeline.store.atomic import write_atomic
from pipeline.store.engine import open_store
from pipeline.values.context import Context
from schemas.fields import Dialect, Lane

A_FEED, FEEDS, ROUNDS = 1_000, 200, 21
CLOCK = SystemClock()


class Asked(Exception):
    """The first question to the shop: what P11 waits for."""


class Nobody:
    """Market, slots, kit and watcher of a bench: the market's first question ends it."""

    whole = True

    def server_now(self) -> float:
        return 0.0

    def feeds_since(self, since: float) -> list[Feed]:
        raise Asked

    def products(self, skus: list[str], *, deleted: bool = False) -> dict[str, dict[str, str]]:
        raise Asked

    def try_reserve(self, lane: Lane, *, lead: float) -> Reservation:
        return Reservation(id="slot", lane=lane, at=0.0)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def records(number: int) -> Iterator[Record]:
    for no in range(1, number + 1):
        changes = (
            Change(field="Price", before=f"{no % 90 + 1}.00", after=f"{no % 90 + 1}.50"),
            Change(field="Quantity", before=str(no % 50), after=str(no % 50 + 1)),
        )
        yield Record(
            no=no, batch=(no - 1) // A_FEED + 1, sku=f"SKU-{no:08d}", action=Action.UPDATE,
            effect=Effect.UPDATE, changes=changes,
        )  # fmt: skip


def plan_of(number: int) -> Plan:
    feeds = -(-number // A_FEED)
    return Plan(
        id="bench", kind="import", shop="bench", identity="bench", dialect="classic", operators=(),
        created=0.0, source="bench", source_rows=number, source_columns=(), partial=False, snapshot="s",
        snapshot_taken=0.0, inputs=Inputs(source="", snapshot="", settings=""), counts=Counts(update=number),
        fields_changed={}, guards=(), forecast=Forecast(requests=0, feeds=feeds, seconds=0), records=number,
        batches=tuple(
            Batch(no=no, action=Action.UPDATE, lane=Lane.PRICE_STOCK, records=A_FEED)
            for no in range(1, feeds + 1)
        ),
    )  # fmt: skip


def open_journal(folder: Path) -> Journal:
    store = open_store(folder / "state.db", kind="journal", migrations=schema.MIGRATIONS)
    return Journal(store, folder / "state.head")


def begin(journal: Journal, plan: Plan, source: Callable[[], Iterable[Record]]) -> None:
    row = RunRow(id="run", shop="bench", identity="bench", kind="import", plan="bench", plan_digest="d",
                 source="bench", started=1.0, plan_path="")  # fmt: skip
    header = adapter(Plan).dump_python(plan, mode="json")
    journal.start(row, at=1.0, plan=plan, records=source, data={"plan": header})


def job_of(journal: Journal, plan: Plan) -> Job:
    started: Mapping[str, Any] = journal.started("run")
    nobody: Any = Nobody()
    return Job(
        run="run", identity="bench", plan={batch.no: batch for batch in plan.batches},
        dialect=Dialect.CLASSIC, context=Context(), limits=Limits(), clock=CLOCK, journal=journal,
        market=nobody, slots=nobody, kit=nobody, watcher=nobody, state=journal.state("run"),
        sizes=journal.sizes("run"), tally=journal.tally("run"),
        seals={int(k): v for k, v in started["seals"].items()},
        fence=Fence(journal, "bench", "run", started=1.0, now=CLOCK.now()),
    )  # fmt: skip


def p8(folder: Path) -> None:
    """Median milliseconds of an intent whose 1 000 before-values were all read anew, and of a bare commit."""
    journal, plan = open_journal(folder), plan_of(A_FEED * ROUNDS)
    begin(journal, plan, lambda: records(A_FEED * ROUNDS))
    job = job_of(journal, plan)
    sender = Sender(job)
    ours, bare = [], []
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=EXTRA")
        db.execute("CREATE TABLE t (no INTEGER, field TEXT, before TEXT)")
        db.execute("CREATE TABLE b (body BLOB)")
        for batch in range(1, ROUNDS + 1):
            some = job.records(batch)
            body = feed_body(
                Action.UPDATE, [(r.sku, {c.field: c.after for c in r.changes}) for r in some], Dialect.CLASSIC
            )
            fresh = {(r.no, "Quantity"): "7" for r in some}
            prepared = Prepared(batch=batch, send=tuple(some), skipped=(), refreshed=fresh, body=body)
            began = time.perf_counter()
            sender._write_intent(prepared, "slot")
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO t VALUES (?, 'Quantity', '7')", [(r.no,) for r in some])
            db.execute("INSERT INTO b VALUES (?)", (body,))
            db.execute("COMMIT")
            write_atomic(folder / "bare.head", b"{}")
            bare.append(time.perf_counter() - began)
    told = [statistics.median(times) * 1000 for times in (ours, bare)]
    say(f"P8   intent of {A_FEED} records: {told[0]:.1f} ms, bare commit {told[1]:.1f} ms, "
          f"ratio {told[0] / told[1]:.2f} (reach: 60 ms, 3)")  # fmt: skip
    journal.store.close()


def p11(folder: Path, number: int) -> None:
    """Seconds from an open journal with 200 finished feeds to the first question."""
    journal, plan = open_journal(folder), plan_of(number)
    began = time.perf_counter()
    begin(journal, plan, lambda: records(number))
    say(f"     journal of {number} records written in {time.perf_counter() - began:.1f} s")
    for no in range(1, min(FEEDS, len(plan.batches)) + 1):
        facts = {"body": "0" * 64, "records": A_FEED, "bytes": 1, "skus": "", "slot": ""}
        journal.append("run", Kind.INTENT, at=2.0, batch=no, data=facts)
        journal.append("run", Kind.ACCEPTED, at=CLOCK.now(), batch=no, data={"feed": f"feed-{no}"})
    journal.store.close()
    size = (folder / "state.db").stat().st_size / 1e6
    began = time.perf_counter()
    journal = open_journal(folder)
    journal.check_head()
    checked = time.perf_counter()
    journal.store.check()
    checked = time.perf_counter() - checked
    job = job_of(journal, plan_of(number))
    with suppress(Asked):
        Writer(job, Sender(job), lambda: None).run()
    took = time.perf_counter() - began
    say(f"P11  resume, {FEEDS} feeds, {number * 2} changes, {size:.0f} MB: {took:.2f} s "
        f"to the first action, of these {checked:.2f} s checking the file (reach: 3 s)")  # fmt: skip
    journal.store.close()


def main(number: str = "500000") -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        p8(Path(first))
        p11(Path(second), int(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
