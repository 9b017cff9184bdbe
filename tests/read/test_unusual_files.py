"""Files that unusual programs write: short texts in old encodings, pages without a head, broken parts."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("word", "code"),
    [
        pytest.param("São João", "cp1252", id="Portuguese, two bytes that are one ideograph"),
        pytest.param("CORAÇÃO", "cp1252", id="Portuguese in capitals"),
        pytest.param("Nescafé®", "cp1252", id="letter and sign"),
        pytest.param("Pipe Ø 20", "cp1252", id="diameter"),
        pytest.param("Backofen 250 °C", "cp1252", id="degrees"),
        pytest.param("Sensor 5 µm", "cp1252", id="micrometres"),
        pytest.param("½ inch", "cp1252", id="fraction"),
        pytest.param("ТОВАР КРАСНЫЙ", "cp1251", id="Cyrillic in capitals"),
        pytest.param("Тушь для ресниц", "cp866", id="Cyrillic of DOS"),
    ],
)
def test_one_short_word_tells_its_encoding(read, word, code):
    table = f"sku;name;price\n001;{word};5\n".encode(code)
    assert read(table).rows == [("001", word, "5")]


@pytest.mark.parametrize(
    "before",
    ["", "<!-- made by hand -->", "<body>", "<div>", "<b>Report</b>"],
)
def test_a_table_in_a_page_is_read_whatever_stands_before_it(read, before):
    page = f"{before}<table><tr><td>sku</td><td>name</td></tr><tr><td>001</td><td>a</td></tr></table>"
    assert read(page.encode(), name="a.xls").rows == [("001", "a")]


def test_xml_of_excel_2003_needs_no_declaration(read):
    cells = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in row) + "</Row>"
        for row in (("sku", "name"), ("001", "a"))
    )
    sheet = f'<Worksheet ss:Name="P"><Table>{cells}</Table></Worksheet>'
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    book = f'<Workbook xmlns="{space}" xmlns:ss="{space}">{sheet}</Workbook>'
    assert read(book.encode(), name="a.xls").rows == [("001", "a")]
