"""pandera schemas over the vocabulary: every field's rules, and those between the fields of a row.

A table's columns are canonical names holding values as text (null = leave alone, "" = clear) and
`NEW`. Cells were parsed before: pandera judges what parsed, so that one unreadable cell hides no
other failure of its column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
from pandera.config import config_context

from schemas import checks
from schemas.category import attribute_rules
from schemas.fields import Field, Kind
from schemas.product import MOST_CATEGORIES, NEW, Shop
from schemas.rowrules import RowRule, row_rules
from schemas.rules import RULES, Severity, severity_of
from schemas.webaddress import MOST_IMAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a failed check means.

    Attributes:
        field: canonical name of the column the finding belongs to, "" for the whole row.
        known: the values that would have passed, for a suggestion; () = no such list.
        reads: further fields that it depends on.
    """

    code: str
    field: str
    severity: Severity
    message: str
    hint: str
    known: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A schema, and what each of its checks means by its name."""

    schema: pa.DataFrameSchema
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One rule of one column."""

    code: str
    keeps: checks.Judge
    limit: object = ""
    known: tuple[str, ...] = ()


def product_table(fields: tuple[Field, ...], shop: Shop) -> Table:
    """The schema that judges products with these fields in this shop."""
    verdicts: dict[str, Verdict] = {}
    columns = {field.name: _column(field, shop, verdicts) for field in fields}
    between = [*row_rules(fields, shop), *attribute_rules(fields, shop)]
    frame_checks = [check for rule in between if (check := _frame_check(rule, shop, verdicts))]
    columns[NEW] = pa.Column(None, nullable=False)
    schema = pa.DataFrameSchema(columns, checks=frame_checks, strict=False, name="product")
    return Table(schema=schema, verdicts=verdicts)


def judge(table: Table, frame: pd.DataFrame) -> list[tuple[int, Verdict]]:
    """Every rule that a row breaks, as (row label, verdict), by row and column order.

    Validation is forced on: a stray PANDERA_VALIDATION_ENABLED=False must not let anything pass.
    """
    if frame.empty:
        return []
    try:
        with config_context(validation_enabled=True, validation_depth=None):
            table.schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as failures:
        return _broken(table, failures)
    return []


def _broken(table: Table, failures: pa.errors.SchemaErrors) -> list[tuple[int, Verdict]]:
    cases = failures.failure_cases
    unnamed = cases[~cases["check"].isin(list(table.verdicts)) | cases["index"].isna()]
    if len(unnamed):
        raise RuntimeError(f"a check failed itself: {unnamed.iloc[0].to_dict()}")
    order = {key: position for position, key in enumerate(table.verdicts)}
    pairs = {(int(row), str(key)) for key, row in zip(cases["check"], cases["index"], strict=True)}
    return [
        (row, table.verdicts[key]) for row, key in sorted(pairs, key=lambda pair: (pair[0], order[pair[1]]))
    ]


def _column(field: Field, shop: Shop, verdicts: dict[str, Verdict]) -> pa.Column:
    found = [check for rule in field_rules(field, shop) if (check := _check(rule, field, shop, verdicts))]
    return pa.Column(None, checks=found, nullable=True, required=False)


def _check(rule: FieldRule, field: Field, shop: Shop, verdicts: dict[str, Verdict]) -> pa.Check | None:
    return _named(rule.keeps, _verdict(rule, field.name, shop), verdicts)


def _frame_check(rule: RowRule, shop: Shop, verdicts: dict[str, Verdict]) -> pa.Check | None:
    return _named(rule.keeps, _verdict(rule, rule.field, shop, rule.severity, rule.reads), verdicts)


def _named(keeps: Callable[..., object], verdict: Verdict, verdicts: dict[str, Verdict]) -> pa.Check | None:
    if verdict.severity == "off":
        return None
    key = f"{verdict.code}@{verdict.field}"
    while key in verdicts:  # a field's own length and its category's are two rules
        key += "+"
    verdicts[key] = verdict
    return pa.Check(keeps, name=key, error=key, ignore_na=False)


