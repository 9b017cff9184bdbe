"""Files of kinds that sellers' systems really make, each with the table that a person sees in it."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile

import pytest
import xlsxwriter

from pipeline.read.job import Refusal

AB = [("001", "a", "1"), ("002", "b", "2")]
HEAD = ("sku", "name", "price")
TEXTS = {
    "list of an ERP between bars": (
        "-" * 30 + "\n|SKU     |Text  |Price   |Stock |\n" + "-" * 30 + "\n|000123  |Té    |1.234,50|  10- |\n|000124  |Café  |   12,00|   5  |\n" + "-" * 30 + "\n",
        ("SKU", "Text", "Price", "Stock"), [("000123  ", "Té    ", "1.234,50", "  10- "), ("000124  ", "Café  ", "   12,00", "   5  ")],
    ),
    "markdown": ("|sku|name|price|\n|---|:---|----:|\n|001|a|1|\n|002|b|2|\n", HEAD, AB),
    "terminal of a database": ("+-----+------+-------+\n|sku|name|price|\n+-----+------+-------+\n|001|a|1|\n|002|b|2|\n+-----+------+-------+\n2 rows in set (0.00 sec)\n", HEAD, AB),
    "rule of plus and minus": ("sku|name|price\n---+----+-----\n001|a|1\n002|b|2\n(2 rows)\n", HEAD, AB),
    "rule in cells": ("sku,name,price\n---,----,-----\n001,a,1\n002,b,2\n\n(2 rows affected)\n", HEAD, AB),
    "unicode text of a spreadsheet": ("sku\tname\tprice\r\n001\ta\t1\r\n002\tb\t2\r\n".encode("utf-16"), HEAD, AB),
    "separator line in UTF-16": ("sep=;\r\nsku;name;price\r\n001;a;1\r\n002;b;2\r\n".encode("utf-16"), HEAD, AB),
    "separator line in quotes": ('"sep=,"\r\nsku,name,price\r\n001,a,1\r\n002,b,2\r\n', HEAD, AB),
    "separator line behind a mark": ("\ufeffsep=;\nsku;name;price\n001;a;1\n002;b;2\n", HEAD, AB),
    "files behind one another": ("\ufeffsku,name,price\n001,a,1\n\ufeffsku,name,price\n002,b,2\n", HEAD, AB),
    "files behind one another, quoted": ('\ufeff"sku","name","price"\n"001","a","1"\n\ufeff"002","b","2"\n', HEAD, AB),
    "two marks": ("\ufeff\ufeffsku,name,price\n001,a,1\n002,b,2\n", HEAD, AB),
    "end of file sign of DOS": ("sku,name,price\r\n001,a,1\r\n002,b,2\r\n\x1a", HEAD, AB),
    "line ends of three systems": ("sku,name,price\r\n001,a,1\n002,b,2\r003,c,3\n", HEAD, [*AB, ("003", "c", "3")]),
    "returns doubled by a transfer": ("sku,name,price\r\r\n001,a,1\r\r\n002,b,2\r\r\n", HEAD, AB),
    "whole lines in quotes": ('"sku,name,price"\n"001,a,1"\n"002,b,2"\n', HEAD, AB),
    "whole lines in quotes, quotes doubled": ('"sku,""name"",price"\n"001,""a, x"",1"\n"002,""b"",2"\n', HEAD, [("001", "a, x", "1"), ("002", "b", "2")]),
    "whole lines in quotes, separators behind": ('"sku,name,price";;\n"001,a,1";;\n"002,b,2";;\n', HEAD, AB),
    "blanks behind separators": ('sku, name, price\n001, "a, b", 1\n002, "c", 2\n', HEAD, [("001", "a, b", "1"), ("002", "c", "2")]),
    "texts as formulas": ('sku,name,price\n="001",a,1\n="002",b,2\n', HEAD, AB),
    "texts as formulas, quoted": ('sku,name,price\n"=""001""",a,1\n"=""002""",b,2\n', HEAD, AB),
    "a line of sums": ("sku,name,price\n001,a,1\n002,b,2\nTOTAL,,3\n", HEAD, AB),
    "a line of many sums": ("sku,name,price,qty,value\n001,a,1,2,2\nTotal general,,1,2,2\n", (*HEAD, "qty", "value"), [("001", "a", "1", "2", "2")]),
    "a line of sums named in the second column": ("sku,name,price,value\n001,a,1,2\n,Total,1,2\n", (*HEAD, "value"), [("001", "a", "1", "2")]),
    "a product called Total": ("sku,name,price,value\n001,a,1,2\nTotal,Toothpaste,1,2\n", (*HEAD, "value"), [("001", "a", "1", "2"), ("Total", "Toothpaste", "1", "2")]),
    "header in line 7": ("ACME GmbH\nBericht;;;\nDatum: 01.02.2024\n\nFilter: alle\n\nArtikelnummer;Bezeichnung;Preis\n001;a;1\n002;b;2\n", ("Artikelnummer", "Bezeichnung", "Preis"), AB),
    "groups above the header": (",,Price,,Stock\nsku,name,net,gross,qty\n001,a,1,2,3\n002,b,3,4,5\n", ("sku", "name", "net", "gross", "qty"), [("001", "a", "1", "2", "3"), ("002", "b", "3", "4", "5")]),
    "units in headers": ("SKU;Peso (kg);Precio (USD)\n001;0,5;9,90\n002;1;8,90\n", ("SKU", "Peso (kg)", "Precio (USD)"), [("001", "0,5", "9,90"), ("002", "1", "8,90")]),
    "thousands by blanks": ("sku;name;price\n001;a;1\u00a0234,50\n002;b;12\u202f345,00\n", HEAD, [("001", "a", "1\u00a0234,50"), ("002", "b", "12\u202f345,00")]),
    "thousands by apostrophes": ("sku;name;price\n001;a;1'234.50\n002;b;12'345.00\n", HEAD, [("001", "a", "1'234.50"), ("002", "b", "12'345.00")]),
    "arabic digits": ("sku,name,price\n٠٠١,حقيبة,١٢٫٥\n٠٠٢,ساعة,٩\n", HEAD, [("٠٠١", "حقيبة", "١٢٫٥"), ("٠٠٢", "ساعة", "٩")]),
    "few typographic signs": ("sku;name;price\n001;Men’s – “Best” €;1\n".encode("cp1252"), HEAD, [("001", "Men’s – “Best” €", "1")]),
    "doubled bars": ("sku||name||price\n001||a||1\n002||b||2\n", HEAD, AB),
    "control characters between": ("sku\x01name\x01price\n001\x01a\x011\n002\x01b\x012\n", HEAD, AB),
    "inch marks between tabs": ('sku\tname\tprice\n001\t19" rack\t1\n002\tb\t2\n', HEAD, [("001", '19" rack', "1"), ("002", "b", "2")]),
    "title of a table app": ("Table 1\nsku;name;price\n001;a;1\n002;b;2\n", HEAD, AB),
    "remarks in front": ("# exported 2024\n# by the shop\nsku,name,price\n001,a,1\n002,b,2\n", HEAD, AB),
    "remarks behind": ("sku,name,price\n001,a,1\n002,b,2\n\n* prices without VAT\n** while stocks last\n", HEAD, AB),
    "separators behind every line": ("sku;name;price;;;;\n001;a;1;;;;\n002;b;2;;;;\n;;;;;;\n", HEAD, AB),
    "only a header": ("sku,name,price\n", HEAD, []),
    "lines of other systems inside cells": ("sku,name,price\n001,a\x0bb,1\n002,c\x85d\u2028e,2\n", HEAD, [("001", "a\x0bb", "1"), ("002", "c\x85d\u2028e", "2")]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "head", "rows"), TEXTS.values(), ids=TEXTS.keys())
