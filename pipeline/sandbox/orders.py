"""A few invented orders, read-only, so that clients that look at orders find some (reference 8)."""

from __future__ import annotations

from pipeline.sandbox.canon import instant
from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.messages import Call
from pipeline.sandbox.nodes import Node
from pipeline.sandbox.reads import json_list, whole
from pipeline.sandbox.shop import Shop

_PERSON = {"FirstName": "Ana", "LastName": "Prueba", "Phone": "", "Address1": "Calle Uno 1", "City": "Lima"}
_ORDERS = (
    ("5001", "300100", "2024-05-01 10:00:00", "2024-05-02 08:30:00", "pending", ("24.90", "3.10")),
    ("5002", "300101", "2024-05-03 18:20:00", "2024-05-05 09:00:00", "delivered", ("15.00",)),
)
_Order = tuple[str, str, str, str, str, tuple[str, ...]]


def get_orders(_: Shop, call: Call) -> Node:
    """Orders by time and state; one of the two lower bounds must be given."""
    if not call.text("CreatedAfter") and not call.text("UpdatedAfter"):
        raise ApiError(18, "Either CreatedAfter or UpdatedAfter is mandatory")
    offset = whole(call, "Offset", 0, 0, ApiError(14, f'"{call.text("Offset")}" Invalid Offset'))
    limit = whole(call, "Limit", 100, 1, ApiError(19, f'"{call.text("Limit")}" Invalid Limit'))
    found: list[Node] = [_order(order) for order in _ORDERS if _wanted(order, call)]
    return {"Orders": {"Order": found[offset : offset + limit]}}


def get_order(_: Shop, call: Call) -> Node:
    """One order by its id."""
    return {"Orders": {"Order": [_order(_find(call.text("OrderId")))]}}


def get_order_items(_: Shop, call: Call) -> Node:
    """An order's rows, one per unit."""
    return {"OrderItems": {"OrderItem": _items(_find(call.text("OrderId")))}}


def get_multiple_order_items(_: Shop, call: Call) -> Node:
    """The rows of several orders."""
    ids = json_list(call.text("OrderIdList"), ApiError(56, "OrderIdList must be an array"))
    orders: list[Node] = [
        {"OrderId": order[0], "OrderNumber": order[1], "OrderItems": {"OrderItem": _items(order)}}
        for order in map(_find, ids)
    ]
    return {"Orders": {"Order": orders}}


def _find(order_id: str) -> _Order:
    for order in _ORDERS:
        if order[0] == order_id:
            return order
    raise ApiError(16, f'"{order_id}" Invalid Order ID')


def _wanted(order: _Order, call: Call) -> bool:
    status = call.text("Status")
    return (
        _within(order[2], call, "Created")
        and _within(order[3], call, "Updated")
        and (not status or status == order[4])
    )


def _within(date: str, call: Call, name: str) -> bool:
    when = instant(date) or 0.0
    low, high = call.text(f"{name}After"), call.text(f"{name}Before")
    for text in filter(None, (low, high)):
        if instant(text) is None:
            raise ApiError(17, f'"{text}" Invalid Date Format')
    return when >= (instant(low) or 0.0) and (not high or when <= (instant(high) or 0.0))


def _order(order: _Order) -> Node:
    number, name, created, updated, status, prices = order
    return {
        "OrderId": number,
        "CustomerFirstName": "Ana",
        "CustomerLastName": "Prueba",
        "OrderNumber": name,
        "PaymentMethod": "CashOnDelivery",
        "Remarks": "",
        "DeliveryInfo": "",
        "Price": f"{sum(map(float, prices)):.2f}",
        "GiftOption": "0",
        "GiftMessage": "",
        "VoucherCode": "",
        "CreatedAt": created,
        "UpdatedAt": updated,
        "AddressBilling": dict(_PERSON),
        "AddressShipping": dict(_PERSON),
        "NationalRegistrationNumber": "",
        "ItemsCount": str(len(prices)),
        "PromisedShippingTime": "",
        "ExtraAttributes": "",
        "Statuses": {"Status": [status]},
    }


def _items(order: _Order) -> list[Node]:
    return [
        {
            "OrderItemId": f"{order[0]}{place}",
            "OrderId": order[0],
            "Name": f"Sample item {place}",
            "Sku": f"SAMPLE-{place}",
            "ShopSku": f"SB-SAMPLE-{place}",
            "ShippingType": "Dropshipping",
            "ItemPrice": price,
            "PaidPrice": price,
            "Currency": "USD",
            "ShippingAmount": "0.00",
            "Status": order[4],
            "TrackingCode": "",
            "CreatedAt": order[2],
            "UpdatedAt": order[3],
        }
        for place, price in enumerate(order[5], start=1)
    ]
