"""A vectorised look at values that may only acquit: what it doesn't, pandera judges.

Each function says where a value *may* break a rule: too often costs time, too seldom would be a
fault. Tests prove that no row that pandera refuses is ever acquitted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, reduce
from operator import add, or_
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.validate.calm import calm_column
from pipeline.validate.cells import UNSURE, Sure
from pipeline.values.columns import Few
from schemas import category, checks
from schemas.calmhtml import is_calm
from schemas.fields import KEY, Field, Kind
from schemas.product import MOST_CATEGORIES, NEW, NO, YES, Sale, Shop, sales_of, units_of
from schemas.rowrules import required_names
from schemas.webaddress import LONGEST, MOST_IMAGES

_HOST = r"https://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.[a-z]{2,24}"
_PATH = r"(?:/[!#-;=?-\[\]_a-z~]*)?"
_IMAGES = rf"\A{_HOST}{_PATH}(?:\n{_HOST}{_PATH}){{0,{MOST_IMAGES - 1}}}\z"
_ODD_IMAGES = (
    r"\.(?:localhost|local|localdomain|internal|intranet|lan|home|corp)(?:/|\n|\z)"
    r"|(?i:\.(?:gif|webp|svg|bmp|tiff?|avif|heic|ico|pdf|html?|php|mp4|zip))(?:\?|#|\n|\z)"
    r"|//[^/\n]*[.-]-|//-|-\.|[^/\n]{250}"
)
_DATE = rf"\A(?:{checks.CANONICAL_DATE})\z"


class Screen:
    """Looks at frames of one catalog.

    Args:
        fields: columns that frames may have; shop: what its rules depend on.
    """

    def __init__(self, fields: tuple[Field, ...], shop: Shop) -> None:
        self._fields, self._shop = fields, shop
        cells = {field.name: pl.col(field.name) for field in fields}
        # Doubts are put together once: of a few thousand rows answering costs no more than asking.
        self._of_cells = {
            field.name: [
                _doubt(doubt & (cells[field.name] != ""), f"{field.name} {number}")
                for number, doubt in enumerate(_field(field, shop, cells[field.name]))
            ]
            for field in fields
        }
        self._of_rows = [_sure(doubt, f"row {number}") for number, doubt in enumerate(_rows(fields, shop))]
        self._long = [field.name for field in fields if field.kind is Kind.HTML]
        #: Field → values that break no rule by themselves, remembered from frame to frame.
        self._good: dict[str, set[str]] = {name: set() for name in self._of_cells}

    @property
    def depends_on(self) -> list[Any]:
        """What doubts of cells depend on beside the fields: plain values."""
        shop = self._shop
        return [sorted(shop.brands), sorted(shop.categories.items()), shop.sku_pattern, shop.sku_longest]

    def suspicious(
        self, frame: pl.DataFrame, few: Mapping[str, Few] = MappingProxyType({}), sure: Sure = UNSURE
    ) -> pl.Series:
        """Which rows may break a rule; those that can't are False.

        Args:
            frame: values by canonical name, `NEW`, and where they are known already, answers to "is it
                calm" by `calm_column` (descriptions are long: they're looked at once).
            few: columns of few values.
            sure: cells that break no rule by themselves.
        """
        attributes = _attributes(frame, self._fields, self._shop)
        doubts = [
            *self._texts(frame),
            *self._cells([name for name in self._of_cells if name not in sure.names], few),
            *self._of_rows,
            *(_sure(doubt, f"attribute {number}") for number, doubt in enumerate(attributes)),
        ]
        found = frame.select(doubts).select(pl.any_horizontal(pl.all())).to_series()
        if sure.rest is None or not len(sure.rest):
            return found
        rest = self.of_cells(frame.select(sure.names)[sure.rest], sure.names, few)
        return found.scatter(sure.rest, found.gather(sure.rest) | rest)

    def of_cells(
        self, frame: pl.DataFrame, names: Iterable[str], few: Mapping[str, Few] = MappingProxyType({})
    ) -> pl.Series:
        """Which rows hold a cell of some fields that may break a rule by itself."""
        doubts = list(self._cells(names, few))
        if not doubts:
            return pl.Series([False]).new_from_index(0, frame.height)
        return frame.select(doubts).select(pl.any_horizontal(pl.all())).to_series()

    def _texts(self, frame: pl.DataFrame) -> Iterator[pl.Expr]:
        for name in self._long:
            known = calm_column(name)
            calm = pl.col(known) if known in frame.columns else is_calm(pl.col(name)).fill_null(value=False)
            yield _doubt(~calm & (pl.col(name) != ""), known)

    def _cells(self, names: Iterable[str], few: Mapping[str, Few]) -> Iterator[pl.Expr]:
        for name, doubts in ((name, self._of_cells[name]) for name in names):
            if name not in few:
                yield from doubts
                continue
            good = self._good[name]
            new = pl.Series(name, [text for text in few[name].texts if text not in good], pl.String)
            if doubts and len(new):
                bad = new.to_frame().filter(pl.any_horizontal(doubts)).to_series()
                good.update(set(new.to_list()) - set(bad.to_list()))
                if len(bad):
                    yield _doubt(pl.col(name).is_in(bad.implode()), f"{name} few")


def _doubt(doubt: pl.Expr, name: str) -> pl.Expr:
    """What isn't there breaks no rule by itself."""
    return doubt.fill_null(value=False).alias(name)


