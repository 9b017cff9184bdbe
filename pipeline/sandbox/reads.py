"""The reading actions about products and what they may name (reference 3, 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeVar

from pipeline.sandbox.attributes import attributes_of
from pipeline.sandbox.canon import instant
from pipeline.sandbox.catalog import FILTERS, Query, matcher, qc_status
from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.faults import Rule
from pipeline.sandbox.lookups import Category
from pipeline.sandbox.messages import Call
from pipeline.sandbox.nodes import Node, element_list
from pipeline.sandbox.product import Product
from pipeline.sandbox.rewrite import rewritten
from pipeline.sandbox.shop import Shop

_DEFAULT_LIMIT = 1000
_DEFAULT_QC_LIMIT = 100
_SET_ID = "1"
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
_Item = TypeVar("_Item")


def get_products(shop: Shop, call: Call) -> bytes:
    """One page of the products that are asked for."""
    query = _query(shop, call)
    limit = _limit(shop, call, _DEFAULT_LIMIT)
    offset = whole(call, "Offset", 0, 0, ApiError(14, f'"{call.text("Offset")}" Invalid Offset'))
    if call.text("SkuSellerList"):
        page = _named(shop, query, call)[offset : offset + limit]
    else:
        timed = query.status in ("pending", "live") and shop.options.qc_delay > 0
        found = shop.catalog.listed(query, call.now, timed)
        page = page_of(found, offset, limit, shop.faults.page("GetProducts"))
    rules = shop.faults.rewrites("GetProducts")
    if rules:
        page = [rewritten(product, rules) for product in page]
    gone = shop.faults.gone("GetProducts")
    written = [shop.writer.write(product, call.style, call.now, gone) for product in page]
    return element_list("Products", "Product", written, call.style)


def page_of(items: Sequence[_Item], offset: int, limit: int, fault: Rule | None) -> list[_Item]:
    """A page, or what a fault makes of it.

    ``page-repeat``: rows of the page before come again. ``page-miss``: the first rows have slipped onto
    the page before. ``page-shift``: rows were put in before this page, so some come again and as many
    fall off its end. ``page-reorder``: the page's rows come in another order.
    """
    page = list(items[offset : offset + limit])
    if fault is None or not page:
        return page
    if fault.fault == "page-reorder":
        return page[::-1]
    rows = min(fault.rows or max(1, min(10, limit // 10)), len(items))
    if fault.fault == "page-miss":
        return list(items[offset + rows : offset + rows + limit])
    before = list(items[max(0, offset - rows) : offset]) or list(items[:rows])
    if fault.fault == "page-repeat":
        return before + page
    before = before if offset else list(items[-rows:])
    return (before + page)[: max(limit, rows)] if len(page) == limit else before + page


def get_qc_status(shop: Shop, call: Call) -> Node:
    """Quality control per product; here the SKU's element is ``SellerSKU`` (reference 7)."""
    query = _query(shop, call)
    limit = _limit(shop, call, _DEFAULT_QC_LIMIT)
    offset = whole(call, "Offset", 0, 0, ApiError(14, f'"{call.text("Offset")}" Invalid Offset'))
    listed = call.text("SkuSellerList")
    found = _named(shop, query, call) if listed else shop.catalog.listed(query, call.now)
    states: list[Node] = [
        {
            "SellerSKU": product.sku,
            "Status": qc_status(product, call.now),
            "DataChanged": "1" if product.updated > product.created else "0",
            "Reason": product.fields.get("QCReason", ""),
        }
        for product in found[offset : offset + limit]
    ]
    return {"Status": {"State": states}}


def get_brands(shop: Shop, call: Call) -> Node:
    """All brands; Limit and Offset work where they are given, as one client does (reference 7)."""
    offset = whole(call, "Offset", 0, 0, ApiError(14, f'"{call.text("Offset")}" Invalid Offset'))
    limit = whole(call, "Limit", 0, 0, ApiError(19, f'"{call.text("Limit")}" Invalid Limit'))
    brands: list[Node] = [
        {"BrandId": number, "Name": name, "GlobalIdentifier": name.lower().replace(" ", "_")}
        for name, number in shop.lookups.brands.items()
    ]
    return {"Brands": {"Brand": brands[offset : offset + limit if limit else None]}}


