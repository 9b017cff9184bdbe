"""Tables in markup lose no row and no zero: a page that is not whole is refused, a next table joined."""

from __future__ import annotations

import pytest

from pipeline.read.job import Refusal

HEAD = "<html><body><table><tr><th>SellerSku</th><th>Price</th></tr>"
TAIL = "</table></body></html>"
ROWS = [f"<tr><td>S{at}</td><td>{at}</td></tr>" for at in range(600)]
SEEN = [(f"S{at}", str(at)) for at in range(600)]


def page(*rows: str, head: str = HEAD, tail: str = TAIL) -> bytes:
    return "\n".join((head, *rows, tail)).encode()


def changed(change: str) -> bytes:
    return page(*ROWS[:300], ROWS[300].replace("</td>", change + "</td>", 1), *ROWS[301:])


DAMAGED = {
    "deeper than any parser goes": page(*(f"<tr><td><font>S{at}<div><td>{at}" for at in range(2000))),
    "cut in a row": page(*ROWS)[:10_000],
    "cut behind its table": page(*ROWS, tail="</table>"),
    "a comment without an end": changed("<!-- x"),
    "a script without an end": changed("<script>"),
    "a table without an end": page(*ROWS[:2], HEAD[12:], *ROWS[2:]),
    "rows behind the table": page("</table>", *ROWS, tail="<table></table></body></html>"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_page_that_is_not_whole_is_refused(read, content):
    with pytest.raises(Refusal) as caught:
        read(content, name="list.xls")
    assert caught.value.code == "damaged"
    assert "list.xls is a damaged page" in caught.value.message
    assert "XLSX or CSV" in caught.value.hint


WHOLE = {
    "plain": page(*ROWS),
    "end tags left out": page(*(row.replace("</td>", "").replace("</tr>", "") for row in ROWS)),
    "a font around each row, never closed": page(*(f"<font size=2>{row}" for row in ROWS)),
    "a font around the cells": page(*(row.replace("<tr>", "<tr><font>") for row in ROWS)),
    "upper case": page(*ROWS).upper().replace(b"SELLERSKU", b"SellerSku").replace(b"PRICE", b"Price"),
    "a table in a comment": page("<!-- <table><tr><td> -->", *ROWS),
    "no frame": page(*ROWS, head=HEAD[12:], tail="</table>"),
    "next page": page(*ROWS[:300], "</table><p>2</p><table>", *ROWS[300:]),
    "next page with headings": page(*ROWS[:300], "</table>", HEAD[12:], *ROWS[300:]),
}
WHOLE["a table in a script"] = page(
    "<script>a='<table><tr>'</script>", "<table>", HEAD[19:], *ROWS, head="<html><body>"
)


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_page_is_read_with_all_its_rows(read, content):
    seen = read(content, name="list.xls")
    assert (seen.headers, seen.rows) == (("SellerSku", "Price"), SEEN)


def test_a_next_table_is_told(read):
    assert read(WHOLE["next page"], name="list.xls").chose("tables 2 of the page read as more rows")


def test_a_cell_longer_than_the_parser_likes_is_refused_by_its_row(read):
    with pytest.raises(Refusal) as caught:
        read(changed("x" * 11_000_000), name="list.xls")
    assert (caught.value.code, "302 holds 11 000 0" in caught.value.message) == ("cell-too-long", True)


STYLED = """<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="z"><NumberFormat
 ss:Format="00000"/></Style><Style ss:ID="t"><NumberFormat ss:Format="0.00"/></Style></Styles>
<Worksheet ss:Name="S"><Table{table}>{columns}<Row><Cell><Data ss:Type="String">SKU</Data></Cell><Cell><Data
 ss:Type="String">Price</Data></Cell></Row><Row{row}><Cell><Data ss:Type="Number">12</Data></Cell><Cell{cell}>
 <Data ss:Type="Number">60</Data></Cell></Row></Table></Worksheet></Workbook>"""
Z, T = ' ss:StyleID="z"', ' ss:StyleID="t"'
STYLES = {
    "column": ({"columns": f"<Column{Z}/>"}, ("00012", "60")),
    "column by its place": ({"columns": f'<Column ss:Index="2"{Z}/>'}, ("12", "00060")),
    "column over two": ({"columns": f'<Column{Z} ss:Span="1"/>'}, ("00012", "00060")),
    "table": ({"table": Z}, ("00012", "00060")),
    "column before table": ({"table": T, "columns": f"<Column{Z}/>"}, ("00012", "60.00")),
    "row before column": ({"row": T, "columns": f"<Column{Z}/>"}, ("12.00", "60.00")),
    "cell before row": ({"row": T, "cell": Z}, ("12.00", "00060")),
}


@pytest.mark.parametrize(("given", "shown"), STYLES.values(), ids=STYLES.keys())
def test_a_cell_without_a_style_takes_that_of_its_row_column_or_table(read, given, shown):
    parts = {"table": "", "columns": "", "row": "", "cell": "", **given}
    assert read(STYLED.format(**parts).encode(), name="list.xls").rows == [shown]
