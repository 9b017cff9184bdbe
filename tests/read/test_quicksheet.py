"""What the quick reader of workbooks makes of a sheet is what the careful one makes of it, byte for byte."""

# ruff: noqa: E501 - cells of markup are read best in one line

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.read.catalog import Limits, ReadOptions
from pipeline.read.grid import to_table
from pipeline.read.notes import Notes
from pipeline.read.quicksheet import QuickLines
from pipeline.read.sheetxml import NotPlain
from pipeline.read.xlsx import Lines, Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CODES = (
    "General",
    "0000000",
    "0.00",
    "#,##0.0##",
    "0%",
    "yyyy-mm-dd",
    '"A-"000',
    "0.00;[Red]-0.00",
    "[h]:mm",
)
NUMBERS = (
    "0", "7", "42", "-3", "-0", "007", "1.50", "2.5", "-2.5", "0.25", "19.989999999999998", "0.30000000000000004",
    "1E-3", "1.2E+21", "5.0000000000000001E-2", "1234567890123456789", "123456789012345", "1234567890123456",
    "7501234567890", "45443", "45443.75", ".5", "1.", "+5", " 5", "99999999.999", "nan", "x", "1e5", "0.0000001",
)  # fmt: skip
WORDS = (
    "a", "Tea &amp; more", "&lt;b&gt;bold&lt;/b&gt;", "", " ", " x ", "a\nb", "a\r\nb", "a\rb", "&#10;", "&#233;",
    "&#x4e2d;", "&quot;q&quot; &apos;", "_x000D_", "a_x000D_\nb", "_x005F_", "_xyz_", "мир", "茶壺 ấm", "&amp;lt;",
    "7", "1.50", "]]&gt;", "&#38;amp;", "Total", "SellerSku", "👍", "\u3000",
)  # fmt: skip
FORMS = {
    "number": '<c r="{at}"{s}><v>{n}</v></c>',
    "n": '<c r="{at}"{s} t="n"><v>{n}</v></c>',
    "late": '<c r="{at}" t="n"{s}><v>{n}</v></c>',
    "meta": '<c r="{at}"{s} cm="1"><v>{n}</v></c>',
    "shared": '<c r="{at}"{s} t="s"><v>{i}</v></c>',
    "inline": '<c r="{at}"{s} t="inlineStr"><is><t>{w}</t></is></c>',
    "kept": '<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{w}</t></is></c>',
    "formula text": '<c r="{at}" t="str"><f>B1&amp;"x"</f><v>{w}</v></c>',
    "formula": '<c r="{at}"{s}><f>1&gt;2</f><v>{n}</v></c>',
    "shared formula": '<c r="{at}"{s}><f t="shared" si="0"/><v>{n}</v></c>',
    "true": '<c r="{at}" t="b"><v>{b}</v></c>',
    "empty": '<c r="{at}"{s}/>',
    "bare": '<c r="{at}"{s}></c>',
    "no value": '<c r="{at}"{s}><v></v></c>',
    "closed value": '<c r="{at}"{s}><v/></c>',
}
ODD = {
    "error": '<c r="{at}" t="e"><v>#N/A</v></c>',
    "date": '<c r="{at}" t="d"><v>2024-05-31T00:00:00Z</v></c>',
    "formula without value": '<c r="{at}"{s}><f>A1</f></c>',
    "formula, empty value": '<c r="{at}"{s}><f>A1</f><v></v></c>',
    "formula, empty text": '<c r="{at}" t="str"><f>A1</f><v></v></c>',
    "rich": '<c r="{at}" t="inlineStr"><is><r><rPr><color rgb="0"/></rPr><t>{w}</t></r><r><t>b</t></r></is></c>',
    "reading": '<c r="{at}" t="inlineStr"><is><t>{w}</t><rPh sb="0" eb="1"><t>x</t></rPh></is></c>',
    "text beyond": '<c r="{at}" t="s"><v>9999</v></c>',
    "text without number": '<c r="{at}" t="s"><v>x</v></c>',
    "blanks": '<c r="{at}"{s}> <v>{n}</v></c>',
    "kept value": '<c r="{at}" t="str"><v xml:space="preserve">{w}</v></c>',
    "comment": '<c r="{at}"><!-- <c r="B2"> --><v>{n}</v></c>',
    "cdata": '<c r="{at}" t="str"><v><![CDATA[<c>]]></v></c>',
    "entity": '<c r="{at}" t="inlineStr"><is><t>a&nbsp;b</t></is></c>',
    "no address": "<c{s}><v>{n}</v></c>",
    "another row's": '<c r="B99999"><v>{n}</v></c>',
    "prefix": '<x:c xmlns:x="' + MAIN + '" r="{at}"><x:v>{n}</x:v></x:c>',
}
ROWS = (
    '<row r="{r}">{c}</row>',
    '<row r="{r}" spans="1:5" x14ac:dyDescent="0.25">{c}</row>',
    '<row r="{r}" hidden="1">{c}</row>',
    '<row r="{r}" spans="1:5" ht="15" customHeight="1" hidden="true" >{c}</row>',
)


