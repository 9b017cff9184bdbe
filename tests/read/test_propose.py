"""Proposed mappings: what headers and values say, and a file that can be loaded."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import pytest

from pipeline.errors import InputRefused
from pipeline.read.applying import apply
from pipeline.read.mapping import load_mapping
from pipeline.read.propose import LIKELY, propose
from pipeline.read.traits import is_ean
from schemas.fields import Dialect

SUPPLIER = "\n".join(
    [
        "Código;Producto;Precio venta;Existencias;Cód. barras extra;Foto;Oferta hasta;Notas",
        *(
            f"A-{n:03};Zapato {n};1.{n:03},50;{n};{ean};https://x.example/{n}.jpg;31/12/2026;"
            for n, ean in enumerate(["4006381333931", "9780201379624", "7501031311309"], start=100)
        ),
    ]
)
SYSTEMS = {
    "shopify": "Handle,Title,Variant Price,Option1 Value,Variant SKU",
    "woocommerce": "ID,Type,SKU,Name,Published,Regular price,Parent",
    "magento2": "sku,product_type,attribute_set_code,additional_attributes,price",
    "google-merchant": "id,title,link,image_link,availability,condition,price",
}


def test_headers_and_values_speak_for_a_mapping(read, tmp_path):
    seen = read(SUPPLIER.encode())
    proposal = propose(seen.catalog, Dialect.CLASSIC)
    found = {guess.field: guess for guess in proposal.guesses if guess.confidence >= LIKELY}
    assert {name: guess.header for name, guess in found.items()} == {
        "SellerSku": "Código",
        "Name": "Producto",
        "Price": "Precio venta",
        "Quantity": "Existencias",
        "Images": "Foto",
        "ProductId": "Cód. barras extra",
    }
    assert found["Price"].extras == (("decimal", ","), ("thousands", "."))
    assert all(guess.why for guess in proposal.guesses)
    path = tmp_path / "proposed.toml"
    path.write_text(proposal.toml, encoding="utf-8")
    done = apply(seen.catalog, load_mapping(path), dialect=Dialect.CLASSIC, folder=tmp_path)
    assert set(done.fields) == set(found)


@pytest.mark.parametrize(("preset", "head"), SYSTEMS.items(), ids=SYSTEMS.keys())
def test_a_systems_export_is_known_by_its_headers(read, preset, head):
    row = ",".join(["x"] * (head.count(",") + 1))
    proposal = propose(read(f"{head}\n{row}\n".encode()).catalog, Dialect.CLASSIC)
    assert (proposal.preset, f'extends = "{preset}"' in proposal.toml) == (preset, True)


def test_a_file_without_a_sku_says_so(read):
    proposal = propose(read(b"title,price\nHat,5\nShirt,6\n").catalog, Dialect.CLASSIC)
    assert '# SellerSku = "HEADER OF THE COLUMN"' in proposal.toml


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("4006381333931", True),
        ("4006381333932", False),
        ("036000291452", True),
        ("96385074", True),
        ("123", False),
    ],
)
def test_check_digits(text, good):
    assert is_ean(text) is good


def supplier(rows: int, *, sku=lambda n: f"A-{n}", price=lambda n: f"{n},50") -> bytes:
    lines = [f"{sku(n)};Zapato {n};{price(n)}" for n in range(1, rows + 1)]
    return "\n".join(["Código;Producto;Precio", *lines]).encode()


@pytest.mark.parametrize("rows", [3, 10, 200])
@pytest.mark.parametrize(
    ("slip", "why"),
    [
        ({"sku": lambda n: "A-1" if n == 2 else f"A-{n}"}, "1 repeated, such as 'A-1'"),
        ({"sku": lambda n: "" if n == 2 else f"A-{n}"}, "blank in 1 rows"),
        ({"price": lambda n: "consultar" if n == 2 else f"{n},50"}, "but for 1, such as 'consultar'"),
    ],
    ids=["twice", "blank", "word"],
)
def test_one_slip_of_a_person_drops_no_obvious_column(read, rows, slip, why):
    proposal = propose(read(supplier(rows, **slip)).catalog, Dialect.CLASSIC)
    taken = {guess.field: guess for guess in proposal.guesses if guess.confidence >= LIKELY}
    assert {name: guess.header for name, guess in taken.items()} == {
        "SellerSku": "Código",
        "Name": "Producto",
        "Price": "Precio",
    }
    assert any(why in guess.why for guess in taken.values())


def test_a_column_that_mostly_repeats_is_no_sku(read):
    proposal = propose(read(supplier(30, sku=lambda n: f"A-{n // 3}")).catalog, Dialect.CLASSIC)
    assert all(guess.field != "SellerSku" or guess.confidence < LIKELY for guess in proposal.guesses)


def test_without_a_sku_the_next_step_leads_out(read, tmp_path):
    """What the file tells to do is what makes it work: no hint leads back to where one was."""
    seen = read(b"modelo x,color\nHat,red\nShirt,blue\n")
    path = tmp_path / "proposed.toml"
    path.write_text(propose(seen.catalog, Dialect.CLASSIC).toml, encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        apply(seen.catalog, load_mapping(path), dialect=Dialect.CLASSIC, folder=tmp_path)
    assert caught.value.hint == 'write SellerSku = "header of the column" under [columns] of proposed.toml'
    path.write_text(path.read_text("utf-8") + 'SellerSku = "modelo x"\n', encoding="utf-8")
    assert apply(seen.catalog, load_mapping(path), dialect=Dialect.CLASSIC, folder=tmp_path).rows == 2


EAN = ("4006381333931", "9780201379624", "7501031311309")
#: Everyday exports by language: headers, and the row that each of three products makes of them.
EXPORTS = {
    "German, short": ("Artikel;Bezeichnung;VK brutto;EK;Lagerbestand;Warengruppe", "10-{n};Becher groß {n};1.0{n}2,90;5,1{n};1{n};Becher",
        {"SellerSku": "Artikel", "Name": "Bezeichnung", "Price": "VK brutto", "@cost": "EK", "Quantity": "Lagerbestand", "PrimaryCategory": "Warengruppe"}),
    "German, of an ERP": ("Art.-Nr.;Artikelbezeichnung 1;Verkaufspreis netto (EUR);EK-Preis netto;Bestand verfügbar;EAN-Nummer;Hersteller", "A{n};Becher groß {n};12,9{n};5,1{n};1{n};{ean};Stonefold",
        {"SellerSku": "Art.-Nr.", "Name": "Artikelbezeichnung 1", "Price": "Verkaufspreis netto (EUR)", "@cost": "EK-Preis netto", "Quantity": "Bestand verfügbar", "ProductId": "EAN-Nummer", "Brand": "Hersteller"}),
    "German, the word being the name": ("Nummer;Artikel;Preis;Menge", "{n}-X;Becher groß {n};12,9{n};1{n}", {"SellerSku": "Nummer", "Name": "Artikel", "Price": "Preis", "Quantity": "Menge"}),
    "Spanish": ("código;producto;precio venta;costo;existencias;marca", "A-{n};Taza grande {n};1.0{n}9,50;5,0{n};1{n};Azul", {"SellerSku": "código", "Name": "producto", "Price": "precio venta", "@cost": "costo", "Quantity": "existencias", "Brand": "marca"}),
    "Spanish, with tax": ("Cod. Interno;Descripción;Precio c/IVA;Precio compra;Stock actual", "A-{n};Taza grande {n};1.0{n}9,50;5,0{n};1{n}", {"SellerSku": "Cod. Interno", "Name": "Descripción", "Price": "Precio c/IVA", "@cost": "Precio compra", "Quantity": "Stock actual"}),
    "French": ("Réf article;Désignation;PU TTC;Prix d'achat;Qté;Famille", "A-{n};Grande tasse {n};12,9{n};5,0{n};1{n};Tasses", {"SellerSku": "Réf article", "Name": "Désignation", "Price": "PU TTC", "@cost": "Prix d'achat", "Quantity": "Qté", "PrimaryCategory": "Famille"}),
    "Italian": ("Codice;Descrizione;Prezzo vendita;Giacenza;Marca", "A-{n};Tazza grande {n};12,9{n};1{n};Blu", {"SellerSku": "Codice", "Name": "Descrizione", "Price": "Prezzo vendita", "Quantity": "Giacenza", "Brand": "Marca"}),
    "Dutch": ("Artikelcode;Omschrijving;Verkoopprijs;Inkoopprijs;Voorraad;Merk", "A-{n};Grote mok {n};12,9{n};5,0{n};1{n};Blauw", {"SellerSku": "Artikelcode", "Name": "Omschrijving", "Price": "Verkoopprijs", "@cost": "Inkoopprijs", "Quantity": "Voorraad", "Brand": "Merk"}),
    "Portuguese": ("Referência;Produto;Preço de venda;Preço custo;Estoque;Marca", "A-{n};Caneca grande {n};12,9{n};5,0{n};1{n};Azul", {"SellerSku": "Referência", "Name": "Produto", "Price": "Preço de venda", "@cost": "Preço custo", "Quantity": "Estoque", "Brand": "Marca"}),
    "Polish": ("Indeks;Nazwa towaru;Cena brutto;Stan magazynowy;Producent", "A-{n};Duży kubek {n};12,9{n};1{n};Nieb", {"SellerSku": "Indeks", "Name": "Nazwa towaru", "Price": "Cena brutto", "Quantity": "Stan magazynowy", "Brand": "Producent"}),
    "Indonesian": ("Kode Barang;Nama Barang;Harga Jual;Harga Beli;Stok;Merek", "A-{n};Cangkir besar {n};125.00{n};50.00{n};1{n};Biru", {"SellerSku": "Kode Barang", "Name": "Nama Barang", "Price": "Harga Jual", "@cost": "Harga Beli", "Quantity": "Stok", "Brand": "Merek"}),
    "Vietnamese": ("Mã hàng;Tên hàng;Giá bán;Giá nhập;Tồn kho;Thương hiệu", "A-{n};Cốc lớn {n};125.00{n};50.00{n};1{n};Xanh", {"SellerSku": "Mã hàng", "Name": "Tên hàng", "Price": "Giá bán", "@cost": "Giá nhập", "Quantity": "Tồn kho", "Brand": "Thương hiệu"}),
    "Thai": ("รหัสสินค้า;ชื่อสินค้า;ราคาขาย;ราคาทุน;จำนวนคงเหลือ;ยี่ห้อ", "A-{n};แก้ว {n};125.5{n};50.5{n};1{n};ฟ้า", {"SellerSku": "รหัสสินค้า", "Name": "ชื่อสินค้า", "Price": "ราคาขาย", "@cost": "ราคาทุน", "Quantity": "จำนวนคงเหลือ", "Brand": "ยี่ห้อ"}),
    "Arabic": ("رمز المنتج;اسم المنتج;سعر البيع;سعر التكلفة;الكمية;الماركة", "A-{n};كوب كبير {n};125.5{n};50.5{n};1{n};أزرق", {"SellerSku": "رمز المنتج", "Name": "اسم المنتج", "Price": "سعر البيع", "@cost": "سعر التكلفة", "Quantity": "الكمية", "Brand": "الماركة"}),
    "flat file of a marketplace": ("seller-sku\titem-name\tprice\tquantity\tproduct-id", "A-{n}\tLarge mug {n}\t12.9{n}\t1{n}\t{ean}", {"SellerSku": "seller-sku", "Name": "item-name", "Price": "price", "Quantity": "quantity", "ProductId": "product-id"}),
}  # fmt: skip


def export(head: str, row: str) -> bytes:
    return "\n".join([head, *(row.format(n=n, ean=ean) for n, ean in enumerate(EAN, start=1))]).encode()


@pytest.mark.parametrize(("head", "row", "fields"), EXPORTS.values(), ids=EXPORTS.keys())
def test_everyday_exports_are_understood(read, tmp_path, head, row, fields):
    seen = read(export(head, row))
    proposal = propose(seen.catalog, Dialect.CLASSIC)
    taken = {guess.field: guess.header for guess in proposal.guesses if guess.confidence >= LIKELY}
    assert taken == fields
    path = tmp_path / "proposed.toml"
    path.write_text(proposal.toml, encoding="utf-8")
    done = apply(seen.catalog, load_mapping(path), dialect=Dialect.CLASSIC, folder=tmp_path)
    assert (set(done.fields), set(done.internal)) == (set(fields) - {"@cost"}, set(fields) & {"@cost"})


def test_values_speak_where_no_header_does(read):
    """Codes are taken for the SKU; which amount is the price, and which number the stock, a person says."""
    rows = "\n".join(f"QX-{n:03};{n},50;{n % 7};Blau" for n in range(1, 30))
    proposal = propose(read(f"Kürzel;Betrag X;Zahl;Farbe\n{rows}".encode()).catalog, Dialect.CLASSIC)
    found = {guess.field: (guess.header, guess.confidence >= LIKELY) for guess in proposal.guesses}
    assert found["SellerSku"] == ("Kürzel", True)
    assert found["Price"] == ("Betrag X", False)
    assert found["Quantity"] == ("Zahl", False)
    assert '# Price = { column = "Betrag X", decimal = "," }' in proposal.toml


def test_nothing_is_put_aside_while_what_a_catalog_needs_is_missing(read, tmp_path):
    rows = "\n".join(f"QX-{n:03};{n},50;text" for n in range(1, 5))
    seen = read(f"Kürzel;Foo;Bar\n{rows}".encode())
    proposal = propose(seen.catalog, Dialect.CLASSIC)
    assert "ignore" not in "".join(line for line in proposal.toml.splitlines() if not line.startswith("#"))
    assert '#     "Bar": "text"' in proposal.toml
    path = tmp_path / "proposed.toml"
    path.write_text(proposal.toml, encoding="utf-8")
    done = apply(seen.catalog, load_mapping(path), dialect=Dialect.CLASSIC, folder=tmp_path)
    assert [item.column for item in done.findings if item.code == "unknown-column"] == ["Foo", "Bar"]


def test_what_an_article_is_bought_for_is_never_a_price(read):
    rows = "\n".join(f"A-{n};Mug {n};{n},50" for n in range(1, 5))
    proposal = propose(read(f"SKU;Name;Einkaufspreis\n{rows}".encode()).catalog, Dialect.CLASSIC)
    assert {guess.field for guess in proposal.guesses if guess.header == "Einkaufspreis"} == {"@cost"}
    assert "[internal]" in proposal.toml
