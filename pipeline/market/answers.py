"""A document → an answer, or the error that it is. Decided by the root element, never by the status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import LoginRefused, Refused, Throttled
from pipeline.market.nodes import Node, Unreadable, as_list, children, document, get, text

LOGIN = (7, 9)
THROTTLED = 429
EXPIRED = 3
#: "Unexpected internal error": theirs, whatever ErrorType says.
INTERNAL = 6
MAX_TEXT = 2000
MAX_DETAILS = 50

_CODE = re.compile(r"\s*E?0*(\d+)\s*$")
_CODE_IN_MESSAGE = re.compile(r"\s*E(\d{3,})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A SuccessResponse.

    Attributes:
        action, response_type, request_id: as in Head, "" where absent; request_id is a feed's id
            where one was made.
        timestamp: Head.Timestamp as given, or "".
        body: what Body holds.
    """

    action: str = ""
    response_type: str = ""
    request_id: str = ""
    timestamp: str = ""
    body: Node = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """An ErrorResponse.

    Attributes:
        kind: ErrorType, "Sender" or "Platform", or "".
        number: ErrorCode, or None where there is none.
        details: (field, message, value, sku) rows.
    """

    action: str = ""
    kind: str = ""
    number: int | None = None
    message: str = ""
    details: tuple[tuple[str, str, str, str], ...] = ()


def read(body: bytes) -> Answer | ErrorAnswer:
    """Either kind of answer.

    Raises:
        Unreadable: it's no whole answer of this API.
    """
    return answer_of(*document(body))


def answer_of(name: str, root: Node) -> Answer | ErrorAnswer:
    """What a document says, given its root's name and content.

    Raises:
        Unreadable: it's no answer of this API.
    """
    head, content = get(root, "Head"), get(root, "Body")
    if name == "SuccessResponse":
        return success(head, "" if content is None else content)
    if name == "ErrorResponse":
        return _error(head, content)
    if name.casefold() == "html":
        raise Unreadable("the answer is an HTML page")
    raise Unreadable(f"the answer's root is <{_cut(name, 40)}>")


def success(head: Node, body: Node) -> Answer:
    """The answer with this head."""
    return Answer(
        action=text(head, "RequestAction"),
        response_type=text(head, "ResponseType"),
        request_id=text(head, "RequestId").strip(),
        timestamp=text(head, "Timestamp"),
        body=body,
    )


def _error(head: Node, body: Node) -> ErrorAnswer:
    message = _cut(text(head, "ErrorMessage"), MAX_TEXT)
    return ErrorAnswer(
        action=text(head, "RequestAction"),
        kind=text(head, "ErrorType"),
        number=_number(text(head, "ErrorCode"), message),
        message=message,
        details=_details(body),
    )


def _number(code: str, message: str) -> int | None:
    found = _CODE.match(code) or _CODE_IN_MESSAGE.match(message)
    return int(found[1][:9]) if found else None


def _details(body: Node) -> tuple[tuple[str, str, str, str], ...]:
    rows = children(body, "ErrorDetail") or children(get(body, "Errors"), "Error")
    return tuple(_detail(row) for row in rows[:MAX_DETAILS] if isinstance(row, dict))


def _detail(row: Node) -> tuple[str, str, str, str]:
    field, message, value, sku = (
        _cut(text(row, name), MAX_TEXT) for name in ("Field", "Message", "Value", "SellerSku")
    )
    return field, message, value, sku


def warnings(body: Node) -> tuple[tuple[str, str, str], ...]:
    """WarningDetail rows of an accepted POST as (field, message, value)."""
    rows = children(body, "WarningDetail") or [
        row for wrapper in as_list(get(body, "Warnings")) for row in children(wrapper, "Warning")
    ]
    return tuple(_detail(row)[:3] for row in rows if isinstance(row, dict))


def refusal(error: ErrorAnswer, action: str) -> Refused:
    """The exception that an ErrorResponse stands for.

    What can't be told to be the caller's fault counts as the platform's: unknown for a POST.
    """
    said = error.message or "ErrorResponse without a message"
    message = f"{error.action or action}: {said}"
    if error.number == THROTTLED:
        return Throttled(message)
    platform = error.kind.casefold() != "sender" or error.number in (None, INTERNAL)
    kind = LoginRefused if error.number in LOGIN else Refused
    return kind(
        message, number=error.number or 0, platform=platform, details=error.details, hint=_hint(error.number)
    )


def _hint(number: int | None) -> str:
    hints = {
        3: "set this machine's clock right",
        7: "check user_id and api_key of this shop: the key belongs to one user",
        9: "the user's role needs Seller API Product Access",
        11: "lower feed_max_products or feed_max_bytes",
    }
    return hints.get(number or 0, "")


def _cut(said: str, length: int) -> str:
    return said if len(said) <= length else f"{said[:length]}…"


def moment(stamp: str) -> float | None:
    """Head.Timestamp in seconds since the epoch; None where it has no zone or isn't a time."""
    try:
        read = datetime.fromisoformat(stamp.strip())
    except ValueError:
        return None
    return read.timestamp() if read.tzinfo else None
