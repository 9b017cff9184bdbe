"""A number arrives as it is shown, whichever kind of workbook says how; the quick way to it is the exact one."""
# ruff: noqa: E501 - tables of cases read better whole

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from pipeline.read.formats import look_of
from pipeline.read.looks import _dressed, padded, shown, stored

CODES = ["0", "0.00", "#,##0.00", "0000000", "00.0", "0.0##", "000-000", "#,##0.000"]


@given(whole=st.integers(0, 10**9), fraction=st.text("0123456789", max_size=5), code=st.sampled_from(CODES))
def test_padding_is_what_rounding_gives(whole, fraction, code):
    text = f"{whole}.{fraction}" if fraction else str(whole)
    quick = padded(text, look_of(code))
    number = stored(text)
    assert number is not None
    assert quick in ("", _dressed(number, look_of(code)))


#: Numbers that name articles: what a format shows around their zeros is part of the name.
NAMES = [
    (7, '00000"S"', "00007S"), (7, '000" -A"', "007 -A"), (7, '"AB-"0000', "AB-0007"), (7, '00"-"000', "00-007"), (12345, '00"-"000', "12-345"),
    (7, '000"A"00', "000A07"), (7, '"LOT"0000"/"00', "LOT0000/07"), (7, '000"/"24', "007/24"), (7, '"Nr. "0000', "Nr. 0007"), (7, '"SKU "0000', "SKU 0007"),
    (7, "00\\ 00\\ 00", "00 00 07"), (1234567890, "(000) 000-0000", "(123) 456-7890"), (7, '"("000")"', "(007)"), (7, '[Red]"X"000', "X007"),
    (7, '"Ä-"0000', "Ä-0007"), (7, '0000"ü"', "0007ü"), (7, '"A-"#', "A-7"), (7, '"A-"General', "A-7"), (7, 'General"-X"', "7-X"), (70000, '000"S"', "70000S"),
    (7, '000"-A";-000"-B"', "007-A"), (-7, '000"-A";-000"-B"', "-007-B"), (-7, '"N-"000;"M-"000', "M-007"), (0, '"P-"000;"M-"000;"Z-"000', "Z-000"),
    (-7, "000;(000)", "-007"), (0, '000;-000;"-"', "000"), (-7, '"AB-"0000', "-AB-0007"), (7, '[>=100]000"L";000"S"', "007S"), (200, '[>=100]000"L";000"S"', "200L"),
    (1234, "[<=99999]00000;00000-0000", "01234"), (123456789, "[<=99999]00000;00000-0000", "12345-6789"),
]  # fmt: skip
#: Numbers that count or cost: units, currencies and groups only dress them.
AMOUNTS = [
    (7, '0" A"', "7"), (7, '0 "kg"', "7"), (7.5, '00.00" EUR"', "07.50"), (7, '"€ "000', "007"), (7, '000" €"', "007"), (7, "000_)", "007"), (7, "* 000", "007"),
    (7, '"Rs"0', "7"), (7, '"S/."0', "7"), (7, 'General" kg"', "7"), (7, ";;;", "7"), (7, '"hidden"', "7"), (5.5, "[>=100]0;0.0", "5.5"), (-5, "[Red]0;0", "-5"),
]  # fmt: skip
LATIN = [case for case in [*NAMES, *AMOUNTS] if case[1].isascii() or "ä" in case[1].lower()]


@pytest.mark.parametrize(("value", "code", "text"), [*NAMES, *AMOUNTS], ids=lambda part: str(part))
def test_letters_belong_to_names_and_dress_amounts(value, code, text):
    assert shown(repr(value), look_of(code)) == text


def column(cases):
    """One table with a case in each column: a header, and the values below it."""
    head = [f"name {at}" for at in range(len(cases))]
    return [["sku", *head], ["S1", *(case[0] for case in cases)]]


def test_a_workbook_shows_them(read):
    out = io.BytesIO()
    cases = [*NAMES, *AMOUNTS]
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        head, values = column(cases)
        sheet.write_row(0, 0, head)
        sheet.write_string(1, 0, values[0])
        for at, (value, code, _) in enumerate(cases, start=1):
            sheet.write_number(1, at, value, book.add_format({"num_format": code}))
    assert read(out.getvalue(), name="a.xlsx").rows == [("S1", *(text for _, _, text in cases))]


