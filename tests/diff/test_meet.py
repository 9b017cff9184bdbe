"""What a meeting leaves in its columns, no decision needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diff.decide import decide_create, decide_update
from pipeline.diff.decider import Decider
from pipeline.diff.meet import Meeting
from pipeline.diff.memory import Befores, NoMemory, Written
from pipeline.diff.origins import Origins
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Decided, Side
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part, Source
from pipeline.values.kinds import comparable
from schemas.fields import KEY, Dialect, Field, field_named

MONEY = ["10", "10.00", "9.5", "12", "0.00"]
DATES = ["2025-01-01 00:00:00", "2025-01-01", "2024-06-01 00:00:00", "0000-00-00 00:00:00"]
UNITS = {
    f"BusinessUnits.{unit}.{tag}": pool
    for unit in ("pe", "cl")
    for tag, pool in (
        ("Price", MONEY),
        ("SpecialPrice", MONEY),
        ("SpecialFromDate", DATES),
        ("SpecialToDate", DATES),
        ("Stock", ["0", "7"]),
    )
}
COMMON = {
    "ParentSku": ["S0", "S1"],
    "Name": ["Tea", "Te\u0301", "Coffee & milk"],
    "Brand": ["ACME", "acme", "Other"],
    "PrimaryCategory": ["12"],
    "Description": ["<p>One</p>", "plain"],
    "Images": ["https://x.example/1.jpg", "https://x.example/2.jpg"],
    "ProductData.Price": ["1", "2"],
}
POOLS: dict[Dialect, dict[str, list[str]]] = {
    Dialect.CLASSIC: {
        **COMMON, "Price": MONEY, "SalePrice": MONEY, "SaleStartDate": DATES, "SaleEndDate": DATES,
        "Quantity": ["0", "7"], "Status": ["active", "Active", "inactive"],
    },
    Dialect.FALABELLA: {**COMMON, **UNITS, "NameEn": ["a", "b"]},
}  # fmt: skip
INTERNAL = {"@cost": ["8", ""], "@floor.pe": ["9"], "@note": ["n"]}
Texts = dict[str, str | None]
Rows = list[Texts]


class Past(NoMemory):
    """A memory of some writes, each going back to what it replaced."""

    def __init__(self, wrote: Mapping[tuple[str, str], Written]) -> None:
        self._wrote = wrote

    def any_written(self) -> bool:
        return bool(self._wrote)

    def written(self, skus: object) -> Mapping[tuple[str, str], Written]:
        return self._wrote

    def befores(self, skus: object) -> Mapping[tuple[str, str], Befores]:
        return {at: {one.before: 5.0} for at, one in self._wrote.items() if one.before}


@st.composite
def rows(draw: st.DrawFn, pools: Mapping[str, Sequence[str]], number: int) -> Rows:
    names = draw(st.lists(st.sampled_from(sorted(pools)), unique=True))
    cells = {name: st.none() | st.just("") | st.sampled_from(pools[name]) for name in names}
    return draw(st.lists(st.fixed_dictionaries(cells), min_size=number, max_size=number))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rules, Rows, Rows, list[bool], Past]:
    dialect = draw(st.sampled_from(Dialect))
    pools, listed = POOLS[dialect], draw(st.lists(st.booleans(), min_size=1, max_size=4))
    ours = draw(rows({**pools, **INTERNAL}, len(listed)))
    theirs = draw(rows(pools, sum(listed)))
    values = st.sampled_from(["", *MONEY, *DATES, "Tea"])
    wrote = st.builds(
        Written, sent=values, stored=st.none() | values, before=st.none() | values, run=st.just("r")
    )
    keys = st.tuples(st.sampled_from(["S0", "S1", "S2"]), st.sampled_from(sorted(pools)))
    rules = Rules(
        dialect=dialect,
        operators=("pe", "cl") if dialect is Dialect.FALABELLA else (),
        drift=draw(st.sampled_from(["file-wins", "hold"])),
        empty_clears_sale=draw(st.booleans()),
        undoing=draw(st.booleans()),
    )
    return rules, ours, theirs, listed, Past(draw(st.dictionaries(keys, wrote, max_size=6)))


def frame(rows: Rows, skus: Sequence[str], **more: pl.Series) -> pl.DataFrame:
    names = list(rows[0]) if rows else []
    texts = {name: pl.Series([row[name] for row in rows], dtype=pl.String) for name in names}
    return pl.DataFrame({KEY: pl.Series(skus, dtype=pl.String), **texts, **more})


def origins(names: Sequence[str], height: int) -> Origins:
    part = Part(
        file="a.csv", sheet="", columns={n: i for i, n in enumerate(names)}, header_row=1, rows=height
    )
    catalog = Catalog(path=Path("a"), headers=tuple(names), parts=(part,), rows=height, digest="sha256:c")
    return Origins(
        Mapped(
            path=Path("a"), fields=tuple(names), internal=(),
            sources={n: Source(columns=(n,)) for n in names},
            formats={}, rows=height, skipped={}, catalog=catalog, digest="sha256:a",
        )
    )  # fmt: skip


@given(case=cases())
def test_a_product_is_decided_as_if_all_its_columns_were_there(
    case: tuple[Rules, Rows, Rows, list[bool], Past],
) -> None:
    rules, ours, theirs, listed, memory = case
    shop = list(theirs[0]) if theirs else []
    fields = [field_named(name, rules.dialect) for name in ours[0] if not name.startswith("@")]
    readable = [of for of in fields if of.readable and of.name in shop]
    unreadable = [of for of in fields if of not in readable]
    where = origins([KEY, *ours[0]], len(ours))
    skus = [f"S{at}" for at in range(len(ours))]
    lines = pl.Series(range(2, len(ours) + 2), dtype=pl.Int64)
    mine = frame(ours, skus, **{ROW: lines, PART: pl.Series([0] * len(ours), dtype=pl.Int32), LINE: lines})
    partners = frame(theirs, [sku for sku, here in zip(skus, listed, strict=True) if here])
    meeting = Meeting(readable=readable, unreadable=unreadable, memory=memory, rules=rules)
    decider = Decider(readable=readable, unreadable=unreadable, resting={}, origins=where, rules=rules)
    doubts = np.full((len(ours), 1), 2**64 - 1, dtype=np.uint64)
    found = list(decider.decide(meeting.compare(mine, partners, np.array(listed), doubts)))

    def alone() -> list[Decided]:
        beside, decided = iter(theirs), []
        wrote, replaced = memory.written(skus), memory.befores(skus)
        for at, (row, here) in enumerate(zip(ours, listed, strict=True)):
            given = {KEY: skus[at], **{name: text for name, text in row.items() if text is not None}}
            held = {name: text or "" for name, text in next(beside).items()} if here else {}
            side = Side(
                sku=skus[at], ours=given, theirs=held, unreadable=frozenset(of.name for of in unreadable),
                written={name: one for (sku, name), one in wrote.items() if here and sku == skus[at]},
                befores={name: one for (sku, name), one in replaced.items() if here and sku == skus[at]},
                origin=where.of_row(0, at + 2),
            )  # fmt: skip
            if not here:
                decided.append(decide_create(side, [*readable, *unreadable], rules))
                continue
            differing = [of for of in readable if _differs(of, given.get(of.name), held[of.name], rules)]
            if differing or unreadable:
                decided.append(decide_update(side, differing, rules, also=unreadable))
        return decided

    assert found == alone()


def _differs(of: Field, ours: str | None, theirs: str, rules: Rules) -> bool:
    return ours is not None and comparable(of, ours, rules.ctx) != comparable(of, theirs, rules.ctx)
