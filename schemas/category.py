"""Rules that a category's own attributes make, built at run time from GetCategoryAttributes.

One check an attribute, over all categories at once: a pandera call costs a tenth of a second, and
a shop has hundreds of categories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from schemas.fields import Field, Place
from schemas.product import NEW, YES, AttributeLike, Shop
from schemas.rowrules import RowRule, given

CATEGORY = "PrimaryCategory"
ByCategory = Mapping[str, AttributeLike]


def attribute_rules(fields: tuple[Field, ...], shop: Shop) -> Iterator[RowRule]:
    """The rules of all attributes that any category of the shop has, for the columns of a table."""
    names = {field.name: field for field in fields}
    if not shop.attributes or CATEGORY not in names:
        return
    for name, by_category in sorted(attributes_by_column(names, shop).items()):
        if name in names:
            yield from _value_rules(name, names[name], by_category, shop)
        yield from _mandatory_rule(name, names, by_category, shop)
    for name, field in names.items():
        if field.place is Place.PRODUCT_DATA:
            yield _foreign_rule(name, shop)


def attributes_by_column(names: Mapping[str, Field], shop: Shop) -> dict[str, dict[str, AttributeLike]]:
    """Canonical column → category → attribute."""
    found: dict[str, dict[str, AttributeLike]] = {}
    for category, attributes in shop.attributes.items():
        for attribute in attributes:
            found.setdefault(column_of(attribute, names), {})[category] = attribute
    return found


def column_of(attribute: AttributeLike, names: Mapping[str, Field]) -> str:
    """Where an attribute stands: beside Name and Price if it's the system's own, else in ProductData."""
    plain = attribute.feed_name
    return plain if attribute.system or plain in names else f"ProductData.{plain}"


def pair_breaks(value: str, attribute: AttributeLike) -> str | None:
    """The code of the rule that a value of one category's attribute breaks, or None."""
    if attribute.options:
        parts = value.split(",") if attribute.multiple and value not in attribute.options else [value]
        if any(part.strip() not in attribute.options for part in parts):
            return "unknown-option"
    if attribute.max_length is not None and len(value) > attribute.max_length:
        return "too-long"
    return None


def _value_rules(name: str, own: Field, by_category: ByCategory, shop: Shop) -> Iterator[RowRule]:
    known = tuple(sorted({option for attribute in by_category.values() for option in attribute.options}))
    if name == "Brand" and shop.brands:
        by_category = {}  # GetBrands is the whole list
    if known and by_category:
        yield RowRule(
            code="unknown-option", field=name, keeps=_pairs(name, by_category, "unknown-option"), known=known
        )
    longest = {attribute.max_length for attribute in by_category.values() if attribute.max_length is not None}
    if own.length and longest and min(longest) >= own.length[1]:
        return  # the field's own rule says it
    if longest:
        limit = " or ".join(map(str, sorted(longest)))
        yield RowRule(
            code="too-long",
            field=name,
            keeps=_pairs(name, by_category, "too-long"),
            limit=limit,
            reads=(CATEGORY,),
        )


def _pairs(name: str, by_category: ByCategory, code: str) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Each distinct pair of category and value is judged once."""

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        judged: dict[tuple[object, object], bool] = {}
        verdicts = []
        for pair in zip(frame[CATEGORY], frame[name], strict=True):
            if pair not in judged:
                judged[pair] = _keeps(pair[0], pair[1], by_category, code)
            verdicts.append(judged[pair])
        return pd.Series(verdicts, index=frame.index, dtype=bool)

    return keeps


def _keeps(category: object, value: object, by_category: ByCategory, code: str) -> bool:
    if (
        not isinstance(category, str)
        or not isinstance(value, str)
        or not value
        or category not in by_category
    ):
        return True
    return pair_breaks(value, by_category[category]) != code


def _mandatory_rule(
    name: str, names: Mapping[str, Field], by_category: ByCategory, shop: Shop
) -> Iterator[RowRule]:
    """A new product needs the attributes that its category calls mandatory."""
    demanding = sorted(category for category, attribute in by_category.items() if attribute.mandatory)
    if not demanding or (name in names and names[name].required) or not shop.new_known:
        return
    if name not in names and "." not in name:
        return  # a system field that the table lacks is `incomplete-product`'s matter

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        needs = (frame[NEW] == YES) & frame[CATEGORY].isin(demanding)
        return ~needs.fillna(value=False).astype(bool) | given(frame, name)

    yield RowRule(code="missing-required", field=name, keeps=keeps, reads=(CATEGORY,))


def _foreign_rule(name: str, shop: Shop) -> RowRule:
    """An attribute that the row's category doesn't have."""
    tag = name.partition(".")[2]
    lacking = [one for one, found in shop.attributes.items() if all(a.feed_name != tag for a in found)]

    def keeps(frame: pd.DataFrame) -> pd.Series[bool]:
        return ~(given(frame, name) & frame[CATEGORY].isin(lacking).fillna(value=False).astype(bool))

    return RowRule(code="unknown-attribute", field=name, keeps=keeps, reads=(CATEGORY,))