def test_text_of_the_wild(read, content, head, rows):
    seen = read(content if isinstance(content, bytes) else content.encode())
    assert (seen.headers, seen.rows, seen.errors) == (head, rows, [])


@pytest.mark.parametrize(
    "line",
    ["\ufeffsku,name,price\n", "---,----,-----\n", '"=""9""",x,1\n', "sku,name,price\n"],
    ids=["mark", "rule", "formula", "header"],
)
def test_a_large_text_is_read_as_a_small_one(read, line):
    """What the quick way doesn't know it leaves to the other."""
    rows = "".join(f"{n:05},name {n},{n}\n" for n in range(15_000))
    expected = [(f"{n:05}", f"name {n}", str(n)) for n in range(15_000)]
    seen = read(f"sku,name,price\n{rows}{line}{rows}".encode())
    assert seen.rows == [*expected, *([("9", "x", "1")] if "=" in line else []), *expected]


REFUSED = {
    "json": (b'[{"sku": "001"}]', "not-a-table"),
    "json lines": (b'{"sku": "001"}\n{"sku": "002"}\n', "not-a-table"),
    "sylk": (b'ID;PWXL;N;E\nC;Y1;X1;K"sku"\n', "not-a-table"),
    "dif": (b'TABLE\n0,1\n"EXCEL"\n', "not-a-table"),
    "rtf": (b"{\\rtf1\\ansi hello}", "not-a-table"),
    "gif": (b"GIF89a\x01\x00\x01\x00", "not-a-table"),
    "page without a table": (b"<!DOCTYPE html><html><body><h1>404</h1></body></html>", "not-a-table"),
    "xml of products": (b'<?xml version="1.0"?><products><sku>1</sku></products>', "not-a-table"),
    "page with a table of prose": (b"<html><body><table><tr><td></td></tr></table></body></html>", "no-header"),
    "nothing": (b"", "empty-file"),
    "blank lines": (b"\n\n \n", "no-header"),
    "a mark alone": (b"\xef\xbb\xbf", "no-header"),
    "no header": (b"001,a,5\n002,b,6\n", "no-header"),
    "zeros of a lost write": (b"sku,name\n001,a\n" + bytes(200), "not-text"),
    "a cell too large": (b'sku,name\n001,"' + b"x" * 1_100_000 + b'"\n', "cell-too-long"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_holds_no_table_is_refused_by_name(read, content, code):
    with pytest.raises(Refusal) as caught:
        read(content)
    assert caught.value.code == code
    assert "catalog.csv" in caught.value.message


PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">
<style>td {{mso-number-format:"\\@"}}</style></head><body><h1>List</h1><table border=1>
<tr><th>SKU</th><th colspan=2>Precio</th><th rowspan=2>Nombre</th></tr><tr><td></td><td>normal</td><td>oferta</td></tr>
<tr><td>001</td><td>1,50</td><td>&nbsp;</td><td>Té &amp; <b>caf&eacute;</b><br>verde</td></tr>
<tr><td x:num="2">002</td><td>2</td><td>1</td><td>niño
   alto</td></tr></table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "utf-16"])
