"""Mappings: what a file says, bound to a catalog, applied row by row."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import jsonschema
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputRefused, PipelineError, SettingsError
from pipeline.read.applying import apply
from pipeline.read.arithmetic import FAILED
from pipeline.read.catalog import LINE, Catalog, ReadOptions
from pipeline.read.evaluate import Scope, compiled
from pipeline.read.expression import FUNCTIONS, BadExpression, parse
from pipeline.read.finding import Severity
from pipeline.read.fixed import Doubt, Fixed, extreme
from pipeline.read.mapping import load_mapping, schema
from pipeline.read.presets import find_mapping, presets
from pipeline.values.context import Format
from schemas.fields import CLEAR, Dialect

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mapped(tmp_path):
    """Apply a mapping (its text, or a preset's name) to a catalog; (mapped, rows as dicts)."""

    def run(
        catalog: Catalog, text: str | None, *, dialect=Dialect.CLASSIC, operators=(), shop="", clear=CLEAR
    ):
        name: str | None = text
        if text is not None and "\n" in text:
            path = tmp_path / "mapping.toml"
            path.write_text(text, encoding="utf-8")
            name = str(path)
        mapping = load_mapping(name, base=tmp_path, shop=shop)
        done = apply(catalog, mapping, dialect=dialect, operators=operators, folder=tmp_path, clear=clear)
        rows = [row for batch in done.batches() for row in batch.to_pylist()]
        keep = [*done.fields, *done.internal]
        return done, [{name: row[name] for name in keep} for row in rows]

    return run


def worth(text: str, fmt: Format | None = None, lookups=None, **cells: str | None):
    """What an expression is worth in one row."""
    scope = Scope(columns={name: name for name in cells}, format=fmt or Format(), lookups=lookups or {})
    frame = pl.DataFrame(
        {name: [value] for name, value in cells.items()}, schema=dict.fromkeys(cells, pl.String)
    )
    frame = frame if cells else pl.DataFrame({"_": ["x"]})
    return frame.select(v=compiled(parse(text), scope))["v"][0]


WORTH = [
    ('join("-", [a], [b], "x")', {"a": "1", "b": None}, "1-x"),
    ('join("-", [a])', {"a": " "}, None),
    ('split([a], ">", -1)', {"a": "A > B > C"}, " C"),
    ('split([a], ",", 3)', {"a": "x,y"}, None),
    ("strip([a])", {"a": " x "}, "x"),
    ('strip([a], "\'")', {"a": "'0123"}, "0123"),
    ('replace([a], ".", "")', {"a": "1.2.3"}, "123"),
    ('regex([a], "(\\d+)ml", 1)', {"a": "bottle 500ml"}, "500"),
    ('regex_replace([a], "<[^>]*>", " ")', {"a": "<b>x</b>"}, " x "),
    ('if(matches([a], "^X"), "yes", "no")', {"a": "Xy"}, "yes"),
    ('if(contains([a], "(") and not blank([b]), "1", "2")', {"a": "(", "b": None}, "2"),
    ("upper([a])", {"a": "ñandú"}, "ÑANDÚ"),
    ("left([a], 3)", {"a": "ñandú"}, "ñan"),
    ("right([a], 2)", {"a": "ñandú"}, "dú"),
    ("pad([a], 5)", {"a": "42"}, "00042"),
    ('default([a], [b], "z")', {"a": " ", "b": None}, "z"),
    ('[a] & " " & [b]', {"a": "x", "b": None}, "x "),
    ("num([a]) * 1.19", {"a": "10"}, "11.90"),
    ("round(num([a]) * 1.19, 2)", {"a": "10.05"}, "11.96"),
    ("round([a] / 3, 2)", {"a": "10"}, "3.33"),
    ("ceil([a], 0) - 0.01", {"a": "12.3"}, "12.99"),
    ("floor([a], -1)", {"a": "129"}, "1.2E+2"),
    ("-[a] + 5", {"a": "2"}, "3"),
    ("2 + 3 * 4", {}, "14"),
    ("(2 + 3) * 4", {}, "20"),
    ("max([a], [b], 3)", {"a": "5", "b": None}, "5"),
    ("min([a], [b])", {"a": None, "b": None}, None),
    ("[a] * 2", {"a": None}, None),
    ("[a] * 2", {"a": "abc"}, f"{FAILED}abc"),
    ("[a] * 2", {"a": "1.234"}, f"{FAILED}1.234"),
    ("[a] / 0", {"a": "1"}, f"{FAILED}1"),
    ("[a] * 2", {"a": "NaN"}, f"{FAILED}NaN"),
    ("[a] * 2", {"a": "1e3"}, f"{FAILED}1e3"),
    ("[a] + 1", {"a": "١٢"}, f"{FAILED}١٢"),
    ('convert([a], "lb", "kg")', {"a": "2"}, "0.90718474"),
    ('convert([a], "cm", "mm")', {"a": "1.5"}, "15.0"),
    ('if([a] > 100, "big", "small")', {"a": "99.5"}, "small"),
    ('if([a] == "x", "1", "2")', {"a": None}, "2"),
    ('if([a] != "", "1", "2")', {"a": None}, "2"),
    ('lookup("t", [a])', {"a": " Rojo "}, "red"),
    ('lookup("t", [a])', {"a": "verde"}, f"{FAILED}verde"),
    ('lookup("t", [a], "?")', {"a": "verde"}, "?"),
    ('pairs([a], "color")', {"a": "climate=a,b,color=Red,size=M"}, "Red"),
    ('pairs([a], "climate")', {"a": "climate=a,b,color=Red"}, "a,b"),
    ('pairs([a], "x")', {"a": "color=Red"}, None),
    ('pairs([a], "brand", "|", ":")', {"a": "x:1|brand:Acme"}, "Acme"),
    ("html([a])", {"a": '<p onclick="x">a<script>alert(1)</script><img src=x></p>'}, "<p>a</p>"),
    ("plain([a])", {"a": "<p>a &amp; b</p><p>c</p>"}, "a & b\nc"),
    ("lines([a])", {"a": "a < b\nc"}, "a &lt; b<br>c"),
    ("lines([a])", {"a": "<p>a &amp; b</p>\n<P class='x'>c</P>"}, "<p>a &amp; b</p>\n<P class='x'>c</P>"),
    ("lines([a])", {"a": "a <= b, c<d> e"}, "a &lt;= b, c&lt;d&gt; e"),
    ('date([a], "%d.%m.%Y")', {"a": "31.05.2024"}, "2024-05-31 00:00:00"),
    ('date([a], "%d.%m.%Y")', {"a": "x"}, f"{FAILED}x"),
    ("distinct([a])", {"a": "x\ny\nx"}, "x\ny"),
    ("'it''s'" if False else '"it\'s"', {}, "it's"),
]


@pytest.mark.parametrize(
    ("text", "cells", "expected"), WORTH, ids=[f"{t}-{n}" for n, (t, _, _) in enumerate(WORTH)]
)
def test_an_expression_is_worth(text, cells, expected):
    got = worth(text, lookups={"t": {"rojo": "red"}}, **cells)
    assert got == (expected if expected != "1.2E+2" else "120")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "[a",
        "nope([a])",
        "upper()",
        "upper([a], [b])",
        "split([a], ',')",
        "split([a], [b], 1)",
        "[a] and [b]",
        "1 +",
        '"open',
        "[a] [b]",
        "__import__('os')",
        "a.b",
        "{0.__class__}",
        "if([a], 1, 2)",
        "not [a]",
        "(" * 60 + "1" + ")" * 60,
        "x" * 5000,
    ],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(BadExpression):
        parse(text)


