"""GetBrands, GetCategoryTree, GetCategoryAttributes, GetQcStatus → values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.market.lookups import Attribute, Category
from pipeline.market.nodes import Node, children, get, number, text, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class QcState:
    """What quality control says of one product.

    Attributes:
        status: "approved", "pending", "rejected", or what the shop says instead.
        reason: the shop's words, several joined by "; ".
    """

    sku: str
    status: str
    reason: str = ""
    data_changed: bool = False


def brands(body: Node) -> tuple[str, ...]:
    """The brands' names exactly as the shop spells them, in its order."""
    named = (text(node, "Name") for node in children(get(body, "Brands"), "Brand"))
    return tuple(name for name in named if name)


def category_tree(body: Node) -> dict[str, Category]:
    """Id → category, parents before children."""
    return {found.id: found for found in _below(get(body, "Categories"), ())}


def _below(node: Node, path: tuple[str, ...]) -> Iterator[Category]:
    for child in children(node, "Category"):
        if not (isinstance(child, dict) and text(child, "CategoryId")):
            continue
        here = (*path, text(child, "Name"))
        below = tuple(_below(get(child, "Children"), here))
        yield Category(id=text(child, "CategoryId"), name=text(child, "Name"), leaf=not below, path=here)
        yield from below


def category_attributes(body: Node) -> tuple[Attribute, ...]:
    """A category's attributes; where FeedName is missing (2015), Name is what to send."""
    nodes = children(body, "Attribute") or children(get(body, "Attributes"), "Attribute")
    return tuple(_attribute(node) for node in nodes if isinstance(node, dict))


def _attribute(node: Node) -> Attribute:
    name = text(node, "Name")
    options = tuple(text(option, "Name") for option in children(get(node, "Options"), "Option"))
    return Attribute(
        name=name,
        feed_name=text(node, "FeedName") or name,
        label=text(node, "Label"),
        mandatory=truth(node, "isMandatory"),
        system=text(node, "AttributeType").casefold() == "system",
        multiple="multi" in text(node, "InputType").casefold(),
        options=tuple(option for option in options if option),
        max_length=number(node, "MaxLength") or None,
    )


def qc_states(body: Node) -> tuple[QcState, ...]:
    """The products that quality control has an opinion of."""
    states = children(get(body, "Status"), "State") or children(body, "State")
    return tuple(
        QcState(
            sku=text(state, "SellerSku"),
            status=text(state, "Status"),
            reason=text(state, "Reason"),
            data_changed=truth(state, "DataChanged"),
        )
        for state in states
        if isinstance(state, dict)
    )