def test_a_page_saved_as_a_workbook(read, charset):
    seen = read(PAGE.format(charset=charset).encode(charset), name="list.xls")
    assert seen.headers == ("SKU", "Precio normal", "Precio oferta", "Nombre")
    assert seen.rows == [("001", "1,50", None, "Té & café\nverde"), ("002", "2", "1", "niño alto")]


SHEET = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">
<Styles><Style ss:ID="z"><NumberFormat ss:Format="00000"/></Style><Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style></Styles>
<Worksheet ss:Name="Products"><Table><Row ss:Index="2"><Cell><Data ss:Type="String">SKU</Data></Cell><Cell><Data ss:Type="String">Name</Data></Cell><Cell><Data ss:Type="String">Price</Data></Cell><Cell><Data ss:Type="String">Since</Data></Cell></Row>
<Row><Cell ss:StyleID="z"><Data ss:Type="Number">42</Data></Cell><Cell ss:Index="3"><Data ss:Type="Number">1.5</Data></Cell><Cell ss:StyleID="d"><Data ss:Type="DateTime">2024-05-31T00:00:00.000</Data></Cell></Row>
<Row ss:Hidden="1"><Cell><Data ss:Type="String">007</Data></Cell><Cell><Data ss:Type="String">a &amp; b</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="Notes"><Table/></Worksheet></Workbook>"""


def test_the_xml_of_excel_2003(read):
    seen = read(SHEET.encode(), name="list.xls")
    assert seen.headers == ("SKU", "Name", "Price", "Since")
    assert seen.rows == [("00042", None, "1.5", "2024-05-31"), ("007", "a & b", "TRUE", None)]
    assert seen.lines == [3, 4]
    assert seen.chose("1 hidden rows read")


def book(fill, **options) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as made:
        fill(made.add_worksheet("P"), made)
    return out.getvalue()


def plain(sheet, _):
    for at, row in enumerate([HEAD, ("001", "a", 1), ("002", "b", 2)]):
        sheet.write_row(at, 0, row)


def changed(content: bytes, change, gone=()) -> bytes:
    """A package with its parts' names and texts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            if item.filename not in gone:
                new.writestr(*change(item.filename, old.read(item).decode()))
    return out.getvalue()