def _verdict(
    rule: FieldRule | RowRule,
    field: str,
    shop: Shop,
    severity: Severity | None = None,
    reads: tuple[str, ...] = (),
) -> Verdict:
    known = RULES[rule.code]
    return Verdict(
        code=rule.code,
        field=field,
        severity=severity_of(rule.code, shop.severity, severity),
        message=known.says.format(field=field, limit=rule.limit),
        hint=known.hint,
        known=rule.known,
        reads=reads,
    )


def field_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:
    """The rules of one column, in the order in which they are reported."""
    if field.length:
        shortest, longest = field.length
        yield FieldRule(code="too-short", keeps=checks.no_shorter(shortest), limit=shortest)
        yield FieldRule(code="too-long", keeps=checks.no_longer(longest), limit=longest)
    yield from _KIND_RULES.get(field.kind, _no_rules)(field, shop)
    if field.kind in (Kind.TEXT, Kind.HTML, Kind.BRAND):
        yield from _text_rules(field)


def _no_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield from ()


def _text_rules(field: Field) -> Iterator[FieldRule]:
    yield FieldRule(code="replacement-character", keeps=checks.without(checks.REPLACED))
    yield FieldRule(code="mojibake", keeps=checks.without(checks.MOJIBAKE))
    yield FieldRule(code="bidi-control", keeps=checks.without(checks.BIDI))
    if field.kind is Kind.TEXT and field.length:
        yield FieldRule(code="markup-in-text", keeps=checks.without(checks.MARKUP))


def _sku_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="sku-characters", keeps=checks.visible)
    yield FieldRule(code="sku-too-long", keeps=checks.no_longer(shop.sku_longest), limit=shop.sku_longest)
    if shop.sku_pattern:
        yield FieldRule(code="sku-pattern", keeps=checks.matches(shop.sku_pattern), limit=shop.sku_pattern)


def _money_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="not-positive", keeps=checks.positive)


def _quantity_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="negative-quantity", keeps=checks.not_negative)


def _date_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="bad-date", keeps=checks.matches(checks.CANONICAL_DATE))


def _enum_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="not-an-option", keeps=checks.one_of(field.choices), known=field.choices)


def _ean_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="bad-ean", keeps=checks.each(checks.is_article_number))


def _html_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="unsafe-html", keeps=checks.harmless)


def _image_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    yield FieldRule(code="too-many-images", keeps=checks.images_within(MOST_IMAGES), limit=MOST_IMAGES)
    for code in ("image-not-https", "image-address", "image-type"):
        yield FieldRule(code=code, keeps=checks.images_without(code))


def _brand_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    if shop.brands:
        yield FieldRule(code="unknown-brand", keeps=checks.one_of(shop.brands), known=tuple(shop.brands))


def _category_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    if not shop.categories:
        return
    names = tuple(shop.category_names.values())
    yield FieldRule(code="unknown-category", keeps=checks.one_of(shop.categories), known=names)
    yield FieldRule(code="not-a-leaf", keeps=checks.each(lambda value: shop.categories.get(value, True)))


def _categories_rules(field: Field, shop: Shop) -> Iterator[FieldRule]:  # noqa: ARG001
    if shop.categories:
        names = tuple(shop.category_names.values())
        yield FieldRule(code="unknown-category", keeps=checks.every(shop.categories), known=names)
    yield FieldRule(
        code="too-many-categories", keeps=checks.items_within(MOST_CATEGORIES), limit=MOST_CATEGORIES
    )


_KIND_RULES: dict[Kind, Callable[[Field, Shop], Iterator[FieldRule]]] = {
    Kind.SKU: _sku_rules,
    Kind.MONEY: _money_rules,
    Kind.QUANTITY: _quantity_rules,
    Kind.DATETIME: _date_rules,
    Kind.ENUM: _enum_rules,
    Kind.EAN: _ean_rules,
    Kind.HTML: _html_rules,
    Kind.IMAGES: _image_rules,
    Kind.URL: _image_rules,
    Kind.BRAND: _brand_rules,
    Kind.CATEGORY: _category_rules,
    Kind.CATEGORIES: _categories_rules,
}
