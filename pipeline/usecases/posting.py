"""One POST to an address of the seller's own: a webhook, a collector. It never quotes the address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pipeline.errors import SettingsError, ShopError, Unreachable

SECONDS = 20.0
ANSWER_BYTES = 1_000_000


def split(address: str) -> SplitResult:
    """An address in its parts.

    Raises:
        SettingsError: it's none.
    """
    try:
        parts = urlsplit(address.strip())
        whole = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:  # its words may quote the address
        whole = False
    if not whole:
        raise SettingsError(
            "its address is none", hint="an address is such as https://hooks.example.com/path, with a host"
        )
    return parts


def post(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send it there and nowhere else: no proxy or netrc of the environment, no redirects, a deadline.

    Raises:
        SettingsError: that isn't an address.
        ShopError: it wasn't taken; the message holds nothing of the address.
    """
    from pipeline.market.transport import Door

    parts = split(address)
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
