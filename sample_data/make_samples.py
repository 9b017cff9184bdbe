"""Makes the sample catalogs beside it: `python sample_data/make_samples.py`. Same files every time.

All content is invented. `classic.csv` and `falabella.csv` are what a seller would import;
`*_shop.json` is what the shop holds before: mostly the same, written as shops write it.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Row = dict[str, str]

#: Category, brand, what it is, its colours or sizes, the dearest price, weight in kg.
LINES = (
    ("Tableware > Cups", "Stonefold", "Espresso cup", ("Chalk", "Moss", "Ember", "Night"), 14.9, 0.18),
    ("Tableware > Cups", "Stonefold", "Mug 300 ml", ("Chalk", "Moss", "Ember", "Night", "Sand"), 18.5, 0.34),
    ("Tableware > Cups", "Harbour Pottery", "Travel beaker", ("Blue", "Green"), 22.0, 0.29),
    ("Tableware > Plates", "Stonefold", "Dinner plate 27 cm", ("Chalk", "Moss", "Ember"), 26.0, 0.71),
    ("Tableware > Plates", "Stonefold", "Side plate 20 cm", ("Chalk", "Moss", "Ember"), 17.0, 0.42),
    ("Tableware > Bowls", "Harbour Pottery", "Soup bowl", ("White", "Blue", "Green"), 19.9, 0.48),
    ("Tableware > Bowls", "Harbour Pottery", "Mixing bowl", ("1 l", "2 l", "4 l"), 44.0, 1.35),
    ("Textiles > Towels", "Lín & Co", "Linen tea towel", ("Natur", "Grau", "Öl"), 12.0, 0.11),
    ("Textiles > Towels", "Lín & Co", "Bath towel", ("50 × 100", "70 × 140"), 34.0, 0.52),
    ("Textiles > Blankets", "Ovis", "Lambswool throw", ("Heather", "Oat", "Pine", "Ash"), 119.0, 1.1),
    ("Textiles > Blankets", "Ovis", "Baby blanket", ("Oat", "Sky"), 69.0, 0.45),
    ("Office > Notebooks", "Folio Nueve", "Cuaderno A5", ("Liso", "Rayas", "Puntos"), 11.5, 0.23),
    ("Office > Notebooks", "Folio Nueve", "Cuaderno A4", ("Liso", "Rayas", "Puntos"), 16.5, 0.47),
    ("Office > Pens", "Tinta Sur", "Fountain pen", ("Fine", "Medium", "Broad"), 48.0, 0.03),
    ("Office > Pens", "Tinta Sur", "Ink 30 ml", ("Black", "Blue", "Añil"), 9.9, 0.14),
    ("Coffee > Brewers", "Kessel", "Pour-over brewer", ("1 cup", "4 cups"), 32.0, 0.38),
    ("Coffee > Brewers", "Kessel", "Moka pot", ("3 cups", "6 cups"), 39.0, 0.66),
    ("Lighting > Lamps", "Nordlys", "Desk lamp", ("White", "Black", "Brass"), 89.0, 1.9),
    ("Lighting > Lamps", "Nordlys", "Bedside lamp", ("White", "Black"), 64.0, 1.2),
)
SERIES = ("Classic", "Atelier", "Ronda", "Küste", "Duo", "Prima")
TEXTS = (
    "<p>{name} in {variant}. Made in small batches, checked by hand.</p>",
    '<p>{name} &amp; nothing else: no glue, no plastic.</p><ul class="facts"><li>Weight {weight} kg</li>'
    "<li>{variant}</li></ul>",
    "<p><b>{name}</b> für jeden Tag.<br>Keeps its colour: {variant}.</p>",
)


@dataclass(frozen=True)
class Item:
    """One product of the catalog, and how many came before it."""

    number: int
    row: Row


def digits(stem: str) -> str:
    """Twelve digits → an EAN-13 with its check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(stem))
    return f"{stem}{-total % 10}"