def _sure(doubt: pl.Expr, name: str) -> pl.Expr:
    """Where nobody knows, pandera does."""
    return doubt.fill_null(value=True).alias(name)


def _given(name: str | None, names: set[str]) -> pl.Expr:
    if name is None or name not in names:
        return pl.lit(value=False)
    return pl.col(name).is_not_null() & (pl.col(name) != "")


def _field(field: Field, shop: Shop, cell: pl.Expr) -> Iterator[pl.Expr]:
    if field.length:
        length = cell.str.len_chars()
        yield (length < field.length[0]) | (length > field.length[1])
    if (rule := _BY_KIND.get(field.kind)) is not None:
        yield rule(field, shop, cell)
    if field.kind in (Kind.TEXT, Kind.BRAND):
        yield cell.str.contains(f"{checks.MOJIBAKE}|{checks.REPLACED}|{checks.BIDI}")
    if field.kind is Kind.TEXT and field.length:
        yield cell.str.contains("[<&]")


def _sku(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    odd = ~cell.str.contains(r"\A[!-~]+(?: [!-~]+)*\z") | (cell.str.len_bytes() > shop.sku_longest)
    return odd if shop.sku_pattern is None else pl.lit(value=True)


def _money(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return cell.str.starts_with("-") | ~cell.str.contains("[1-9]")


def _quantity(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return cell.str.starts_with("-")


def _date(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return ~cell.str.contains(_DATE)


def _enum(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return ~cell.is_in(list(field.choices))


def _ean(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    """EAN-8, UPC-A, EAN-13 and GTIN-14 have one check digit, counted from the right."""
    shaped = cell.str.contains(r"\A(?:[0-9]{8}|[0-9]{12}|[0-9]{13}|[0-9]{14})\z")
    number = pl.when(shaped).then(cell).cast(pl.Int64)
    return ~shaped | number.map_batches(_miscounted, return_dtype=pl.Boolean)


def _miscounted(numbers: pl.Series) -> pl.Series:
    """Whether the weighted digits of a number don't add up to whole tens."""
    high, low = np.divmod(numbers.fill_null(0).to_numpy(), 10**8)
    groups = (part for half in (high, low) for part in np.divmod(half.astype(np.uint32), 10_000))
    total = reduce(add, (_weights()[group] for group in groups))
    return pl.Series(numbers.name, total % 10 != 0)


@cache
def _weights() -> npt.NDArray[np.uint16]:
    """Four digits → their weighted sum; dividing by ten for each digit would cost more than all else."""
    return np.array(
        [sum(map(int, f"{n:04}")) + 2 * (n // 1000 + n // 10 % 10) for n in range(10_000)], np.uint16
    )


def _images(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return ~cell.str.contains(_IMAGES) | cell.str.contains(_ODD_IMAGES) | (cell.str.len_bytes() > LONGEST)


def _brand(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    return ~cell.is_in(list(shop.brands)) if shop.brands else pl.lit(value=False)


def _category(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    leaves = [one for one, is_leaf in shop.categories.items() if is_leaf]
    return ~cell.is_in(leaves) if shop.categories else pl.lit(value=False)


def _categories(field: Field, shop: Shop, cell: pl.Expr) -> pl.Expr:  # noqa: ARG001
    many = cell.str.count_matches(",", literal=True) >= MOST_CATEGORIES
    if not shop.categories:
        return many
    known = cell.str.split(",").list.eval(pl.element().is_in(list(shop.categories))).list.all()
    return many | ~known


_BY_KIND: dict[Kind, Callable[[Field, Shop, pl.Expr], pl.Expr]] = {
    Kind.SKU: _sku,
    Kind.MONEY: _money,
    Kind.QUANTITY: _quantity,
    Kind.DATETIME: _date,
    Kind.ENUM: _enum,
    Kind.EAN: _ean,
    Kind.IMAGES: _images,
    Kind.URL: _images,
    Kind.BRAND: _brand,
    Kind.CATEGORY: _category,
    Kind.CATEGORIES: _categories,
}


def _rows(fields: tuple[Field, ...], shop: Shop) -> Iterator[pl.Expr]:
    """The doubts of `schemas.rowrules`."""
    names = {field.name for field in fields}
    new = (pl.col(NEW) == YES) if shop.new_known else (pl.col(NEW) != NO)
    present, missing = required_names(fields)
    yield ~_given(KEY, names)
    for name in present:
        yield new & ~_given(name, names)
    for unit in units_of(fields).values():
        price = next((name for name in unit if name.endswith(".Price")), None)
        any_given = reduce(or_, (_given(name, names) for name in unit))
        yield new & any_given & ~_given(price, names)
    if missing and shop.new_known:
        yield new
    for sale in sales_of(fields):
        yield from _sale(sale, names, pl.col(NEW) != NO)


def _sale(sale: Sale, names: set[str], new: pl.Expr) -> Iterator[pl.Expr]:
    price, sold, start, end = (_given(name, names) for name in (sale.price, sale.sale, sale.start, sale.end))
    if sale.sale and sale.price:
        lower, higher = (pl.col(name).cast(pl.Float64, strict=False) for name in (sale.sale, sale.price))
        yield price & sold & ~(lower < higher).fill_null(value=False)
    blank = (pl.col(one) == "" for one in (sale.sale, sale.start, sale.end) if one)
    alone = new | reduce(or_, (one.fill_null(value=False) for one in blank))
    yield alone & sold & ~start & ~end
    yield alone & (start | end) & ~sold
    if sale.start and sale.end:
        yield start & end & (pl.col(sale.start) > pl.col(sale.end))


def _attributes(frame: pl.DataFrame, fields: tuple[Field, ...], shop: Shop) -> Iterator[pl.Expr]:
    """The doubts of `schemas.category`: each distinct pair of category and value is looked at once."""
    names = {field.name: field for field in fields}
    if not shop.attributes or category.CATEGORY not in names:
        return
    for name, by_category in category.attributes_by_column(names, shop).items():
        demanding = [one for one, attribute in by_category.items() if attribute.mandatory]
        if demanding and shop.new_known:
            needs = (pl.col(NEW) == YES) & pl.col(category.CATEGORY).is_in(demanding)
            yield (needs & ~_given(name, set(names))).fill_null(value=False)
        if name in names:
            yield _pairs(frame, name, by_category)
    known = {(one, f"ProductData.{a.feed_name}") for one, found in shop.attributes.items() for a in found}
    for name in names:
        if name.startswith("ProductData."):
            lacking = [one for one in shop.attributes if (one, name) not in known]
            foreign = pl.col(category.CATEGORY).is_in(lacking) & _given(name, set(names))
            yield foreign.fill_null(value=False)


def _pairs(frame: pl.DataFrame, name: str, by_category: category.ByCategory) -> pl.Expr:
    options = any(attribute.options for attribute in by_category.values())
    longest = min((a.max_length for a in by_category.values() if a.max_length is not None), default=None)
    long = (
        pl.lit(value=False)
        if longest is None
        else (pl.col(name).str.len_chars() > longest).fill_null(value=False)
    )
    if not options:
        return long
    bad = _bad_pairs(frame.select(category.CATEGORY, name).unique(), by_category)
    return pl.concat_str(category.CATEGORY, pl.lit("\x00"), name).is_in(bad).fill_null(value=False) | long


def _bad_pairs(pairs: pl.DataFrame, by_category: category.ByCategory) -> list[str]:
    return [
        f"{one}\x00{value}"
        for one, value in pairs.drop_nulls().iter_rows()
        if value and one in by_category and category.pair_breaks(value, by_category[one]) is not None
    ]
