"""What the machine can do at best, and what others do: the same work without our care for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from catalogs import COLUMNS, NUMBERS
from measure import Watch

Case = Callable[..., None]
CASES: dict[str, Case] = {}
KEY = "SellerSku"

# Every rule of the catalog, once: for expressions of Polars and for pandera.
DATES = ("SaleStartDate", "SaleEndDate")
CHOICES = {
    "Status": ["active", "inactive", "deleted"], "TaxClass": ["default", "tax 5", "tax 19"],
    "ShipmentType": ["dropshipping", "crossdocking", "warehouse"],
    "Condition": ["new", "used", "refurbished"],
}  # fmt: skip
SHAPES = {
    KEY: r"^[\w\-./ ]{1,50}$", "ParentSku": r"^[\w\-./ ]{1,50}$", "PrimaryCategory": r"^\d+$",
    "ProductId": r"^\d{8,14}$", "Images": r"^https?://[^\s]+$",
}  # fmt: skip
SHAPES_IF_ANY = {"Categories": r"^\d+(,\d+)*$", **dict.fromkeys(DATES, r"^\d{4}-\d{2}-\d{2}$")}
LENGTHS = {"Name": (2, 255), "Brand": (1, 80), "Description": (6, 25_000)}
LENGTHS_IF_ANY = {"ProductData.Color": 40, "ProductData.Size": 20}
MOST = {"Price": 1e8, "Quantity": 1e6, "ProductData.PackageWeight": 1e3, "ProductData.PackageLength": 1e4}


def floor(function: Case) -> Case:
    """A case under its own name."""
    CASES[function.__name__] = function
    return function


@floor
def raw_read(watch: Watch, folder: Path) -> None:
    """Every byte touched once."""
    with watch("read"), (folder / "catalog.csv").open("rb", buffering=0) as file:
        block = bytearray(1 << 20)
        while file.readinto(block):
            pass


@floor
def arrow_stream(watch: Watch, folder: Path) -> None:
    """CSV to an Arrow file through pyarrow, block by block."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    out = folder / "floor.arrow"
    with watch("read"):
        reader = pacsv.open_csv(
            folder / "catalog.csv",
            read_options=pacsv.ReadOptions(block_size=8_000_000),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
        with pa.ipc.new_file(str(out), reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    out.unlink()


@floor
def calamine_rows(watch: Watch, folder: Path, name: str) -> None:
    """A workbook's rows as Python values."""
    from python_calamine import CalamineWorkbook

    with watch("read"):
        sheet = CalamineWorkbook.from_path(str(folder / name)).get_sheet_by_index(0)
        watch.said["rows"] = sum(1 for _ in sheet.iter_rows())


@floor
def polars_compare(watch: Watch, folder: Path) -> None:
    """A normalised hash a row on both sides, joined: what comparing costs at least."""
    import polars as pl

    with watch("compare"):
        ours = pl.scan_csv(folder / "catalog.csv", infer_schema=False).select(KEY, _hash())
        theirs = pl.scan_parquet(folder / "snapshot.parquet").select(KEY, _hash())
        left, right = (side.collect(engine="streaming") for side in (ours, theirs))
        both = left.join(right, on=KEY, how="full", suffix="_s", coalesce=False)
        watch.said["changed"] = both.select((pl.col("hash") != pl.col("hash_s")).sum()).item()


def _norm(name: str) -> Any:
    """Numbers by worth, dates by day, texts without the blanks around them."""
    import polars as pl

    column = pl.col(name)
    if name in NUMBERS:
        return (column.cast(pl.Float64, strict=False) * 1000).round(0).cast(pl.Int64)
    return column.fill_null("").str.slice(0, 10) if name in DATES else column.fill_null("").str.strip_chars()


def _hash() -> Any:
    import polars as pl

    return pl.struct(_norm(name).alias(name) for name in COLUMNS if name != KEY).hash(7).alias("hash")


def _broken() -> Any:
    """The rules a row breaks, a bit for each."""
    import polars as pl

    def number(name: str) -> Any:
        return pl.col(name).str.strip_chars().cast(pl.Float64, strict=False)

    def must(held: Any) -> Any:
        return ~held.fill_null(False)

    given = pl.col("SalePrice").is_not_null()
    rules = [
        *(must(pl.col(name).str.contains(shape)) for name, shape in SHAPES.items()),
        *(~pl.col(name).str.contains(shape).fill_null(True) for name, shape in SHAPES_IF_ANY.items()),
        *(must(pl.col(name).str.len_chars().is_between(*least_most)) for name, least_most in LENGTHS.items()),
        *((pl.col(name).str.len_chars() > most).fill_null(False) for name, most in LENGTHS_IF_ANY.items()),
        *(must(pl.col(name).is_in(words)) for name, words in CHOICES.items()),
        *(must(number(name).is_between(0, most)) for name, most in MOST.items()),
        given & must(number("SalePrice") > 0),
        (number("SalePrice") >= number("Price")).fill_null(False),
        (pl.col("SaleStartDate") > pl.col("SaleEndDate")).fill_null(False),
    ]
    bits = (pl.when(rule).then(pl.lit(1 << bit, pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
            for bit, rule in enumerate(rules))  # fmt: skip
    return pl.sum_horizontal(bits).alias("broken")


def _model() -> Any:
    """The same rules for pandera, which makes numbers of texts itself."""
    import pandera.pandas as pa

    check, column = pa.Check, pa.Column
    columns = {
        **{name: column(str, check.str_matches(shape)) for name, shape in SHAPES.items()},
        **{name: column(str, check.str_matches(shape), nullable=True)
           for name, shape in SHAPES_IF_ANY.items()},
        **{name: column(str, check.str_length(*most)) for name, most in LENGTHS.items()},
        **{name: column(str, check.str_length(None, most), nullable=True)
           for name, most in LENGTHS_IF_ANY.items()},
        **{name: column(str, check.isin(words)) for name, words in CHOICES.items()},
        **{name: column(float, check.in_range(0, most)) for name, most in MOST.items()},
        KEY: column(str, check.str_matches(SHAPES[KEY]), unique=True),
        "SalePrice": column(float, check.gt(0), nullable=True),
    }  # fmt: skip
    sale = check(lambda frame: frame["SalePrice"].isna() | (frame["SalePrice"] < frame["Price"]))
    dates = check(
        lambda frame: frame["SaleStartDate"].isna() | (frame["SaleStartDate"] <= frame["SaleEndDate"])
    )
    return pa.DataFrameSchema(columns, checks=[sale, dates], coerce=True)


def _judge(frame: Any) -> int:
    """How many rows break a rule."""
    import pandas as pd
    import pandera.pandas as pa

    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    try:
        _model().validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return int(error.failure_cases["index"].dropna().nunique())
    return 0


@floor
def keep_hashes(watch: Watch, folder: Path) -> None:
    """What `two_passes` keeps beside the snapshot."""
    import polars as pl

    with watch("hash"):
        held = pl.scan_parquet(folder / "snapshot.parquet").select(KEY, _hash())
        held.collect(engine="streaming").write_parquet(folder / "floor-hashes.parquet")


@floor
def two_passes(watch: Watch, folder: Path, name: str = "catalog.csv") -> None:
    """The best way known: scan, screen and hash; then only what is suspicious or differs, through
    pandera with every rule, and out as XML."""
    import numpy as np
    import polars as pl
    import pyarrow as pa

    _model()  # importing pandera is no work on rows

    def scan() -> Any:
        return pl.scan_csv(folder / name, infer_schema=False, row_index_name="row")

    with watch("scan"):
        seen = scan().select("row", KEY, _broken(), _hash()).collect(engine="streaming")
    with watch("compare"):
        held = pl.read_parquet(folder / "floor-hashes.parquet")
        seen = seen.with_columns(suspect=(pl.col("broken") > 0) | pl.col(KEY).is_duplicated())
        both = seen.join(held, on=KEY, how="left", suffix="_s", maintain_order="left")
        gone = held.join(seen, on=KEY, how="anti").height
        differs = (pl.col("hash") != pl.col("hash_s")) | pl.col("hash_s").is_null()
        picked = both.select("suspect", differs=differs).to_numpy()
        wanted = picked.any(axis=1)
    with watch("fetch"):
        parts, start = [], 0
        for batch in scan().collect_batches(chunk_size=20_000, maintain_order=True):
            mask = wanted[start : start + batch.height]
            start += batch.height
            if mask.any():
                parts.append(batch.filter(pl.Series(mask)).to_arrow(compat_level=pl.CompatLevel.oldest()))
        rows = pa.concat_tables(parts)
    with watch("judge"):
        failures = _judge(rows.select(COLUMNS).to_pandas())
    with watch("write"):
        send = rows.filter(pa.array(~picked[np.flatnonzero(wanted)][:, 0].astype(bool)))
        size = sum(map(len, _bodies(send)))
    watch.said.update(gone=gone, rows=rows.num_rows, failures=failures, bytes=size)


def _bodies(table: Any) -> Iterator[bytes]:
    """Whole products as requests of a thousand, by lxml alone."""
    for start in range(0, table.num_rows, 1_000):
        yield _body(table.slice(start, 1_000).to_pylist())


def _body(rows: list[dict[str, str | None]]) -> bytes:
    from lxml import etree

    out = io.BytesIO()
    with etree.xmlfile(out, encoding="UTF-8") as file, file.element("Request"):
        for row in rows:
            product = etree.Element("Product")
            for name in COLUMNS:
                etree.SubElement(product, name.rpartition(".")[2]).text = row[name] or ""
            file.write(product)
    return out.getvalue()


@floor
def naive_pandas(watch: Watch, folder: Path, name: str = "catalog.csv") -> None:
    """As one would write it in an afternoon: read all, validate all with pandera's own coercion, bring
    both sides into one form, merge, compare column by column, write."""
    import pandas as pd
    import pandera.pandas as pa

    schema = _model()
    with watch("read"):
        ours = pd.read_csv(folder / name, dtype=str, keep_default_na=False, na_values=[""])
    with watch("judge"):
        bad: list[Any] = []
        try:
            schema.validate(ours, lazy=True)
        except pa.errors.SchemaErrors as error:
            bad = error.failure_cases["index"].dropna().astype(int).unique().tolist()
    with watch("compare"):
        theirs = pd.read_parquet(folder / "snapshot.parquet")
        good = ours.drop(index=bad)
        both = _one_form(good).merge(
            _one_form(theirs), on=KEY, how="outer", suffixes=("", "_s"), indicator=True
        )
        differs = both["_merge"] == "left_only"
        for one in COLUMNS[1:]:
            mine, other = both[one], both[f"{one}_s"]
            unlike = (mine != other).fillna(value=False).astype(bool) | (mine.isna() != other.isna())
            differs |= unlike & (both["_merge"] == "both")
    with watch("write"):
        send = good[good[KEY].isin(set(both.loc[differs, KEY]))].fillna("").to_dict("records")
        size = sum(len(_body(send[start : start + 1_000])) for start in range(0, len(send), 1_000))
    watch.said.update(rows=int(differs.sum()), bytes=size)


def _one_form(frame: Any) -> Any:
    """Numbers by worth, dates by day, texts without the blanks around them."""
    import pandas as pd

    made = frame.copy(deep=False)
    for name in COLUMNS:
        if name in NUMBERS:
            made[name] = (pd.to_numeric(made[name], errors="coerce") * 1000).round().astype("Int64")
        elif name in DATES:
            made[name] = made[name].str[:10].fillna("")
        else:
            made[name] = made[name].fillna("").str.strip()
    return made


@floor
def bare_bodies(watch: Watch, folder: Path, which: str) -> None:
    """Bodies of the same records by lxml alone."""
    from lxml import etree
    from ours import feed_records

    records = feed_records(folder, which)
    tags = {name: name.rpartition(".")[2] for name in COLUMNS}
    with watch("write"):
        size = 0
        for start in range(0, len(records), 1_000):
            request = etree.Element("Request")
            for sku, fields in records[start : start + 1_000]:
                product = etree.SubElement(request, "Product")
                etree.SubElement(product, KEY).text = sku
                data = None
                for name, text in fields.items():
                    parent = product
                    if name.startswith("ProductData."):
                        data = parent = etree.SubElement(product, "ProductData") if data is None else data
                    etree.SubElement(parent, tags[name]).text = text
            size += len(etree.tostring(request, encoding="UTF-8"))
    watch.said["bytes"] = size
