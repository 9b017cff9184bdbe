"""One POST to an address of the seller's own: a webhook, a collector. It never quotes the address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from pipeline.errors import ShopError, Unreachable

SECONDS = 20.0
ANSWER_BYTES = 1_000_000


def post(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send it there and nowhere else: no proxy or netrc of the environment, no redirects, a deadline.

    Raises:
        ShopError: it wasn't taken; the message holds nothing of the address.
    """
    from pipeline.market.transport import Door

    parts = urlsplit(address)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
    door = Door(url, connect_timeout=SECONDS / 2, max_bytes=ANSWER_BYTES)
    said = {"User-Agent": "sellercenter", **headers}
    try:
        answer = door.call("POST", parts.query, headers=said, seconds=SECONDS, body=body)
    except Unreachable:
        raise Unreachable("its address can't be reached") from None
    except ShopError:
        raise ShopError("it gave no whole answer") from None
    finally:
        door.close()
    if not 200 <= answer.status < 300:
        raise ShopError(f"it answered HTTP {answer.status}")
