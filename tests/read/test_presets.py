"""Each preset over an export as its system writes it, from the file to the verdict on every row."""
# ruff: noqa: E501 - exports are as wide as they are

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.market.lookups import Lookups
from pipeline.read.applying import apply
from pipeline.read.mapping import load_mapping
from pipeline.settings import CatalogSettings, Shop
from pipeline.validate.validate import validate
from pipeline.values.context import Context
from schemas.fields import Dialect

ROOT = Path(__file__).parents[2]

WOOCOMMERCE = r"""ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,Is featured?,Visibility in catalog,Short description,Description,Date sale price starts,Date sale price ends,Tax status,Tax class,In stock?,Stock,Low stock amount,Backorders allowed?,Sold individually?,Weight (kg),Length (cm),Width (cm),Height (cm),Allow customer reviews?,Purchase note,Sale price,Regular price,Categories,Tags,Shipping class,Images,Download limit,Download expiry days,Parent,Grouped products,Upsells,Cross-sells,External URL,Button text,Position,Brands,Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Attribute 1 global,Attribute 1 default
10,variable,TEE,,Tee,1,,,,Soft\ncotton,,,,,,,,,,0.2,,,,,,,,"Clothing > T-shirts, Sale",,,"https://x.example/1.jpg, https://x.example/2.jpg",,,,,,,,,,,Size,"S, M",,,
11,variation,TEE-S,,Tee - S,1,,,,,,,,,,3,,,,,,,,,,15,20,,,,,,,TEE,,,,,,,,Size,S,,,
12,variation,TEE-M,,Tee - M,1,,,,,,,,,,0,,,,,,,,,,,20,,,,,,,id:10,,,,,,,,Size,M,,,
13,simple,MUG,4006381333931,Mug,-1,,,,<p>Mug</p>,2026-11-01 00:00:00,2026-12-01 00:00:00,,,,5,,,,,,,,,,8,9.5,Home,,,https://x.example/3.jpg,,,,,,,,,,,,,,,
14,grouped,SET,,Set,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,
"""

SHOPIFY = r"""Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,Option2 Name,Option2 Value,Option2 Linked To,Option3 Name,Option3 Value,Option3 Linked To,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status
tee,Tee,<p>Soft</p>,Acme,,Shirts,,true,Size,S,,,,,,,,'TEE-S,200,,3,,,15.00,20.00,,,'4006381333931,https://x.example/1.jpg,1,,,,,,,,,active
tee,,,,,,,,,M,,,,,,,,TEE-M,200,,0,,,20.00,,,,,https://x.example/2.jpg,2,,,,,,,,,
tee,,,,,,,,,,,,,,,,,,,,,,,,,,,,https://x.example/3.jpg,3,,,,,,,,,
mug,Mug,Mug for tea,Acme,,Cups,,true,Title,Default Title,,,,,,,,,300,,5,,,9.50,,,,,https://x.example/4.jpg,,,,,,,,,,draft
"""

MAGENTO2 = r"""sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,short_description,weight,product_online,tax_class_name,visibility,price,special_price,special_price_from_date,special_price_to_date,url_key,base_image,additional_images,created_at,qty,additional_attributes,configurable_variations,configurable_variation_labels
TEE-S,,,simple,,,Tee S,,,0.2000,1,,,20.0000,15.0000,11/1/26,,,,,,3.0000,"color=Red,manufacturer=Acme,size=S",,
TEE-M,,,simple,,,Tee M,,,0.2000,1,,,20.0000,,,,,,,,0.0000,"color=Red,manufacturer=Acme,size=M",,
TEE,,,configurable,"Default Category/Men/Tops,Default Category/Sale",,Tee,<p>Soft</p>,,,1,,,,,,,,/t/e/tee.jpg,,,,,"sku=TEE-S,size=S|sku=TEE-M,size=M",
TEE-S,es,,simple,,,Camiseta,,,,,,,,,,,,,,,,,,
MUG,,,simple,Default Category/Home,,Mug,Mug for tea,,,2,,,9.5,,,,,,,,5.0000,,,
"""

PRESTASHOP = r"""Product ID,Active (0/1),Name *,"Categories (x,y,z...)",Price tax excluded or tax included,Tax rules ID,Wholesale price,On sale (0/1),Discount amount,Reference #,Supplier reference #,Supplier,Manufacturer,EAN13,UPC,Width,Height,Depth,Weight,Quantity,Minimal quantity,Short description,Description,"Image URLs (x,y,z...)",Condition
1,1,Tee,"Home,Clothes,Shirts",20.00,,8,,,TEE,,,Acme,4006381333931,,,,,0.2,3,,,<p>Soft</p>,"https://x.example/1.jpg,https://x.example/2.jpg",new
2,0,Mug,Home,9.5,,,,,MUG,,,,,,,,,,5,,,,https://x.example/3.jpg,
"""

