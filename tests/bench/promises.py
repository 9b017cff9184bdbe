"""What is promised, and how each promise is measured; ratios are of one run, by CPU where noted."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from pathlib import Path
from statistics import linear_regression, median
from typing import Literal

import catalogs
from measure import HERE, Measured, Round, case, in_turn, middle
from seller import Seller
from window import shop_of

LIMITS = tomllib.loads((HERE / "limits.toml").read_text(encoding="utf-8"))
SMALL = 100_000
WORKBOOK_ROWS = 100_000
SHOP = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        promise: P1 … P11, or "" for what is only told.
        limit: name of its limit, or "".
        value: what was measured; unit: of it.
        beside: what it was measured against, in words.
    """

    promise: str
    what: str
    value: float
    unit: str = "×"
    limit: str = ""
    beside: str = ""
    rows: int = 0

    @property
    def aim(self) -> str:
        """The promise, as the table shows it."""
        if not self.limit:
            return ""
        held = LIMITS[self.limit]
        return f"{'≥' if 'least' in held else '≤'} {held['aim']:g} {self.unit}".strip()

    @property
    def met(self) -> bool:
        """Whether the promise itself holds."""
        if not self.limit:
            return True
        held = LIMITS[self.limit]
        return self.value >= held["aim"] if "least" in held else self.value <= held["aim"]

    @property
    def fits(self) -> bool:
        """Whether the regression check passes."""
        if not self.limit:
            return True
        held = LIMITS[self.limit]
        small = held.get("small") if 0 < self.rows < SMALL else None
        if "least" in held:
            return self.value >= (held["least"] if small is None else small)
        return bool(self.value <= (held["most"] if small is None else small))

    @property
    def shown(self) -> str:
        told = f"{self.value:.3g} {self.unit}" if self.value < 1000 else f"{self.value:.0f} {self.unit}"
        return f"{told} {f'({self.aim}: {_word(self.met)})' if self.limit else ''} {self.beside}".strip()


def _word(met: bool) -> str:
    return "met" if met else "not met"


@dataclass(kw_only=True)
class Bench:
    """One run of it: where the data are, and what several promises share.

    Attributes:
        by: what ratios are made of; CPU where other work disturbs the clock.
        steps: stage → (wall, CPU) of the whole way; growth: rows → seconds and megabytes.
    """

    folder: Path
    size: str
    rows: int
    by: Literal["wall", "cpu"] = "wall"
    steps: dict[str, tuple[float, float]] = field(default_factory=dict)
    peers: dict[str, Measured] = field(default_factory=dict)
    growth: dict[int, Measured] = field(default_factory=dict)
    changed: dict[float, Measured] = field(default_factory=dict)

    def ratio(self, one: Measured, other: Measured) -> float:
        """What one costs in terms of the other."""
        return one.wall / other.wall if self.by == "wall" else one.cpu / other.cpu

    def told(self, one: Measured, other: Measured) -> str:
        """Both, in seconds."""
        return f"{one.wall:.2f} s / {other.wall:.2f} s; CPU {one.cpu:.2f} s / {other.cpu:.2f} s"

    @property
    def times(self) -> int:
        return 3 if self.rows <= 100_000 else 1

    def data(self, rows: int | None = None, changed: float = 0.05) -> Path:
        """The generated files of a size, made when first needed."""
        rows = rows or self.rows
        made = self.folder / (f"{rows}" if changed == 0.05 else f"{rows}-{changed:g}")
        if not (made / "ready").exists():
            catalogs.write(made, rows, changed=changed, extras=changed == 0.05)
            if changed == 0.05:
                catalogs.pages(made)
        return made

    @cached_property
    def workbooks(self) -> Path:
        rows = min(self.rows, WORKBOOK_ROWS)
        made = self.data(rows)
        if not (made / "dressed.xlsx").exists():
            catalogs.workbooks(made, rows)
        return made

    @cached_property
    def rounds(self) -> list[Round]:
        """The floor, ours, ours with bad rows and with expressions; the snapshot's hashes are kept before."""
        data = str(self.data())
        for warming in ("keep_hashes", "stages"):
            case(warming, data)
        cases = {
            "floor": ("two_passes", data),
            "whole": ("stages", data),
            "bad": ("stages", data, "catalog_bad.csv"),
            "computed": ("stages", data, "catalog.csv", "expressions"),
        }
        return in_turn(cases, times=3)

    def pair(self, one: str, other: str) -> tuple[Measured, Measured]:
        """Two of them, from the round with the median ratio."""
        found = middle(self.rounds, lambda each: self.ratio(each[one], each[other]))
        return found[one], found[other]

    @property
    def whole(self) -> Measured:
        """Ours, stage by stage."""
        return self.pair("whole", "floor")[0]


