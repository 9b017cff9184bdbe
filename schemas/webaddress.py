"""Is an image address one that a shop can and should download? Nothing is fetched to find out."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

LONGEST = 2048
MOST_IMAGES = 8
_PRIVATE = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp")
_FORBIDDEN = re.compile(r"[\s<>\"{}|\\^`\x00-\x20\x7f]")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
_OTHER_TYPES = re.compile(r"\.(gif|webp|svg|bmp|tiff?|avif|heic|ico|pdf|html?|php|mp4|zip)$", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def image_fault(address: str) -> str | None:
    """The code of the first rule that an address breaks, or None."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "image-address"
    if parts.scheme.lower() != "https":
        return (
            "image-not-https"
            if parts.scheme.lower() == "http" and _is_public(parts.hostname)
            else "image-address"
        )
    if len(address) > LONGEST or _FORBIDDEN.search(address) or "@" in parts.netloc or port == 0:
        return "image-address"
    if not _is_public(parts.hostname):
        return "image-address"
    return "image-type" if _OTHER_TYPES.search(parts.path) else None


def _is_public(host: str | None) -> bool:
    """A name with a public ending, or an address of the public internet in its plain form."""
    if not host:
        return False
    host = host.removesuffix(".")
    last = host.rpartition(".")[2]
    if ":" in host or last.isdigit() or last.lower().startswith("0x"):
        return _is_global(host)
    return bool(_HOST.fullmatch(host)) and last.lower() not in _PRIVATE


def _is_global(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
