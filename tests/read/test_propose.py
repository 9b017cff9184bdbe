"""Proposed mappings: what headers and values say, and a file that can be loaded."""

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