def replaced(*pairs):
    def change(name, text):
        for old, new in pairs:
            name, text = name.replace(old, new), text.replace(old, new)
        return name, text

    return change


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGES = {
    "parts in other places": replaced(("worksheets/sheet1.xml", "data/blatt.xml"), ("xl/", "book/")),
    "part of another case": replaced(("worksheets/sheet1.xml", "worksheets/Sheet1.xml")),
    "absolute targets": lambda name, text: (name, text.replace('Target="', 'Target="/xl/') if name == "xl/_rels/workbook.xml.rels" else text),
    "strict": replaced((MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"), (LINKS, "http://purl.oclc.org/ooxml/officeDocument/relationships")),
    "no dimension": replaced(('<dimension ref="A1:C3"/>', "")),
    "texts in their cells": lambda name, text: (name, text.replace('t="s"><v>3</v>', 't="inlineStr"><is><r><t>00</t></r><r><t>1</t></r><rPh sb="0" eb="1"><t>KANA</t></rPh></is>')),
    "reading aids": lambda name, text: (name, text.replace("</si>", '<rPh sb="0" eb="1"><t>KANA</t></rPh><phoneticPr fontId="1"/></si>') if "sharedStrings" in name else text),
}  # fmt: skip


@pytest.mark.parametrize("change", PACKAGES.values(), ids=PACKAGES.keys())
def test_workbooks_of_other_writers(read, change):
    content = changed(book(plain), change)
    assert read(content, name="a.xlsx").rows == AB
    assert read(gzip.compress(content), name="a.xlsx.gz").rows == AB


def test_a_workbook_without_the_styles_it_names_is_refused(read):
    content = changed(book(plain), lambda name, text: (name, text), gone={"xl/styles.xml"})
    with pytest.raises(Refusal, match=r"xl/styles\.xml is missing"):
        read(content, name="a.xlsx")


FORMATS = [
    (0.125, "0.0%", "12.5%"), (1234.5, "[$€-407] #,##0.00", "1234.50"), (1234.5, '#,##0.00\\ "zł"', "1234.50"), (5, '0 "kg"', "5"), (2.5, '0.0"cm"', "2.5"),
    (1234567, "#\\ ##0", "1234567"), (1234.56, "# ##0.00", "1234.56"), (1234567.5, "#'##0.00", "1234567.50"), (-5, '0;(0);"-"', "-5"), (42, '"A-"0000"-X"', "A-0042-X"), (1234567, "000 000-0", "123 456-7"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "text"), FORMATS, ids=[code for _, code, _ in FORMATS])
def test_a_format_of_the_wild(read, value, code, text):
    def fill(sheet, made):
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ("001", "a"))
        sheet.write_number(1, 2, value, made.add_format({"num_format": code}))

    assert read(book(fill), name="a.xlsx").rows == [("001", "a", text)]


def test_dates_that_count_from_1904_and_dates_as_text(read):
    def fill(sheet, made):
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ("001", "a"))
        sheet.write_datetime(1, 2, dt.datetime(2024, 5, 31), made.add_format({"num_format": "dd/mm/yyyy"}))  # noqa: DTZ001

    content = book(fill, date_1904=True)
    assert read(content, name="a.xlsx").rows == [("001", "a", "2024-05-31")]
    for iso, shown in (
        ("2024-05-31T00:00:00Z", "2024-05-31"),
        ("2024-05-31T18:30:00", "2024-05-31 18:30:00"),
    ):

        def cell(name, text, iso=iso):
            return (
                name,
                text.replace('<c r="C2" s="1"><v>43981</v>', f'<c r="C2" s="1" t="d"><v>{iso}</v>'),
            )

        assert read(changed(content, cell), name="a.xlsx").rows == [("001", "a", shown)]