def get_category_tree(shop: Shop, _: Call) -> Node:
    """The whole tree; leaves have an empty Children element."""
    return {"Categories": {"Category": [_branch(shop, root) for root in shop.lookups.roots()]}}


def get_category_attributes(shop: Shop, call: Call) -> Node:
    """What the products of a category may and must say."""
    number = call.text("PrimaryCategory")
    if not number:
        raise ApiError(1, "Parameter PrimaryCategory is mandatory")
    category = shop.lookups.categories.get(number)
    if category is None:
        raise ApiError(57, "No attribute sets linked to that category")
    found = attributes_of(shop.options.dialect, category.attributes, shop.lookups.options)
    return {"Attribute": [attribute.node() for attribute in found]}


def get_categories_by_attribute_set(shop: Shop, call: Call) -> Node:
    """All categories share one attribute set."""
    wanted = json_list(call.text("AttributeSet"), ApiError(64, "AttributeSet must be an array"))
    if _SET_ID not in wanted:
        raise ApiError(64, "No categories linked to the given attribute set")
    rows: list[Node] = [_category(category) for category in shop.lookups.categories.values()]
    entry = {"AttributeSetId": _SET_ID, "Name": "Default", "GlobalIdentifier": "default"}
    return {"AttributeSets": {"AttributeSet": [{**entry, "Categories": {"Category": rows}}]}}


def whole(call: Call, name: str, default: int, least: int, error: ApiError) -> int:
    """A whole number among the parameters.

    Raises:
        ApiError: the given one, when it is none or too small.
    """
    text = call.text(name)
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or int(text) < least:
        raise error
    return int(text)


def json_list(text: str, error: ApiError) -> list[str]:
    """A JSON array of texts or numbers; ``[a,b]`` without quotes is none (reference 11.9).

    Raises:
        ApiError: the given one.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise error from None
    if not isinstance(value, list) or any(not isinstance(item, str | int) for item in value):
        raise error
    return [str(item) for item in value]


def _query(shop: Shop, call: Call) -> Query:
    status = call.text("Filter") or "all"
    if status not in FILTERS:
        raise ApiError(36, "Invalid status filter")
    return Query(
        status=status,
        search=call.text("Search"),
        created_after=_date(call, "CreatedAfter"),
        created_before=_date(call, "CreatedBefore"),
        updated_after=_date(call, "UpdatedAfter"),
        updated_before=_date(call, "UpdatedBefore"),
        order=shop.options.order,
    )


def _date(call: Call, name: str) -> float | None:
    text = call.text(name)
    if not text:
        return None
    when = instant(text)
    if when is None:
        raise ApiError(17, f'"{text}" Invalid Date Format')
    return when


def _limit(shop: Shop, call: Call, default: int) -> int:
    error = ApiError(19, f'"{call.text("Limit")}" Invalid Limit')
    limit = whole(call, "Limit", default, 1, error)
    largest = shop.options.largest_limit
    if limit > largest and shop.options.over_limit == "error" and call.text("Limit"):
        raise error
    return min(limit, largest)


def _named(shop: Shop, query: Query, call: Call) -> list[Product]:
    """The named products that answer the rest of the query, in the order named."""
    error = ApiError(70, "You have corrupt data in your sku seller list.")
    skus = dict.fromkeys(json_list(call.text("SkuSellerList"), error))
    shown = (shop.catalog.shown(sku) for sku in skus)
    keep = matcher(query, call.now)
    return [product for product in shown if product is not None and keep(product)]


def _branch(shop: Shop, category: Category) -> Node:
    children = [_branch(shop, shop.lookups.categories[number]) for number in category.children]
    return {**_category(category), "Children": {"Category": children}}


def _category(category: Category) -> dict[str, Node]:
    return {
        "Name": category.name,
        "CategoryId": category.number,
        "GlobalIdentifier": f"category_{category.number}",
        "AttributeSetId": _SET_ID,
    }
