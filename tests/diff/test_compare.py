"""What is a change and what is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.diff.compare import Draft
from pipeline.diff.memory import Resting, Written, content_of
from pipeline.diff.plan import Change, Counts, Effect, Origin
from pipeline.diff.rules import Rules
from pipeline.errors import StateError
from pipeline.market.feeds import Action
from pipeline.read.finding import Finding, Severity
from pipeline.values.context import Context
from schemas.fields import Dialect

TEA = {
    "SellerSku": "TEA-01",
    "Name": "Green tea",
    "Brand": "ACME",
    "PrimaryCategory": "12",
    "Description": "<p>Good &amp; green</p>",
    "Price": "5.20",
    "Quantity": "3",
    "Status": "active",
}


def test_a_file_compared_with_itself_plans_nothing(diff: Any) -> None:
    outcome = diff([TEA], [TEA])
    assert (outcome.records, outcome.held) == ([], [])
    assert outcome.plan.counts == Counts(unchanged=1)


def test_one_cent_is_one_change(diff: Any) -> None:
    outcome = diff([{"SellerSku": "A", "Price": "10.01"}], [{"SellerSku": "A", "Price": "10.00"}])
    assert outcome.changes == {("A", "Price"): ("10.00", "10.01")}
    assert outcome.plan.fields_changed == {"Price": 1}
    assert outcome.plan.counts == Counts(update=1)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        pytest.param("Price", "10", "10.00", id="decimals"),
        pytest.param("Price", "1234.50", "1234.5", id="trailing zero"),
        pytest.param("SalePrice", "", "0.00", id="no sale price is zero"),
        pytest.param("Name", "Cafe\u0301", "Caf\u00e9", id="nfd and nfc"),
        pytest.param("Name", "", None, id="empty and missing"),
        pytest.param(
            "Description", '<p class="a" id="b">x y</p>', '<p id="b" class="a">x y</p>', id="attributes"
        ),
        pytest.param("Categories", "2,3", "3,2", id="categories have no order"),
        pytest.param("SaleStartDate", "2025-01-01 00:00:00", "2025-01-01T00:00:00+00:00", id="dates"),
        pytest.param("Name", None, "Tea", id="blank leaves alone"),
    ],
)
def test_what_means_the_same_is_no_change(diff: Any, name: str, ours: str | None, theirs: str | None) -> None:
    outcome = diff([{"SellerSku": "A", name: ours}], [{"SellerSku": "A", "Name": "x", name: theirs}])
    assert outcome.plan.counts == Counts(unchanged=1)
    assert (outcome.records, outcome.held) == ([], [])


def test_a_new_product_is_created_and_gets_its_images_apart(diff: Any) -> None:
    outcome = diff([{**TEA, "Images": "https://x.example/1.jpg", "SalePrice": "", "Brand": "ACME"}], [])
    create, image = outcome.records
    assert (create.action, create.effect, create.no) == (Action.CREATE, Effect.CREATE, 1)
    assert {change.field: change.after for change in create.changes} == {
        name: text for name, text in TEA.items() if name != "SellerSku"
    }
    assert (image.action, image.effect) == (Action.IMAGE, Effect.CREATE)
    assert [batch.after for batch in outcome.plan.batches] == [(), (1,)]
    assert outcome.plan.counts == Counts(create=1)


def test_every_field_of_an_update_knows_its_cell(diff: Any) -> None:
    ours = [{"SellerSku": "A", "Name": "x"}, {"SellerSku": "B", "Name": "new"}]
    outcome = diff(ours, [{"SellerSku": "B", "Name": "old"}, {"SellerSku": "A", "Name": "x"}])
    (change,) = outcome.records[0].changes
    assert change == Change(
        field="Name", before="old", after="new", origin=Origin(file="catalog.csv", row=3, cell="B3")
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "held"),
    [
        pytest.param(
            {"Name": ""},
            {"Name": "Tea"},
            ("manual", "Name", "Products > Manage Products > search A > Edit > Product information > Name"),
            id="a name can't be emptied",
        ),
        pytest.param(
            {"Images": ""},
            {"Images": "https://x.example/1.jpg"},
            ("manual", "Images", "Products > Manage Products > search A > Edit > Images > Images"),
            id="nor can images",
        ),
        pytest.param(
            {"SaleEndDate": ""},
            {"SalePrice": "8.00", "SaleEndDate": "2025-01-01 00:00:00"},
            (
                "manual",
                "SaleEndDate",
                "Products > Manage Products > search A > Edit > Price and stock > SaleEndDate",
            ),
            id="a date can't while the sale goes on",
        ),
    ],
)
def test_what_the_api_cannot_empty_is_a_manual_step(
    diff: Any, ours: dict[str, str], theirs: dict[str, str], held: tuple[str, str, str]
) -> None:
    outcome = diff([{"SellerSku": "A", **ours}], [{"SellerSku": "A", **theirs}])
    assert outcome.records == []
    assert [(one.reason, one.field, one.place) for one in outcome.held] == [held]
    assert outcome.plan.counts == Counts(blocked=1)


ON_SALE = {
    "SellerSku": "A",
    "Price": "100.00",
    "SalePrice": "80.00",
    "SaleStartDate": "2025-01-01 00:00:00",
    "SaleEndDate": "2025-02-01 00:00:00",
}


def test_ending_a_promotion_names_the_window_that_falls_with_it(diff: Any) -> None:
    outcome = diff([{"SellerSku": "A", "SalePrice": ""}], [ON_SALE])
    assert outcome.changes == {
        ("A", "SalePrice"): ("80.00", ""),
        ("A", "SaleStartDate"): ("2025-01-01 00:00:00", ""),
        ("A", "SaleEndDate"): ("2025-02-01 00:00:00", ""),
    }
    assert outcome.records[0].context == ()


def test_a_shop_that_ignores_empty_sale_prices_makes_it_a_manual_step(diff: Any, shop: Any) -> None:
    stubborn = shop(limits={"empty_clears_sale": False})
    outcome = diff([{"SellerSku": "A", "SalePrice": ""}], [ON_SALE], shop=stubborn)
    assert outcome.records == []
    assert [(one.reason, one.field) for one in outcome.held] == [("manual", "SalePrice")]


@pytest.mark.parametrize(
    ("ours", "along"),
    [
        pytest.param(
            {"SalePrice": "70.00"},
            (("SaleStartDate", "2025-01-01 00:00:00"), ("SaleEndDate", "2025-02-01 00:00:00")),
            id="a price takes its window along",
        ),
        pytest.param(
            {"SaleEndDate": "2025-03-01 00:00:00"},
            (("SalePrice", "80.00"), ("SaleStartDate", "2025-01-01 00:00:00")),
            id="a date takes price and other date along",
        ),
        pytest.param({"Price": "110.00"}, (), id="a price goes alone"),
    ],
)
def test_a_promotion_travels_whole(diff: Any, ours: dict[str, str], along: tuple[Any, ...]) -> None:
    outcome = diff([{"SellerSku": "A", **ours}], [ON_SALE])
    assert outcome.records[0].context == along
    assert set(outcome.changes) == {("A", name) for name in ours}


def test_a_dangling_date_is_emptied_by_an_empty_sale_price(diff: Any) -> None:
    theirs = {"SellerSku": "A", "SalePrice": "", "SaleEndDate": "2025-01-01 00:00:00"}
    outcome = diff([{"SellerSku": "A", "SaleEndDate": ""}], [theirs])
    assert outcome.changes == {("A", "SaleEndDate"): ("2025-01-01 00:00:00", "")}
    assert outcome.records[0].context == (("SalePrice", ""),)


def test_a_field_that_nobody_can_read_is_compared_with_what_we_sent(diff: Any, remembered: Any) -> None:
    ours = [{"SellerSku": sku, "BrowseNodes": "10"} for sku in ("A", "B", "C")]
    theirs = [{"SellerSku": sku, "Name": "x"} for sku in ("A", "B", "C")]
    memory = remembered(
        fields={
            ("A", "BrowseNodes"): Written(sent="10", stored=None, before=None, run="r"),
            ("B", "BrowseNodes"): Written(sent="11", stored=None, before=None, run="r"),
        }
    )
    outcome = diff(ours, theirs, memory=memory)
    assert outcome.changes == {("B", "BrowseNodes"): (None, "10"), ("C", "BrowseNodes"): (None, "10")}
    assert outcome.plan.counts == Counts(update=2, unchanged=1)


def test_an_echo_is_no_change_until_the_source_changes(diff: Any, remembered: Any) -> None:
    memory = remembered(
        fields={("A", "Name"): Written(sent="Green tea", stored="GREEN TEA!", before="x", run="r")}
    )
    theirs = [{"SellerSku": "A", "Name": "GREEN TEA!"}]
    assert diff([{"SellerSku": "A", "Name": "Green tea"}], theirs, memory=memory).records == []
    outcome = diff([{"SellerSku": "A", "Name": "Black tea"}], theirs, memory=memory)
    assert outcome.changes == {("A", "Name"): ("GREEN TEA!", "Black tea")}
    assert outcome.records[0].changes[0].drift is None


@pytest.mark.parametrize(
    ("catalog", "planned", "held"),
    [
        pytest.param({"drift": "file-wins"}, [("Name", "Tea")], [], id="file wins"),
        pytest.param({"drift": "hold"}, [], [("drift", "Name")], id="hold"),
        pytest.param(
            {"drift": "hold", "drift_by_field": {"Name": "shop-wins"}}, [], [("drift", "Name")], id="by field"
        ),
        pytest.param(
            {"drift": "hold", "drift_by_field": {"Name": "file-wins"}},
            [("Name", "Tea")],
            [],
            id="field first",
        ),
    ],
)
def test_an_edit_in_the_shop_is_drift(
    diff: Any, shop: Any, remembered: Any, catalog: dict[str, Any], planned: list[Any], held: list[Any]
) -> None:
    memory = remembered(fields={("A", "Name"): Written(sent="Tea", stored="Tea", before="x", run="r")})
    outcome = diff(
        [{"SellerSku": "A", "Name": "Tea"}],
        [{"SellerSku": "A", "Name": "Tee"}],
        memory=memory,
        shop=shop(catalog=catalog),
    )
    changes = [change for record in outcome.records for change in record.changes]
    assert [(change.field, change.drift) for change in changes] == planned
    assert [(one.reason, one.field) for one in outcome.held] == held


def test_stock_never_drifts(diff: Any, shop: Any, remembered: Any) -> None:
    memory = remembered(fields={("A", "Quantity"): Written(sent="9", stored="9", before="1", run="r")})
    outcome = diff(
        [{"SellerSku": "A", "Quantity": "9"}],
        [{"SellerSku": "A", "Quantity": "4"}],
        memory=memory,
        shop=shop(catalog={"drift": "hold"}),
    )
    assert outcome.changes == {("A", "Quantity"): ("4", "9")}


def test_what_rests_is_blocked_until_its_content_changes(diff: Any, remembered: Any) -> None:
    content = content_of(Action.UPDATE, [("Name", "Tea")])
    rest = Resting(sku="A", action="ProductUpdate", reason="Name is taken", content=content)
    memory = remembered(rests={("A", "ProductUpdate"): rest})
    theirs = [{"SellerSku": "A", "Name": "x"}]
    resting = diff([{"SellerSku": "A", "Name": "Tea"}], theirs, memory=memory)
    assert (resting.records, resting.plan.counts) == ([], Counts(blocked=1))
    assert [(one.reason, one.field, one.after) for one in resting.held] == [("quarantine", "Name", "Tea")]
    assert diff([{"SellerSku": "A", "Name": "Tea 2"}], theirs, memory=memory).plan.counts == Counts(update=1)


DAY = 86_400.0
WRONG = Written(sent="1.00", stored="1.00", before="10.00", run="r")


@pytest.mark.parametrize(
    ("file", "shop_holds", "written", "ago", "verdict"),
    [
        pytest.param("10", "1.00", WRONG, 2 * DAY, "ok", id="our last write is taken back"),
        pytest.param("10", "1.00", WRONG, 40 * DAY, "ok", id="long after"),
        pytest.param("10", "2.00", WRONG, 0.0, "refused", id="someone has edited it since"),
        pytest.param("10", "1.00", None, 0.0, "refused", id="we never wrote what stands there"),
        pytest.param("7", "1.00", WRONG, 0.0, "refused", id="to what stood there earlier still"),
        pytest.param("10", "1.0", WRONG, 0.0, "ok", id="in the shop's own spelling"),
    ],
)
def test_an_import_takes_back_our_last_write_while_it_stands(
    diff: Any, remembered: Any, file: str, shop_holds: str, written: Any, ago: float, verdict: str
) -> None:
    """An old export that is fed by mistake pulls no price back a year: it is judged like any file."""
    now = 400 * DAY
    held = dict.fromkeys(("10.00", "7.00"), now - ago)
    memory = remembered(
        earlier={("A", "Price"): held}, fields={("A", "Price"): written} if written else {}
    )  # fmt: skip
    outcome = diff(
        [{"SellerSku": "A", "Price": file}], [{"SellerSku": "A", "Price": shop_holds}], memory=memory, now=now
    )  # fmt: skip
    assert outcome.guard("price-up")[0] == verdict
    assert outcome.records[0].acquitted == (("Price",) if verdict == "ok" else ())


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        pytest.param("upsert", Counts(create=1, update=1), id="upsert"),
        pytest.param("update-only", Counts(update=1, not_listed=1), id="update-only"),
        pytest.param("create-only", Counts(create=1, unchanged=1), id="create-only"),
    ],
)
def test_modes(diff: Any, shop: Any, mode: str, counts: Counts) -> None:
    ours = [{**TEA, "Price": "6.00"}, {**TEA, "SellerSku": "TEA-02"}]
    outcome = diff(ours, [TEA], shop=shop(catalog={"mode": mode}))
    assert outcome.plan.counts == counts


def test_a_new_product_that_lacks_what_the_shop_demands_is_not_sent(diff: Any) -> None:
    outcome = diff([{"SellerSku": "NEW", "Price": "5.00", "Quantity": "1"}], [TEA])
    assert outcome.plan.counts == Counts(blocked=1)
    assert [(one.sku, one.reason, one.message) for one in outcome.held] == [
        (
            "NEW",
            "incomplete",
            "a new product needs PrimaryCategory, Description, Brand as well; the file doesn't give it",
        )
    ]


def test_skus_are_text(diff: Any) -> None:
    ours = [{"SellerSku": "00123", "Name": "x"}, {"SellerSku": "abc", "Name": "x"}]
    theirs = [{"SellerSku": "123", "Name": "x"}, {"SellerSku": "ABC", "Name": "x"}]
    assert diff(ours, theirs).plan.counts == Counts(blocked=2)


def shelf(n: int, **more: str) -> list[dict[str, str]]:
    return [{"SellerSku": f"S{i}", "Name": f"Name {i}", "Status": "active", **more} for i in range(n)]


@pytest.mark.parametrize(
    ("absent", "effect", "action", "changes"),
    [
        pytest.param("ignore", None, None, None, id="ignore"),
        pytest.param(
            "deactivate", Effect.DEACTIVATE, Action.UPDATE, [("Status", "active", "inactive")], id="off"
        ),
        pytest.param(
            "remove",
            Effect.REMOVE,
            Action.REMOVE,
            [("Name", "Name 2", ""), ("Status", "active", "")],
            id="remove lists what is lost",
        ),
    ],
)
def test_absence_means_what_the_settings_say(
    diff: Any, shop: Any, absent: str, effect: Any, action: Any, changes: Any
) -> None:
    theirs = [*shelf(3), {"SellerSku": "OFF", "Name": "y", "Status": "inactive", "ShopSku": "77"}]
    outcome = diff(shelf(2), theirs, shop=shop(catalog={"absent": absent}))
    found = [
        (record.sku, record.effect, record.action, [(c.field, c.before, c.after) for c in record.changes])
        for record in outcome.records
    ]
    assert found == ([] if effect is None else [("S2", effect, action, changes)])


@pytest.mark.parametrize(
    ("more", "notice"),
    [
        pytest.param({"partial": True}, "meant to hold only some products", id="partial"),
        pytest.param({"complete": False}, "page 2 is missing", id="snapshot in doubt"),
        pytest.param(
            {
                "findings": [Finding(code="bad-sku", severity=Severity.ERROR, message="", row=7)],
                "rejected": 1,
            },
            "no SKU that could be read",
            id="a refused row without a SKU",
        ),
    ],
)
def test_nothing_follows_from_absence_where_it_proves_nothing(
    diff: Any, shop: Any, more: dict[str, Any], notice: str
) -> None:
    outcome = diff(shelf(2), shelf(3), shop=shop(catalog={"absent": "remove"}), **more)
    assert outcome.records == []
    (said,) = outcome.plan.notices
    assert notice in said


def test_a_refused_row_is_not_absent(diff: Any, shop: Any) -> None:
    outcome = diff(shelf(2), shelf(4), rejected_skus=["S3"], shop=shop(catalog={"absent": "deactivate"}))
    assert [record.sku for record in outcome.records] == ["S2"]
    assert outcome.plan.counts == Counts(unchanged=2, deactivate=1, rejected=1)


FALABELLA = {"dialect": "falabella", "operators": ["facl", "fape"]}


def test_falabella_deactivates_every_country_that_sells(diff: Any, shop: Any) -> None:
    theirs = [
        {
            "SellerSku": "A",
            "BusinessUnits.facl.Status": "active",
            "BusinessUnits.fape.Status": "inactive",
        }
    ]
    outcome = diff([], theirs, shop=shop(**FALABELLA, catalog={"absent": "deactivate"}))
    assert outcome.changes == {("A", "BusinessUnits.facl.Status"): ("active", "inactive")}


def test_falabella_compares_each_country(diff: Any, shop: Any) -> None:
    facl, fape = "BusinessUnits.facl.", "BusinessUnits.fape."
    ours = [
        {"SellerSku": "A", facl + "Price": "10.00", fape + "Price": "20.00", fape + "SpecialPrice": "15.00"}
    ]
    theirs = [
        {
            "SellerSku": "A",
            facl + "Price": "10",
            fape + "Price": "21.00",
            fape + "SpecialPrice": "16.00",
            fape + "SpecialToDate": "2030-01-01 00:00:00",
        }
    ]
    outcome = diff(ours, theirs, shop=shop(**FALABELLA))
    assert outcome.changes == {
        ("A", fape + "Price"): ("21.00", "20.00"),
        ("A", fape + "SpecialPrice"): ("16.00", "15.00"),
    }
    assert outcome.records[0].context == ((fape + "SpecialToDate", "2030-01-01 00:00:00"),)


def test_a_category_by_id_equals_its_name(diff: Any) -> None:
    tree = Context(category_names={"12": "Tea", "13": "Coffee"})
    ours = [{"SellerSku": "A", "PrimaryCategory": "12"}, {"SellerSku": "B", "PrimaryCategory": "13"}]
    theirs = [{"SellerSku": "A", "PrimaryCategory": "Tea"}, {"SellerSku": "B", "PrimaryCategory": "Tea"}]
    assert diff(ours, theirs, ctx=tree).changes == {("B", "PrimaryCategory"): ("Tea", "13")}


def test_a_restored_product_is_an_update(diff: Any) -> None:
    outcome = diff([TEA], [{**TEA, "Status": "deleted"}])
    assert outcome.changes == {("TEA-01", "Status"): ("deleted", "active")}
    assert outcome.plan.counts == Counts(update=1)


def test_hundreds_of_columns_are_told_apart(diff: Any) -> None:
    names = [f"ProductData.A{i}" for i in range(150)]
    theirs = {"SellerSku": "A", **dict.fromkeys(names, "1")}
    ours = {**theirs, "ProductData.A149": "2", "ProductData.A3": None, "ProductData.A70": "3"}
    assert set(diff([ours], [theirs]).changes) == {("A", "ProductData.A70"), ("A", "ProductData.A149")}


def test_swapped_values_do_not_cancel_out(diff: Any) -> None:
    outcome = diff(
        [{"SellerSku": "A", "ProductData.X": "1", "ProductData.Y": "2"}],
        [{"SellerSku": "A", "ProductData.X": "2", "ProductData.Y": "1"}],
    )
    assert len(outcome.changes) == 2


def test_no_product_at_all(diff: Any) -> None:
    outcome = diff([], [])
    assert (outcome.records, outcome.plan.counts) == ([], Counts())
    assert outcome.guard("source-empty")[0] == "refused"


@pytest.mark.parametrize("stretch", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("batch", [1, 3, 5, 1000])
def test_how_the_file_is_cut_makes_no_difference(
    accepted: Any, snapshot: Any, remembered: Any, tmp_path: Any, stretch: int, batch: int
) -> None:
    fields = ("Name", "Description", "Price")
    texts = [{name: f"{name} {i % 4}" for name in fields[:2]} for i in range(23)]
    ours = [{"SellerSku": f"S{i}", **texts[i], "Price": str(i)} for i in range(23)]
    theirs = [{**row, fields[i % 3]: "9.99"} if i % 2 else row for i, row in enumerate(ours) if i % 5]
    draft = Draft(
        accepted(ours, batch=batch),
        snapshot(theirs[::-1]),
        remembered(),
        Rules(dialect=Dialect.CLASSIC),
        tmp_path,
        stretch=stretch,
    )
    found = [(one.sku, one.fate, [c.field for r in one.records for c in r.changes]) for one in draft]
    assert found == expected_of(ours, theirs)


def expected_of(ours: list[dict[str, str]], theirs: list[dict[str, str]]) -> list[tuple[str, str, list[str]]]:
    held = {row["SellerSku"]: row for row in theirs}
    told = []
    for row in ours:
        shop = held.get(row["SellerSku"])
        names = [name for name in row if shop and row[name] != shop[name]]
        if shop is None:
            told.append((row["SellerSku"], "blocked", []))
        elif names:
            told.append((row["SellerSku"], "update", names))
    return told


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(["A", "A"], ["A"], id="in the file"),
        pytest.param(["A"], ["B", "A", "A"], id="in the shop"),
    ],
)
def test_a_sku_that_stands_twice_is_no_basis(diff: Any, ours: list[str], theirs: list[str]) -> None:
    with pytest.raises(StateError, match="a SKU stands twice"):
        diff(
            [{"SellerSku": sku, "Name": "x"} for sku in ours], [{"SellerSku": s, "Name": "x"} for s in theirs]
        )


def test_the_shops_hashes_are_kept_and_never_stale(
    accepted: Any, snapshot: Any, remembered: Any, tmp_path: Any
) -> None:
    """The same snapshot makes none anew; another one under the same name isn't taken for it."""
    file, rules = accepted([{"SellerSku": "A", "Name": "Tea"}]), Rules(dialect=Dialect.CLASSIC)

    def fates(held: Any) -> list[str]:
        return [one.fate for one in Draft(file, held, remembered(), rules, tmp_path)]

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "snap.hashes").iterdir()}

    held = snapshot([{"SellerSku": "A", "Name": "Tea"}, {"SellerSku": "B", "Name": "Tee"}])
    assert fates(held) == []
    before = kept()
    assert (fates(held), kept()) == ([], before)
    swapped = snapshot([{"SellerSku": "B", "Name": "Tea"}, {"SellerSku": "A", "Name": "Tee"}])
    assert fates(replace(swapped, digest=held.digest)) == ["update"]