def parts(rows: str, texts: list[str]) -> bytes:
    """A workbook of one sheet."""
    formats = "".join(
        f'<numFmt numFmtId="{170 + at}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for at, code in enumerate(CODES)
    )
    styles = "".join(f'<xf numFmtId="{170 + at}"/>' for at in range(len(CODES)))
    items = "".join(texts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, body in {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets><sheet name="Products" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{REL}/styles" Target="styles.xml"/>'
            f'<Relationship Id="r3" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>',
            "xl/sharedStrings.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<sst xmlns="{MAIN}" count="{len(texts)}">{items}</sst>',
            "xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}" '
            f'xmlns:x14ac="urn:x"><cols><col min="5" max="5" hidden="1"/></cols><sheetData>{rows}</sheetData>'
            '<mergeCells><mergeCell ref="A90:B91"/></mergeCells></worksheet>',
        }.items():
            book.writestr(name, body)
    return out.getvalue()


def sheet(dice: random.Random, odd: tuple[str, ...]) -> bytes:
    """Rows of cells in all forms; with some that no common program writes."""
    forms = list(FORMS.values())
    texts = [
        f"<si><t>{word}</t></si>" if dice.random() < 0.9 else f"<si><r><t>{word}</t></r><r><t>+</t></r></si>"
        for word in WORDS
    ]
    texts += ['<si><t xml:space="preserve"> kept </t></si>', "<si><t/></si>", "<si/>"]
    rows = ['<row r="1">' + "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for letter, name in zip("ABCDE", ("SellerSku", "Name", "Price", "Quantity", "Color"), strict=True)
    ) + "</row>"]  # fmt: skip
    number, between = 1, "" if dice.random() < 0.95 else "\n"
    for _ in range(dice.choice((3, 70, 110, 300))):
        number += 1 if dice.random() < 0.97 else dice.randrange(1, 4)
        if dice.random() < 0.02:
            rows.append(f'<row r="{number}" ht="3"/>')
            continue
        cells = ""
        for letter in "ABCDE" if dice.random() < 0.98 else "ABCDEG":
            if dice.random() < 0.2:
                continue
            form = ODD[dice.choice(odd)] if odd and dice.random() < 0.01 else dice.choice(forms)
            cells += form.format(
                at=f"{letter}{number}", s=dice.choice(("", *(f' s="{at}"' for at in range(len(CODES) + 1)))),
                n=dice.choice(NUMBERS), i=dice.randrange(len(texts)), w=dice.choice(WORDS), b=dice.choice("10"),
            )  # fmt: skip
        rows.append(dice.choice(ROWS).format(r=number, c=cells) + between)
    return parts("".join(rows), texts)


def table(path: Path, out: Path, size: int | None) -> tuple[object, ...]:
    """What becomes of the sheet: read by blocks of a size, or carefully."""
    book, notes = Workbook(path, "a.xlsx", Limits()), Notes(file="a.xlsx", sheet="Products")
    sheet, shown = book.sheets[0], Lines(book, notes, Limits(), with_texts=size is None)
    rows = shown.of(book.rows(sheet)) if size is None else QuickLines(book, sheet, shown, size=size)
    made = to_table(rows, notes, out, ReadOptions(), lambda: book.merges(sheet), book.hidden_columns(sheet))
    book.close()
    if made is None:
        return (None,)
    with pa.OSFile(str(out)) as source:
        read = pa.ipc.open_file(source).read_all()
    return made.headers, made.part, read.to_pylist(), notes.choices, notes.done()


def agree(content: bytes, folder: Path, size: int) -> bool:
    path = folder / "a.xlsx"
    path.write_bytes(content)
    try:
        quick = table(path, folder / "quick.arrow", size)
    except NotPlain:
        return False
    assert quick == table(path, folder / "slow.arrow", None)
    return True


BARE = "".join(f'<row r="{number}" ht="3"/>' for number in range(10, 200))
HEAD, LAST = (
    f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    for number, text in ((1, "SellerSku"), (200, "A-1"))
)


@pytest.mark.parametrize("size", [500, 1 << 22])
@pytest.mark.parametrize(
    "rows",
    [pytest.param(BARE, id="alone"), pytest.param(HEAD + BARE, id="at the end"),
     pytest.param(BARE + LAST, id="at the beginning"), pytest.param(HEAD + BARE + LAST, id="between")],
)  # fmt: skip
def test_rows_without_cells_are_read_alike(tmp_path: Path, rows: str, size: int) -> None:
    """Programs that format whole rows write thousands of them; a block of rows may hold nothing else."""
    assert agree(parts(rows, []), tmp_path, size)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([500, 4_000, 1 << 22]))
def test_common_forms_are_read_quickly_and_alike(tmp_path_factory, seed, size):
    assert agree(sheet(random.Random(seed), ()), tmp_path_factory.mktemp("quick"), size)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), size=st.sampled_from([500, 4_000, 1 << 22]), odd=st.sampled_from(list(ODD))
)
def test_odd_forms_are_read_alike_or_not_quickly(tmp_path_factory, seed, size, odd):
    agree(sheet(random.Random(seed), (odd,)), tmp_path_factory.mktemp("odd"), size)
