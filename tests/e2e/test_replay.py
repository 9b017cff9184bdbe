"""Whatever is pushed and taken back, in whatever order: the journal's replay is what the shop holds."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import Exit
from pipeline.journal.check import check
from pipeline.journal.history import Entry, history, values_at
from pipeline.journal.memory import JournalMemory
from pipeline.rollback.conflicts import Sorted
from pipeline.rollback.undo import Undo, undo_plan
from pipeline.usecases.connection import connected, journal_of
from pipeline.usecases.push import push
from pipeline.usecases.restore import restore
from pipeline.usecases.rollback import rollback
from pipeline.usecases.wayback import whole_context
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context
from pipeline.values.kinds import comparable
from schemas.fields import Dialect, field_named

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]
Rows = Mapping[str, Mapping[str, str]]

OLD, NEW = [f"TEA-{n:04d}" for n in range(4)], ["TEA-0008", "TEA-0009"]
OWNED = ("Name", "Price", "SalePrice", "Status", "TaxClass")
NUMBERS = itertools.count()

values = st.fixed_dictionaries(
    {},
    optional={
        "Price": st.sampled_from(["10.00", "11.50", "12"]),
        "Name": st.sampled_from(["One", "Two  words", "<b>three</b>"]),
        "Status": st.sampled_from(["active", "inactive"]),
        "TaxClass": st.sampled_from(["default", "none"]),
    },
)
pushes = st.tuples(st.just("push"), st.dictionaries(st.sampled_from([*OLD, *NEW]), values, min_size=1))
backs = st.tuples(st.just("rollback"), st.integers(min_value=0, max_value=5))
restores = st.tuples(st.just("restore"), st.integers(min_value=0, max_value=5))
changes = st.sampled_from([("Name", "Mine"), ("Price", "5.00")])
edits = st.tuples(st.just("edit"), st.sampled_from(OLD), changes)
steps = st.lists(st.one_of(pushes, pushes, backs, restores, edits), min_size=3, max_size=6)


class World:
    """A shop, a seller's folder, and what a person edited since we last wrote it."""

    def __init__(self, seller: Any, blank: Callable[..., dict[str, str]]) -> None:
        self.seller, self.blank = seller, blank
        self.ws = Workspace(config=seller.folder / "sellercenter.toml", asked_state=seller.folder / "state")
        self.runs: list[str] = []
        self.times = [time.time()]
        self.edited: dict[tuple[str, str], int] = {}

    def push(self, rows: Rows) -> None:
        self.send(plan_of(self.ws, self._whole(rows)))

    def rollback(self, number: int) -> None:
        if self.runs:
            found = rollback(self.ws, self.runs[number % len(self.runs)])
            self.send(Path(found.document["plan"]))

    def restore(self, number: int) -> None:
        when = self.times[number % len(self.times)]
        found = restore(self.ws, datetime.fromtimestamp(when, UTC).isoformat())
        self.send(Path(found.document["plan"]))

    def edit(self, sku: str, change: tuple[str, str]) -> None:
        self.seller.edit(sku, **dict([change]))
        with journal_of(self.ws) as journal:
            told = history(journal, self.ws.identity(self.ws.shop), sku)
        self.edited[sku, change[0]] = len(happened(told, change[0]))

    def send(self, plan: Path) -> None:
        done = push(self.ws, plan, yes=True)
        assert done.exit_code in (Exit.DONE, Exit.INCOMPLETE)
        if done.document["run"] is None:  # nothing in the plan: nothing happened
            return
        self.runs.append(done.document["run"])
        self.times.append(time.time())

    def _whole(self, rows: Rows) -> dict[str, dict[str, str]]:
        """A new product needs more than what changes."""
        held = self.seller.held()
        bare = {sku: {} if sku in held else self.blank(int(sku[-4:])) for sku in rows}
        return {
            sku: {n: v for n, v in {**bare[sku], **row}.items() if n not in ("SellerSku", "Quantity")}
            for sku, row in rows.items()
        }

    def check(self) -> None:
        """The law."""
        shop = self.seller.held()
        with journal_of(self.ws) as journal:
            assert check(journal).problems == ()
            for sku in [*OLD, *NEW]:
                told = history(journal, self.ws.identity(self.ws.shop), sku)
                replayed = {
                    name: meaning(name, value or "")
                    for name, value in values_at(told, time.time()).items()
                    if name in OWNED and self.edited.get((sku, name)) != len(happened(told, name))
                }
                if sku in shop or any(entry.happened for entry in told):
                    held = {name: meaning(name, shop[sku].get(name, "")) for name in replayed}
                    assert replayed == held, sku


def happened(told: Sequence[Entry], name: str) -> list[Entry]:
    return [entry for entry in told if entry.field == name and entry.happened]


def meaning(name: str, text: str) -> str:
    return comparable(field_named(name, Dialect.CLASSIC), text, Context())


def plan_of(ws: Workspace, rows: Rows) -> Path:
    """An ordinary plan out of rows, without a file to read."""
    with journal_of(ws) as journal, connected(ws) as shop, tempfile.TemporaryDirectory() as scratch:
        products = shop.market.products(list(rows), deleted=True)
        identity, plan_id = ws.identity(ws.shop), ws.new_id()
        undo_plan(
            Undo(kind="rollback", undoes=(), name="rows"), Sorted(rows=rows), products,
            JournalMemory(journal.store, identity, undoing=True),
            shop=ws.shop, shop_name=ws.shop_name, identity=identity,
            ctx=whole_context(ws, shop), settings_digest=ws.settings_digest(ws.shop), now=ws.clock.now(),
            plan_id=plan_id, folder=ws.plans, scratch=Path(scratch), forecast=lambda *_: 0.0,
        )  # fmt: skip
    return ws.plans / f"{plan_id}.plan.jsonl"


@settings(
    max_examples=10, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=steps, seed=st.integers(min_value=0, max_value=99))
@example(
    steps=[
        ("push", {"TEA-0000": {"Price": "11.50"}, "TEA-0001": {"Name": "One"}, "TEA-0008": {"Price": "12"}}),
        ("push", {"TEA-0000": {"Price": "12"}, "TEA-0001": {"Status": "inactive"}}),
        ("restore", 1),
        ("rollback", 2),
        ("edit", "TEA-0001", ("Name", "Mine")),
        ("push", {"TEA-0001": {"Name": "Two  words"}, "TEA-0002": {"TaxClass": "none"}}),
        ("restore", 0),
    ],
    seed=0,
)
def test_the_journals_replay_is_what_the_shop_holds(
    steps: list[Any], seed: int, make_seller: Make, make_product: Product
) -> None:
    """Records refused and ignored on the way included, edits by people until we write there again."""
    products = [make_product(n) for n in range(4)]
    seller = make_seller(
        products, folder=f"s{next(NUMBERS)}", limits={"verify_timeout": 0.2, "feed_max_products": 3}
    )
    seller.fault("ProductUpdate", "partial", rate=0.15, seed=seed)
    seller.fault("ProductUpdate", "not-applied", rate=0.15, seed=seed + 1)
    world = World(seller, make_product)
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
        world.check()
