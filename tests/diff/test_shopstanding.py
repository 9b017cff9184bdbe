"""What stands in the shop isn't judged again: and nothing is other for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diff.compare import look_at
from pipeline.diff.rules import rules_of
from pipeline.diff.shopstanding import ShopStanding
from pipeline.diff.suspects import FirstLook, look_again
from pipeline.market.lookups import Attribute, Category, Lookups
from pipeline.read.catalog import LINE, PART, ROW, Catalog, Mapped, Part, Source
from pipeline.settings import CatalogSettings, Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.validate.kept import hashes
from pipeline.validate.known import Known
from pipeline.validate.rules import informed
from pipeline.validate.rules import rules_of as shop_rules
from pipeline.validate.screen import Screen
from pipeline.validate.standing import Standing
from pipeline.validate.validate import validate
from pipeline.values.context import Context, Format
from schemas.fields import CLEAR, KEY, field_named
from tests.diff.conftest import write_snapshot
from tests.diff.test_shophashes import DAMAGE

SHOP = Shop(url="https://shop.example.com/", user_id="u", api_key="env:KEY", currency="USD")
TREE = {"1": ("Home", False, ()), "10": ("Cups", True, ("Home",)), "20": ("Plates", True, ("Home",))}
COLOR = Attribute(
    feed_name="Color", label="Color", mandatory=True, system=False, multiple=False,
    options=("Red", "Deep Blue"), max_length=None,
)  # fmt: skip
LISTS = Lookups(
    brands=frozenset({"Acme", "Stone & Co"}),
    categories={
        one: Category(id=one, name=n, leaf=leaf, path=(*up, n)) for one, (n, leaf, up) in TREE.items()
    },
    attributes={"10": (COLOR,)},
)
#: Texts of each field: good ones, other spellings of them, and what breaks a rule or is no value.
TEXTS: dict[str, tuple[str | None, ...]] = {
    "ParentSku": (None, "A-0", "A-1", " A-1", "nowhere", "a-0"),
    "Name": (None, "A cup", " A cup", "Ünü cup", "CafÃ©", "x", "", f"{CLEAR}", "n/a", "a < b"),
    "Brand": (None, "Acme", "acme", "Stone & Co", "Nobody"),
    "PrimaryCategory": (None, "10", "20", "1", "Cups", "99"),
    "Categories": (None, "10,20", "20,10", "10, 20", "Cups,Plates", "99"),
    "Description": (None, "<p>A chair of oak</p>", " <b>tidied up</b>", "<script>alert(1)</script>", "n/a"),
    "Price": (None, "5", "5.00", "5.0", "-1", "x", "1,5"),
    "SalePrice": (None, "4.5", "4.50", "6", "0", ""),
    "SaleStartDate": (None, "2026-01-02", "2026-01-02 00:00:00", "soon"),
    "Quantity": (None, "3", "3.0", "03", "-1"),
    "Status": (None, "active", "Active", "gone"),
    "ProductId": (None, "4006381333931", "4006381333932", "12AB"),
    "ProductData.Color": (None, "Red", "red", "Green", "Deep Blue"),
    "Images": (None, "https://a.example.com/1.jpg", "http://a.example.com/1.jpg", "ftp//x"),
}
NAMES = tuple(TEXTS)
GOOD = {
    "Name": "A cup", "Brand": "Acme", "PrimaryCategory": "10", "Price": "5", "ProductData.Color": "Red",
    "Description": "<p>A chair of oak</p>", "Quantity": "3",
}  # fmt: skip
CELL = st.sampled_from([(name, text) for name, texts in TEXTS.items() for text in texts])
#: How the columns may be read: one way, or with blanks that mean something.
FORMATS = st.sampled_from(
    [{}, {"Name": Format(blank="clear")}, {"Brand": Format(blank="error"), "Price": Format(decimal=",")}]
)
Rows = Sequence[Mapping[str, str | None]]


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """A shop's products, and a file that says the same of most of them."""
    shop: list[dict[str, str | None]] = [{KEY: f"A-{at}", **GOOD} for at in range(draw(st.integers(1, 7)))]
    cells = st.lists(st.tuples(st.integers(0, 6), CELL), max_size=5)
    for at, (name, text) in draw(cells):
        shop[at % len(shop)][name] = text
    ours = [dict(row) for row in shop]
    for at, (name, text) in draw(cells):
        ours[at % len(ours)][name] = text
    for sku in draw(st.lists(st.sampled_from(["B-1", "A-0", " A-0", "a-0", None]), max_size=2)):
        ours.append({**ours[0], KEY: sku})
    return shop, ours


