"""Our own stages and promises, one case each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from catalogs import CATEGORIES, COLUMNS, MAKERS
from measure import Watch

Case = Callable[..., None]
CASES: dict[str, Case] = {}
KEY = "SellerSku"
URL, USER = "http://127.0.0.1:9/", "bench@example.com"


def ours(function: Case) -> Case:
    """A case under its own name."""
    CASES[function.__name__] = function
    return function


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder for what a case writes: beside its data, so that both lie on one disk."""
    made = Path(tempfile.mkdtemp(prefix="case-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def shop(**more: Any) -> Any:
    """A shop's settings: sizes are judged elsewhere, so no guard stands in the way."""
    from pipeline.settings import Shop

    return Shop.model_validate({"url": URL, "user_id": USER, "api_key": "env:KEY", "sandbox": True, **more})


def snapshot_of(path: Path, identity: str = "bench") -> Any:
    """The generated shop as a snapshot."""
    import pyarrow.parquet as pq

    from pipeline.snapshot.snapshot import Snapshot

    rows = pq.ParquetFile(path).metadata.num_rows
    return Snapshot(
        id=path.stem, path=path, shop="demo", identity=identity, taken=1_000.0, rows=rows, pages=1, scans=1,
        agreeing=1, complete=True, doubt="", digest=f"sha256:{rows:064x}",
    )  # fmt: skip


def _lookups() -> Any:
    from pipeline.market.lookups import Category, Lookups

    ids = [str(1000 + number) for number in range(CATEGORIES)]
    tree = {
        one: Category(id=one, name=f"Category {one}", leaf=True, path=(f"Category {one}",)) for one in ids
    }
    return Lookups(brands=frozenset(MAKERS), categories=tree)


@ours
def stages(watch: Watch, folder: Path, name: str = "catalog.csv", how: str = "") -> None:
    """Read, map, validate, compare and plan, each by itself.

    Args:
        how: "expressions" for a mapping that computes; else headers are canonical names.
    """
    from pipeline.diff.build import make_plan
    from pipeline.diff.compare import look_at
    from pipeline.diff.rules import rules_of
    from pipeline.journal.memory import JournalMemory
    from pipeline.journal.schema import MIGRATIONS
    from pipeline.read.applying import apply
    from pipeline.read.mapping import load_mapping
    from pipeline.read.reading import read_catalog
    from pipeline.store.engine import open_store
    from pipeline.usecases.connection import context_of
    from pipeline.usecases.diff import skus_of
    from pipeline.validate.rules import informed
    from pipeline.validate.validate import validate

    seller, held, lookups = shop(), snapshot_of(folder / "snapshot.parquet"), _lookups()
    ctx = informed(context_of(seller), lookups)
    with scratch(folder) as place:
        file = _mapping(place) if how == "expressions" else None
        mapping = load_mapping(file, base=folder, shop="demo")
        store = open_store(place / "state.db", kind="journal", migrations=MIGRATIONS)
        with watch("read"):
            catalog = read_catalog([str(folder / name)], folder=place)
        with watch("map"):
            mapped = apply(
                catalog, mapping, dialect=seller.dialect, operators=(), folder=place,
                clear=seller.catalog.clear,
            )  # fmt: skip
        with watch("validate"):
            look = look_at(mapped.fields, held, rules_of(seller, ctx, partial=False))
            accepted = validate(
                mapped, settings=seller.catalog, shop=seller, ctx=ctx, lookups=lookups,
                known_skus=skus_of(held), folder=place, beside=look,
            )  # fmt: skip
        with watch("compare and plan"):
            plan = make_plan(
                accepted, held, JournalMemory(store, "bench", {}), shop=seller, shop_name="demo",
                identity="bench", ctx=ctx, settings_digest="sha256:s", look=look,
                source=name, partial=False, now=2_000.0, plan_id="p", folder=place,
                forecast=lambda requests, feeds: float(feeds),
            )  # fmt: skip
            store.close()
    found = accepted.findings
    watch.said.update(records=plan.records, rejected=accepted.rejected, findings=len(found))
    watch.said["at_cells"] = sum(1 for one in found if one.cell or one.sku)


def _mapping(folder: Path) -> Path:
    """Every field by its header, and four by expressions that change no value."""
    made = {
        "Price": "round([Price], 2)",
        "Quantity": "max([Quantity], 0)",
        "Name": "strip([Name])",
        "ProductData.Color": 'if(blank([ProductData.Color]), "", [ProductData.Color])',
    }
    lines = ["[columns]"]
    for name in COLUMNS:
        said = f"{{ value = {made[name]!r} }}" if name in made else f'"{name}"'
        lines.append(f'"{name}" = {said}')
    path = folder / "expressions.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@ours
def read(watch: Watch, folder: Path, name: str) -> None:
    """A file alone, through the guarded child."""
    from pipeline.read.reading import read_catalog

    with scratch(folder) as place, watch("read"):
        watch.said["rows"] = read_catalog([str(folder / name)], folder=place).rows


@ours
def parse_pages(watch: Watch, folder: Path, form: str) -> None:
    """GetProducts answers to tables: what a client does with every page, network apart."""
    from pipeline.market.answers import Answer
    from pipeline.market.pages import PageReader
    from pipeline.market.products import page_of

    reader = PageReader()
    pages = [path.read_bytes() for path in sorted(folder.glob(f"page-*.{form}"))]
    spent = []
    with watch("parse"):
        for page in pages:
            begun = process_time()
            answer = reader.read(page)
            assert isinstance(answer, Answer)
            watch.said["rows"] = page_of(answer.body).rows
            spent.append(process_time() - begun)
    watch.said.update(pages=len(pages), median=median(spent))


def feed_records(folder: Path, which: str, most: int = 50_000) -> list[tuple[str, Mapping[str, str]]]:
    """Changed products: whole, or price and stock alone."""
    import pyarrow.parquet as pq

    names = (
        [name for name in COLUMNS if name not in (KEY, "Images")]
        if which == "whole"
        else ["Price", "Quantity"]
    )
    found: list[tuple[str, Mapping[str, str]]] = []
    for batch in pq.ParquetFile(folder / "snapshot.parquet").iter_batches(10_000, columns=[KEY, *names]):
        for row in batch.to_pylist():
            found.append((row[KEY], {name: row[name] for name in names if row[name]}))
        if len(found) >= most:
            break
    return found[:most]


@ours
def bodies(watch: Watch, folder: Path, which: str) -> None:
    """Request bodies, a thousand records each, piece by piece."""
    from pipeline.market.bodies import body_chunks
    from pipeline.market.feeds import Action
    from schemas.fields import Dialect

    records = feed_records(folder, which)
    with watch("write"):
        size = 0
        for start in range(0, len(records), 1_000):
            some = records[start : start + 1_000]
            size += sum(map(len, body_chunks(Action.UPDATE, some, Dialect.CLASSIC)))
    watch.said.update(bytes=size, records=len(records))


@ours
def intents(watch: Watch, folder: Path, rounds: str) -> None:
    """The durable intent of a feed of a thousand records, each with a before-value read anew; beside it,
    in turn, the same rows and bytes committed by SQLite alone, with a side file as durable as ours."""
    import sqlite3

    import journal_bench as parts

    from pipeline.market.bodies import feed_body
    from pipeline.push.sender import Prepared, Sender
    from pipeline.store.atomic import write_atomic
    from schemas.fields import Dialect

    many = parts.A_FEED * int(rounds)
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    with scratch(folder) as place, sqlite3.connect(place / "bare.db", isolation_level=None) as db:
        journal, plan = parts.open_journal(place), parts.plan_of(many)
        parts.begin(journal, plan, lambda: parts.records(many))
        job = parts.job_of(journal, plan)
        sender = Sender(job)
        db.execute("PRAGMA synchronous=EXTRA")
        db.execute("CREATE TABLE t (no INTEGER, field TEXT, before TEXT)")
        db.execute("CREATE TABLE b (body BLOB)")
        for batch in range(1, int(rounds) + 1):
            some = job.records(batch)
            sent = [(each.sku, {one.field: one.after for one in each.changes}) for each in some]
            body = feed_body(parts.Action.UPDATE, sent, Dialect.CLASSIC)
            fresh = {(each.no, "Quantity"): "7" for each in some}
            prepared = Prepared(batch=batch, send=tuple(some), skipped=(), refreshed=fresh, body=body)
            with watch("intent"):
                begun = perf_counter()
                sender._write_intent(prepared, "slot")
                spent["ours"].append(perf_counter() - begun)
            begun = perf_counter()
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO t VALUES (?, 'Quantity', '7')", [(each.no,) for each in some])
            db.execute("INSERT INTO b VALUES (?)", (body,))
            db.execute("COMMIT")
            write_atomic(place / "bare.head", b"{}")
            spent["bare"].append(perf_counter() - begun)
        journal.store.close()
    watch.said.update({name: median(times) for name, times in spent.items()})


@ours
def resume(watch: Watch, folder: Path, number: str) -> None:
    """A journal of so many records of two changes, with 200 feeds accepted, opened again: until the first
    question to the shop."""
    from contextlib import suppress

    import journal_bench as parts

    from pipeline.journal.states import Kind
    from pipeline.push.sender import Sender
    from pipeline.push.writer import Writer

    records = int(number)
    with scratch(folder) as place:
        journal, plan = parts.open_journal(place), parts.plan_of(records)
        parts.begin(journal, plan, lambda: parts.records(records))
        for no in range(1, min(parts.FEEDS, len(plan.batches)) + 1):
            facts = {"body": "0" * 64, "records": parts.A_FEED, "bytes": 1, "skus": "", "slot": ""}
            journal.append("run", Kind.INTENT, at=2.0, batch=no, data=facts)
            journal.append("run", Kind.ACCEPTED, at=parts.CLOCK.now(), batch=no, data={"feed": f"feed-{no}"})
        journal.store.close()
        watch.said.update(changes=2 * records, megabytes=(place / "state.db").stat().st_size / 1e6)
        with watch("resume"):
            journal = parts.open_journal(place)
            journal.check_head()
            journal.store.check()
            job = parts.job_of(journal, plan)
            with suppress(parts.Asked):
                Writer(job, Sender(job), lambda: None).run()
        journal.store.close()


@ours
def feeds(watch: Watch, folder: Path) -> None:
    """Packing beside a packer that tries every way, and beside the bound where bytes don't bind."""
    import random

    from pipeline.diff.packing import fewest

    dice = random.Random(9)
    worse = tried = 0
    with watch("pack"):
        for _ in range(300):
            sizes = [dice.randint(1, 10) for _ in range(dice.randint(1, 7))]
            most, room = dice.randint(1, 4), dice.randint(10, 16)
            tried += 1
            worse += len(fewest(sizes, most=most, most_bytes=room)) > _brute(sizes, most, room)
        large = len(fewest([700] * 50_001, most=1_000, most_bytes=1 << 30))
    watch.said.update(tried=tried, worse=worse, feeds=large, bound=51)


def _brute(sizes: list[int], most: int, room: int) -> int:
    """The fewest bins, by trying every set partition."""
    best = len(sizes)

    def place(at: int, bins: list[list[int]]) -> None:
        nonlocal best
        if at == len(sizes):
            best = min(best, len(bins))
            return
        for chosen in bins:
            if len(chosen) < most and sum(chosen) + sizes[at] <= room:
                chosen.append(sizes[at])
                place(at + 1, bins)
                chosen.pop()
        place(at + 1, [*bins, [sizes[at]]])

    place(0, [])
    return best
