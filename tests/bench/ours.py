"""Our own stages and promises, one case each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
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
def _scratch(folder: Path) -> Iterator[Path]:
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
def stages(watch: Watch, folder: Path, name: str = "catalog.csv") -> None:
    """Read, map, validate, compare and plan, each by itself."""
    from pipeline.diff.build import make_plan
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
    mapping = load_mapping(None, base=folder, shop="demo")
    with _scratch(folder) as place:
        store = open_store(place / "state.db", kind="journal", migrations=MIGRATIONS)
        with watch("read"):
            catalog = read_catalog([str(folder / name)], folder=place)
        with watch("map"):
            mapped = apply(
                catalog, mapping, dialect=seller.dialect, operators=(), folder=place,
                clear=seller.catalog.clear,
            )  # fmt: skip
        with watch("validate"):
            accepted = validate(
                mapped, settings=seller.catalog, shop=seller, ctx=context_of(seller), lookups=lookups,
                known_skus=skus_of(held), folder=place,
            )  # fmt: skip
        with watch("compare and plan"):
            plan = make_plan(
                accepted, held, JournalMemory(store, "bench", {}), shop=seller, shop_name="demo",
                identity="bench", ctx=informed(context_of(seller), lookups), settings_digest="sha256:s",
                source=name, partial=False, now=2_000.0, plan_id="p", folder=place,
                forecast=lambda requests, feeds: float(feeds),
            )  # fmt: skip
            store.close()
    watch.said.update(records=plan.records, rejected=accepted.rejected, findings=len(accepted.findings))


@ours
def read(watch: Watch, folder: Path, name: str) -> None:
    """A file alone, through the guarded child."""
    from pipeline.read.reading import read_catalog

    with _scratch(folder) as place, watch("read"):
        watch.said["rows"] = read_catalog([str(folder / name)], folder=place).rows


@ours
def parse_pages(watch: Watch, folder: Path, form: str) -> None:
    """GetProducts answers to tables: what a client does with every page, network apart."""
    from pipeline.market.answers import Answer
    from pipeline.market.answers import read as answer_of
    from pipeline.market.products import page_of

    pages = [path.read_bytes() for path in sorted(folder.glob(f"page-*.{form}"))]
    spent = []
    with watch("parse"):
        for page in pages:
            begun = perf_counter()
            answer = answer_of(page)
            assert isinstance(answer, Answer)
            watch.said["rows"] = page_of(answer.body).rows
            spent.append(perf_counter() - begun)
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


def feed_bytes() -> bytes:
    """A packed body of a thousand whole products, as the journal keeps one."""
    import zlib

    text = "".join(f"<Product><SellerSku>T-{n:07}</SellerSku><Price>{n % 97}.{n % 89}</Price></Product>"
                   for n in range(1_000))  # fmt: skip
    return zlib.compress(text.encode(), 1)


@ours
def intents(watch: Watch, folder: Path, times: str) -> None:
    """The durable intent of a feed of a thousand records, each with a before-image read anew."""
    from pipeline.journal import schema
    from pipeline.journal.journal import Journal
    from pipeline.journal.states import Kind
    from pipeline.store.engine import open_store

    packed, spent = feed_bytes(), []
    with _scratch(folder) as place:
        store = open_store(place / "state.db", kind="journal", migrations=schema.MIGRATIONS)
        journal = Journal(store, place / "state.head")
        with watch("intent"):
            for number in range(int(times)):
                befores = [{"run": "r", "no": no, "field": "Price", "before": f"{no}.00"}
                           for no in range(number * 1_000, (number + 1) * 1_000)]  # fmt: skip
                kept = {"run": "r", "sha256": f"{number:064}", "packed": packed}
                begun = perf_counter()
                journal.append("r", Kind.INTENT, at=1.0, batch=number, data={"body": f"{number:064}"},
                               rows={schema.REFRESH: befores, schema.BODY: [kept]})  # fmt: skip
                spent.append(perf_counter() - begun)
        store.close()
    watch.said["median"] = median(spent)


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
