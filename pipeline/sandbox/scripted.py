"""The answers that faults give instead of the shop's own, or make of them."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable
from dataclasses import replace

from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.faults import WRITES, Rule
from pipeline.sandbox.messages import Reply, Ticket
from pipeline.sandbox.nodes import Node, Style, document

_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
_HTML = "text/html; charset=UTF-8"
_HANG = 600.0
_DRIP = 0.5
_SLOW = 2.0
_BOMB_MEMBER = 16 * 1024 * 1024


def distorted(fault: Rule, reply: Reply) -> Reply:
    """A call that did its work, and the answer as it gets lost."""
    name = fault.fault
    if name == "accept-then-500":
        return html_page(500, "Internal Server Error")
    if name == "accept-then-html":
        return html_page(200, "Please sign in")
    if name == "slow":
        return replace(reply, delivery="slow", seconds=_or(fault, _SLOW))
    if name == "warning-detail":
        return reply
    ways = {"accept-then-reset": "reset", "accept-then-hang": "hang", "accept-then-truncate": "truncate"}
    return replace(reply, delivery=ways.get(name, "drop"), seconds=_or(fault, _HANG))


def refusal(fault: Rule, ticket: Ticket, style: Style, plain: Callable[[], Reply]) -> Reply:
    """A call that did nothing, and what the caller sees of it."""
    name = fault.fault
    if name in _ERRORS:
        return _error(_ERRORS[name], ticket, style)
    if name in _PAGES:
        return html_page(*_PAGES[name])
    if name == "http-429":
        return Reply(status=429, body=b"\xff\xfe\x00slow down", content_type="application/octet-stream")
    if name == "redirect":
        target = f"/redirected/?{ticket.head.query}"
        return Reply(status=307, content_type=_HTML, headers=(("Location", target),))
    if name == "empty-body":
        return Reply()
    if name == "gzip-bomb":
        return Reply(delivery="bomb", headers=(("Content-Encoding", "gzip"),))
    return _spoiled(fault, ticket, style, plain)


def scripted_code(fault: Rule) -> int | None:
    """The E-code that a fault answers with, for the log."""
    return _ERRORS[fault.fault].code if fault.fault in _ERRORS else None


def html_page(status: int, title: str) -> Reply:
    """What a proxy or a login wall answers."""
    text = title.encode()
    return Reply(status=status, body=_PAGE % (text, text), content_type=_HTML)


@functools.cache
def bomb_member() -> bytes:
    """16 MB of blanks, packed; members in a row unpack one after the other."""
    return gzip.compress(b" " * _BOMB_MEMBER, 9)


def _spoiled(fault: Rule, ticket: Ticket, style: Style, plain: Callable[[], Reply]) -> Reply:
    """Answers that are right but never arrive whole; a write gets none, for it did nothing."""
    if fault.fault == "drop-before-accept":
        return Reply(delivery="drop")
    write = ticket.action in WRITES
    if fault.fault == "reset-mid-body":
        return Reply(delivery="reset") if write else replace(plain(), delivery="reset-mid")
    unexpected = ApiError(6, "Unexpected internal error", kind="Platform")
    reply = _error(unexpected, ticket, style) if write else plain()
    return replace(reply, delivery="drip", seconds=_or(fault, _DRIP))


def _error(error: ApiError, ticket: Ticket, style: Style) -> Reply:
    head: dict[str, Node] = {
        "RequestAction": ticket.action,
        "ErrorType": error.kind,
        "ErrorCode": str(error.code),
        "ErrorMessage": error.message,
    }
    kind = "application/json" if style.json else "text/xml; charset=UTF-8"
    return Reply(body=document("ErrorResponse", head, "", style), content_type=kind)


def _or(fault: Rule, usual: float) -> float:
    return usual if fault.seconds is None else fault.seconds


_ERRORS = {
    "e429": ApiError(429, "Too many requests"),
    "expired": ApiError(3, "Timestamp has expired"),
    "login": ApiError(7, "Login failed. Signature mismatching"),
}
_PAGES = {
    "http-500": (500, "Internal Server Error"),
    "http-503": (503, "Service Unavailable"),
    "html": (200, "Please sign in"),
}