def items() -> Iterator[Item]:
    """The whole classic catalog: each line in each series it is made in, each in its variants."""
    number = 0
    for at, (category, brand, what, variants, price, weight) in enumerate(LINES):
        for series in SERIES[: 6 if len(variants) != 5 else 4]:
            parent = ""
            for place, variant in enumerate(variants):
                letters = brand[:2].upper().replace("Í", "I")
                sku = f"{letters}-{at:02d}{SERIES.index(series)}{place}-{number:04d}"
                parent = parent or sku
                name = f"{what} {series}"
                cents = round(price * 100 * (1 + SERIES.index(series) * 0.07)) - place * 50
                yield Item(
                    number, classic_row(number, sku, parent, name, variant, category, brand, cents, weight)
                )
                number += 1


def classic_row(
    number: int,
    sku: str,
    parent: str,
    name: str,
    variant: str,
    category: str,
    brand: str,
    cents: int,
    weight: float,
) -> Row:
    on_sale = number % 11 == 4
    text = TEXTS[number % len(TEXTS)].format(name=name, variant=variant, weight=weight)
    return {
        "SellerSku": sku,
        "ParentSku": parent,
        "Name": f"{name}, {variant}",
        "Variation": variant,
        "PrimaryCategory": category,
        "Description": text,
        "Brand": brand,
        "Price": f"{cents / 100:g}",
        "SalePrice": f"{cents * 0.8 / 100:.2f}" if on_sale else "",
        "SaleStartDate": "2026-11-01" if on_sale else "",
        "SaleEndDate": "2026-12-24 23:59:59" if on_sale else "",
        "Quantity": str(number * 7 % 61),
        "Status": "inactive" if number % 53 == 17 else "active",
        "ProductId": digits(f"{761000000000 + number * 37:012d}"),
        "TaxClass": "default",
        "Images": "|".join(
            f"https://img.example.test/{sku.lower()}-{n}.jpg" for n in range(1, 2 + number % 3)
        ),
        "ProductData.Color": variant if not variant[0].isdigit() else "",
        "ProductData.PackageWeight": f"{weight:g}",
    }


def as_shop_writes(row: Row) -> Row:
    """The same product as GetProducts would tell it: other forms, same meaning."""
    money = {name: f"{float(row[name]):.2f}" for name in ("Price", "SalePrice") if row[name]}
    start = {"SaleStartDate": f"{row['SaleStartDate']} 00:00:00"} if row["SaleStartDate"] else {}
    text = row["Description"].replace("</p><ul", "</p>\n<ul").replace("<br>", "<br />")
    return {**row, **money, **start, "Description": text, "Images": row["Images"].replace("|", "\n")}


def classic() -> tuple[list[Row], list[dict[str, Any]]]:
    """The catalog, and the shop before it: some products unknown, some at other prices, texts, stock."""
    catalog, shop = [], []
    for item in items():
        row, theirs = item.row, as_shop_writes(item.row)
        if item.number % 13 == 6 and row["ParentSku"] != row["SellerSku"]:
            catalog.append(row)  # new: the shop has never seen it
            continue
        price = float(row["Price"])
        if item.number % 9 == 2 and not row["SalePrice"]:
            theirs["Price"] = f"{price * (0.94 if item.number % 2 else 1.05):.2f}"
        if item.number % 37 == 5:
            theirs["Name"] = theirs["Name"].replace(",", " -")
        if item.number % 5 == 1:
            theirs["Quantity"] = str(int(row["Quantity"]) + 3)
        if item.number == PROMOTED:
            # What only the shop knows: a promotion above the new price. It refuses the price then.
            theirs |= {"Price": f"{price * 1.15:.2f}", "SalePrice": f"{price * 1.05:.2f}"}
            theirs |= {"SaleStartDate": "2026-11-01 00:00:00", "SaleEndDate": "2027-01-31 23:59:59"}
        catalog.append(row)
        shop.append(shop_object(theirs))
    for number in (1, 2):
        name = f"Retired sampler {number}"
        shop.append(shop_object({**shop_only(f"OLD-{number:03d}", name), "Quantity": str(number)}))
    return catalog, shop


