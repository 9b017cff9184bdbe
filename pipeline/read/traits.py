"""What a column's cells look like, over all of its rows: the evidence that a proposal rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipeline.read.catalog import Catalog

_EAN = r"^\s*\d{8}$|^\s*\d{12,14}\s*$"
#: A currency in front of a number: a sign, a code, or as people write it; other letters name an article.
_MONEY = r"(?:[^\d\s.,\p{L}-]{1,3}|[A-Z]{3}|US\$|C\$|R\$|S/\.?|(?i:rp|rs|kr|bs|gs)\.?)"
_NUMBER = rf"^\s*{_MONEY}?\s*-?\d[\d.,\s'’]*\s*[^\d\s.,]{{0,4}}\s*$"
_COMMA = r",\d{1,2}\s*\D{0,4}$"
_DOT = r"\.\d{1,2}\s*\D{0,4}$"
_GROUP_DOT = r"\d\.\d{3}(,|\.\d{3}|\s|$)"
_GROUP_COMMA = r"\d,\d{3}(\.|,\d{3}|\s|$)"
_CODE = r"^[^\s,;|<>]{1,40}$"
_WHOLE = r"^\s*-?\d{1,6}([.,]0+)?\s*$"
_SIGNED = r"[$€£¥₫฿₺₴₽₹]|(?i)\b(eur|usd|gbp|clp|cop|mxn|brl|pln|idr|vnd|thb|rp|zł|kr)\b"
_URL = r"^\s*https?://\S+"
_IMAGE = r"(?i)\.(jpe?g|png|webp|gif)(\?|$|[\s,;|])"
_HTML = r"</?[A-Za-z][^>]*>"
#: Date patterns that sellers' systems write, and how to say them.
_DATES = {
    "%Y-%m-%d": r"^\d{4}-\d{2}-\d{2}",
    "%d/%m/%Y": r"^(3[01]|[12]\d|0?[1-9])/(0?[1-9]|1[0-2])/\d{4}$",
    "%m/%d/%Y": r"^(0?[1-9]|1[0-2])/(3[01]|[12]\d|0?[1-9])/\d{4}$",
    "%d.%m.%Y": r"^\d{1,2}\.\d{1,2}\.\d{4}$",
    "%d-%m-%Y": r"^\d{1,2}-\d{1,2}-\d{4}$",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Shares are of the filled cells, from 0 to 1.

    Attributes:
        rows: rows of the table; count: filled cells.
        filled: share of all rows.
        distinct: share of different texts.
        dates: date pattern → share.
        code: share of texts without a blank or a separator, as article numbers are; digits: with a digit.
        whole: share of whole numbers; signed: with a currency beside them.
        some: the first few different texts.
        odd: the first cell that is no number, "" where all are; twice: the first text that comes again.
    """

    rows: int = 0
    count: int = 0
    odd: str = ""
    twice: str = ""
    filled: float = 0.0
    distinct: float = 0.0
    ean: float = 0.0
    number: float = 0.0
    comma: float = 0.0
    dot: float = 0.0
    dots_group: bool = False
    commas_group: bool = False
    url: float = 0.0
    image: float = 0.0
    html: float = 0.0
    letters: float = 0.0
    code: float = 0.0
    digits: float = 0.0
    whole: float = 0.0
    signed: float = 0.0
    some: tuple[str, ...] = ()
    dates: Mapping[str, float] = field(default_factory=dict)

    @property
    def decimal(self) -> str:
        """The decimal separator that the numbers use, "" where they show none."""
        if self.comma > self.dot:
            return ","
        return "." if self.dot else ""

    @property
    def thousands(self) -> str:
        """The thousands separator that they show, "" for none."""
        if self.decimal == "," and self.dots_group:
            return "."
        return "," if self.decimal == "." and self.commas_group else ""


def traits_of(catalog: Catalog) -> dict[str, Traits]:
    """The traits of each column."""
    frames = [
        pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in catalog.headers})
        for batch in catalog.batches(views=True)
    ]
    whole = pl.concat(frames) if frames else pl.DataFrame({name: [] for name in catalog.headers})
    return {name: _traits(whole[name].cast(pl.String), catalog.rows) for name in catalog.headers}


def _traits(column: pl.Series, rows: int) -> Traits:
    cells = column.drop_nulls().str.strip_chars()
    cells = cells.filter(cells != "")
    count = len(cells)
    if not count:
        return Traits(rows=rows)

    def share(pattern: str) -> float:
        return float(cells.str.contains(pattern).sum()) / count

    number = share(_NUMBER)
    lengths = cells.str.len_chars()
    words = cells.filter(~cells.str.contains(_NUMBER)).head(1).to_list() if number > 0.5 else []
    again = cells.filter(cells.is_duplicated()).head(1).to_list()
    return Traits(
        rows=rows,
        count=count,
        odd=words[0][:40] if words else "",
        twice=again[0][:40] if again else "",
        filled=count / max(rows, 1),
        distinct=cells.n_unique() / count,
        ean=_checked(cells) / count if share(_EAN) > 0.5 else 0.0,
        number=number,
        comma=share(_COMMA) if number else 0.0,
        dot=share(_DOT) if number else 0.0,
        dots_group=share(_GROUP_DOT) > 0,
        commas_group=share(_GROUP_COMMA) > 0,
        url=share(_URL),
        image=share(_IMAGE),
        html=share(_HTML),
        letters=float(lengths.sum()) / count,
        code=share(_CODE),
        digits=share(r"\d"),
        whole=share(_WHOLE),
        signed=share(_SIGNED),
        some=tuple(text[:40] for text in cells.unique(maintain_order=True).head(3).to_list()),
        dates={pattern: part for pattern, regex in _DATES.items() if (part := share(regex)) > 0.8},
    )


def _checked(cells: pl.Series) -> int:
    """Cells whose last digit is the check digit of an article number."""
    return sum(map(is_ean, cells.to_list()))


def is_ean(text: str) -> bool:
    """Whether a text is an EAN-8, UPC-A, EAN-13 or GTIN-14 with a right check digit."""
    if not re.fullmatch(r"\d{8}|\d{12,14}", text, re.ASCII):
        return False
    return weighted(int(digit) for digit in reversed(text)) % 10 == 0


def weighted(digits: Iterable[int]) -> int:
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits))