Promise = Callable[[Bench], Iterator[Row]]


def _p1(bench: Bench) -> Iterator[Row]:
    (ours, floor), data = bench.pair("whole", "floor"), str(bench.data())
    bench.steps = dict(ours.steps)
    bench.peers = {
        "ours": ours,
        "two passes (polars)": floor,
        "raw read": case("raw_read", data),
        "pyarrow to Arrow": case("arrow_stream", data),
        "polars: hash and join": case("polars_compare", data),
    }
    n = bench.rows
    yield Row(
        promise="P1",
        what="read, validate, compare, plan / two-pass floor",
        value=bench.ratio(ours, floor),
        limit="P1-floor",
        beside=bench.told(ours, floor),
        rows=n,
    )
    if n <= 100_000 or _free_gb() > 16:
        naive = bench.peers["naive pandas"] = case("naive_pandas", data)
        yield Row(
            promise="P1",
            what="naive pandas / ours",
            value=bench.ratio(naive, ours),
            limit="P1-naive",
            beside=bench.told(naive, ours),
            rows=n,
        )
    yield Row(
        promise="P1",
        what="peak memory, mapped files apart",
        value=ours.private,
        unit="MB",
        limit="P1-peak",
        beside=f"{ours.peak:.0f} MB with them",
    )
    computed, plain = bench.pair("computed", "whole")
    yield Row(
        promise="P1",
        what="a mapping with expressions / canonical headers",
        value=bench.ratio(computed, plain),
        limit="P1-expressions",
        beside=f"{bench.told(computed, plain)}; {computed.private:.0f} MB",
    )
    for name, (wall, cpu) in ours.steps.items():
        yield Row(promise="", what=f"stage: {name}", value=wall, unit="s", beside=f"{cpu:.2f} s CPU")
    read, arrow = ours.steps["read"], bench.peers["pyarrow to Arrow"]
    at = ("wall", "cpu").index(bench.by)
    yield Row(promise="", what="read / pyarrow to Arrow", value=read[at] / (arrow.wall, arrow.cpu)[at])


def _free_gb() -> float:
    import psutil

    return float(psutil.virtual_memory().available) / 1e9


def _p2(bench: Bench) -> Iterator[Row]:
    bad, good = bench.pair("bad", "whole")
    told = f"{bad.said['findings']} findings, {bad.said['at_cells']} of them at a cell or product; "
    told += f"{bad.said['rejected']} rows refused"
    yield Row(
        promise="P2",
        what="with bad rows / without",
        value=bench.ratio(bad, good),
        limit="P2",
        beside=f"{bench.told(bad, good)}; {told}",
        rows=bench.rows,
    )


def _p3(bench: Bench) -> Iterator[Row]:
    with Seller(bench.data(), bench.folder) as seller:
        seller.diff("to warm up")
        first = seller.diff("nightly")
        again = min((seller.diff("nightly") for _ in range(bench.times)), key=lambda measured: measured.cpu)
        assert first.said["counts"] == again.said["counts"], "a re-run found something else"
    yield Row(
        promise="P3",
        what="`diff` again, nothing changed / first `diff`",
        value=bench.ratio(again, first),
        limit="P3",
        beside=f"{bench.told(again, first)}; start-up and report included",
        rows=bench.rows,
    )