@pytest.mark.parametrize(
    "text", ['regex([a], "(", 0)', 'convert([a], "kg", "cm")', 'lookup("none", [a])', 'split([a], ",", 0)']
)
def test_what_cannot_be_worked_out_is_refused_before_any_row(text):
    with pytest.raises(BadExpression):
        worth(text, a="x")


@settings(deadline=2000, max_examples=20)
@given(st.integers(1000, 50_000))
def test_no_pattern_runs_away(length):
    """Catastrophic patterns are linear here."""
    assert worth('regex_replace([a], "(a+)+$", "x")', a="a" * length + "!") == "a" * length + "!"


@given(st.text(max_size=60))
def test_cleaning_html_twice_changes_nothing(text):
    once = worth("html([a])", a=text)
    assert once is None or worth("html([a])", a=once) == once


NUMBERS = st.one_of(
    st.decimals(-2000, 2000, places=2).map(str),
    st.integers(-50, 50).map(str),
    st.decimals(0, 10**9, places=4).map(str),
    st.sampled_from(
        ["", " ", "x", "-0", "-0.00", "0.00", "1.005", "007", "999999999.9999", "1,5", "12.5 ", None]
    ),
)
LEAVES = st.sampled_from(["[a]", "[b]", "0", "3", "1.19", "0.005", "100000.25"])
ARITHMETIC = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda made: f"({made[0]} {made[1]} {made[2]})"),
        st.tuples(st.sampled_from(["round", "floor", "ceil"]), inner, st.integers(0, 5)).map(
            lambda made: f"{made[0]}({made[1]}, {made[2]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda m: f"{m[0]}({m[1]}, {m[2]})"),
        inner.map(lambda made: f"abs({made})"),
        inner.map(lambda made: f"(0 - {made})"),
    ),
    max_leaves=6,
).filter(lambda text: "[" in text)