def mapped_of(folder: Path, rows: Rows, formats: Mapping[str, Format]) -> Mapped:
    """Rows as a file with canonical headers, line 2 on."""
    names = [KEY, *NAMES]
    table = pa.table(
        {
            ROW: pa.array(range(len(rows)), pa.int64()),
            PART: pa.array([0] * len(rows), pa.int32()),
            LINE: pa.array(range(2, len(rows) + 2), pa.int64()),
            **{name: pa.array([row.get(name) for row in rows], pa.string()) for name in names},
        }
    )
    path = folder / "mapped.arrow"
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)
    part = Part(
        file="a.csv", sheet="", columns={n: at for at, n in enumerate(names)}, header_row=1, rows=len(rows)
    )
    catalog = Catalog(path=path, headers=tuple(names), parts=(part,), rows=len(rows), digest="sha256:0")
    return Mapped(
        path=path, fields=tuple(names), internal=(), formats=formats, rows=len(rows), skipped={},
        sources={name: Source(columns=(name,)) for name in names}, catalog=catalog, digest="sha256:1",
    )  # fmt: skip


class Judging:
    """Validates a file, with someone looking on or not.

    Args:
        settings: of the catalog, where not the default.
    """

    def __init__(
        self, mapped: Mapped, snapshot: Snapshot, *, lists: Lookups = LISTS, **settings: Any
    ) -> None:
        self.mapped, self.snapshot, self.lists = mapped, snapshot, lists
        self.settings = CatalogSettings.model_validate(settings)
        self.ctx = informed(Context(currencies={"": "USD"}), lists)
        self.rules = rules_of(SHOP, self.ctx, partial=False)

    def look(self) -> FirstLook:
        return look_at(self.mapped.fields, self.snapshot, self.rules)

    def accepted(self, folder: Path, look: FirstLook | None) -> Accepted:
        skus = pl.read_parquet(self.snapshot.path)[KEY]
        known = Known(skus=lambda: [skus], hashes=np.sort(hashes(skus)))
        return validate(
            self.mapped, settings=self.settings, shop=SHOP, ctx=self.ctx, lookups=self.lists,
            known_skus=known, folder=folder, beside=look,
        )  # fmt: skip


def told(accepted: Accepted) -> tuple[Any, ...]:
    rows = [row for batch in accepted.batches() for row in batch.to_pylist()]
    return rows, accepted.rows, accepted.rejected, accepted.rejected_skus, accepted.findings


@settings(deadline=None, max_examples=200)
@given(both=catalogs(), formats=FORMATS, clear=st.sampled_from([CLEAR, "n/a"]))
def test_who_looks_on_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    both: tuple[Rows, Rows],
    formats: Mapping[str, Format],
    clear: str,
) -> None:
    folder = tmp_path_factory.mktemp("standing")
    snapshot = write_snapshot(folder, both[0], columns=[KEY, *NAMES])
    judging = Judging(mapped_of(folder, both[1], formats), snapshot, clear=clear)
    alone = judging.accepted(folder / "alone", None)
    for at in range(2):  # once by who makes the answers, once by who finds them
        look = judging.look()
        beside = judging.accepted(folder / f"beside {at}", look)
        assert told(beside) == told(alone)
        found = look.at(beside)
        again = look_again(alone, snapshot, look.fields, look.ctx)
        assert found is not None
        assert (found.rows.tolist(), found.doubts.tolist()) == (again.rows.tolist(), again.doubts.tolist())


HELD = [{KEY: f"A-{at}", **GOOD, "Price": "5.00"} for at in range(4)]


def how(judging: Judging, names: Sequence[str]) -> Standing:
    """How texts of some fields are judged."""
    fields = tuple(field_named(name, SHOP.dialect) for name in names)
    rules = shop_rules(judging.settings, judging.lists, new_known=True)
    return Standing(
        fields=fields,
        formats=judging.mapped.formats,
        ctx=judging.ctx,
        clear=CLEAR,
        screen=Screen(fields, rules),
    ).among(names)


#: Rows of a shop, and whether each stands.
STANDS: dict[str, tuple[Mapping[str, str | None], bool]] = {
    "good": ({}, True),
    "without a name": ({"Name": None, "Brand": ""}, True),
    "a price that is none": ({"Price": "-1", "Quantity": "x"}, True),  # numbers are always looked at
    "an unknown brand": ({"Brand": "Nobody"}, False),
    "another spelling of a brand": ({"Brand": "acme"}, False),
    "a category by its name": ({"PrimaryCategory": "Cups"}, False),
    "blanks before a name": ({"Name": " A cup"}, False),
    "broken letters": ({"Name": "CafÃ©"}, False),
    "the word for clearing": ({"Name": CLEAR}, False),
}


