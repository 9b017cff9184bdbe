"""Which row of a table is its header, and which rows below its data are no data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.read.vocabulary import speaks
from pipeline.values.counted import plural

#: Rows among which the header is looked for.
DEPTH = 60

_NUMBER = re.compile(r"[-+]?[\d\s.,'%€$£]*\d[\d\s.,'%€$£]*")
_FIELD = re.compile(r"(ProductData|BusinessUnits)\.\S+")
#: What stands before sums, in the languages of sellers' systems; an article such as TOTAL-001 is none.
_FOOTER = re.compile(
    r"\W*(grand[ -]?|sub-?|sous-|zwischen|end|gesamt|rechnungs)?"
    r"(total|totales|totale|totali|totals|totaux|totaal|totalt|suma|sumy|sum|summe|summa|summen|gesamt\w*|"
    r"somme|somma|razem|łącznie|ogółem|toplam|yekun|összesen|celkem|yhteensä|jumlah|tổng|cộng|σύνολο|"
    r"итого|всего|разом|всього|รวม\w*|ยอดรวม\w*|المجموع|الإجمالي|الاجمالي|اجمالي|إجمالي|סך|合計|総計|小計|"
    r"总计|合计|합계|총계|fin|ende|end of (file|report)|eof|fin del (archivo|reporte|informe)|"
    r"\d+ (rows?|records?|filas|registros|productos|products|items|artículos|artikel|zeilen|lignes|строк))"
    r"(?![-_/.]?\d)\b(?![-_/]\w).*",
    re.IGNORECASE | re.DOTALL,
)
#: A number as it stands in a row of sums: with its currency or unit.
AMOUNT = re.compile(r"[^\d\s]{0,3}\s*[-+]?\d[\d\s.,'’]*\s*[^\d\s]{0,4}")

#: A line drawn by characters; the quick way asks Arrow for the same.
RULE = r"[-=+*_:|\s]*[-=]{2,}[-=+*_:|\s]*"
_RULE = re.compile(RULE)

Row = tuple[int, Sequence[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the header stands among the rows judged, and why there."""

    index: int
    why: str


def find_header(rows: Sequence[Row]) -> Header | None:
    """The header among the first rows of a table; None where nothing reads like one.

    A header is as wide as the rows below it, of short, distinct words rather than numbers. Words that
    product tables use weigh most.
    """
    judged = [(index, _texts(cells)) for index, (_, cells) in enumerate(rows[:DEPTH])]
    widths = Counter(len(texts) for _, texts in judged if texts)
    if not widths:
        return None
    usual = _usual(widths)
    scored = [(_score(texts, usual), -index) for index, texts in judged if texts]
    best, place = max(scored)
    if best <= 0:
        return None
    index = -place
    known = sum(1 for text in judged[index][1] if _known(text))
    why = f"{len(judged[index][1])} headings, {known} of them usual ones"
    return Header(
        index=index,
        why=f"{why}; {plural(index, 'row above it is', 'rows above it are')} no data" if index else why,
    )


def _usual(widths: Counter[int]) -> int:
    """How many cells a row usually fills: the median over the rows, not to be fooled by a preamble."""
    ordered = sorted(widths.elements())
    return ordered[len(ordered) // 2]


def _texts(cells: Sequence[str | None]) -> list[str]:
    return [cell.strip() for cell in cells if cell and cell.strip()]


def _known(text: str) -> bool:
    return speaks(text) or _FIELD.fullmatch(text) is not None


def _score(texts: list[str], usual: int) -> float:
    """How much a row reads like a header; at most 0 for one that can't be."""
    count = len(texts)
    numbers = sum(1 for text in texts if _NUMBER.fullmatch(text))
    known = sum(1 for text in texts if _known(text))
    if numbers > count / 3 or (count < usual / 2 and known < 2):
        return 0.0
    long = sum(1 for text in texts if len(text) > 80 or "\n\n" in text)
    repeated = count - len(set(texts))
    links = sum(1 for text in texts if text.startswith(("http://", "https://")))
    wide = min(count / max(usual, 1), 1.0)
    score = wide + 2.0 * known / count + min(known, 5) * 0.3
    return score - 1.5 * numbers / count - 2.0 * (long + links) / count - 0.5 * repeated / count


def is_rule(cells: Sequence[str | None]) -> bool:
    """Whether a row is a line drawn by characters, as in lists that systems print: "|-----|----|"."""
    texts = _texts(cells)
    return bool(texts) and all(map(_RULE.fullmatch, texts)) and any(len(text) > 2 for text in texts)


def footer_length(tail: Sequence[Sequence[str | None]], width: int) -> int:
    """How many of the last rows are a footer: totals, counts and remarks, in one or two cells.

    A row that holds nothing but one word is kept: it may be a SKU.
    """
    if width < 3:
        return 0
    count = 0
    for cells in reversed(tail):
        texts = _texts(cells)
        if not texts or not _is_footer(texts, width):
            break
        count += 1
    return count


def _is_footer(texts: list[str], width: int) -> bool:
    first = texts[0]
    if _FOOTER.fullmatch(first):
        sums = len(texts) < width and all(map(AMOUNT.fullmatch, texts[1:]))
        return sums or len(texts) <= max(2, width // 2)
    ruled = re.fullmatch(r"[-=*_#. ]{3,}", first) is not None
    return len(texts) == 1 and (ruled or (len(first.split()) >= 3 and not first.startswith("http")))
