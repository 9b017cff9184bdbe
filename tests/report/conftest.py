"""Factories: a plan of any size over an invented household shop, with counts that add up."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pipeline.diff.plan import (
    Batch,
    Change,
    Counts,
    Effect,
    Forecast,
    Guard,
    Held,
    Inputs,
    Origin,
    Plan,
    Record,
)
from pipeline.market.feeds import Action
from pipeline.read.finding import Finding, Severity
from pipeline.report.model import DiffReport, diff_report
from pipeline.report.prices import percent_moved
from schemas.fields import Lane

THINGS = (
    ("Electric kettle", "1.7 L, brushed steel"),
    ("Cast iron pan", "26 cm, pre-seasoned"),
    ("Linen duvet cover", "200 × 220 cm, sand"),
    ("Desk lamp", "dimmable, oak foot"),
    ("Moka pot", "6 cups, aluminium"),
    ("Wool throw", "130 × 170 cm, charcoal"),
    ("Chef's knife", "20 cm, forged"),
    ("Storage basket", "water hyacinth, set of 3"),
    ("Wall clock", "30 cm, silent movement"),
    ("Bath towel", "70 × 140 cm, 550 g/m²"),
    ("Carafe", "1 L, borosilicate glass"),
    ("Cutting board", "acacia, juice groove"),
    ("Floor cushion", "corduroy, 60 cm"),
    ("Spice grinder", "ceramic burr"),
    ("Hamaca San Jacinto", "algodón, 2 personas"),
)
BRANDS = ("Aurora", "Nordhem", "Casa Lima", "Ōki", "Fjell", "Tierra", "Wren & Sons")
DESCRIPTION = (
    "<p>{name} by {brand}. {first}</p><ul><li>Designed for daily use</li><li>{second}</li></ul>"
    "<p>Wipe clean with a damp cloth. Two-year guarantee.</p>"
)
FIRSTS = (
    "A quiet classic for every home.",
    "Made to last, easy to repair.",
    "Small batch, finished by hand.",
    "Light to hold and quick to clean.",
)
SECONDS = ("Packed without plastic", "Spare parts for ten years", "Dishwasher safe", "Certified materials")
IMAGE = "https://images.example.com/{sku}/{view}.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An invented plan and everything that a report of it needs."""

    plan: Plan
    records: tuple[Record, ...]
    held: tuple[Held, ...]
    findings: tuple[Finding, ...]
    names: dict[str, str]

    def report(self) -> DiffReport:
        return diff_report(
            self.plan,
            self.records,
            held=self.held,
            findings=self.findings,
            names=self.names,
            path="plans/2026-11-24-spring.plan",
        )


