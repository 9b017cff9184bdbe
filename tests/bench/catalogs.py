"""Seeded catalogs and the shops they meet: the same seed and size give the same bytes.

Rows are products in families of one to five variants, about twenty columns under canonical headers,
HTML descriptions of 200 to 2 000 characters. The shop differs in price, stock or name of some share
of them; one in a hundred it lacks, and as many it alone holds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 50_000
PAGE = 1_000
PAGES = 20
BAD_ONE_IN = 100
COLUMNS = (
    "SellerSku", "ParentSku", "Name", "Brand", "PrimaryCategory", "Categories", "Description", "Price",
    "SalePrice", "SaleStartDate", "SaleEndDate", "Quantity", "Status", "ProductId", "TaxClass",
    "ShipmentType", "ProductData.PackageWeight", "ProductData.PackageLength", "ProductData.Color",
    "ProductData.Size", "Images", "Condition",
)  # fmt: skip
NUMBERS = ("Price", "SalePrice", "Quantity", "ProductData.PackageWeight", "ProductData.PackageLength")
CATEGORIES = 600
TEXT = (
    "tetera taza plato ceramic enamel linen oak walnut stoneware blau grün weiß café crème lumière "
    "juego de té hervidor küche handgemacht 茶壺 陶瓷 木製 чайник кружка สีฟ้า ấm trà gốm sứ إبريق شاي "
    "set of two four six small large matt glazed dishwasher safe microwave oven 350ml 1.2l 30cm "
    "diseño clásico artesanal natural rústico piccolo grande nórdico"
)
WORDS = TEXT.split()
MAKERS = ("Arco", "Brisa", "Cœur", "Dôme", "Eñe", "Fjell & Sons", "Gota", "H&K", "Iglú", "L'Atelier")
COLORS = ("Chalk", "Moss", "Ember", "Azul marino", "Weiß", "藍", "")
SIZES = ("S", "M", "L", "350 ml", "1.2 l", "30 cm", "")
PIECES = (
    ("<p>", "</p>"), ("<ul><li>", "</li></ul>"), ("<b>", "</b> "), ('<div class="text">', "</div>\n"),
    ("", "<br/>"), ("<i>", "</i>, "), ("", " &amp; "),
)  # fmt: skip


def write(folder: Path, rows: int, *, changed: float = 0.05, extras: bool = True) -> None:
    """All files of one size: catalog.csv, snapshot.parquet and, unless told, the rest of them."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(rows)
    fragments = _fragments()
    defects = {int(row): kind for kind, row in enumerate(_some(random, rows, rows // BAD_ONE_IN))}
    catalogs = _Csv(folder / "catalog.csv")
    broken = _Csv(folder / "catalog_bad.csv") if extras else None
    shop: list[pa.Table] = []
    for start in range(0, rows, CHUNK):
        table = _products(random, fragments, start, min(CHUNK, rows - start), "T")
        catalogs.add(table)
        if broken is not None:
            broken.add(_broken(table, start, defects))
        only = _products(random, fragments, start, max(1, table.num_rows // 100), "OLD")
        shop.append(_shop(random, table, changed))
        shop.append(_shop(random, only, 0))
    for file in (catalogs, *([broken] if broken else [])):
        file.close()
    held = pa.concat_tables(shop)
    held = held.take(pa.array(random.permutation(held.num_rows)))
    pq.write_table(held, folder / "snapshot.parquet", compression="zstd", row_group_size=10_000)
    (folder / "ready").write_text(f"{held.num_rows}\n")


def pages(folder: Path) -> None:
    """The first pages of the shop as GetProducts answers, in both formats."""
    held = pq.ParquetFile(folder / "snapshot.parquet")
    for number, batch in zip(range(PAGES), held.iter_batches(PAGE), strict=False):
        products = [_answered(row) for row in batch.to_pylist()]
        head = {"RequestId": "", "RequestAction": "GetProducts", "ResponseType": "Products"}
        answer = {"SuccessResponse": {"Head": head, "Body": {"Products": {"Product": products}}}}
        (folder / f"page-{number:03}.json").write_text(json.dumps(answer), encoding="utf-8")
        text = _element("SuccessResponse", answer["SuccessResponse"])
        (folder / f"page-{number:03}.xml").write_text(f'<?xml version="1.0"?>\n{text}', encoding="utf-8")


def workbooks(folder: Path, rows: int) -> None:
    """The first rows as workbooks: plain cells, and numbers under a format that decides their look."""
    import xlsxwriter

    plain = xlsxwriter.Workbook(str(folder / "plain.xlsx"), {"constant_memory": True})
    dressed = xlsxwriter.Workbook(str(folder / "dressed.xlsx"), {"constant_memory": True})
    look = {"ProductId": dressed.add_format({"num_format": "0000000000000"}),
            "Price": dressed.add_format({"num_format": "0.00"})}  # fmt: skip
    sheets = plain.add_worksheet("Products"), dressed.add_worksheet("Products")
    with (folder / "catalog.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        for sheet in sheets:
            sheet.write_row(0, 0, names)
        for number, cells in zip(range(1, rows + 1), reader, strict=False):
            for column, (name, cell) in enumerate(zip(names, cells, strict=True)):
                if not cell:
                    continue
                if name in NUMBERS:
                    sheets[0].write_number(number, column, float(cell))
                else:
                    sheets[0].write_string(number, column, cell)
                if name in NUMBERS or name in look:
                    sheets[1].write_number(number, column, float(cell), look.get(name))
                else:
                    sheets[1].write_string(number, column, cell)
    plain.close()
    dressed.close()


class _Csv:
    """A CSV written table by table."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, table: pa.Table) -> None:
        import polars as pl  # ours sets its allocator before it is first imported

        frame = pl.DataFrame(table).with_columns(pl.all().replace("", None))
        frame.write_csv(self._file, include_header=self._file.tell() == 0)

    def close(self) -> None:
        self._file.close()


def _fragments() -> list[str]:
    random = np.random.default_rng(11)
    made = []
    for number in range(4_000):
        begin, end = PIECES[number % len(PIECES)]
        words = random.integers(0, len(WORDS), int(random.integers(4, 26)))
        made.append(begin + " ".join(WORDS[word] for word in words) + end)
    return made


def _some(random: np.random.Generator, rows: int, count: int) -> Iterator[int]:
    yield from random.choice(np.arange(1, rows), size=count, replace=False)


def _products(
    random: np.random.Generator, fragments: list[str], start: int, count: int, prefix: str
) -> pa.Table:
    """Products in families; every member has its family's text and its own price and stock."""
    sizes = random.choice([1, 1, 1, 2, 3, 5], size=count)
    family = np.repeat(np.arange(count), sizes)[:count]
    first = np.concatenate([[True], family[1:] != family[:-1]])
    head = np.flatnonzero(first)[np.cumsum(first) - 1]
    skus = np.array([f"{prefix}-{start + row:07d}" for row in range(count)])
    heads = int(first.sum())
    texts = np.array(_descriptions(random, fragments, heads), dtype=object)
    words = random.integers(0, len(WORDS), (heads, 9))
    long = random.integers(3, 10, heads)
    names = np.array([" ".join(WORDS[w] for w in some[:k]).capitalize()
                      for some, k in zip(words, long, strict=True)], dtype=object)  # fmt: skip
    of = np.cumsum(first) - 1
    cents = random.integers(100, 400_000, count)
    on_sale = random.random(count) < 0.3
    color, size = (random.integers(0, len(kinds), count) for kinds in (COLORS, SIZES))
    begin = np.datetime64("2026-01-01") + random.integers(0, 600, count)
    end = begin + random.integers(1, 60, count)
    places = random.integers(0, CATEGORIES, (heads, 3)) + 1000
    lists = [",".join(map(str, some[:many]))
             for some, many in zip(places.tolist(), random.integers(1, 4, heads), strict=True)]  # fmt: skip
    maker = random.integers(0, len(MAKERS), heads)[of]
    columns = (
        skus, skus[head], [f"{names[f]} {COLORS[c]}".strip() for f, c in zip(of, color, strict=True)],
        [MAKERS[m] for m in maker], places[of, 0].astype(str), [lists[f] for f in of],
        texts[of], [_money(c) for c in cents],
        [_money(c * 4 // 5) if sale else "" for c, sale in zip(cents, on_sale, strict=True)],
        np.where(on_sale, begin.astype(str), ""), np.where(on_sale, end.astype(str), ""),
        random.integers(0, 900, count).astype(str),
        random.choice(["active", "active", "active", "inactive"], count),
        [_ean(200_000_000_000 + start + row + (prefix != "T") * 50_000_000) for row in range(count)],
        random.choice(["default", "tax 5", "tax 19"], count),
        random.choice(["dropshipping", "crossdocking"], count),
        [f"{grams / 1000:g}" for grams in random.integers(5, 30_000, count)],
        random.integers(1, 200, count).astype(str), [COLORS[c] for c in color], [SIZES[s] for s in size],
        [f"https://img.example.test/{sku[-3:]}/{sku}.jpg" for sku in skus],
        random.choice(["new", "new", "new", "used"], count),
    )  # fmt: skip
    arrays = {
        name: pa.array(column, pa.large_string()) for name, column in zip(COLUMNS, columns, strict=True)
    }
    return pa.table(arrays)


def _descriptions(random: np.random.Generator, fragments: list[str], count: int) -> list[str]:
    wanted = random.integers(200, 2_000, count)
    picks = random.integers(0, len(fragments), (count, 40))
    found = []
    for most, row in zip(wanted, picks, strict=True):
        text: list[str] = []
        length = 0
        for pick in row:
            piece = fragments[pick]
            if length >= 200 and length + len(piece) > most:
                break
            text.append(piece)
            length += len(piece)
        found.append("".join(text))
    return found


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}".rstrip("0").rstrip(".")


def _ean(number: int) -> str:
    digits = f"{number:012d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _broken(table: pa.Table, start: int, defects: dict[int, int]) -> pa.Table:
    """The same rows with one cell spoilt in each that is to be: eight kinds of defects."""
    here = {row - start: kind for row, kind in defects.items() if start <= row < start + table.num_rows}
    kinds = (
        ("Price", lambda row: "-5"), ("SalePrice", lambda row: row["Price"]),
        ("Status", lambda row: "actve"), ("ProductId", lambda row: "12AB"), ("Name", lambda row: ""),
        ("Quantity", lambda row: "12.5x"), ("Images", lambda row: "ftp//bad"),
        ("SellerSku", lambda row: ""),
    )  # fmt: skip
    columns = {name: table.column(name).to_pylist() for name in {name for name, _ in kinds}}
    for row, number in here.items():
        name, spoil = kinds[number % len(kinds)]
        columns[name][row] = spoil({key: cells[row] for key, cells in columns.items()})
    for name, cells in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(cells, pa.large_string()))
    return table


def _shop(random: np.random.Generator, table: pa.Table, changed: float) -> pa.Table:
    """What the shop holds of these: its own spelling, some rows different, one in a hundred missing."""
    rows = table.num_rows
    columns = {name: table.column(name).to_pylist() for name in COLUMNS}
    kinds = random.integers(0, 3, rows)
    for row in np.flatnonzero(random.random(rows) < changed):
        name = ("Price", "Quantity", "Name")[kinds[row]]
        cell = columns[name][row]
        columns[name][row] = f"{cell} v2" if name == "Name" else _money(round(float(cell) * 100) + 700)
    for name in ("Price", "SalePrice"):
        columns[name] = [f"{float(cell):.2f}" if cell else "" for cell in columns[name]]
    for name in ("SaleStartDate", "SaleEndDate"):
        columns[name] = [f"{cell} 00:00:00" if cell else "" for cell in columns[name]]
    weight = "ProductData.PackageWeight"
    columns[weight] = [f"{float(cell):.3f}" for cell in columns[weight]]
    keep = random.random(rows) >= (0.01 if changed else 0.0)
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}).filter(
        pa.array(keep)
    )


def _answered(row: dict[str, str]) -> dict[str, object]:
    """A product as GetProducts shows it."""
    data = {name.partition(".")[2]: text for name, text in row.items() if name.startswith("ProductData.")}
    plain = {name: text for name, text in row.items() if not name.startswith("ProductData.")}
    images = plain.pop("Images")
    return {**plain, "ShopSku": f"S{row['ProductId']}", "MainImage": images, "Images": {"Image": [images]},
            "ProductData": data}  # fmt: skip


def _element(tag: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(tag, each) for each in value)
    if isinstance(value, dict):
        inner = "".join(_element(name, each) for name, each in value.items())
        return f"<{tag}>{inner}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"