@pytest.mark.parametrize(("more", "stands"), STANDS.values(), ids=STANDS)
def test_what_stands_is_a_value_and_breaks_no_rule(
    tmp_path: Path, more: Mapping[str, str | None], stands: bool
) -> None:
    snapshot = write_snapshot(tmp_path, [*HELD, {**HELD[0], KEY: "A-4", **more}], columns=[KEY, *NAMES])
    judging = Judging(mapped_of(tmp_path, HELD, {}), snapshot)
    for _ in range(2):
        found = ShopStanding(snapshot, 5, how(judging, [KEY, *NAMES]))
        assert set(found.names) == {*NAMES} - {
            "Price",
            "SalePrice",
            "SaleStartDate",
            "Quantity",
            "Description",
        }
        assert found.of(np.arange(5)).tolist() == [True] * 4 + [stands]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([{}, {}, {"Price": "6"}, {}], [True, True, False, True]),
        ([{}, {}, {"Name": "Another cup"}, {}], [True, True, False, True]),
        ([{"Name": ""}, {}, {}, {}], [False, True, True, True]),
        ([{}, {"Name": "1"}, {"Name": "2"}, {"Name": "3"}], None),
        ([{KEY: f"B-{at}"} for at in range(4)], None),
    ],
    ids=["a price", "a name", "an empty text", "too few", "unknown products"],
)
def test_rows_stand_that_are_the_shops(
    tmp_path: Path, changes: Sequence[Mapping[str, str]], expected: list[bool] | None
) -> None:
    held = [{**row, "Name": row["Name"] if at else None} for at, row in enumerate(HELD)]
    snapshot = write_snapshot(tmp_path, held, columns=[KEY, *NAMES])
    ours = [{**row, **more} for row, more in zip(held, changes, strict=True)]
    judging = Judging(mapped_of(tmp_path, ours, {}), snapshot)
    look = judging.look()
    told_of = look.begin(how(judging, judging.mapped.fields))
    assert KEY not in told_of
    cells = pl.DataFrame(ours, schema=dict.fromkeys([KEY, *NAMES], pl.String))
    cells = cells.with_columns(pl.col("Price") + ".00")
    cells = cells.with_columns(pl.col("Price").str.replace(".00.00", ".00", literal=True))
    found = look.glance(cells[KEY]).standing(cells, {})
    assert (None if found is None else found.tolist()) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"lists": replace(LISTS, brands=frozenset({"Stone & Co"}))}),
        ({}, {"clear": "Acme"}),
        ({"check_brands": False, "lists": replace(LISTS, brands=frozenset({"Stone & Co"}))},
         {"lists": replace(LISTS, brands=frozenset({"Stone & Co"}))}),
        ({}, {"sku_pattern": "B-.*"}),
    ],
    ids=["another list of brands", "another word for clearing", "a check that was off", "another pattern"],
)  # fmt: skip
def test_an_answer_does_not_outlive_the_rules_it_was_given_by(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    snapshot = write_snapshot(tmp_path, HELD, columns=[KEY, *NAMES])
    mapped = mapped_of(tmp_path, HELD, {})
    first, second = Judging(mapped, snapshot, **before), Judging(mapped, snapshot, **after)
    one = first.accepted(tmp_path / "before", first.look())
    alone = second.accepted(tmp_path / "alone", None)
    assert told(alone) != told(one)
    assert told(second.accepted(tmp_path / "after", second.look())) == told(alone)


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_answer_is_made_anew(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    snapshot = write_snapshot(
        tmp_path, [*HELD, {**HELD[0], KEY: "A-4", "Brand": "Nobody"}], columns=[KEY, *NAMES]
    )
    judging = Judging(mapped_of(tmp_path, HELD, {}), snapshot)
    asked = how(judging, [KEY, *NAMES])
    expected = ShopStanding(snapshot, 5, asked).of(np.arange(5)).tolist()
    assert set(expected) == {True, False}
    (kept,) = (tmp_path / "snap.hashes").glob("*.stands")
    kept.write_bytes(spoil(kept.read_bytes()))
    assert ShopStanding(snapshot, 5, asked).of(np.arange(5)).tolist() == expected