@settings(deadline=None, max_examples=200)
@given(
    text=ARITHMETIC,
    cells=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8),
    decimal=st.sampled_from(["", ".", ","]),
)
def test_arithmetic_by_columns_is_arithmetic_number_by_number(text, cells, decimal):
    rows = pl.DataFrame(cells, schema={"a": pl.String, "b": pl.String}, orient="row")
    many = pl.concat([rows] * (1_000 // len(cells) + 1))
    made = compiled(
        parse(f"num({text})"), Scope(columns={"a": "a", "b": "b"}, format=Format(decimal=decimal))
    )
    one_by_one = [rows[at : at + 1].select(v=made)["v"][0] for at in range(rows.height)]
    assert many.select(v=made)["v"].to_list() == one_by_one * (1_000 // len(cells) + 1)


def test_every_function_is_documented():
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert [name for name in FUNCTIONS if f"`{name}" not in page] == []


# -- binding ---------------------------------------------------------------------------------------


def test_canonical_headers_need_no_mapping(read, mapped):
    seen = read(b"SellerSku,Name,Price,ProductData.Color\n007,a,5,Red\n")
    done, rows = mapped(seen.catalog, None)
    assert rows == [{"SellerSku": "007", "Name": "a", "Price": "5", "ProductData.Color": "Red"}]
    assert done.path == seen.catalog.path
    assert done.cell(0, 2, "Price").cell == "C2"


def test_only_what_is_computed_is_written(read, mapped):
    seen = read(b"sku,title,preis,color\n007,a,5,Red\n008,,6,\n")
    said = """
    [columns]
    SellerSku = "sku"
    Name = "title"
    Price = { value = "[preis] * 2" }
    "ProductData.Color" = "color"
    """
    done, rows = mapped(seen.catalog, said)
    assert rows == [
        {"SellerSku": "007", "Name": "a", "Price": "10", "ProductData.Color": "Red"},
        {"SellerSku": "008", "Name": None, "Price": "12", "ProductData.Color": None},
    ]
    with pa.ipc.open_file(done.path) as file:
        assert file.schema.names == ["Price"]


def test_new_names_alone_write_nothing(read, mapped):
    seen = read(b"sku,title\n007,a\n008,\n")
    done, rows = mapped(seen.catalog, '[columns]\nSellerSku = "sku"\nName = "title"\n')
    assert rows == [{"SellerSku": "007", "Name": "a"}, {"SellerSku": "008", "Name": None}]
    assert (done.path, done.rows) == (seen.catalog.path, 2)


def test_plain_names_mean_every_operator(read, mapped):
    seen = read(b"SellerSku,Price,BusinessUnits.facl.Quantity\n1,5,3\n")
    _, rows = mapped(seen.catalog, None, dialect=Dialect.FALABELLA, operators=("facl", "fape"))
    assert rows == [
        {
            "SellerSku": "1",
            "BusinessUnits.facl.Price": "5",
            "BusinessUnits.fape.Price": "5",
            "BusinessUnits.facl.Stock": "3",
        }
    ]


def test_image_columns_are_one_list(read, mapped):
    seen = read(b"SellerSku,Image2,MainImage,Image3\n1,b,a,\n")
    assert mapped(seen.catalog, None)[1] == [{"SellerSku": "1", "Images": "a\nb"}]


def test_an_unknown_column_is_one_warning(read, mapped):
    seen = read(b"SellerSku,Pric,Name\n1,5,a\n2,6,b\n")
    done, _ = mapped(seen.catalog, None)
    assert [(item.code, item.severity, item.cell, item.column) for item in done.findings] == [
        ("unknown-column", Severity.WARNING, "B1", "Pric")
    ]
    assert done.fields == ("SellerSku", "Name")


def test_headers_are_found_without_case_blanks_and_accents(read, mapped):
    seen = read(b"codigo  producto;PRECIO VENTA\n1;5\n")
    text = '[columns]\nSellerSku = "Código_Producto"\nPrice = ["Precio", "Precio venta"]\n'
    assert mapped(seen.catalog, text)[1] == [{"SellerSku": "1", "Price": "5"}]


REFUSED = {
    "no sku": (b"Name,Price\na,5\n", None, "no usable header"),
    "missing column": (
        b"sku,Prise\n1,5\n",
        '[columns]\nSellerSku = "sku"\nPrice = "Price"\n',
        "did you mean 'Prise'",
    ),
    "doubled header": (b"SellerSku,Price,Price\n1,5,6\n", None, "stands twice"),
    "two columns, one field": (
        b"SellerSku,Status,status\n1,a,b\n",
        '[columns]\nSellerSku = "SellerSku"\nStatus = "STATUS"\n',
        "may be any of",
    ),
}


@pytest.mark.parametrize(("content", "text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_catalog_that_does_not_fit_is_refused(read, mapped, content, text, words):
    with pytest.raises(InputRefused, match=words):
        mapped(read(content).catalog, text)


WRONG = {
    "unknown key": ('[columns]\nSellerSku = { colum = "x" }\n', "colum"),
    "unknown field": ('[columns]\nSellerSku = "sku"\nPrize = "p"\n', "Price"),
    "two sources": ('[columns]\nSellerSku = { column = "a", constant = "b" }\n', "one of"),
    "bad expression": ('[columns]\nSellerSku = { value = "uper([a])" }\n', "upper"),
    "no toml": ("[columns\n", "mapping.toml"),
    "no such base": ('extends = "nothing"\n[columns]\n', "woocommerce"),
    "missing table": (
        '[columns]\nSellerSku = "sku"\n[lookups.t]\nfile = "t.csv"\nkey = "a"\nvalue = "b"\n',
        "t.csv",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_mapping_that_means_nothing_is_refused(read, mapped, text, words):
    with pytest.raises(SettingsError) as caught:
        mapped(read(b"sku,p\n1,2\n").catalog, text)
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_constants_defaults_values_and_units(read, mapped):
    seen = read(b"sku,brand,state,weight\n1,,1,2.5\n2,Acme,0,\n")
    text = """
[columns]
SellerSku = "sku"
Brand = { column = "brand", default = "Generic" }
Status = { column = "state", values = { "1" = "active" }, otherwise = "inactive" }
TaxClass = { constant = "default" }
"ProductData.PackageWeight" = { column = "weight", unit = { from = "kg", to = "g" } }
"""
    assert mapped(seen.catalog, text)[1] == [
        {
            "SellerSku": "1",
            "Brand": "Generic",
            "Status": "active",
            "TaxClass": "default",
            "ProductData.PackageWeight": "2500.0",
        },
        {
            "SellerSku": "2",
            "Brand": "Acme",
            "Status": "inactive",
            "TaxClass": "default",
            "ProductData.PackageWeight": None,
        },
    ]


def test_what_a_blank_means_is_the_columns_to_say(read, mapped):
    seen = read(b"sku,a,b,c,d\n1,,,,__NULL__\n")
    text = '[columns]\nSellerSku = "sku"\nName = "a"\nSalePrice = { column = "b", blank = "clear" }\nBrand = { column = "c", blank = "error" }\nVariation = "d"\n'
    done, rows = mapped(seen.catalog, text, clear="__NULL__")
    assert rows == [{"SellerSku": "1", "Name": None, "SalePrice": CLEAR, "Brand": "", "Variation": CLEAR}]
    assert done.formats["Brand"].blank == "error"


def test_a_table_without_the_column_clears_nothing(read, mapped):
    seen = read(b"sku,sale\n1,\n", b"sku,name\n2,b\n")
    text = '[columns]\nSellerSku = "sku"\nSalePrice = { column = "sale", blank = "clear" }\n'
    assert mapped(seen.catalog, text)[1] == [
        {"SellerSku": "1", "SalePrice": CLEAR},
        {"SellerSku": "2", "SalePrice": None},
    ]


def test_a_shops_overlay_takes_the_place_of_the_columns_it_names(read, mapped):
    seen = read(b'sku,price,nombre,name\n1,"10,50",hola,hello\n')
    text = """
[format]
decimal = ","
[columns]
SellerSku = "sku"
Name = "name"
Price = "price"
[internal]
cost = { value = "num([price]) * 0.5" }
[shops.pe.columns]
Name = "nombre"
Price = { value = "round([price] * 1.18, 2)" }
"""
    plain = mapped(seen.catalog, text)
    peru = mapped(seen.catalog, text, shop="pe")
    assert plain[1] == [{"SellerSku": "1", "Name": "hello", "Price": "10,50", "@cost": "5.250"}]
    assert peru[1] == [{"SellerSku": "1", "Name": "hola", "Price": "12.39", "@cost": "5.250"}]
    assert (plain[0].formats["Price"].decimal, peru[0].formats["Price"].decimal) == (",", ".")
    assert plain[0].digest != peru[0].digest


def test_a_value_that_cannot_be_had_is_a_finding_at_its_cell(read, mapped):
    seen = read(b"sku,price\n1,10\n2,ten\n")
    text = '[columns]\nSellerSku = "sku"\nPrice = { value = "round([price] * 2, 2)" }\n'
    done, rows = mapped(seen.catalog, text)
    assert [row["Price"] for row in rows] == ["20.00", "ten"]
    assert [(item.code, item.cell, item.value, item.sku) for item in done.findings] == [
        ("expression-failed", "B3", "ten", "2")
    ]


def test_number_cells_of_a_workbook_are_no_typed_text(read, mapped):
    """Under decimal = "," a typed "1.234" means a thousand, a number cell of 1.234 does not."""
    import io

    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([("sku", "x", "price"), ("1", "", 1234.5), ("2", "", "1.234,50")]):
            sheet.write_row(at, 0, row)
    seen = read(out.getvalue(), name="a.xlsx")
    text = '[format]\ndecimal = ","\nthousands = "."\n[columns]\nSellerSku = "sku"\nPrice = "price"\nSalePrice = { value = "num([price])" }\n'
    assert mapped(seen.catalog, text)[1] == [
        {"SellerSku": "1", "Price": "1234,5", "SalePrice": "1234.5"},
        {"SellerSku": "2", "Price": "1.234,50", "SalePrice": "1234.50"},
    ]


def test_a_row_of_a_workbook_is_skipped_for_a_number_that_feeds_nothing(read, mapped):
    import io

    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(
            [("sku", "price", "stock"), ("1", "5,50", 0.5), ("2", 6.5, 7), ("3", 7, "0,5")]
        ):
            sheet.write_row(at, 0, row)
    seen = read(out.getvalue(), name="a.xlsx")
    text = '[format]\ndecimal = ","\n[columns]\nSellerSku = "sku"\nPrice = "price"\n[[skip]]\nwhen = "num([stock]) == 0.5"\nreason = "few"\n'
    done, rows = mapped(seen.catalog, text)
    assert rows == [{"SellerSku": "2", "Price": "6,5"}]
    assert done.skipped == {"few": 2}


def test_an_error_in_a_column_that_feeds_nothing_is_a_warning(read, mapped):
    seen = read(b"sku,name,price\n1,a,5,x\n")
    assert seen.errors == ["too-many-cells"]


def test_lookup_tables_stand_beside_the_mapping(read, mapped, tmp_path):
    (tmp_path / "brands.csv").write_text("code;name\nAC;Acme\n", encoding="utf-8")
    seen = read(b"sku,b\n1,ac\n2,zz\n")
    text = '[columns]\nSellerSku = "sku"\nBrand = { value = \'lookup("brands", [b])\' }\n[lookups.brands]\nfile = "brands.csv"\nkey = "code"\nvalue = "name"\n'
    done, rows = mapped(seen.catalog, text)
    assert [row["Brand"] for row in rows] == ["Acme", "zz"]
    assert [item.value for item in done.findings] == ["zz"]


# -- folding ---------------------------------------------------------------------------------------

SPREAD = b"handle,title,sku,img,price\na,Shirt,a-1,u1,5\na,,a-2,u2,6\na,,,u3,\nb,Hat,b-1,,7\n"
GROUPED = """
[columns]
SellerSku = "sku"
ParentSku = { value = "[@parent]" }
Name = "title"
Price = "price"
Images = { value = "[@images]" }
[variants]
group = "handle"
fill_down = ["title"]
images = ["img"]
[[skip]]
when = "blank([sku])"
reason = "image row"
"""


def test_rows_of_a_group_lend_each_other_what_they_share(read, mapped):
    done, rows = mapped(read(SPREAD).catalog, GROUPED)
    assert rows == [
        {"SellerSku": "a-1", "ParentSku": "a-1", "Name": "Shirt", "Price": "5", "Images": "u1\nu2\nu3"},
        {"SellerSku": "a-2", "ParentSku": "a-1", "Name": "Shirt", "Price": "6", "Images": "u1\nu2\nu3"},
        {"SellerSku": "b-1", "ParentSku": "b-1", "Name": "Hat", "Price": "7", "Images": None},
    ]
    assert (done.rows, done.skipped) == (3, {"image row": 1})


def test_a_group_is_folded_whole_across_batches(read, mapped):
    head = "handle,title,sku,img,price"
    rows = [f"g{n // 7},{'T' if n % 7 == 0 else ''},s{n},u{n},{n}" for n in range(40_000)]
    small_batches = ReadOptions(skip_footer=0)
    seen = read("\n".join([head, *rows]).encode(), options=small_batches)
    done, out = mapped(seen.catalog, GROUPED)
    assert sum(1 for _ in done.catalog.batches()) > 1
    assert [row["ParentSku"] for row in out] == [f"s{n // 7 * 7}" for n in range(40_000)]
    assert {row["Name"] for row in out} == {"T"}
    assert {row["Images"].count("\n") for row in out[:39_998]} == {6}


def test_a_group_without_end_gathers_only_so_many_images(read, mapped):
    rows = ["handle,title,sku,img,price"] + [f"g,T,s{n},u{n},{n}" for n in range(2_000)]
    _, out = mapped(read("\n".join(rows).encode()).catalog, GROUPED)
    assert {row["Images"].count("\n") for row in out} == {199}


PARENTS = """
[columns]
SellerSku = "SKU"
ParentSku = { value = "default([@parent], [SKU])" }
Name = "Name"
[variants.parent]
when = '[Type] == "variable"'
keys = ["SKU"]
ids = "ID"
reference = "Parent"
child_key = "SKU"
inherit = ["Name"]
[[skip]]
when = '[Type] == "variable"'
reason = "parent"
"""


def test_children_find_parents_before_and_behind_them(read, mapped):
    content = b"ID,Type,SKU,Name,Parent\n1,variation,a-1,,P\n2,variable,P,Shirt,\n3,variation,a-2,Own,id:2\n4,simple,s,Hat,\n"
    done, rows = mapped(read(content).catalog, PARENTS)
    assert rows == [
        {"SellerSku": "a-1", "ParentSku": "a-1", "Name": "Shirt"},
        {"SellerSku": "a-2", "ParentSku": "a-1", "Name": "Own"},
        {"SellerSku": "s", "ParentSku": "s", "Name": "Hat"},
    ]
    assert done.skipped == {"parent": 1}


def test_every_input_row_is_mapped_or_skipped(read, mapped):
    for content, text in ((SPREAD, GROUPED),):
        done, _ = mapped(read(content).catalog, text)
        assert done.rows + sum(done.skipped.values()) == done.catalog.rows


def test_mapped_rows_know_their_line(read, mapped):
    done, _ = mapped(read(SPREAD).catalog, GROUPED)
    lines = [line for batch in done.batches() for line in batch.column(LINE).to_pylist()]
    assert lines == [2, 3, 5]


# -- presets and schema ----------------------------------------------------------------------------


def test_presets_are_found_by_name_and_by_path(tmp_path):
    assert presets() == (
        "google-merchant",
        "magento2",
        "prestashop",
        "seller-center",
        "shopify",
        "woocommerce",
    )
    shipped = find_mapping("woocommerce", tmp_path)
    assert shipped == find_mapping("configs/mappings/woocommerce.toml", tmp_path)
    (tmp_path / "own.toml").write_text("[columns]\n")
    assert find_mapping("own.toml", tmp_path) == tmp_path / "own.toml"
    with pytest.raises(SettingsError, match="no mapping"):
        find_mapping("nothing", tmp_path)


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid_by_the_published_schema(name, tmp_path):
    import tomllib

    published = json.loads((ROOT / "schemas" / "mapping.schema.json").read_text(encoding="utf-8"))
    data = tomllib.loads(find_mapping(name, tmp_path).read_text(encoding="utf-8"))
    jsonschema.validate(data, published)
    load_mapping(name, base=tmp_path)


def test_the_published_schema_is_that_of_the_code():
    assert json.loads((ROOT / "schemas" / "mapping.schema.json").read_text(encoding="utf-8")) == schema()


def test_errors_of_a_mapping_are_of_our_tree():
    with pytest.raises(PipelineError):
        load_mapping("nope")


def test_columns_of_decimals_keep_each_number_as_it_was_written():
    """What arithmetic by columns is made of, without the way back to single numbers."""
    prices = Fixed.read(pl.Series(["12.5", "7", "-3.25", "0.0005"]))
    assert prices.texts().to_list() == ["12.5", "7", "-3.25", "0.0005"]
    assert (prices * Decimal("1.19")).texts().to_list() == ["14.875", "8.33", "-3.8675", "0.000595"]
    assert (Decimal(1) - prices).texts().to_list() == ["-11.5", "-6", "4.25", "0.9995"]
    assert prices.quantize(Decimal("0.1"), ROUND_HALF_UP).texts().to_list() == ["12.5", "7.0", "-3.3", "0.0"]
    assert extreme([prices, Decimal("7.00")], most=True).texts().to_list() == ["12.5", "7", "7.00", "7.00"]


@pytest.mark.parametrize(
    "work",
    [
        lambda one: Fixed.read(pl.Series(["-0.00"])),
        lambda one: one * Decimal(0),
        lambda one: one * Decimal(10**12),
        lambda one: one == Decimal(1),
        lambda one: one.quantize(Decimal("1E+2"), ROUND_HALF_UP),
    ],
    ids=["a zero below zero", "a product below zero", "too long", "a comparison", "hundreds"],
)
def test_what_columns_of_decimals_cant_tell_is_in_doubt(work):
    with pytest.raises(Doubt):
        work(Fixed.read(pl.Series(["-999999.5", "3"])))