def test_cells_that_were_only_formatted_make_no_table_larger(read):
    def fill(sheet, made):
        plain(sheet, made)
        bold = made.add_format({"bold": True})
        for column in range(3, 16_384):
            sheet.write_blank(0, column, None, bold)
        sheet.write_blank(1_048_575, 16_383, None, bold)

    seen = read(book(fill), name="a.xlsx")
    assert (seen.headers, seen.rows, seen.codes) == (HEAD, AB, [])


def test_a_table_with_sums_under_a_merged_title(read):
    def fill(sheet, _):
        names = [
            {"header": "SKU", "total_string": "Total"},
            {"header": "Name"},
            {"header": "Price", "total_function": "sum", "total_value": 3},
        ]
        sheet.add_table(
            3, 1, 6, 3, {"columns": names, "data": [["001", "a", 1], ["002", "b", 2]], "total_row": 1}
        )
        sheet.merge_range(0, 1, 0, 3, "ACME list of prices")

    seen = read(book(fill), name="a.xlsx")
    assert (seen.headers, seen.rows, seen.codes) == (("SKU", "Name", "Price"), AB, ["footer-skipped"])


OFFICE = " ".join(f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for short, name in (("office", "office"), ("table", "table"), ("text", "text")))  # fmt: skip


def ods(*rows: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<office:document-content {OFFICE}><office:body><office:spreadsheet><table:table table:name="P">{"".join(rows)}</table:table></office:spreadsheet></office:body></office:document-content>',
        )
    return out.getvalue()


def row(*cells: str, more: str = "") -> str:
    made = "".join(
        f'<table:table-cell office:value-type="string">{cell}</table:table-cell>' for cell in cells
    )
    return f"<table:table-row{more}>{made}</table:table-row>"


def test_repeated_rows_and_cells_of_a_free_office(read):
    idle = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    head = row(*(f"<text:p>{name}</text:p>" for name in HEAD))
    twice = row(
        "<text:p>001</text:p>",
        '<text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p>',
        "<text:p>1</text:p>",
        more=' table:number-rows-repeated="2"',
    )
    noted = row(
        "<office:annotation><text:p>NOTE</text:p></office:annotation><text:p>002</text:p>",
        "<text:p>x</text:p>",
        "<text:p>2</text:p>",
    )
    seen = read(
        ods(head, twice, f"<table:table-row-group>{noted}</table:table-row-group>", idle), name="a.ods"
    )
    assert seen.rows == [("001", "a  b\nc", "1"), ("001", "a  b\nc", "1"), ("002", "x", "2")]
    assert seen.lines == [2, 3, 4]


