"""A corpus of nasty delimited files, each with the table that it holds."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from pipeline.read.catalog import ReadOptions

HEAD = ("sku", "name", "price", "ean")
PLAIN = [("00123", "Blue shirt", "19.99", "0012345678905"), ("A-2", "NA", "1e5", None)]

TEXTS = {
    "spanish": (("Código", "Descripción", "Precio"), [("00123", "Pañuelo niño «ñandú»", "1.234,50"), ("2", "Edición única", "9,99")]),
    "german": (("Artikelnummer", "Bezeichnung", "Preis"), [("007", "Weißwürste süß", "3,50"), ("8", "Übergröße", "4,00")]),
    "french": (("Référence", "Désignation", "Prix"), [("01", "Crème brûlée à l'œuf", "5,5"), ("02", "Gâteau très sucré", "6")]),
    "portuguese": (("Código", "Descrição", "Preço"), [("01", "CALÇÃO AÇÚCAR", "10,00"), ("02", "Não é só maçã", "1,00")]),
    "russian": (("Артикул", "Название", "Цена"), [("001", "Тушь для ресниц чёрная", "290"), ("002", "Помада красная", "300")]),
    "ukrainian": (("Артикул", "Назва", "Ціна"), [("001", "Туш для вій чорна їжак", "290"), ("002", "Помада червона", "300")]),
    "arabic": (("رمز", "اسم المنتج", "price"), [("001", "حقيبة يد جلدية", "100"), ("002", "ساعة رجالية", "200")]),
    "japanese": (("商品コード", "商品名", "価格"), [("001", "ディナーフォーク", "800"), ("002", "アイスクリーム", "300")]),
    "chinese": (("sku", "名称", "价格"), [("001", "蓝牙耳机 手机壳", "20"), ("002", "手机", "30")]),
    "korean": (("sku", "이름", "가격"), [("001", "무선 이어폰 가방", "20"), ("002", "가방", "30")]),
    "polish": (("Kod", "Nazwa", "Cena"), [("001", "Żółta łódź świąteczna", "10"), ("002", "Książka dziecięca", "20")]),
    "thai": (("sku", "ชื่อสินค้า", "ราคา"), [("001", "รองเท้าวิ่งสีดำ", "20"), ("002", "กระเป๋า", "30")]),
    "greek": (("SKU", "Όνομα", "Τιμή"), [("001", "Κόκκινα παπούτσια", "20"), ("002", "Τσάντα", "30")]),
    "turkish": (("SKU", "Ürün adı", "Fiyat"), [("001", "Kırmızı ayakkabı çocuk için şık", "20"), ("002", "Çanta", "30")]),
}  # fmt: skip
ENCODED = [
    ("spanish", "utf-8"), ("spanish", "utf-8-sig"), ("spanish", "utf-16"), ("spanish", "utf-16-le"), ("spanish", "utf-16-be"),
    ("spanish", "utf-32"), ("spanish", "cp1252"), ("spanish", "latin-1"), ("spanish", "cp850"), ("spanish", "mac_roman"),
    ("german", "cp1252"), ("german", "utf-8"), ("german", "cp850"), ("french", "cp1252"), ("portuguese", "cp1252"),
    ("russian", "cp1251"), ("russian", "koi8_r"), ("russian", "cp866"), ("russian", "utf-16"), ("russian", "utf-8"),
    ("ukrainian", "cp1251"), ("arabic", "cp1256"), ("arabic", "utf-8"), ("japanese", "cp932"), ("japanese", "euc_jp"),
    ("japanese", "iso2022_jp"), ("japanese", "utf-16-le"), ("chinese", "gb18030"), ("chinese", "utf-8"), ("korean", "cp949"),
    ("polish", "cp1250"), ("polish", "iso8859_2"), ("greek", "cp1253"), ("turkish", "cp1254"), ("thai", "cp874"),
]  # fmt: skip


def delimited(head, rows, delimiter=",", eol="\n"):
    def quoted(cell):
        text = "" if cell is None else cell
        return (
            f'"{text.replace(chr(34), chr(34) * 2)}"'
            if any(c in text for c in (delimiter, '"', "\n", "\r"))
            else text
        )

    return "".join(delimiter.join(map(quoted, row)) + eol for row in (head, *rows))


@pytest.mark.parametrize(("text", "encoding"), ENCODED, ids=[f"{t}-{e}" for t, e in ENCODED])
def test_every_encoding_gives_the_same_table(read, text, encoding):
    head, rows = TEXTS[text]
    seen = read(delimited(head, rows, ";").encode(encoding))
    assert (seen.headers, seen.rows, seen.codes) == (head, rows, [])


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", "|", "^", "~"], ids=["comma", "semicolon", "tab", "bar", "caret", "tilde"]
)
def test_every_delimiter_and_line_end_gives_the_same_table(read, delimiter, eol):
    seen = read(delimited(HEAD, PLAIN, delimiter, eol).encode())
    assert (seen.headers, seen.rows, seen.lines, seen.codes) == (HEAD, PLAIN, [2, 3], [])


CASES = {
    "no end of the last line": (b"sku,name\n1,a\n2,b", [("1", "a"), ("2", "b")], [2, 3], []),
    "line breaks inside cells": (b'sku,name\n1,"a\nb"\n2,"c\r\nd"\n', [("1", "a\nb"), ("2", "c\r\nd")], [2, 4], []),
    "doubled quotes": (b'sku,name\n1,"19"" pipe"\n', [("1", '19" pipe')], [2], []),
    "escaped quotes": (b'sku,name,x\n1,"19\\" pipe, long",y\n2,"b",z\n', [("1", '19" pipe, long', "y"), ("2", "b", "z")], [2, 3], []),
    "inch mark in a bare cell": (b'sku,name\n1,19" pipe\n2,b\n', [("1", '19" pipe'), ("2", "b")], [2, 3], []),
    "single quotes around cells": (b"'sku','name'\n'1','a,b'\n'2','c'\n", [("1", "a,b"), ("2", "c")], [2, 3], []),
    "blanks around headers": (b"sku   , name \n1,a\n", [("1", "a")], [2], []),
    "blank lines between": (b"sku,name\n\n1,a\n\n,\n2,b\n\n\n", [("1", "a"), ("2", "b")], [3, 6], []),
    "preamble": (b"Price list 2026\nACME Ltd\n\nsku,name,price\n1,a,5\n2,b,6\n", [("1", "a", "5"), ("2", "b", "6")], [5, 6], []),
    "preamble padded with separators": (b"Report,,\n,,\nsku,name,price\n1,a,5\n", [("1", "a", "5")], [4], []),
    "sep directive": (b"sep=;\nsku;name\n1;a,b\n", [("1", "a,b")], [3], []),
    "footer with a total": (b"sku,name,price\n1,a,5\n2,b,6\nTotal,,11\n", [("1", "a", "5"), ("2", "b", "6")], [2, 3], ["footer-skipped"]),
    "footer that counts": (b"sku,name,price\n1,a,5\n\n1 rows exported\n", [("1", "a", "5")], [2], ["footer-skipped"]),
    "a lone SKU at the end is no footer": (b"sku,name,price\n1,a,5\nSKU-2,,\n", [("1", "a", "5"), ("SKU-2", None, None)], [2, 3], []),
    "header on each page": (b"sku,name\n1,a\nsku,name\n2,b\n", [("1", "a"), ("2", "b")], [2, 4], []),
    "trailing separators": (b"sku,name,\n1,a,\n2,b,\n", [("1", "a"), ("2", "b")], [2, 3], []),
    "leading zeros and exponents stay": (b"sku,ean\n007,0012345678905\n1E5,7.5E+12\n", [("007", "0012345678905"), ("1E5", "7.5E+12")], [2, 3], []),
    "NA and null are words": (b"sku,name\nNA,null\nNone,nan\n", [("NA", "null"), ("None", "nan")], [2, 3], []),
    "blanks inside cells stay": (b"sku,name\n 1 ,a  b \n", [(" 1 ", "a  b ")], [2], []),
    "a cell too many": (b"sku,name\n1,a,b\n2,c\n", [("1", "a"), ("2", "c")], [2, 3], ["too-many-cells"]),
    "empty cells too many": (b"sku,name\n1,a,,\n", [("1", "a")], [2], []),
    "a cell too few": (b"sku,name,price\n1,a\n2,b,3\n", [("1", "a", None), ("2", "b", "3")], [2, 3], ["too-few-cells"]),
    "a blank header with cells below": (b"sku,,price\n1,a,5\n", [("1", "a", "5")], [2], []),
    "doubled headers": (b"sku,price,price\n1,5,6\n", [("1", "5", "6")], [2], ["duplicate-header"]),
    "no quote is closed": (b'sku,name,price\n1,"a,5\n2,b,6\n3,c,7\n', [("1", '"a', "5"), ("2", "b", "6"), ("3", "c", "7")], [2, 3, 4], ["unbalanced-quote"]),
    "carriage returns inside cells": (b"sku,name\n" + b"".join(b"%d,x\n" % n for n in range(20)) + b"a,b\rc\n", [*((str(n), "x") for n in range(20)), ("a", "b\rc")], list(range(2, 23)), []),
    "one column": (b"sku\n001\n002\n", [("001",), ("002",)], [2, 3], []),
    "decimal commas beside semicolons": (b"sku;price;stock\n1;1,5;3\n2;2,5;4\n", [("1", "1,5", "3"), ("2", "2,5", "4")], [2, 3], []),
    "commas in prose, tabs between": (b"sku\tname\n1\ta, b, c\n2\td, e\n", [("1", "a, b, c"), ("2", "d, e")], [2, 3], []),
    "bars inside cells": (b"sku,size,tags\n1,065|00W,a|b|c\n2,075|00W,d|e\n", [("1", "065|00W", "a|b|c"), ("2", "075|00W", "d|e")], [2, 3], []),
    "html": (b'sku,text\n1,"<p class=""x"">a, b</p>\n<br>"\n', [("1", '<p class="x">a, b</p>\n<br>')], [2], []),
    "unit separators": (b"sku\x1fname\n1\x1fa,b\n", [("1", "a,b")], [2], []),
}  # fmt: skip


@pytest.mark.parametrize(("content", "rows", "lines", "codes"), CASES.values(), ids=CASES.keys())
def test_nasty_file(read, content, rows, lines, codes):
    seen = read(content)
    assert (seen.rows, seen.lines, seen.codes) == (rows, lines, codes)


@pytest.mark.parametrize("rows", [50, 4000], ids=["short", "long"])
def test_a_stray_pair_of_quotes_swallows_no_rows(read, rows):
    lines = [f"SKU-{n},name {n},{n},x,y,z" for n in range(rows)]
    lines[10] = 'SKU-10,"name 10,10,x,y,z'
    lines[rows - 5] = f'SKU-{rows - 5},pipe 12",{rows - 5},x,y,z'
    seen = read(("sku,name,price,a,b,c\n" + "\n".join(lines) + "\n").encode())
    assert [row[0] for row in seen.rows] == [f"SKU-{n}" for n in range(rows)]
    assert seen.places == [("unbalanced-quote", 12, "")]
    assert seen.errors == ["unbalanced-quote"]


def test_mixed_encodings_are_read_line_by_line(read):
    content = "sku,name\n1,niño\n".encode() + "2,señora mañana\n".encode("cp1252")
    seen = read(content)
    assert seen.rows == [("1", "niño"), ("2", "señora mañana")]
    assert seen.places == [("mixed-encoding", 3, "")]


def test_what_the_caller_says_wins(read):
    told = ReadOptions(delimiter=";", header_row=2, encoding="cp1252", skip_footer=1)
    seen = read("x;y\nsku;name\n1;ñ\n2;b\nend;c\n".encode("cp1252"), options=told)
    assert (seen.headers, seen.rows, seen.lines) == (("sku", "name"), [("1", "ñ"), ("2", "b")], [3, 4])


def test_archives_hold_the_same_table(read):
    plain = b"sku,name\n1,a\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/one.csv", plain)
        archive.writestr("two.csv", b"sku,price\n2,5\n")
        archive.writestr("__MACOSX/._one.csv", b"junk")
    assert read(gzip.compress(plain), name="catalog.csv.gz").rows == [("1", "a")]
    both = read(packed.getvalue(), name="catalog.zip")
    assert (both.headers, both.rows) == (("sku", "name", "price"), [("1", "a", None), ("2", None, "5")])
    assert [part.file for part in both.answer.parts] == [
        "0-catalog.zip!folder/one.csv",
        "0-catalog.zip!two.csv",
    ]


def test_several_files_are_one_catalog(read):
    seen = read(b"sku,name\n1,a\n", b"name;sku\nb;2\n")
    assert (seen.headers, seen.rows, seen.answer.rows) == (("sku", "name"), [("1", "a"), ("2", "b")], 2)


def test_every_choice_says_why_and_how_to_say_otherwise(read):
    seen = read("Liste\n\nCódigo;Nombre\n1;ñ\n".encode("cp1252"))
    assert [choice.what for choice in seen.answer.choices] == [
        "encoding cp1252",
        "delimiter ;",
        "header in line 3",
    ]
    assert all(choice.why and choice.override for choice in seen.answer.choices)