PROMOTED = 100


def shop_only(sku: str, name: str) -> Row:
    return {
        "SellerSku": sku, "ParentSku": sku, "Name": name, "PrimaryCategory": "Tableware > Cups",
        "Description": "<p>No longer in the catalog.</p>", "Brand": "Stonefold", "Price": "5.00",
        "Status": "inactive", "Images": "",
    }  # fmt: skip


def shop_object(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = {
        k: v for k, v in row.items() if v and not k.startswith("ProductData.") and k != "Images"
    }
    plain["Images"] = [address for address in row["Images"].split("\n") if address]
    plain["ProductData"] = {
        k.partition(".")[2]: v for k, v in row.items() if v and k.startswith("ProductData.")
    }
    return plain


def falabella() -> tuple[list[Row], list[dict[str, Any]]]:
    """Sixty products in two countries: whole pesos in one, soles and cents in the other."""
    catalog, shop = [], []
    for item in list(items())[:60]:
        old = item.row
        pesos, soles = round(float(old["Price"]) * 950), float(old["Price"]) * 3.75
        row = {
            name: old[name]
            for name in ("SellerSku", "ParentSku", "Name", "PrimaryCategory", "Description", "Brand")
        }
        row |= {
            "ProductId": old["ProductId"], "TaxClass": "IVA 19%", "Color": old["Variation"],
            "Images": old["Images"], "ProductData.ConditionType": "Nuevo",
            "ProductData.PackageWeight": old["ProductData.PackageWeight"],
            "BusinessUnits.facl.Price": str(pesos), "BusinessUnits.facl.Stock": old["Quantity"],
            "BusinessUnits.facl.Status": "active", "BusinessUnits.fape.Price": f"{soles:.2f}",
            "BusinessUnits.fape.Stock": str(item.number % 9), "BusinessUnits.fape.Status": "active",
        }  # fmt: skip
        on_sale = item.number % 7 == 3
        row |= {
            "BusinessUnits.facl.SpecialPrice": str(round(pesos * 0.85)) if on_sale else "",
            "BusinessUnits.facl.SpecialFromDate": "2026-11-01" if on_sale else "",
            "BusinessUnits.facl.SpecialToDate": "2026-11-30 23:59:59" if on_sale else "",
        }
        catalog.append(row)
        if item.number % 15 != 14:
            shop.append(shop_object({**row, **_theirs(item.number, row, pesos)}))
    return catalog, shop


def _theirs(number: int, row: Row, pesos: int) -> Row:
    known = {"BusinessUnits.facl.Price": f"{pesos * (0.9 if number % 8 == 5 else 1):.2f}"}
    if number % 10 == 7:
        known["BusinessUnits.fape.Price"] = f"{float(row['BusinessUnits.fape.Price']) + 4:.2f}"
    return {**known, "Images": row["Images"].replace("|", "\n")}


GOOD = {
    "SellerSku": "", "ParentSku": "", "Name": "Mug 300 ml", "PrimaryCategory": "Tableware > Cups",
    "Description": "<p>A mug for every day.</p>", "Brand": "Stonefold", "Price": "18.50", "SalePrice": "",
    "SaleStartDate": "", "SaleEndDate": "", "Quantity": "5", "Status": "active", "ProductId": "",
    "Images": "https://img.example.test/mug.jpg", "ProductData.ConditionType": "Nuevo",
}  # fmt: skip
SCRIPT = "<p>A mug.</p><script>alert(1)</script>"
MANY = "|".join(f"https://img.example.test/{n}.jpg" for n in range(9))
#: Finding → what its row has instead of what's good. Those of whole files stand in broken/.
DEFECTS: dict[str, tuple[Row, ...]] = {
    "blank-sku": ({"SellerSku": ""},),
    "sku-too-long": ({"SellerSku": "S" * 256},),
    "sku-characters": ({"SellerSku": "D-ZERO\u200bWIDTH"},),
    "duplicate-sku": ({"SellerSku": "D-TWICE"}, {"SellerSku": "D-TWICE"}),
    "similar-sku": ({"SellerSku": "D-similar"}, {"SellerSku": "D-SIMILAR"}),
    "control-character": ({"Name": "Mug\x0bfor tea"},),
    "too-short": ({"Name": "M"},),
    "too-long": ({"Name": "Mug " * 70},),
    "mojibake": ({"Name": "CafÃ© mug"},),
    "replacement-character": ({"Name": "Caf\ufffd mug"},),
    "bidi-control": ({"Name": "Mug \u202egnp.exe"},),
    "markup-in-text": ({"Name": "<b>Mug</b>"},),
    "unsafe-html": ({"Description": SCRIPT},),
    "missing-required": ({"Brand": ""},),
    "unknown-brand": ({"Brand": "Stonefeld"},),
    "unknown-category": ({"PrimaryCategory": "Tableware > Cubs"},),
    "not-a-leaf": ({"PrimaryCategory": "Tableware"},),
    "unknown-option": ({"ProductData.ConditionType": "Nuevito"},),
    "not-a-number": ({"Price": "18,5o"},),
    "ambiguous-number": ({"Price": "1.234"},),
    "too-many-decimals": ({"Price": "18.4999"},),
    "number-out-of-range": ({"Price": "18500000000000000"},),
    "wrong-currency": ({"Price": "€18.50"},),
    "not-positive": ({"Price": "0"},),
    "not-an-integer": ({"Quantity": "2.5"},),
    "negative-quantity": ({"Quantity": "-1"},),
    "bad-date": ({"SalePrice": "9", "SaleStartDate": "31/12/2026"},),
    "not-an-option": ({"Status": "actve"},),
    "ean-scientific": ({"ProductId": "7.61E+12"},),
    "bad-ean": ({"ProductId": "7610000000001"},),
    "too-many-images": ({"Images": MANY},),
    "image-not-https": ({"Images": "http://img.example.test/mug.jpg"},),
    "image-address": ({"Images": "https://192.168.0.7/mug.jpg"},),
    "image-type": ({"Images": "https://img.example.test/mug.gif"},),
    "sale-not-below-price": ({"SalePrice": "18.50", "SaleStartDate": "2026-11-01"},),
    "sale-without-window": ({"SalePrice": "9.00"},),
    "window-without-sale": ({"SaleEndDate": "2026-12-24"},),
    "window-inverted": ({"SalePrice": "9", "SaleStartDate": "2026-12-24", "SaleEndDate": "2026-11-01"},),
    "parent-unknown": ({"ParentSku": "D-NOBODY"},),
    "parent-cycle": (
        {"SellerSku": "D-EGG", "ParentSku": "D-HEN"},
        {"SellerSku": "D-HEN", "ParentSku": "D-EGG"},
    ),
    "parent-refused": (
        {"SellerSku": "D-PARENT", "Price": "free"},
        {"SellerSku": "D-CHILD", "ParentSku": "D-PARENT"},
    ),
    "group-brand": (
        {"SellerSku": "D-GROUP"},
        {"SellerSku": "D-OTHER", "ParentSku": "D-GROUP", "Brand": "Kessel"},
    ),
    "group-category": (
        {"SellerSku": "D-SET"},
        {"SellerSku": "D-LAMP", "ParentSku": "D-SET", "PrimaryCategory": "Lighting > Lamps"},
    ),
}


def defect_rows(code: str) -> list[Row]:
    return [{**GOOD, "SellerSku": f"D-{code}", **change} for change in DEFECTS[code]]


#: Findings that need another shape of file, or a mapping of its own beside it.
SHAPES: dict[str, tuple[list[Row], str]] = {
    "ambiguous-category": ([{**GOOD, "SellerSku": "D-SALE", "PrimaryCategory": "Sale"}], ""),
    "sku-pattern": ([{**GOOD, "SellerSku": "d_lower"}], ""),
    "group-refused": (
        [
            {**GOOD, "SellerSku": "D-ONE"},
            {**GOOD, "SellerSku": "D-TWO", "ParentSku": "D-ONE", "Price": "free"},
        ],
        "",
    ),
    "incomplete-product": ([{"SellerSku": "D-NEW", "Price": "18.50"}], ""),
    "not-an-id": ([{"SellerSku": "D-NODES", "BrowseNodes": "10,eleven"}], ""),
    "too-many-categories": ([{"SellerSku": "D-CATS", "Categories": "Cups,Plates,Bowls,Towels"}], ""),
    "unknown-attribute": ([{**GOOD, "SellerSku": "D-ATTR", "ProductData.Flavour": "Mint"}], ""),
    "blank-cell": (
        [{"SellerSku": "D-BLANK", "Price": ""}],
        '[columns]\nSellerSku = "SellerSku"\nPrice = { column = "Price", blank = "error" }\n',
    ),
}


def write_csv(path: Path, rows: list[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json(path: Path, objects: list[dict[str, Any]]) -> None:
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in objects)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def write_price_list(path: Path) -> None:
    """A supplier's sheet: title rows, decimal commas as text, article numbers padded by a number format."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 11, 1, tzinfo=UTC)})
        sheet = book.add_worksheet("Preisliste")
        bold, padded = book.add_format({"bold": True}), book.add_format({"num_format": "0000000"})
        euro = book.add_format({"num_format": "#,##0.00 [$€-407]"})
        sheet.merge_range("A1:F1", "Töpferei Am Hafen – Preisliste Winter 2026", bold)
        sheet.write("A2", "Alle Preise in Euro, ohne Gewähr")
        sheet.write_row("A4", ["Art.-Nr.", "Bezeichnung", "VK brutto", "Bestand", "EAN", "Hinweis"], bold)
        for number in range(24):
            price = f"{1 + number % 3}.{150 + number * 7:03d},50" if number % 8 == 0 else f"{12 + number},90"
            sheet.write_number(4 + number, 0, 4711 + number * 13, padded)
            sheet.write_string(4 + number, 1, f"Krug „Welle“ Größe {number + 1}")
            sheet.write_string(4 + number, 2, price) if number % 5 else sheet.write_number(
                4 + number, 2, 12.5 + number, euro
            )
            sheet.write_number(4 + number, 3, number * 3)
            sheet.write_string(4 + number, 4, digits(f"{400638100000 + number:012d}"))
            sheet.write_string(4 + number, 5, "bis 31.12.2026" if number % 6 == 0 else "")
        sheet.write("A30", "Seite 1 von 1")
        sheet.set_column(0, 5, 18)


#: Findings of reading: texts as they would stand in a file.
FILES: dict[str, str] = {
    "footer-skipped": "SellerSku,Name,Price\nD-1,Mug,18.50\nD-2,Cup,9.50\n\nPage 1 of 1\n",
    "duplicate-header": "SellerSku,Price,Note,Note\nD-1,18.50,a,b\n",
    "too-many-cells": "SellerSku,Name,Price\nD-1,Mug, 300 ml,18.50\nD-2,Cup,9.50\nD-3,Bowl,7.50\n",
    "too-few-cells": "SellerSku,Name,Price\nD-1,Mug\nD-2,Cup,9.50\nD-3,Bowl,7.50\n",
    "unbalanced-quote": 'SellerSku,Name,Price\nD-1,"Mug,18.50\nD-2,Cup,9.50\nD-3,Bowl,7.50\n',
    "unknown-column": "SellerSku,Price,Prise\nD-1,18.50,19.50\n",
    "expression-failed": "Article,Net\nD-1,18.50\nD-2,on request\n",
}
EXPRESSION = '[columns]\nSellerSku = "Article"\nPrice = { value = "round([Net] * 1.19, 2)" }\n'


def write_files(folder: Path) -> None:
    """What only a whole file can have."""
    for code, text in FILES.items():
        (folder / f"{code}.csv").write_text(text, encoding="utf-8", newline="")
    (folder / "expression-failed.toml").write_text(EXPRESSION, encoding="utf-8")
    lines = ["SellerSku,Name", "D-1,Größe S", "D-2,Größe M", "D-3,Größe L"]
    mixed = [line.encode("cp1252" if line.startswith("D-2") else "utf-8") for line in lines]
    (folder / "mixed-encoding.csv").write_bytes(b"\n".join(mixed) + b"\n")
    write_books(folder)
    write_several(folder)


def write_several(folder: Path) -> None:
    """What only files of several tables can have."""
    import xlsxwriter

    with zipfile.ZipFile(folder / "member-skipped.zip", "w") as archive:
        for name, text in {"products.csv": FILES["unknown-column"], "readme.txt": "Our products.\n"}.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), text)
    with xlsxwriter.Workbook(folder / "sheet-skipped.xlsx", {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 11, 1, tzinfo=UTC)})
        for name, rows in {
            "Products": [("SellerSku", "Name", "Price"), ("D-1", "Mug", 18.5), ("D-2", "Cup", 9.5)],
            "Stock": [("SellerSku", "Warehouse", "Quantity"), ("D-1", "north", 5)],
        }.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)


def write_books(folder: Path) -> None:
    """What only a workbook can have."""
    import xlsxwriter

    codes = ("error-cell", "formula-without-value", "number-too-long", "shown-rounded", "merged-cells")
    for code in (*codes, "cell-outside-table"):
        with xlsxwriter.Workbook(folder / f"{code}.xlsx", {"in_memory": True}) as book:
            book.set_properties({"created": datetime(2026, 11, 1, tzinfo=UTC)})
            sheet = book.add_worksheet("Products")
            sheet.write_row(0, 0, ["SellerSku", "Name", "Price", "ProductId"])
            for row in (1, 2, 3):
                sheet.write_row(
                    row, 0, [f"D-{row}", f"Mug {row}", 18.5 + row, digits(f"{761000000000 + row:012d}")]
                )
            if code == "error-cell":
                sheet.write_formula("C2", "=1/0", None, "#DIV/0!")
            elif code == "formula-without-value":
                sheet.write_formula("C2", "=9.25*2", None, "")
            elif code == "number-too-long":
                sheet.write_number("D2", 12345678901234567)
            elif code == "shown-rounded":
                sheet.write_number("C2", 18.4962, book.add_format({"num_format": "0.00"}))
            elif code == "merged-cells":
                sheet.merge_range("B2:B3", "Mug in two sizes")
            else:
                sheet.write_string("F2", "ask Ana")


def main() -> None:
    catalog, shop = classic()
    write_csv(HERE / "classic.csv", catalog)
    write_json(HERE / "classic_shop.json", shop)
    catalog, shop = falabella()
    write_csv(HERE / "falabella.csv", catalog)
    write_json(HERE / "falabella_shop.json", shop)
    write_csv(HERE / "defects.csv", [row for code in DEFECTS for row in defect_rows(code)])
    broken = HERE / "broken"
    broken.mkdir(exist_ok=True)
    for code in DEFECTS:
        write_csv(broken / f"{code}.csv", defect_rows(code))
    for code, (rows, mapping) in SHAPES.items():
        write_csv(broken / f"{code}.csv", rows)
        if mapping:
            (broken / f"{code}.toml").write_text(mapping, encoding="utf-8")
    write_files(broken)
    write_price_list(HERE / "supplier_prices.xlsx")


if __name__ == "__main__":
    main()
