"""Signing: parameters → the exact query string that goes on the wire. Pure.

Source: Seller Center docs, "Signing requests": all parameters but `Signature`, sorted by name in
byte order, RFC 3986 encoded, HMAC-SHA256 under the API key, lower-case hex.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from pipeline.market.secret import Secret

#: A parameter without a value is signed as its name alone.
Params = Mapping[str, str | None]


def encoded(text: str) -> str:
    """RFC 3986: unreserved characters bare, everything else as upper-case %XX of its UTF-8 bytes."""
    return quote(text, safe="")


def canonical(params: Params) -> str:
    """The string to sign."""
    return "&".join(
        encoded(name) if value is None else f"{encoded(name)}={encoded(value)}"
        for name, value in sorted(params.items(), key=lambda item: item[0].encode())
    )


def signature(params: Params, key: Secret) -> str:
    """HMAC-SHA256 of the canonical string, in lower-case hex."""
    return hmac.new(key.reveal().encode(), canonical(params).encode(), sha256).hexdigest()


def signed_query(params: Params, key: Secret) -> str:
    """The query string to send: the very bytes that were signed, then the signature."""
    return f"{canonical(params)}&Signature={signature(params, key)}"


def timestamp(now: float) -> str:
    """A time as the API wants it: `YYYY-MM-DDTHH:MM:SS+00:00`.

    Args:
        now: seconds since the epoch.
    """
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
