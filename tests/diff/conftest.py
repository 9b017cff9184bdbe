"""Factories: a file, a shop, a memory and settings out of a few dicts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.diff.build import make_plan
from pipeline.diff.memory import Resting, SourceSize, Written
from pipeline.diff.plan import Change, Effect, Held, Plan, Record
from pipeline.diff.planfile import held, plan_path, records
from pipeline.market.feeds import Action
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part, Source
from pipeline.read.finding import Finding
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context

Row = Mapping[str, str | None]


def _columns(rows: Sequence[Row], names: Iterable[str] = ()) -> list[str]:
    return list(dict.fromkeys([*names, *(name for row in rows for name in row)]))


def write_accepted(
    folder: Path,
    rows: Sequence[Row],
    *,
    columns: Iterable[str] = (),
    rejected_skus: Iterable[str] = (),
    rejected: int | None = None,
    findings: Sequence[Finding] = (),
    batch: int = 3,
    name: str = "catalog.csv",
) -> Accepted:
    """Rows as the validation would hand them on, in batches of a few, so that edges are crossed."""
    names = _columns(rows, ["SellerSku", *columns])
    table = pa.table(
        {
            ROW: pa.array(range(len(rows)), pa.int64()),
            PART: pa.array([0] * len(rows), pa.int32()),
            LINE: pa.array(range(2, len(rows) + 2), pa.int64()),
            **{n: pa.array([row.get(n) for row in rows], pa.string()) for n in names},
        }
    )
    path = folder / f"{name}.accepted.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    fields = tuple(n for n in names if not n.startswith("@"))
    internal = tuple(n for n in names if n.startswith("@"))
    positions = {n: i for i, n in enumerate(names)}
    part = Part(file=name, sheet="", columns=positions, header_row=1, rows=len(rows))
    catalog = Catalog(path=path, headers=tuple(names), parts=(part,), rows=len(rows), digest="sha256:cc")
    mapped = Mapped(
        path=path,
        fields=fields,
        internal=internal,
        sources={n: Source(columns=(n,)) for n in names},
        formats={},
        rows=len(rows),
        skipped={},
        catalog=catalog,
        digest="sha256:aa",
    )
    skus = frozenset(rejected_skus)
    refused = len(skus) if rejected is None else rejected
    return Accepted(
        path=path,
        fields=fields,
        internal=internal,
        rows=len(rows),
        total=len(rows) + refused,
        rejected=refused,
        rejected_skus=skus,
        findings=tuple(findings),
        mapped=mapped,
    )


def write_snapshot(
    folder: Path, rows: Sequence[Row], *, complete: bool = True, columns: Iterable[str] = (), group: int = 2
) -> Snapshot:
    """What a shop holds, as the snapshot stage keeps it."""
    names = _columns(rows, ["SellerSku", *columns])
    table = pa.table({n: pa.array([row.get(n) for row in rows], pa.string()) for n in names})
    path = folder / "snap.parquet"
    pq.write_table(table, path, row_group_size=group)
    return Snapshot(
        id="snap",
        path=path,
        shop="demo",
        identity="sha256:shop",
        taken=1_000.0,
        rows=len(rows),
        pages=1,
        scans=1,
        agreeing=1,
        complete=complete,
        doubt="" if complete else "page 2 is missing",
        digest=f"sha256:{hashlib.sha256(repr(rows).encode()).hexdigest()}",
    )


@dataclass
class Remembered:
    """A memory made of dicts."""

    fields: dict[tuple[str, str], Written] = field(default_factory=dict)
    earlier: dict[tuple[str, str], Iterable[str]] = field(default_factory=dict)
    rests: dict[tuple[str, str], Resting] = field(default_factory=dict)
    sizes: dict[str, SourceSize] = field(default_factory=dict)

    def written(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Written]:
        wanted = set(skus)
        return {key: value for key, value in self.fields.items() if key[0] in wanted}

    def any_written(self) -> bool:
        return bool(self.fields or self.earlier)

    def befores(self, skus: Iterable[str]) -> Mapping[tuple[str, str], Mapping[str, float]]:
        wanted = set(skus)
        found = {key: values for key, values in self.earlier.items() if key[0] in wanted}
        return {
            key: values if isinstance(values, dict) else dict.fromkeys(values, 86_400.0 * 20_000)
            for key, values in found.items()
        }

    def resting(self) -> Mapping[tuple[str, str], Resting]:
        return self.rests

    def source(self, name: str) -> SourceSize | None:
        return self.sizes.get(name)


def make_shop(**sections: object) -> Shop:
    base = {
        "url": "https://shop.example/",
        "user_id": "u@example.com",
        "api_key": "env:KEY",
        "guards": {"floor": 10},
    }
    return Shop.model_validate({**base, **sections})


@dataclass(frozen=True)
class Outcome:
    """A plan and all that is in it."""

    plan: Plan
    path: Path
    records: list[Record]
    held: list[Held]
    findings: tuple[Finding, ...] = ()

    @property
    def changes(self) -> dict[tuple[str, str], tuple[str | None, str]]:
        """(sku, field) → (before, after)."""
        return {
            (record.sku, change.field): (change.before, change.after)
            for record in self.records
            for change in record.changes
        }

    def guard(self, rule: str) -> tuple[str, float, tuple[str, ...]]:
        """Verdict, value and SKUs of one guard."""
        found = next(guard for guard in self.plan.guards if guard.rule == rule)
        return found.verdict, found.value, found.skus


Diff = Callable[..., Outcome]


@pytest.fixture
def accepted(tmp_path: Path) -> Callable[..., Accepted]:
    return lambda rows, **more: write_accepted(tmp_path, rows, **more)


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[..., Snapshot]:
    return lambda rows, **more: write_snapshot(tmp_path, rows, **more)


@pytest.fixture
def shop() -> Callable[..., Shop]:
    return make_shop


def run_diff(
    folder: Path,
    ours: Sequence[Row],
    theirs: Sequence[Row],
    *,
    memory: Remembered | None = None,
    shop: Shop | None = None,
    ctx: Context | None = None,
    partial: bool = False,
    complete: bool = True,
    source: str = "catalog.csv",
    columns: Iterable[str] = (),
    now: float = 2_000.0,
    **more: object,
) -> Outcome:
    accepted_ = write_accepted(folder, ours, columns=columns, **more)  # type: ignore[arg-type]
    told: list[Finding] = []
    plan = make_plan(
        accepted_,
        write_snapshot(folder, theirs, complete=complete),
        memory or Remembered(),
        shop=shop or make_shop(),
        shop_name="demo",
        identity="sha256:shop",
        ctx=ctx or Context(),
        settings_digest="sha256:settings",
        source=source,
        partial=partial,
        now=now,
        plan_id="p1",
        folder=folder,
        forecast=lambda requests, feeds: requests / 10 + feeds,
        tell=told.extend,
    )
    path = plan_path(folder, "p1")
    return Outcome(
        plan=plan, path=path, records=list(records(path)), held=list(held(path)), findings=tuple(told)
    )


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    """(rows of the file, rows of the shop) → the plan, written and read back."""
    return lambda ours, theirs, **more: run_diff(tmp_path, ours, theirs, **more)


@pytest.fixture
def remembered() -> type[Remembered]:
    return Remembered


@pytest.fixture
def record() -> Callable[..., Record]:
    """A record of one update unless said: changes as field → (before, after)."""

    def make(sku: str, changes: Mapping[str, tuple[str | None, str]] | None = None, **more: object) -> Record:
        listed = tuple(
            Change(field=name, before=before, after=after)
            for name, (before, after) in (changes or {}).items()
        )
        given = {"no": 0, "batch": 0, "action": Action.UPDATE, "effect": Effect.UPDATE, **more}
        return Record(sku=sku, changes=listed, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def run_in() -> Diff:
    """As `diff`, in a folder of the caller's: for properties, which try many."""
    return run_diff


@pytest.fixture(scope="session")
def make_settings() -> Callable[..., Shop]:
    return make_shop