def _p4(bench: Bench) -> Iterator[Row]:
    sizes = [rows for rows in (10_000, 100_000, 1_000_000) if rows <= bench.rows]
    for rows in sizes:
        data = str(bench.data(rows))
        if rows == bench.rows:
            bench.growth[rows] = bench.whole
        else:
            case("stages", data)
            bench.growth[rows] = case("stages", data, times=2)
    for rows, found in bench.growth.items():
        yield Row(
            promise="",
            what=f"{rows} rows: microseconds a row",
            value=found.wall / rows * 1e6,
            unit="µs",
            beside=f"{found.private:.0f} MB",
        )
    if len(sizes) > 1:
        small, large = bench.growth[sizes[-2]], bench.growth[sizes[-1]]
        yield Row(
            promise="P4",
            what=f"time a row, {sizes[-1]} / {sizes[-2]} rows",
            value=bench.ratio(large, small) * sizes[-2] / sizes[-1],
            limit="P4-time",
        )
        grown = (large.private - small.private) * 1e6 / (sizes[-1] - sizes[-2])
        yield Row(
            promise="P4",
            what=f"memory a row from {sizes[-2]} rows on",
            value=grown,
            unit="bytes",
            limit="P4-memory" if sizes[-2] >= SMALL else "",  # below it the base isn't reached
        )
        told = "1 = in proportion: below it start-up is shared by more rows"
        yield Row(promise="P4", what="slope of time over rows, both logarithmic", value=slope(bench.growth),
                  unit="", beside=told)  # fmt: skip
    yield from _by_changes(bench)


def slope(growth: Mapping[int, Measured]) -> float:
    """By what power of the rows CPU time grows, over all sizes."""
    return linear_regression(
        [log(rows) for rows in growth], [log(found.cpu) for found in growth.values()]
    ).slope


def _by_changes(bench: Bench) -> Iterator[Row]:
    """From 1 % to 100 % changed, at a size where that takes seconds."""
    rows = min(bench.rows, 100_000)
    for share in (0.01, 0.05, 0.25, 1.0):
        data = str(bench.data(rows, share))
        case("stages", data)
        found = bench.changed[share] = case("stages", data)
        yield Row(
            promise="",
            what=f"{share:.0%} of {rows} rows changed",
            value=found.wall,
            unit="s",
            beside=f"{found.said['records']} records",
        )


def _p5(bench: Bench) -> Iterator[Row]:
    data = str(bench.workbooks)
    rows = min(bench.rows, WORKBOOK_ROWS)
    for name in ("plain", "dressed"):
        bare = case("calamine_rows", data, f"{name}.xlsx", times=2)
        ours = case("read", data, f"{name}.xlsx", times=2)
        yield Row(
            promise="P5",
            what=f"XLSX, {rows} rows, {name} / calamine rows",
            value=bench.ratio(ours, bare),
            limit=f"P5-{name}",
            beside=f"{bench.told(ours, bare)}; {ours.private:.0f} MB",
            rows=rows,
        )
        if name == "dressed":
            yield Row(promise="P5", what="XLSX, peak memory", value=ours.private, unit="MB", limit="P5-peak")


def _p6(bench: Bench) -> Iterator[Row]:
    for form in ("json", "xml"):
        found = case("parse_pages", str(bench.data()), form, times=2)
        spent = found.said["median"]
        yield Row(
            promise="P6",
            what=f"a page of 1 000 products, {form.upper()} / time the limit leaves",
            value=spent / 0.1,
            limit=f"P6-{form}",
            beside=f"{spent * 1000:.1f} ms of 100 ms",
        )
    yield from _window(bench)