PRESTASHOP_COMBINATIONS = r"""Product ID*,Product Reference,Attribute (Name:Type:Position)*,Value (Value:Position)*,Supplier reference,Reference,EAN13,UPC,Wholesale price,Impact on price,Ecotax,Quantity,Minimal quantity,Impact on weight,"Default (0 = No, 1 = Yes)",Image position
1,TEE,"Size:select:0, Color:color:1","S:0, Red:1",,TEE-S,,,,0,,2,,,1,
1,TEE,"Size:select:0, Color:color:1","M:0, Red:1",,TEE-M,,,,2,,1,,,,
"""

GOOGLE_MERCHANT = r"""id,title,description,link,image link,additional image link,availability,price,sale price,sale price effective date,brand,gtin,mpn,condition,item group id,color,size,google product category,product type,shipping weight
TEE-S,Tee S,Soft and warm,https://x.example/tee,https://x.example/1.jpg,"https://x.example/2.jpg,https://x.example/3.jpg",in_stock,20.00 USD,15.00 USD,2026-11-01T13:00+0200/2026-12-01T15:30+0200,Acme,4006381333931,,new,TEE,Red,S,,Clothing > Shirts,0.2 kg
MUG,Mug,Mug for tea,https://x.example/mug,https://x.example/4.jpg,,out_of_stock,9.50 USD,,,Acme,,,new,,,,Home > Cups,,300 g
"""

SELLER_CENTER = r"""SellerSku,Name,Brand,PrimaryCategory,Price,Quantity,ProductData.Color,MainImage,Image2,ShopSku
001,Tee,Acme,Shirts,20.00,3,Red,https://x.example/1.jpg,https://x.example/2.jpg,77
"""


@pytest.fixture
def judged(read, tmp_path):
    """(rows as canonical names, reasons of what was skipped, codes of errors) of an export under a mapping."""

    def run(mapping: str, *files: str):
        seen = read(*(text.encode() for text in files))
        done = apply(
            seen.catalog, load_mapping(mapping, base=tmp_path), dialect=Dialect.CLASSIC, folder=tmp_path
        )
        shop = Shop(url="https://shop.example.com/", user_id="u", api_key="env:K", currency="USD")
        accepted = validate(
            done, settings=CatalogSettings(), shop=shop, ctx=Context(currencies={"": "USD"}), lookups=Lookups(),
            known_skus=None, folder=tmp_path / "out",
        )  # fmt: skip
        rows = [row for batch in done.batches() for row in batch.to_pylist()]
        shown = {row["SellerSku"]: {name: row.get(name) for name in done.fields} for row in rows}
        errors = [(item.code, item.sku) for item in accepted.findings if item.severity.value == "error"]
        return shown, dict(done.skipped), errors

    return run


def part(rows, *names):
    return {sku: tuple(row[name] for name in names) for sku, row in rows.items()}


def test_woocommerce(judged):
    rows, skipped, errors = judged("woocommerce", WOOCOMMERCE)
    assert part(rows, "ParentSku", "PrimaryCategory", "Price", "SalePrice", "Status", "Variation") == {
        "TEE-S": ("TEE-S", "T-shirts", "20", "15", "active", "S"),
        "TEE-M": ("TEE-S", "T-shirts", "20", "__CLEAR__", "active", "M"),
        "MUG": ("MUG", "Home", "9.5", "8", "inactive", None),
    }
    assert rows["TEE-M"]["Description"] == "Soft<br>cotton"
    assert skipped == {"parent of variations": 1, "grouped or external product": 1}
    assert errors == [("sale-without-window", "TEE-S"), ("parent-refused", "TEE-M")]


@pytest.mark.parametrize("page", ["docs/mapping.md", "docs/guides/migration.md"])
def test_the_pages_example_makes_woocommerce_whole(judged, tmp_path, page):
    text = (ROOT / page).read_text("utf-8")
    example = re.search(r'```toml\n(extends = "woocommerce".*?)```', text, re.DOTALL)
    assert example is not None
    (tmp_path / "mine.toml").write_text(example[1], encoding="utf-8")
    (tmp_path / "categories.csv").write_text("ours,theirs\nT-shirts,Polos\nHome,Hogar\n", encoding="utf-8")
    rows, _, errors = judged("mine.toml", WOOCOMMERCE)
    assert errors == []
    assert part(rows, "PrimaryCategory", "SalePrice", "SaleStartDate") == {
        "TEE-S": ("Polos", "15", "2026-11-01 00:00:00"),
        "TEE-M": ("Polos", "__CLEAR__", None),
        "MUG": ("Hogar", "8", "2026-11-01 00:00:00"),
    }
    assert all(row["Brand"] for row in rows.values())