class Maker:
    """Draws products and their changes from a seed."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.names: dict[str, str] = {}
        self.line = 1

    def product(self) -> tuple[str, str, str]:
        thing, detail = self.draw.choice(THINGS)
        brand = self.draw.choice(BRANDS)
        self.line += 1
        sku = f"{brand[:2].upper().replace('Ō', 'O')}-{thing[:3].upper()}-{self.line:05d}"
        name = f"{thing} {brand}, {detail}"
        self.names[sku] = name
        return sku, name, brand

    def origin(self, column: str, *, expression: str = "") -> Origin:
        return Origin(
            file="spring-prices.xlsx",
            sheet="Articles",
            row=self.line,
            cell=f"{column}{self.line}",
            expression=expression,
        )

    def price(self) -> tuple[str, str]:
        before = self.draw.choice((9.9, 14.9, 19.9, 24.9, 39.9, 59.0, 89.0, 129.0, 249.0))
        moved = self.draw.gauss(-0.04, 0.09)
        if self.draw.random() < 0.03:
            moved = self.draw.choice((-0.62, -0.45, 0.55, 0.72))
        after = round(before * (1 + moved), 2)
        after = after if after != before else before - 0.5
        return f"{before:.2f}", f"{after:.2f}"

    def update(self, sku: str, name: str, brand: str) -> list[Change]:
        fields = self.draw.choices(
            ("price", "stock", "name", "text", "image", "status"), (46, 30, 9, 8, 5, 2), k=2
        )
        return [self.change(field, sku, name, brand) for field in dict.fromkeys(fields)]

    def change(self, field: str, sku: str, name: str, brand: str) -> Change:
        if field == "price":
            before, after = self.price()
            drift = f"{float(before) - 1:.2f}" if self.draw.random() < 0.02 else None
            return Change(
                field="Price",
                before=before,
                after=after,
                drift=drift,
                origin=self.origin("F", expression="round(list_price * 1.19, 2)"),
            )
        if field == "stock":
            before, after = self.draw.sample(range(120), 2)
            return Change(field="Quantity", before=str(before), after=str(after), origin=self.origin("H"))
        if field == "name":
            after = name.replace(", ", " – ").replace("cm", "cm") if ", " in name else name + " (new)"
            return Change(field="Name", before=name, after=after, origin=self.origin("B"))
        if field == "text":
            first, other = self.draw.sample(FIRSTS, 2)
            second = self.draw.choice(SECONDS)
            before = DESCRIPTION.format(name=name, brand=brand, first=first, second="Designed to be kept")
            after = DESCRIPTION.format(name=name, brand=brand, first=other, second=second)
            return Change(field="Description", before=before, after=after, origin=self.origin("D"))
        if field == "image":
            old = [IMAGE.format(sku=sku, view=view) for view in ("front", "side")]
            new = [old[0], IMAGE.format(sku=sku, view="detail"), IMAGE.format(sku=sku, view="room")]
            return Change(
                field="Images", before="\n".join(old), after="\n".join(new), origin=self.origin("K")
            )
        return Change(field="Status", before="inactive", after="active", origin=self.origin("J"))

    def create(self, name: str, brand: str) -> list[Change]:
        _, price = self.price()
        text = DESCRIPTION.format(name=name, brand=brand, first=FIRSTS[0], second=SECONDS[0])
        values = {
            "Name": (name, "B"),
            "Brand": (brand, "C"),
            "Description": (text, "D"),
            "PrimaryCategory": ("Home / Kitchen", "E"),
            "Price": (price, "F"),
            "Quantity": (str(self.draw.randrange(5, 80)), "H"),
        }
        return [
            Change(field=field, before=None, after=value, origin=self.origin(column))
            for field, (value, column) in values.items()
        ]


def invent(
    updates: int = 240, *, creates: int = 18, deactivates: int = 4, removes: int = 2, seed: int = 7
) -> Shop:
    """A plan with that many records of each effect."""
    maker, records = Maker(seed), list[Record]()

    def add(
        sku: str, action: Action, effect: Effect, changes: list[Change], acquitted: tuple[str, ...] = ()
    ) -> None:
        records.append(
            Record(
                no=len(records) + 1,
                batch=len(records) // 1000 + 1,
                sku=sku,
                action=action,
                effect=effect,
                changes=tuple(changes),
                acquitted=acquitted,
            )
        )

    for _ in range(creates):
        sku, name, brand = maker.product()
        add(sku, Action.CREATE, Effect.CREATE, maker.create(name, brand))
    for number in range(updates):
        sku, name, brand = maker.product()
        changes = maker.update(sku, name, brand)
        pictures = [change for change in changes if change.field == "Images"]
        others = [change for change in changes if change.field != "Images"]
        acquitted = ("Price",) if number % 97 == 5 and any(each.field == "Price" for each in others) else ()
        if others:
            add(sku, Action.UPDATE, Effect.UPDATE, others, acquitted)
        if pictures:
            add(sku, Action.IMAGE, Effect.UPDATE, pictures)
    for _ in range(deactivates):
        sku, _, _ = maker.product()
        add(
            sku, Action.UPDATE, Effect.DEACTIVATE, [Change(field="Status", before="active", after="inactive")]
        )
    for _ in range(removes):
        sku, name, _ = maker.product()
        add(sku, Action.REMOVE, Effect.REMOVE, [Change(field="Name", before=name, after="")])
    held, findings = _held(maker), _findings()
    return Shop(
        plan=_plan(records, held, findings),
        records=tuple(records),
        held=held,
        findings=findings,
        names=maker.names,
    )


def _held(maker: Maker) -> tuple[Held, ...]:
    skus = [maker.product()[0] for _ in range(5)]
    return (
        Held(
            sku=skus[0],
            reason="manual",
            field="TaxClass",
            before="IVA 19",
            after="",
            place="Products › Edit › Tax",
            message="the API ignores an empty value",
        ),
        Held(
            sku=skus[1],
            reason="manual",
            field="Variation",
            before="Blue",
            after="Ocean",
            place="Products › Edit",
            message="a variation can't be renamed by the API",
        ),
        Held(
            sku=skus[2], reason="quarantine", message="refused three times: Brand “Nordheim” does not exist"
        ),
        Held(
            sku=skus[3],
            reason="drift",
            field="Price",
            before="24.90",
            after="19.90",
            theirs="22.50",
            message="edited in the shop since our last push",
        ),
        Held(
            sku=skus[4],
            reason="drift",
            field="Name",
            before="Carafe Ōki",
            after="Carafe Ōki, 1 L",
            theirs="Carafe",
            message="edited in the shop since our last push",
        ),
    )


def _findings() -> tuple[Finding, ...]:
    common = {"file": "spring-prices.xlsx", "sheet": "Articles"}
    return (
        Finding(
            code="price-not-a-number",
            severity=Severity.ERROR,
            row=214,
            column="Price",
            cell="F214",
            value="19,9O",
            sku="AU-KET-00214",
            message="“19,9O” is no price: it ends in the letter O",
            hint="write 19.90",
            **common,
        ),
        Finding(
            code="ean-check-digit",
            severity=Severity.WARNING,
            row=87,
            column="EAN",
            cell="L87",
            value="7501234567890",
            sku="NO-WAL-00087",
            message="the check digit of 7501234567890 is wrong",
            hint="the last digit would be 3",
            **common,
        ),
        Finding(
            code="brand-unknown",
            severity=Severity.ERROR,
            row=152,
            column="Brand",
            cell="C152",
            value="Nordheim",
            sku="NO-BAT-00152",
            message="the shop knows no brand “Nordheim”",
            hint="did you mean “Nordhem”?",
            **common,
        ),
        Finding(
            code="name-too-long",
            severity=Severity.ERROR,
            file="new-items.csv",
            row=9,
            column="Name",
            cell="B9",
            value="Storage basket " * 20,
            sku="CA-STO-00009",
            message="300 characters, the shop takes 255",
            hint="shorten it by 45",
        ),
    )


def _plan(records: list[Record], held: tuple[Held, ...], findings: tuple[Finding, ...]) -> Plan:
    effects = {effect: len({each.sku for each in records if each.effect is effect}) for effect in Effect}
    fields = Counter(
        change.field
        for record in records
        for change in record.changes
        if record.effect in (Effect.UPDATE, Effect.DEACTIVATE)
    )
    counts = Counts(
        create=effects[Effect.CREATE],
        update=effects[Effect.UPDATE],
        deactivate=effects[Effect.DEACTIVATE],
        remove=effects[Effect.REMOVE],
        unchanged=3_184,
        blocked=len({each.sku for each in held}),
        rejected=sum(1 for each in findings if each.severity is Severity.ERROR),
        not_listed=12,
    )
    moves = [
        (percent_moved(change.before, change.after) or 0.0, record.sku)
        for record in records
        for change in record.changes
        if change.field == "Price" and change.before
    ]
    middle = round(abs(statistics.median(moved for moved, _ in moves)), 1) if moves else 0.0
    falls = [(-moved, sku) for moved, sku in moves if moved < -30]
    rises = [(moved, sku) for moved, sku in moves if moved > 50]
    batches = Counter((record.batch, record.action) for record in records)
    return Plan(
        id="20261124T061502Z-9f3c",
        kind="import",
        shop="andina-hogar",
        identity="sha256:" + "5e" * 32,
        dialect="classic",
        operators=(),
        created=1_795_500_902.0,
        source="spring-prices.xlsx",
        source_rows=sum(getattr(counts, name) for name in counts.__slots__),
        source_columns=("SKU", "Name", "Brand", "Description", "Category", "Price", "Stock"),
        partial=False,
        snapshot="20261124T061140Z",
        snapshot_taken=1_795_500_700.0,
        inputs=Inputs(
            source="sha256:" + "a1" * 32, snapshot="sha256:" + "b2" * 32, settings="sha256:" + "c3" * 32
        ),
        counts=counts,
        fields_changed=dict(fields),
        guards=(
            Guard(
                rule="price-down",
                verdict="refused",
                limit=30,
                value=round(max(falls, default=(30.5, ""))[0], 1),
                skus=tuple(sku for _, sku in falls),
                message=f"{len(falls)} products would become more than 30 % cheaper",
            ),
            Guard(
                rule="price-up",
                verdict="allowed",
                limit=50,
                value=round(max(rises, default=(50.5, ""))[0], 1),
                skus=tuple(sku for _, sku in rises),
                message=f"{len(rises)} would become over 50 % dearer",
                reason="new supplier list",
            ),
            Guard(
                rule="price-median",
                verdict="ok",
                limit=15,
                value=middle,
                message=f"prices move by {middle} % in the median",
            ),
            Guard(
                rule="changed", verdict="ok", limit=100, value=7.1, message="7.1 % of the shop would change"
            ),
            Guard(
                rule="zero-stock", verdict="ok", limit=30, value=0.4, message="0.4 % would be out of stock"
            ),
            Guard(
                rule="source-shrunk",
                verdict="ok",
                limit=20,
                value=0,
                message="the file is as long as last time",
            ),
        ),
        batches=tuple(
            Batch(no=no, action=action, lane=Lane.CONTENT, records=number)
            for no, ((_, action), number) in enumerate(sorted(batches.items()), start=1)
        ),
        forecast=Forecast(requests=46, feeds=len(batches), seconds=428.0),
        records=len(records),
        digest="sha256:" + "d4" * 32,
    )


@pytest.fixture(scope="session")
def make_shop() -> Callable[..., Shop]:
    return invent


@pytest.fixture(scope="session")
def shop() -> Shop:
    return invent()


@pytest.fixture
def hostile(shop: Shop) -> Callable[[str], Shop]:
    """The shop with one text wherever text of a file or a server can stand."""

    def with_text(text: str) -> Shop:
        change = Change(
            field="Name", before=text, after=text + "2", origin=Origin(file=text, expression=text)
        )
        record = Record(
            no=1, batch=1, sku=text, action=Action.UPDATE, effect=Effect.UPDATE, changes=(change,)
        )
        plan = replace(
            shop.plan,
            source=text,
            records=1,
            counts=Counts(update=1),
            fields_changed={"Name": 1},
            guards=(Guard(rule="changed", verdict="refused", limit=1, value=2, skus=(text,), message=text),),
        )
        held = Held(
            sku=text, reason="manual", field="Name", before=text, after=text, message=text, place=text
        )
        found = Finding(
            code="x",
            severity=Severity.ERROR,
            message=text,
            hint=text,
            file=text,
            sheet=text,
            value=text,
            sku=text,
        )
        return Shop(plan=plan, records=(record,), held=(held,), findings=(found,), names={text: text})

    return with_text