def _window(bench: Bench) -> Iterator[Row]:
    """A shop, and one half its size, downloaded through 30 calls in 3 s."""
    data, large = bench.data(), min(bench.rows, SHOP)
    few, many = (_downloaded(data, rows) for rows in (large // 2, large))
    held = large == SHOP  # a smaller one is all start and end, where calls wait for answers
    said = many.said
    told = (
        f"{said['rows']} products: {said['calls']} calls in {said['took']:.1f} s, {said['refused']} refused"
    )
    yield Row(
        promise="P6",
        what="request rate / what the limit permits",
        value=said["used"],
        limit="P6-window" if held else "",
        beside=told,
    )
    told = f"{few.private:.0f} MB, then {many.private:.0f} MB"
    yield Row(
        promise="P6",
        what="peak memory, whole shop / half of it",
        value=many.private / few.private,
        limit="P6-memory" if held else "",
        beside=told,
    )


def _downloaded(data: Path, rows: int) -> Measured:
    with shop_of(data, rows) as said:
        found = case("download", str(data), said["base_url"], said["user_id"], said["api_key"])
    assert (found.said["rows"], found.said["complete"]) == (rows, True), found.said
    return found


def _p7(bench: Bench) -> Iterator[Row]:
    for which in ("whole", "few"):
        data = str(bench.data())
        rounds = in_turn({name: (name, data, which) for name in ("bodies", "bare_bodies")}, times=5)
        found = middle(rounds, lambda each: each["bodies"].cpu / each["bare_bodies"].cpu)
        ours, bare = found["bodies"], found["bare_bodies"]
        what = "whole products" if which == "whole" else "price and stock"
        yield Row(
            promise="P7",
            what=f"request bodies, {what} / bare lxml",
            value=ours.cpu / bare.cpu,
            limit="P7",
            beside=f"{ours.said['records']} records, {ours.cpu:.2f} s / {bare.cpu:.2f} s CPU",
        )


def _p8(bench: Bench) -> Iterator[Row]:
    found = case("intents", str(bench.data()), "21")
    mine, floor = found.said["ours"], found.said["bare"]
    beside = f"{mine * 1000:.1f} ms / {floor * 1000:.1f} ms, in turn"
    what = "durable intent of 1 000 records, median"
    yield Row(promise="P8", what=f"{what} / bare commit", value=mine / floor, limit="P8", beside=beside)
    yield Row(promise="P8", what=what, value=mine * 1000, unit="ms", limit="P8-time", beside=beside)


def _p9(bench: Bench) -> Iterator[Row]:
    found = case("feeds", str(bench.data()))
    said = found.said
    yield Row(
        promise="P9",
        what="feeds beyond the fewest possible",
        value=1.0 + said["worse"],
        limit="P9",
        beside=f"{said['tried']} small plans by brute force; 50 001 changes: {said['feeds']} feeds",
    )


def _p10(bench: Bench) -> Iterator[Row]:
    with Seller(None, bench.folder) as seller:
        seller.command("runs")
        for words, limit in ((("--help",), "help"), (("runs",), "commands"), (("budget",), "commands")):
            spent = median(getattr(seller.command(*words), bench.by) for _ in range(7)) * 1000
            yield Row(
                promise="P10", what=f"`{' '.join(words)}`", value=spent, unit="ms", limit=f"P10-{limit}"
            )


def _p11(bench: Bench) -> Iterator[Row]:
    records = 500_000 if bench.rows >= SMALL else SMALL
    found = case("resume", str(bench.data()), str(records))
    told = f"200 feeds, {found.said['changes']:,} changes, {found.said['megabytes']:.0f} MB"
    yield Row(promise="P11", what="resume, to the first action", value=found.wall, unit="s", limit="P11",
              beside=f"{told}; {found.cpu:.2f} s CPU")  # fmt: skip


PROMISES: dict[str, Promise] = {
    "P1": _p1,
    "P2": _p2,
    "P3": _p3,
    "P4": _p4,
    "P5": _p5,
    "P6": _p6,
    "P7": _p7,
    "P8": _p8,
    "P9": _p9,
    "P10": _p10,
    "P11": _p11,
}