def test_woocommerce_without_the_column_of_parents(judged):
    """A preset's names for families are blank where the export has none."""
    head, *lines = WOOCOMMERCE.splitlines()
    simple = [line for line in lines if ",simple," in line]
    rows, _, errors = judged("woocommerce", "\n".join([head.replace(",Parent,", ",Elsewhere,"), *simple]))
    assert (part(rows, "ParentSku"), errors) == ({"MUG": ("MUG",)}, [])


def test_shopify(judged):
    rows, skipped, errors = judged("shopify", SHOPIFY)
    assert part(rows, "ParentSku", "Name", "Price", "SalePrice", "Quantity", "Status", "ProductId") == {
        "TEE-S": ("TEE-S", "Tee", "20.00", "15.00", "3", "active", "4006381333931"),
        "TEE-M": ("TEE-S", "Tee", "20.00", "__CLEAR__", "0", "active", None),
        "mug": ("mug", "Mug", "9.50", "__CLEAR__", "5", "inactive", None),
    }
    assert rows["TEE-M"]["Images"].split("\n") == [f"https://x.example/{n}.jpg" for n in (1, 2, 3)]
    assert (skipped, errors) == ({"image of the product above": 1}, [])


def test_magento2(judged):
    rows, skipped, errors = judged("magento2", MAGENTO2)
    assert part(
        rows, "ParentSku", "Brand", "PrimaryCategory", "SalePrice", "Quantity", "Status", "Variation"
    ) == {
        "TEE-S": ("TEE-S", "Acme", "Tops", "15.0000", "3", "active", "Red / S"),
        "TEE-M": ("TEE-S", "Acme", "Tops", "__CLEAR__", "0", "active", "Red / M"),
        "MUG": ("MUG", None, "Home", "__CLEAR__", "5", "inactive", None),
    }
    assert skipped == {"translation for a store view": 1, "configurable, bundle or grouped product": 1}
    assert errors == []


def test_prestashop_products_and_combinations(judged):
    names = ("ParentSku", "Name", "Price", "Quantity", "Status", "Variation")
    rows, skipped, errors = judged("prestashop", PRESTASHOP, PRESTASHOP_COMBINATIONS)
    assert part(rows, *names) == {
        "MUG": ("MUG", "Mug", "9.5", "5", "inactive", None),
        "TEE-S": ("TEE-S", "Tee", "20.00", "2", "active", "S, Red"),
        "TEE-M": ("TEE-S", "Tee", "22.00", "1", "active", "M, Red"),
    }
    assert rows["TEE-M"]["Images"] == "https://x.example/1.jpg,https://x.example/2.jpg"
    assert (skipped, errors) == ({"product sold through its combinations": 1}, [])
    alone, skipped, errors = judged("prestashop", PRESTASHOP)
    assert part(alone, "ParentSku", "Name", "Price", "Quantity", "ProductId") == {
        "TEE": ("TEE", "Tee", "20.00", "3", "4006381333931"),
        "MUG": ("MUG", "Mug", "9.5", "5", None),
    }
    assert (skipped, errors) == ({}, [])


def test_google_merchant(judged):
    rows, skipped, errors = judged("google-merchant", GOOGLE_MERCHANT)
    names = ("ParentSku", "PrimaryCategory", "Price", "SaleStartDate", "ProductData.PackageWeight")
    assert part(rows, *names) == {
        "TEE-S": ("TEE-S", "Shirts", "20.00 USD", "2026-11-01T13:00+0200", "0.2"),
        "MUG": ("MUG", "Cups", "9.50 USD", None, "0.300"),
    }
    assert rows["TEE-S"]["Images"].split("\n") == [f"https://x.example/{n}.jpg" for n in (1, 2, 3)]
    assert (skipped, errors) == ({}, [])


def test_the_marketplaces_own_template(judged):
    rows, _, errors = judged("seller-center", SELLER_CENTER)
    assert part(rows, "Name", "Price", "ProductData.Color", "Images") == {
        "001": ("Tee", "20.00", "Red", "https://x.example/1.jpg\nhttps://x.example/2.jpg")
    }
    assert errors == []