def test_an_old_workbook_shows_them(read, old_workbook):
    content = old_workbook(column(LATIN), {at: code for at, (_, code, _) in enumerate(LATIN, start=1)})
    assert read(content, name="a.xls").rows == [("S1", *(text for _, _, text in LATIN))]


KINDS = ("office", "table", "text", "style")
NAMESPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in KINDS)
NAMESPACES += ' xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"'
told = "<number:text>{}</number:text>".format
digits = '<number:number number:decimal-places="0" number:min-integer-digits="{}"/>'.format


def mapped(condition: str, name: str) -> str:
    said = condition.replace("<", "&lt;")
    return f'<style:map style:condition="value(){said}" style:apply-style-name="{name}"/>'


def free_office(value, styles: str, shared: str = "") -> bytes:
    """A spreadsheet of a free office with one number, under the last of the number styles."""
    cell = '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'
    if shared:
        cell = '<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="Mine"/>'
        shared += '<style:style style:name="Mine" style:family="table-cell" style:data-style-name="N1"/>'
    rows = "".join(
        f"<table:table-row>{''.join(cells)}</table:table-row>"
        for cells in (
            [f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>' for name in ("sku", "name")],
            [f'<table:table-cell office:value-type="float" office:value="{value}" table:style-name="ce1"><text:p>?</text:p></table:table-cell>',
             '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'],
        )
    )  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}{cell}</office:automatic-styles><office:body><office:spreadsheet><table:table table:name='P'>{rows}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
        if shared:
            archive.writestr(
                "styles.xml",
                f"<office:document-styles {NAMESPACES}><office:styles>{shared}</office:styles></office:document-styles>",
            )
    return out.getvalue()


def numbered(*children: str, name: str = "N1") -> str:
    return f'<number:number-style style:name="{name}">{"".join(children)}</number:number-style>'


FREE = {
    "letters behind": (7, numbered(digits(5), told("S")), "00007S"),
    "letters in front": (7, numbered(told("AB-"), digits(4)), "AB-0007"),
    "letters with a blank": (7, numbered(told("Nr. "), digits(4)), "Nr. 0007"),
    "letters between": (7, numbered('<number:number number:min-integer-digits="5" number:decimal-places="0"><number:embedded-text number:position="3">-</number:embedded-text></number:number>'), "00-007"),
    "zeros": (7, numbered(digits(7)), "0000007"),
    "decimals": (7.5, numbered('<number:number number:decimal-places="2" number:min-integer-digits="1" number:grouping="true"/>'), "7.50"),
    "a unit": (7, numbered(digits(1), told(" kg")), "7"),
    "below zero by a pair": (7, numbered(told("P-"), digits(3), name="N1P0") + numbered(told("M-"), digits(3), mapped(">=0", "N1P0")), "P-007"),
    "below zero by a pair, below": (-7, numbered(told("P-"), digits(3), name="N1P0") + numbered(told("M-"), digits(3), mapped(">=0", "N1P0")), "M-007"),
    "by size": (1234, numbered(digits(5), name="N1P0") + numbered(digits(9), mapped("<=99999", "N1P0")), "01234"),
    "three cases": (0, numbered(told("P-"), digits(3), name="N1P0") + numbered(told("M-"), digits(3), name="N1P1") + numbered(told("Z-"), digits(3), mapped(">0", "N1P0"), mapped("<0", "N1P1")), "Z-000"),
    "general": (7.25, numbered('<number:number number:min-integer-digits="1"/>'), "7.25"),
    "a circle of styles": (7, '<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="ce1"/>', "7"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "styles", "text"), FREE.values(), ids=FREE.keys())
def test_a_free_office_shows_them(read, value, styles, text):
    assert read(free_office(value, styles), name="a.ods").rows == [(text, "a")]


def test_a_style_has_the_format_of_its_parent(read):
    content = free_office(7, "", shared=numbered(told("AB-"), digits(4)))
    assert read(content, name="a.ods").rows == [("AB-0007", "a")]