CELLS = {
    "counts that are none": ('<table:table-cell table:number-columns-repeated="x" table:number-rows-spanned="-3" office:value-type="string"><text:p>a<text:s text:c="x"/>b</text:p></table:table-cell>', "a b", []),
    "a count below one": ('<table:table-cell table:number-columns-repeated="-7" office:value-type="string"><text:p>a</text:p></table:table-cell>', "a", []),
    "a text only in its attribute": ('<table:table-cell office:value-type="string" office:string-value="a"/>', "a", []),
    "a formula never calculated": ('<table:table-cell table:formula="of:=[.A2]"/>', None, ["formula-without-value"]),
    "a formula that failed": ('<table:table-cell office:value-type="string"><text:p>#N/A</text:p></table:table-cell>', "#N/A", ["error-cell"]),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "text", "codes"), CELLS.values(), ids=CELLS.keys())
def test_odd_cells_of_a_free_office(read, cell, text, codes):
    sku, price = row("<text:p>001</text:p>"), row("<text:p>1</text:p>")
    line = f"{sku.removesuffix('</table:table-row>')}{cell}{price.removeprefix('<table:table-row>')}"
    seen = read(ods(row(*(f"<text:p>{name}</text:p>" for name in HEAD)), line), name="a.ods")
    assert (seen.rows, seen.codes) == ([("001", text, "1")], codes)


@pytest.mark.parametrize("count", ["9999999999", "9" * 5_000], ids=["ten digits", "thousands of digits"])
@pytest.mark.parametrize("name", ["number-columns-repeated", "number-rows-repeated"])
def test_a_count_beyond_any_sheet_is_refused(read, name, count):
    at = ("", f' table:{name}="{count}"') if "rows" in name else (f' table:{name}="{count}"', "")
    cell = f'<table:table-cell office:value-type="string"{at[0]}><text:p>a</text:p></table:table-cell>'
    with pytest.raises(Refusal, match="than a sheet can hold"):
        read(ods(f"<table:table-row{at[1]}>{cell}</table:table-row>"), name="a.ods")


def mended(content: bytes, part: str, change) -> bytes:
    """A workbook with one part of it changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith(part) else old.read(name))
    return out.getvalue()


DAMAGE = {
    "cut in a cell": lambda xml: xml[: len(xml) // 2],
    "cut behind a row": lambda xml: xml.split(b"</sheetData>")[0],
    "a byte that is no UTF-8": lambda xml: xml.replace(b"<v>2</v></c></row></sheetData>", b"<v>2\xff</v></c></row></sheetData>"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_sheet_that_is_not_whole_is_refused(read, damage):
    whole = book(plain)
    broken = mended(whole, "sheet1.xml", damage)
    assert broken != whole
    with pytest.raises(Refusal, match="a sheet is damaged") as caught:
        read(broken, name="a.xlsx")
    assert caught.value.code == "damaged"


def test_a_character_of_two_escapes_is_one_and_half_of_it_none(read):
    names = b"<t>a _xD83D__xDE00_ b</t>", b"<t>_xD83D_</t>"
    content = mended(
        book(plain),
        "sharedStrings.xml",
        lambda xml: xml.replace(b"<t>a</t>", names[0]).replace(b"<t>b</t>", names[1]),
    )
    assert read(content, name="a.xlsx").rows == [("001", "a \U0001f600 b", "1"), ("002", "\ufffd", "2")]


def test_a_number_format_without_a_number_is_none(read):
    def broken(xml: bytes) -> bytes:
        return xml.replace(b"<cellXfs", b'<numFmts><numFmt numFmtId="x" formatCode="0"/></numFmts><cellXfs')

    assert read(mended(book(plain), "styles.xml", broken), name="a.xlsx").rows == AB
