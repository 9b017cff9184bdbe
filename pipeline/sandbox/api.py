"""One call of the API from its request line to its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from pipeline.sandbox import feed_actions, orders, reads
from pipeline.sandbox.auth import Doorman
from pipeline.sandbox.body import LARGEST_BODY, Record, unpacked
from pipeline.sandbox.canon import head_stamp
from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.faults import ACCEPTING, WRITES
from pipeline.sandbox.feeds import Feed
from pipeline.sandbox.messages import Call, Entry, Head, Reply, Ticket
from pipeline.sandbox.nodes import Node, Style, document
from pipeline.sandbox.scripted import distorted, refusal, scripted_code
from pipeline.sandbox.shop import Shop, sha256

Handler = Callable[[Shop, Call], Node | bytes]

#: Reading actions and FeedCancel: what answers them, and their ResponseType (reference 2.1).
HANDLERS: Mapping[str, tuple[Handler, str]] = {
    "GetProducts": (reads.get_products, "Products"),
    "GetBrands": (reads.get_brands, "Brands"),
    "GetCategoryTree": (reads.get_category_tree, "Categories"),
    "GetCategoryAttributes": (reads.get_category_attributes, "Attributes"),
    "GetCategoriesByAttributeSet": (reads.get_categories_by_attribute_set, "AttributeSets"),
    "GetQcStatus": (reads.get_qc_status, "State"),
    "FeedStatus": (feed_actions.feed_status, "FeedDetail"),
    "FeedList": (feed_actions.feed_list, "Feed"),
    "FeedOffsetList": (feed_actions.feed_offset_list, "Feed"),
    "FeedCount": (feed_actions.feed_count, "FeedCount"),
    "FeedCancel": (feed_actions.feed_cancel, ""),
    "GetFeedRawInput": (feed_actions.get_feed_raw_input, "FeedRawInput"),
    "GetOrders": (orders.get_orders, "Orders"),
    "GetOrder": (orders.get_order, "Orders"),
    "GetOrderItems": (orders.get_order_items, "OrderItems"),
    "GetMultipleOrderItems": (orders.get_multiple_order_items, "Orders"),
}
ACTIONS = frozenset(HANDLERS) | frozenset(WRITES)
_LATE = 5.0


def arrive(shop: Shop, head: Head) -> Ticket:
    """Count a call and draw its fault, before its body is read."""
    params = dict(parse_qsl(head.query, keep_blank_values=True))
    with shop.lock:
        now = shop.settle()
        allowed = shop.limits.call_allowed(shop.options, now)
        fault = shop.faults.call(params.get("Action", "")) if allowed else None
    return Ticket(head=head, params=params, when=now, allowed=allowed, fault=fault)


def answer(shop: Shop, ticket: Ticket, body: bytes | None) -> Reply:
    """Do what a call asks and write its line in the log; no body is one that never came whole."""
    with shop.lock:
        now = shop.settle()
        entry = _entry(shop, ticket)
        try:
            reply = _handled(shop, ticket, body, now, entry)
        except ApiError as error:
            reply = _refused(shop, ticket, error, entry)
        entry.answered = reply.answered
        shop.log.append(entry)
        shop.keep()
    return reply


def abandon(shop: Shop, ticket: Ticket) -> None:
    """A caller that has gone before its body was whole has asked for nothing."""
    with shop.lock:
        if ticket.fault is not None:
            ticket.fault.release()
        entry = _entry(shop, ticket)
        entry.answered = "cut-off"
        shop.log.append(entry)


def _handled(shop: Shop, ticket: Ticket, body: bytes | None, now: float, entry: Entry) -> Reply:
    if not ticket.allowed:
        raise ApiError(429, "Too many requests")
    fault = ticket.fault
    if fault is not None and fault.fault not in ACCEPTING:
        entry.fault = fault.fault
        entry.error = scripted_code(fault)
        if body and ticket.action in WRITES:
            entry.body_sha256 = sha256(body)
        return refusal(fault, ticket, _style(shop, ticket), lambda: _plain(shop, ticket, now))
    _check(shop, ticket, now)
    document_body = _document_body(ticket, body)
    reply = _done(shop, ticket, document_body, now, entry)
    if fault is None:
        return reply
    entry.fault = fault.fault
    return distorted(fault, reply)


def _check(shop: Shop, ticket: Ticket, now: float) -> None:
    """Everything that comes before the action itself."""
    options = shop.options
    if options.user_agent == "required" and ticket.head.headers.get("user-agent", "").count("/") < 3:
        raise ApiError(9, "Access Denied")
    actions = ACTIONS if options.raw_input == "yes" else ACTIONS - {"GetFeedRawInput"}
    Doorman(options, actions, ticket.params, now).check()
    known = ticket.params.get("Format", "").upper() in ("", "XML", "JSON")
    if not known and options.unknown_format == "error":
        raise ApiError(5, "Invalid Request Format")


def _document_body(ticket: Ticket, body: bytes | None) -> bytes:
    if ticket.action not in WRITES:
        return b""
    if body is None or len(body) > LARGEST_BODY:
        raise ApiError(11, "Request too Big")
    return unpacked(body, ticket.head.headers.get("content-encoding", ""))


def _done(shop: Shop, ticket: Ticket, body: bytes, now: float, entry: Entry) -> Reply:
    fault = ticket.fault
    late = None
    if fault is not None and fault.fault == "late-accept":
        late = _LATE if fault.seconds is None else fault.seconds
    style = _style(shop, ticket)
    call = Call(action=ticket.action, params=ticket.params, now=now, style=style, body=body, late=late)
    if call.action not in WRITES:
        return _read(shop, call)
    entry.body_sha256 = sha256(body)
    feed, records = feed_actions.submit(shop, call)
    _note(entry, feed, records)
    warned = fault is not None and fault.fault == "warning-detail"
    return _success(call, feed.id, "", _WARNING if warned else "")


def _read(shop: Shop, call: Call) -> Reply:
    handler, kind = HANDLERS[call.action]
    return _success(call, "", kind, handler(shop, call))


def _plain(shop: Shop, ticket: Ticket, now: float) -> Reply:
    """The answer that a read would have had; faults that spoil an answer need one."""
    try:
        _check(shop, ticket, now)
        style = _style(shop, ticket)
        return _read(shop, Call(action=ticket.action, params=ticket.params, now=now, style=style))
    except ApiError as error:
        return error_reply(shop, ticket, error)


def _note(entry: Entry, feed: Feed, records: list[Record]) -> None:
    entry.accepted = True
    entry.feed = feed.id
    entry.skus = [record.sku for record in records]


def _refused(shop: Shop, ticket: Ticket, error: ApiError, entry: Entry) -> Reply:
    if ticket.fault is not None:
        ticket.fault.release()
    entry.error = error.code
    return error_reply(shop, ticket, error)


def error_reply(shop: Shop, ticket: Ticket, error: ApiError) -> Reply:
    """An ErrorResponse; it comes with status 200 unless the shop is set otherwise (reference 2.4)."""
    options = shop.options
    head: dict[str, Node] = {
        "RequestAction": ticket.action,
        "ErrorType": error.kind,
        "ErrorCode": str(error.code),
        "ErrorMessage": error.message,
    }
    style = _style(shop, ticket)
    throttled = error.code == 429
    waits = (("Retry-After", f"{options.retry_after:g}"),) if throttled and options.retry_after else ()
    return Reply(
        status=options.throttle_status if throttled else options.error_status,
        body=document("ErrorResponse", head, "", style),
        content_type=_content_type(style),
        headers=waits,
    )


def _success(call: Call, request_id: str, kind: str, body: Node | bytes) -> Reply:
    head: dict[str, Node] = {
        "RequestId": request_id,
        "RequestAction": call.action,
        "ResponseType": kind,
        "Timestamp": head_stamp(call.now),
    }
    if call.action in ("FeedStatus", "FeedCancel"):
        head["RequestParameters"] = {"FeedID": call.text("FeedID")}
    written = document("SuccessResponse", head, body, call.style)
    return Reply(body=written, content_type=_content_type(call.style))


def _style(shop: Shop, ticket: Ticket) -> Style:
    options = shop.options
    unknown = ticket.params.get("Format", "").upper() not in ("", "XML", "JSON")
    return Style(
        json=ticket.json or (unknown and options.unknown_format == "json"),
        always_array=options.always_array == "yes",
        escape_slash=options.slash == "escaped",
    )


def _content_type(style: Style) -> str:
    return "application/json" if style.json else "text/xml; charset=UTF-8"


def _entry(shop: Shop, ticket: Ticket) -> Entry:
    params = {name: text for name, text in ticket.params.items() if name != "Signature"}
    return Entry(
        n=len(shop.log) + 1,
        time=ticket.when,
        verb=ticket.head.verb,
        action=ticket.action,
        params=params,
        agent=ticket.head.headers.get("user-agent", ""),
    )


_WARNING: Node = {
    "WarningDetail": {"Field": "Name", "Message": "This value should be looked at.", "Value": ""}
}
