"""Real exports of real systems, where they lie beside the repository: rows, headers, zeros, umlauts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.read.applying import apply
from pipeline.read.mapping import load_mapping
from pipeline.read.propose import propose
from pipeline.read.reading import read_catalog
from schemas.fields import Dialect

FOLDER = Path(__file__).parents[2].parent / "shared" / "catalogs"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the catalogs are not here")

#: file → rows, headers, encoding, a cell that must be there (header, line or row, text).
FILES = {
    "shopify_jewelery.csv": (41, 46, "utf-8", ("Variant Price", 2, "42.99")),
    "woocommerce_sample_products.csv": (24, 55, "utf-8", ("SKU", 2, "cc-tee")),
    "magento2_configurable_products.csv": (1994, 70, "utf-8", ("sku", 2, "MH01-XS-Black")),
    "shopware5_article_prices.csv": (98, 9, "utf-8", ("_name", 2, "Münsterländer Lagerkorn 32%")),
    "eccube_products_ja.csv": (20, 23, "cp932", ("商品画像", 2, "dolore.jpg,quo.jpg,omnis.jpg")),
    "distribuidora_articulos_es_ar.csv": (1763, 9, "utf-8", ("precio publico", 2, "150.000,00")),
    "google_feed_whynot.csv": (1610, 18, "utf-8", ("gtin", 2, "000906064380")),
    "vendure_products.csv": (88, 14, "utf-8", ("sku", 2, "L2201308")),
    "selldone_wholesale_tiered.csv": (6, 44, "utf-8", ("SKU", 2, "YORKN01883")),
    "selldone_wholesale_tiered.xlsx": (6, 44, "", ("Status", 2, "Open")),
    "rozetka_pricelist_ua.xlsx": (982, 20, "", ("Код_товара", 2, "202001")),
}


@pytest.mark.parametrize(("name", "expected"), FILES.items(), ids=FILES.keys())
def test_a_real_file_is_read_whole(tmp_path, name, expected):
    rows, width, encoding, (header, line, text) = expected
    catalog = read_catalog([str(FOLDER / name)], folder=tmp_path)
    cells = {
        at: cell.strip()
        for batch in catalog.batches()
        for at, cell in zip(batch.column("__line").to_pylist(), batch.column(header).to_pylist(), strict=True)
        if cell
    }
    assert (catalog.rows, len(catalog.headers)) == (rows, width)
    assert cells[line] == text
    assert not encoding or any(choice.what == f"encoding {encoding}" for choice in catalog.choices)


def test_the_ragged_row_is_found_where_it_stands(tmp_path):
    catalog = read_catalog([str(FOLDER / "distribuidora_articulos_es_ar.csv")], folder=tmp_path)
    assert [(item.code, item.row, item.cell) for item in catalog.findings] == [
        ("too-many-cells", 468, "J468")
    ]


PRESETS = {
    "shopify_jewelery.csv": ("shopify", 23, {"image of the product above": 18}),
    "woocommerce_sample_products.csv": (
        "woocommerce",
        20,
        {"parent of variations": 2, "grouped or external product": 2},
    ),
    "magento2_configurable_products.csv": (
        "magento2",
        1847,
        {"configurable, bundle or grouped product": 147},
    ),
    "google_feed_whynot.csv": ("google-merchant", 1610, {}),
}


@pytest.mark.parametrize(("name", "expected"), PRESETS.items(), ids=PRESETS.keys())
def test_a_preset_accounts_for_every_row(tmp_path, name, expected):
    preset, rows, skipped = expected
    catalog = read_catalog([str(FOLDER / name)], folder=tmp_path)
    done = apply(catalog, load_mapping(preset), dialect=Dialect.CLASSIC, folder=tmp_path)
    skus = [sku for batch in done.batches() for sku in batch.column("SellerSku").to_pylist()]
    assert (done.rows, done.skipped) == (rows, skipped)
    assert None not in skus
    assert len(set(skus)) == rows


PROPOSED = {
    "shopware5_article_prices.csv": {"SellerSku": "ordernumber", "Price": "price", "Name": "_name"},
    "rozetka_pricelist_ua.xlsx": {"SellerSku": "Код_товара", "Price": "Цена", "Images": "Ссылка_изображения"},
    "distribuidora_articulos_es_ar.csv": {
        "Name": "descripcion",
        "Price": "precio publico",
        "Quantity": "stock",
    },
    "eccube_products_ja.csv": {"Name": "商品名", "Price": "販売価格", "Quantity": "在庫数"},
}


@pytest.mark.parametrize(("name", "fields"), PROPOSED.items(), ids=PROPOSED.keys())
def test_a_proposal_names_the_columns_a_person_would(tmp_path, name, fields):
    catalog = read_catalog([str(FOLDER / name)], folder=tmp_path)
    proposal = propose(catalog, Dialect.CLASSIC)
    found = {guess.field: guess.header for guess in proposal.guesses}
    assert {field: found.get(field) for field in fields} == fields
